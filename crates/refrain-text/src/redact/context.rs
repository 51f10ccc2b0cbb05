//! What the words before a number say it is.

/// Meaning of a number by its nearest telling word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// An order, parcel, invoice, article or ticket.
    Order,
    /// A phone.
    Phone,
    /// Nothing is said.
    None,
}

/// Bytes looked at before a number, and words.
const REACH_BYTES: usize = 60;
const REACH_WORDS: usize = 5;

/// Beginnings of words.
const ORDER_STEMS: [&str; 46] = [
    "order",
    "ordre",
    "ordine",
    "orden",
    "bestell",
    "bestel",
    "bestill",
    "commande",
    "pedido",
    "encomenda",
    "zamówieni",
    "beställ",
    "track",
    "trace",
    "sendung",
    "sending",
    "forsendelse",
    "verzend",
    "paket",
    "pakke",
    "pakket",
    "parcel",
    "package",
    "colis",
    "shipment",
    "suivi",
    "invoice",
    "rechnung",
    "faktura",
    "factuur",
    "facture",
    "artikel",
    "article",
    "item",
    "sku",
    "kundenn",
    "kundenr",
    "kundenummer",
    "klantnummer",
    "ticket",
    "vorgang",
    "referen",
    "voucher",
    "gutschein",
    "coupon",
    "serie",
];
const ORDER_WORDS: [&str; 16] = [
    "art",
    "ref",
    "ean",
    "gtin",
    "isbn",
    "upc",
    "awb",
    "case",
    "sag",
    "sagsnr",
    "sagsnummer",
    "rma",
    "retoure",
    "asin",
    "id",
    "barcode",
];
const PHONE_STEMS: [&str; 20] = [
    "phone",
    "telefon",
    "telephone",
    "téléphone",
    "mobil",
    "handy",
    "cellphone",
    "call",
    "ruf",
    "erreich",
    "whatsapp",
    "telefoon",
    "appel",
    "joign",
    "rappel",
    "anruf",
    "teléfono",
    "llam",
    "rückruf",
    "contact",
];
const PHONE_WORDS: [&str; 19] = [
    "tel",
    "tlf",
    "tlfnr",
    "tlfnummer",
    "cell",
    "ring",
    "ringe",
    "sms",
    "gsm",
    "fax",
    "bel",
    "bellen",
    "portable",
    "fon",
    "tél",
    "nr",
    "mob",
    "text",
    "ringes",
];
const ORDER_HAN: [&str; 12] = [
    "订单", "单号", "快递", "运单", "物流", "编号", "发票", "货号", "订購", "訂單", "卡号", "工单",
];
const PHONE_HAN: [&str; 9] = ["电话", "手机", "联系", "致电", "號碼", "号码", "電話", "微信", "拨打"];
const OWN: [&str; 8] = ["my", "meine", "mein", "min", "mit", "mijn", "mon", "我的"];
const NUMBER: [&str; 7] = ["number", "nummer", "numéro", "no", "num", "numero", "号码"];

pub(super) fn context_before(text: &str, at: usize) -> Context {
    let mut from = at.saturating_sub(REACH_BYTES);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let Some(before) = text.get(from..at) else {
        return Context::None;
    };
    let before = before.rsplit('\n').next().unwrap_or(before).to_lowercase();
    let words = before
        .rsplit(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut after_number = false;
    for word in words.take(REACH_WORDS) {
        match meaning(word) {
            // `nr` alone is weak: `order nr 123` is an order.
            Context::Phone if word == "nr" => after_number = true,
            Context::None if NUMBER.contains(&word) => after_number = true,
            Context::None if after_number && OWN.contains(&word) => return Context::Phone,
            Context::None => {}
            found => return found,
        }
    }
    Context::None
}

fn meaning(word: &str) -> Context {
    if !word.is_ascii() {
        let last = |names: &[&str]| names.iter().filter_map(|name| word.rfind(name)).max();
        match (last(&ORDER_HAN), last(&PHONE_HAN)) {
            (Some(order), Some(phone)) => {
                return if order > phone { Context::Order } else { Context::Phone };
            }
            (Some(_), None) => return Context::Order,
            (None, Some(_)) => return Context::Phone,
            (None, None) => {}
        }
    }
    let starts = |stems: &[&str]| stems.iter().any(|stem| word.starts_with(stem));
    if ORDER_WORDS.contains(&word) || starts(&ORDER_STEMS) {
        Context::Order
    } else if PHONE_WORDS.contains(&word) || starts(&PHONE_STEMS) {
        Context::Phone
    } else {
        Context::None
    }
}
