//! What is found, what must stay, numbering, and that redacting twice changes nothing.

use proptest::prelude::*;

use super::*;

fn redact(text: &str) -> String {
    Redactor::new().redact(text)
}

fn check(text: &str, expected: &str) {
    assert_eq!(redact(text), expected, "{text:?}");
}

fn stays(text: &str) {
    check(text, text);
}

#[test]
fn finds_addresses() {
    check("mail a.b+c@Shop-mail.co.uk.", "mail <EMAIL_1>.");
    check("<jens@firma.dk>, søren@post.dk", "<<EMAIL_1>>, <EMAIL_2>");
    check("我的邮箱是li.wei@example.cn谢谢", "我的邮箱是<EMAIL_1>谢谢");
    check(
        "https://s.example/u?email=Ann%40x.org&p=1",
        "https://s.example/u?email=<EMAIL_1>&p=1",
    );
    check("jan (at) post.nl", "<EMAIL_1>");
    check("12345678901@qq.com", "<EMAIL_1>");
    check(
        "https://s.example/r?token=a1b2c3d4e5f6&x=1",
        "https://s.example/r?token=<TOKEN_1>&x=1",
    );
    stays("@shop help! see 5 @ 3.50");
    stays("https://s.example/?code=SUMMER25");
}

#[test]
fn finds_phones() {
    for phone in [
        "+49 170 1234567",
        "+49 (0)170 1234567",
        "0049 170 1234567",
        "00491701234567",
        "0170 1234567",
        "0170/1234567",
        "0170-1234567",
        "030 12345678",
        "(030) 12345678",
        "+45 12 34 56 78",
        "+4512345678",
        "12 34 56 78",
        "06 12 34 56 78",
        "0612345678",
        "06-12345678",
        "06.12.34.56.78",
        "+33 6 12 34 56 78",
        "13812345678",
        "138 1234 5678",
        "+86 138 1234 5678",
        "555-123-4567",
        "(555) 223-4567",
        "+1 (555) 223-4567",
        "１３８１２３４５６７８",
    ] {
        check(&format!("So {phone}, please"), "So <PHONE_1>, please");
    }
    check("tlf. 12345678", "tlf. <PHONE_1>");
    check("call me at 5551234567 please", "call me at <PHONE_1> please");
    check("我的手机13812345678谢谢", "我的手机<PHONE_1>谢谢");
    check("order 1001, call 0170 1234567", "order 1001, call <PHONE_1>");
    check(
        "https://s.example/?phone=%2B491701234567",
        "https://s.example/?phone=<PHONE_1>",
    );
}

#[test]
fn finds_cards_and_accounts() {
    check("4111 1111 1111 1111", "<CARD_1>");
    check("card 4111-1111-1111-1111 exp 12/27", "card <CARD_1> exp 12/27");
    check("378282246310005", "<CARD_1>");
    check("5500 0055 5555 5559 12 27 123", "<CARD_1> 12 27 123");
    check("IBAN DE89 3704 0044 0532 0130 00 bitte", "IBAN <IBAN_1> bitte");
    check("de89370400440532013000", "<IBAN_1>");
    check("dk50 0040 0440 1162 43, NL91ABNA0417164300", "<IBAN_1>, <IBAN_2>");
    check("FR14 2004 1010 0505 0001 3M02 606", "<IBAN_1>");
    stays("4111 1111 1111 1112");
    // Passes the check digit by chance.
    check("zip 41111 1111111111 1", "zip 41111 1111111111 1");
    stays("DE88 3704 0044 0532 0130 00");
}

#[test]
fn cards_go_whatever_numbers_stand_beside_them() {
    check("69134( 4111111111111111 exp 12/27", "69134( <CARD_1> exp 12/27");
    check("exp 12/27 - 4111 1111 1111 1111", "exp 12/27 - <CARD_1>");
    check("4111111111111111 2x", "<CARD_1> 2x");
    check("1 + 4111111111111111", "1 + <CARD_1>");
    stays("0170 1234567 12X");
    stays("order 5 - 0170 1234567");
}

