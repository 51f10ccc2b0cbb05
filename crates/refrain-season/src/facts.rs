//! What the words may speak of: order, item, amount, dates, addresses, made up but well-formed.

use crate::catalogue::CARRIERS;
use crate::grammar::{Facts, Grammar};
use crate::life::{Contact, Order};
use crate::person::Person;
use crate::rng::Rng;

/// One conversation as its words see it.
pub(crate) struct Scene<'a> {
    pub(crate) person: &'a Person,
    pub(crate) contact: &'a Contact,
    pub(crate) order: Option<(&'a str, &'a Order)>,
    pub(crate) code: Option<&'a str>,
    pub(crate) currency: &'a str,
    pub(crate) agent: &'a str,
    /// Day and month of an earlier event.
    pub(crate) date: (i8, i8),
}

/// Fills every slot.
pub(crate) fn facts(scene: &Scene<'_>, grammar: &Grammar, rng: &mut Rng) -> Facts {
    let mut facts = Facts::default();
    grammar.name_item(scene.contact.item.index, &mut facts);
    let total = scene
        .order
        .map_or_else(|| scene.contact.item.price_cents(), |(_, order)| order.total_cents);
    let carrier = scene
        .order
        .map_or_else(|| rng.below(CARRIERS.len()), |(_, order)| order.carrier);
    let mut put = |slot, text: String| facts.0.insert(slot, text);
    put(
        "order",
        scene.order.map_or_else(String::new, |(id, _)| order_text(id, rng)),
    );
    put("days", rng.int(3, 12).to_string());
    put("count", rng.int(2, 4).to_string());
    put("amount", amount(total, scene.currency, grammar.code(), rng));
    put("city", scene.person.city.clone());
    put("name", scene.person.name.clone());
    put(
        "code",
        scene
            .code
            .map_or_else(|| format!("SAVE{}", rng.int(10, 30)), str::to_owned),
    );
    put("carrier", CARRIERS[carrier].0.to_owned());
    put("size", grammar.pick("size", false, rng).to_owned());
    put("colour", grammar.pick("colour", false, rng).to_owned());
    put("email", scene.person.email.clone());
    put(
        "phone",
        scene.person.phone.clone().unwrap_or_else(|| "07700 900461".to_owned()),
    );
    put("iban", iban(scene.currency, rng));
    put("date", date(scene.date, grammar.code()));
    put("agent", scene.agent.to_owned());
    put("tracking", format!("{:012}", rng.next() % 1_000_000_000_000));
    facts
}

/// As people copy it: mostly whole, at times with a hash sign or in small letters.
fn order_text(id: &str, rng: &mut Rng) -> String {
    match rng.below(10) {
        0 => format!("#{id}"),
        1 => id.to_lowercase(),
        _ => id.to_owned(),
    }
}

fn amount(cents: i64, currency: &str, language: &str, rng: &mut Rng) -> String {
    let (whole, rest) = (cents / 100, cents % 100);
    match (currency, language) {
        ("GBP", "zh") => format!("{whole}.{rest:02}英镑"),
        ("GBP", _) => format!("£{whole}.{rest:02}"),
        (_, "nl") => format!("€ {whole},{rest:02}"),
        (_, "en") => format!("€{whole}.{rest:02}"),
        (_, "zh") => format!("{whole}.{rest:02}欧元"),
        _ if rng.chance(0.4) => format!("{whole},{rest:02} Euro"),
        _ => format!("{whole},{rest:02} €"),
    }
}

fn date((month, day): (i8, i8), language: &str) -> String {
    match language {
        "zh" => format!("{month}月{day}日"),
        "en" => format!("{day}/{month}"),
        "nl" => format!("{day}-{month}"),
        _ => format!("{day}.{month}."),
    }
}

/// A made-up account number whose check digits are right, so that a checker takes it for one.
fn iban(currency: &str, rng: &mut Rng) -> String {
    let number = rng.next();
    let (country, letters, bank) = if currency == "GBP" {
        ("GB", "1611", format!("TEST000000{:08}", number % 100_000_000))
    } else {
        ("DE", "1314", format!("00000000{:010}", number % 10_000_000_000))
    };
    let digits = format!("{}{letters}00", bank.replace("TEST", "29142829"));
    let remainder = digits
        .bytes()
        .fold(0_u32, |sum, digit| (sum * 10 + u32::from(digit - b'0')) % 97);
    format!("{country}{:02} {bank}", 98 - remainder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_numbers_check() {
        let mut rng = Rng::of(&[5]);
        for currency in ["EUR", "GBP"] {
            let text = iban(currency, &mut rng).replace(' ', "");
            let (head, tail) = text.split_at(4);
            let mut digits = String::new();
            for letter in tail.chars().chain(head.chars()) {
                match letter.to_digit(36) {
                    Some(value) => digits.push_str(&value.to_string()),
                    None => unreachable!(),
                }
            }
            let remainder = digits
                .bytes()
                .fold(0_u32, |sum, digit| (sum * 10 + u32::from(digit - b'0')) % 97);
            assert_eq!(remainder, 1, "{text}");
        }
    }

    #[test]
    fn forms_of_amount_and_date() {
        let mut rng = Rng::of(&[5]);
        assert_eq!(amount(4990, "GBP", "en", &mut rng), "£49.90");
        assert_eq!(date((3, 9), "zh"), "3月9日");
    }
}
