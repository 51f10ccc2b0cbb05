//! Which of a shop's orders a text names.
//!
//! `"where is #1001?"` names order `1001`; `"1001 thanks"` names nothing, since a short bare number is rarely an order.

use refrain_record::tables::Order;
use rustc_hash::FxHashMap;

/// A bare number of at least this many digits is an order when one has it.
const MIN_BARE_DIGITS: usize = 6;
const MIN_ID_CHARS: usize = 3;

/// Words after which even a short number is an order.
const ORDER_WORDS: &[&str] = &[
    "order",
    "orders",
    "nr",
    "no",
    "number",
    "nummer",
    "bestellung",
    "bestellnummer",
    "bestelling",
    "bestelnummer",
    "ordernummer",
    "auftrag",
    "auftragsnummer",
    "ordre",
    "ordrenummer",
    "commande",
    "numéro",
    "pedido",
    "ordine",
    "zamówienie",
    "beställning",
    "订单",
    "订单号",
];

/// The order ids of all shops by their folded form.
#[derive(Default)]
pub(crate) struct OrderIndex<'a> {
    by_shop: FxHashMap<&'a str, FxHashMap<String, Vec<&'a str>>>,
}

impl<'a> OrderIndex<'a> {
    pub(crate) fn new(orders: &'a [Order]) -> Self {
        let mut index = Self::default();
        for order in orders {
            let shop = index.by_shop.entry(order.shop_id.as_str()).or_default();
            let ids = shop.entry(fold_id(order.order_id.as_str())).or_default();
            if ids.last() != Some(&order.order_id.as_str()) {
                ids.push(order.order_id.as_str());
            }
        }
        index
    }

    /// Orders of the shop among `named` and in `texts`; sorted, each once.
    pub(crate) fn find<'t>(&self, shop: &str, named: &[String], texts: impl Iterator<Item = &'t str>) -> Vec<String> {
        let Some(known) = self.by_shop.get(shop) else {
            return Vec::new();
        };
        let mut found: Vec<String> = Vec::new();
        let mut take = |id: &str| {
            if let Some(ids) = known.get(&fold_id(id)) {
                found.extend(ids.iter().map(|id| (*id).to_owned()));
            }
        };
        named.iter().for_each(|id| take(id));
        for text in texts {
            for_each_candidate(text, &mut take);
        }
        found.sort();
        found.dedup();
        found
    }
}

/// Upper case without a leading `#`.
fn fold_id(id: &str) -> String {
    id.trim().trim_start_matches('#').to_uppercase()
}

/// Calls `take` for each token that could be an order id.
fn for_each_candidate(text: &str, take: &mut impl FnMut(&str)) {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return;
    }
    let mut after_order_word = false;
    for token in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '#' | '/' | '.'))) {
        let token = token.trim_matches(['-', '_', '/', '.']);
        if token.is_empty() {
            continue;
        }
        let marked = token.starts_with('#') || after_order_word;
        let id = token.trim_start_matches('#');
        let digits = id.bytes().filter(u8::is_ascii_digit).count();
        after_order_word = token == "#" || digits == 0 && is_order_word(token);
        let is_number = digits == id.len();
        if digits > 0 && id.chars().count() >= MIN_ID_CHARS && (!is_number || marked || digits >= MIN_BARE_DIGITS) {
            take(id);
        }
    }
}

fn is_order_word(token: &str) -> bool {
    let folded = token.to_lowercase();
    ORDER_WORDS.contains(&folded.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        for_each_candidate(text, &mut |id| all.push(id.to_owned()));
        all
    }

    #[test]
    fn finds_what_looks_like_an_order() {
        assert_eq!(candidates("Where is #1001?"), ["1001"]);
        assert_eq!(candidates("Meine Bestellung 1001 (DE-2025-7)."), ["1001", "DE-2025-7"]);
        assert_eq!(candidates("order no. 12345, please"), ["12345"]);
        assert_eq!(candidates("1001 thanks, 2025 was fine"), Vec::<String>::new());
        assert_eq!(candidates("id 20250017"), ["20250017"]);
        assert_eq!(candidates("#1 and a1"), Vec::<String>::new());
        assert_eq!(candidates("订单号：88123"), ["88123"]);
    }
}