#[test]
fn keeps_what_a_shop_needs() {
    for text in [
        "order #1001",
        "DE-2025-0012345",
        "order 1234567890",
        "order number: 1234567890",
        "Bestellung 1234567890",
        "Bestellnummer: 0123456789",
        "ordre 1234567890",
        "ordrenr. 12345678",
        "bestelling 1234567890",
        "commande n° 1234567890",
        "订单1234567890",
        "订单号：1234567890",
        "order nr 1234567890",
        "1Z999AA10123456784",
        "JJD000390007882823567",
        "00340434123456789012",
        "0034 0434 1234 5678 9012",
        "Sendungsnummer 00340434161094042557",
        "1.234.567,89 €",
        "12,99 EUR",
        "01.02.2024 10:15",
        "2024-02-01 10:15:00",
        "01.02.2024 - 05.02.2024",
        "1/2/2024",
        "10:00-12:00",
        "SKU 0815-4711-00",
        "0815-4711-00",
        "SKU-1234567",
        "ABC-12345678",
        "art. 12345678",
        "ticket 12345678",
        "192.168.10.12",
        "12345678",
        "EAN 4006381333931",
        "3 x 45,00 kr",
        "2-3 dage",
        "size 38/40 42/44",
        "#1234567890",
        "2025-01-02-000123",
        "<EMAIL_1> <PHONE_1>",
        "<ORDER_12>",
        "订单 13812345678",
    ] {
        stays(text);
    }
}

#[test]
fn numbers_by_first_appearance() {
    let mut redactor = Redactor::new();
    assert_eq!(redactor.redact("b@x.de and a@x.de"), "<EMAIL_1> and <EMAIL_2>");
    assert_eq!(redactor.redact("A@X.DE, c@x.de"), "<EMAIL_2>, <EMAIL_3>");
    assert_eq!(redactor.redact("+45 12345678"), "<PHONE_1>");
    assert_eq!(redactor.redact("12 34 56 78"), "<PHONE_1>");
    let expected = RedactionCounts {
        emails: 4,
        phones: 2,
        ..RedactionCounts::default()
    };
    assert_eq!(redactor.counts(), expected);
    assert_eq!(redactor.counts().total(), 6);
}

#[test]
fn numbering_goes_on_after_the_source() {
    check("<EMAIL_4> not a@b.de", "<EMAIL_4> not <EMAIL_5>");
    let mut redactor = Redactor::new();
    redactor.reserve("later: <PHONE_2>");
    assert_eq!(redactor.redact("+45 12345678"), "<PHONE_3>");
    check(
        "<EMAIL_18446744073709551615> a@b.de",
        "<EMAIL_18446744073709551615> <EMAIL_1>",
    );
}

fn luhn(digits: &str) -> char {
    let valid = |d: char| {
        let all: Vec<u32> = digits.chars().chain([d]).rev().filter_map(|c| c.to_digit(10)).collect();
        let double = |x: u32| if x * 2 > 9 { x * 2 - 9 } else { x * 2 };
        all.iter()
            .enumerate()
            .map(|(i, &x)| if i % 2 == 1 { double(x) } else { x })
            .sum::<u32>()
            % 10
            == 0
    };
    ('0'..='9').find(|&d| valid(d)).unwrap_or('0')
}

proptest! {
    #[test]
    fn redacting_twice_changes_nothing(
        text in "([a-zB@.<>_ ]{1,3}|[0-9]{1,9}|[+() /.-]|<EMAIL_1>|<PHONE|%40|@x\\.de|order |tlf |订单|电话|DE89|\n){0,25}"
    ) {
        let once = redact(&text);
        prop_assert_eq!(redact(&once), once);
    }

    #[test]
    fn any_text_is_fine(text in "\\PC*") {
        let once = redact(&text);
        prop_assert_eq!(redact(&once), once);
    }

    #[test]
    fn cards_in_any_grouping_go(body in "4[0-9]{14}", separator in "[ -]?") {
        let card = format!("{body}{}", luhn(&body));
        let groups: Vec<&str> = (0..4).map(|i| &card[i * 4..i * 4 + 4]).collect();
        prop_assert_eq!(redact(&format!("my card is {}.", groups.join(&separator))), "my card is <CARD_1>.");
    }

    #[test]
    fn every_formatting_of_a_phone_is_one_phone(number in "[1-9][0-9]{6}") {
        let mut redactor = Redactor::new();
        for form in ["+49 170 ", "0049170", "0170/", "+49 (0)170-", "0170 "] {
            prop_assert_eq!(redactor.redact(&format!("{form}{number}")), "<PHONE_1>");
        }
    }

    #[test]
    fn order_numbers_stay(id in "[1-9][0-9]{5,11}", word in "order|Bestellung|ordre nr|bestelling|commande n°|订单号|Tracking number:") {
        let text = format!("{word} {id} ?");
        prop_assert_eq!(redact(&text), text);
    }
}
