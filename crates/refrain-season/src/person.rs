//! Who shops: names, addresses, and the several identities one person leaves in several systems.

use crate::grammar::Grammar;
use crate::rng::Rng;

/// Registers a person writes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Register {
    Curt,
    Polite,
    Angry,
    Chatty,
    Lower,
    Emoji,
}

/// One person.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) index: u64,
    /// Index of the language's phrase file.
    pub(crate) language: usize,
    pub(crate) name: String,
    pub(crate) city: String,
    pub(crate) country: &'static str,
    /// Id in the shop system; `None` for guests.
    pub(crate) shop_id: Option<String>,
    pub(crate) email: String,
    /// Address used with the helpdesk, when it is another one.
    pub(crate) other_email: Option<String>,
    pub(crate) phone: Option<String>,
    /// The shop system knows the phone number too.
    pub(crate) phone_in_shop: bool,
    /// Id in the helpdesk.
    pub(crate) desk_id: String,
    pub(crate) register: Register,
    /// Chance of a slip per word.
    pub(crate) sloppiness: f64,
    /// Sessions over the season.
    pub(crate) sessions: f64,
    /// Gets campaigns.
    pub(crate) opted_in: bool,
}

/// Sessions per person and season; heavy-tailed around it.
pub(crate) const MEAN_SESSIONS: f64 = 3.6;
/// Persons in a family mailbox, and how many in a thousand share one.
const FAMILY: u64 = 3;
const FAMILIES_PER_1000: u64 = 3;

impl Person {
    pub(crate) fn draw(seed: u64, shop: usize, index: u64, languages: &[(usize, f64)], grammars: &[Grammar]) -> Self {
        let mut rng = Rng::of(&[seed, shop as u64, index, 1]);
        let language = languages
            .get(rng.weighted(languages.iter().map(|l| l.1)))
            .map_or(0, |l| l.0);
        let grammar = &grammars[language];
        let given = grammar.pick("given", false, &mut rng);
        let family = grammar.pick("family", false, &mut rng);
        let name = grammar.full_name(given, family);
        let local = ascii_lower(&format!("{}.{}", grammar.latin(given), grammar.latin(family)));
        let domain = [
            "example.com",
            "example.org",
            "mail.example",
            "post.example",
            "example.net",
        ][rng.weighted([0.35, 0.2, 0.25, 0.15, 0.05].into_iter())];
        // Blocks of a thousand persons hold a few families that share one mailbox.
        let place = index % 1000;
        let is_family = place < FAMILY * FAMILIES_PER_1000;
        let email = if is_family {
            format!(
                "family{}-{}@{domain2}",
                index / 1000,
                place / FAMILY,
                domain2 = "mail.example"
            )
        } else {
            format!("{local}{index}@{domain}")
        };
        let other_email = (!is_family && rng.chance(0.10))
            .then(|| format!("{}{index}@work.example", &local.chars().take(1).collect::<String>()));
        let phone = rng.chance(0.75).then(|| phone_number(grammar.code(), shop, index));
        Self {
            index,
            language,
            name,
            city: grammar.pick("city", false, &mut rng).to_owned(),
            country: country(grammar.code(), shop, &mut rng),
            shop_id: rng.chance(0.75).then(|| format!("C{}", 100_000 + index)),
            email,
            other_email,
            phone_in_shop: phone.is_some() && rng.chance(0.7),
            phone,
            desk_id: format!("u{}", 7_000_000 + index * 3),
            register: [
                Register::Curt,
                Register::Polite,
                Register::Angry,
                Register::Chatty,
                Register::Lower,
                Register::Emoji,
            ][rng.weighted([0.22, 0.36, 0.07, 0.13, 0.14, 0.08].into_iter())],
            sloppiness: if rng.chance(0.4) {
                rng.between(0.01, 0.09)
            } else {
                0.004
            },
            sessions: MEAN_SESSIONS * rng.exponential(0.7) + MEAN_SESSIONS * 0.3,
            opted_in: rng.chance(0.55),
        }
    }
}

/// Numbers in prefixes that are assigned to nobody.
fn phone_number(language: &str, shop: usize, index: u64) -> String {
    match (language, shop) {
        ("da", _) => format!("+45 10 {:06}", index % 1_000_000),
        ("nl", _) => format!("+31 6 0{:07}", index % 10_000_000),
        ("de", _) => format!("+49 154 0{:07}", index % 10_000_000),
        _ => format!("+44 7110 {:06}", index % 1_000_000),
    }
}

fn country(language: &str, shop: usize, rng: &mut Rng) -> &'static str {
    match language {
        "da" => "DK",
        "nl" => "NL",
        "de" => ["DE", "AT", "CH"][rng.weighted([0.88, 0.09, 0.03].into_iter())],
        _ if shop == 0 => "DE",
        _ => ["GB", "IE"][rng.weighted([0.93, 0.07].into_iter())],
    }
}

fn ascii_lower(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        match c {
            'ä' | 'æ' => out.push_str("ae"),
            'ö' | 'ø' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'å' => out.push_str("aa"),
            'ß' => out.push_str("ss"),
            'é' | 'ë' | 'è' => out.push('e'),
            ' ' => {}
            c if c.is_ascii() => out.push(c),
            _ => {}
        }
    }
    out
}
