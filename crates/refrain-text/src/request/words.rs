//! What single words say about whether a turn is a request, in the six languages of the shops.

use std::sync::LazyLock;

use refrain_record::Language;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::stopwords::stopwords;

/// The part a word plays in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Asks, wants, or names trouble.
    Asking,
    /// Carries matter.
    Content,
    /// Carries grammar.
    Grammar,
    /// Introduces a name, number or address.
    Identifying,
    /// Thanks.
    Thanks,
    /// Has a digit.
    Number,
    /// Greeting, yes, no, one letter.
    Nothing,
}

/// Words of asking, wanting and trouble, folded.
const ASKING: &str = "
    want wants wanted need needs needed how where when why which cancel refund return exchange change
    book booking buy send track tracking status select checkin changed check update upgrade missing late delayed delay broken damaged wrong
    defective problem issue issues unable can't cannot couldn't doesn't didn't won't not never complaint complain wondering
    would like looking question report replace reset lost stolen forgot transfer activate open close subscribe unsubscribe
    stop stopped working received receive arrived charged pay available availability discount deliver delivered know dispute
    brauche möchte will wollte wann wo wie warum welche stornieren erstattung umtauschen tauschen ändern
    zurückgeben zurücksenden zurückschicken retoure bestellen fehlt verspätet kaputt beschädigt defekt falsch falsche falschen
    problem reklamation beschwerde nicht keine kein frage verloren vergessen kündigen funktioniert erhalten angekommen
    geliefert verfügbar rabatt bleibt kann können warte
    vil gerne brug hvordan hvornår hvor hvorfor hvilken annullere refundering returnere bytte ændre bestille
    mangler forsinket ødelagt defekt forkert forkerte problem klage ikke ingen spørgsmål glemt opsige virker modtaget ankommet
    leveret lager rabat fortryde
    wil wilde graag nodig hoe waar wanneer waarom welke annuleren terugbetaling terugsturen retourneren ruilen
    wijzigen bestellen ontbreekt vertraagd kapot beschadigd defect verkeerd verkeerde probleem klacht niet geen vraag verloren
    vergeten opzeggen werkt ontvangen aangekomen geleverd beschikbaar korting
    veux voudrais voulais besoin comment où quand pourquoi quel quelle annuler remboursement rembourser retourner
    échanger modifier commander manque retard cassé abîmé défectueux mauvais problème réclamation pas jamais question perdu
    oublié résilier marche fonctionne reçu arrivé livré disponible réduction suivre souhaite";

/// Greetings, thanks, assent and refusal, politeness: nothing to act on, folded.
const NOTHING: [(Language, &str); 5] = [
    (
        Language::En,
        "hi help assist assistance hii hiii hai hello helo hey hie greetings good morning afternoon evening night day dear
        sir madam mam maam team thanks thank thankyou thx ty you welcome please pls ok okay okey k yes yeah yep yup ya no
        nope nah sure fine great nice cool today perfect awesome alright right correct confirm bye goodbye bless everyone
        there very much lot so nothing else that's all",
    ),
    (
        Language::De,
        "hallo guten tag morgen abend moin servus heute hilfe helfen grüss liebe grüsse grüssen gruss freundliche freundlichen mit danke
        dankeschön vielen dank bitte gern gerne ja nein nee super prima passt genau tschüss wiedersehen",
    ),
    (
        Language::Da,
        "hej hejsa goddag hjælp hjælpe godmorgen tak mange venlig hilsen mvh nej jo fint godt perfekt farvel dejligt",
    ),
    (
        Language::Nl,
        "hoi hulp helpen vandaag goedemorgen goedemiddag goedenavond goedendag dag bedankt dank je wel u alstublieft
        alsjeblieft graag gedaan prima oké top groet groeten vriendelijke doei",
    ),
    (
        Language::Fr,
        "bonjour bonsoir salut aide aider merci beaucoup bien cordialement svp s'il vous plaît oui non d'accord parfait
        super au revoir bonne journée soirée",
    ),
];

/// Thanks, folded.
const THANKS: &str = "thanks thank thankyou thx thanking danke dankeschön dank tak mange bedankt merci";

/// Words before a name or number, folded; with other words of the kind they tell who, not what.
const IDENTIFYING: &str = "
    name number email mail id zip zipcode password username name's ssn dob pin address street road avenue ave
    lane apartment apt confirmation strasse hausnummer vej gade straat huisnummer rue
    heisse nummer bestellnummer kundennummer telefonnummer adresse postleitzahl plz
    hedder navn ordrenummer kundenummer telefonnummer postnummer
    naam nummer bestelnummer klantnummer telefoonnummer postcode
    nom numéro prénom adresse";

/// Han that says nothing to act on, longest first.
pub(super) const HAN_FILLER: [&str; 24] = [
    "在吗亲",
    "你好呀",
    "谢谢你",
    "谢谢您",
    "不客气",
    "没关系",
    "知道了",
    "你好",
    "您好",
    "在吗",
    "在么",
    "谢谢",
    "多谢",
    "好的",
    "好吧",
    "好滴",
    "嗯嗯",
    "是的",
    "对的",
    "没有了",
    "再见",
    "请问",
    "亲",
    "嗯",
];

/// Han of asking and trouble.
pub(super) const HAN_ASKING: [&str; 40] = [
    "怎么",
    "什么",
    "为什么",
    "为何",
    "多久",
    "多少",
    "哪里",
    "哪儿",
    "几天",
    "吗",
    "呢",
    "能不能",
    "可以",
    "想",
    "要",
    "帮",
    "退",
    "换",
    "取消",
    "查",
    "改",
    "没收到",
    "没到",
    "还没",
    "没有",
    "不能",
    "不了",
    "坏",
    "错",
    "少",
    "漏",
    "破",
    "问题",
    "投诉",
    "催",
    "发货",
    "物流",
    "订单",
    "发票",
    "优惠",
];

/// Whether a folded word greets, thanks, assents or is polite in its language.
pub(super) fn is_nothing(language: Language, folded: &str) -> bool {
    static WORDS: LazyLock<FxHashSet<(Language, &'static str)>> = LazyLock::new(|| {
        let of_language = |(language, words): &(Language, &'static str)| {
            let language = *language;
            words.split_ascii_whitespace().map(move |word| (language, word))
        };
        NOTHING.iter().flat_map(of_language).collect()
    });
    WORDS.contains(&(language, folded))
}

pub(super) fn is_thanks(folded: &str) -> bool {
    THANKS.split_ascii_whitespace().any(|word| word == folded)
}

pub(super) fn word_kind(word: &str) -> Word {
    static KINDS: LazyLock<FxHashMap<&'static str, Word>> = LazyLock::new(|| {
        let mut kinds = FxHashMap::default();
        let grammar = [Language::En, Language::De, Language::Da, Language::Nl, Language::Fr];
        let grammar = grammar
            .into_iter()
            .flat_map(|language| stopwords(language).iter().copied());
        // Later lists win: what asks is never filler.
        kinds.extend(grammar.map(|word| (word, Word::Grammar)));
        let nothing = NOTHING.iter().flat_map(|(_, words)| words.split_ascii_whitespace());
        kinds.extend(nothing.map(|word| (word, Word::Nothing)));
        kinds.extend(THANKS.split_ascii_whitespace().map(|word| (word, Word::Thanks)));
        kinds.extend(
            IDENTIFYING
                .split_ascii_whitespace()
                .map(|word| (word, Word::Identifying)),
        );
        kinds.extend(ASKING.split_ascii_whitespace().map(|word| (word, Word::Asking)));
        kinds
    });
    if let Some(&kind) = KINDS.get(word) {
        return kind;
    }
    if word.chars().any(char::is_numeric) {
        Word::Number
    } else if word.chars().nth(1).is_none() {
        Word::Nothing
    } else {
        Word::Content
    }
}

/// Folded phrases of salutations, courtesies, signatures and forms; a sentence with one is left out
/// of what a request is compared by.
pub(super) const FRAME: &[&str] = &[
    // en
    "dear sir",
    "dear customer",
    "dear team",
    "to whom it may concern",
    "good morning",
    "good afternoon",
    "good evening",
    "kind regards",
    "best regards",
    "warm regards",
    "best wishes",
    "yours sincerely",
    "yours faithfully",
    "sincerely",
    "many thanks",
    "thanks in advance",
    "thank you in advance",
    "look forward to",
    "looking forward to",
    "hear from you",
    "hearing from you",
    "sent from my",
    "contact form",
    "hope you are well",
    "hope this finds you",
    "get back to me",
    "in advance",
    "not sure if this is the right",
    "right place to ask",
    "sorry to bother",
    "have a nice day",
    // de
    "sehr geehrte",
    "liebes team",
    "liebes serviceteam",
    "liebes kundenservice",
    "guten tag",
    "guten morgen",
    "guten abend",
    "mit freundlichen",
    "freundliche grüsse",
    "viele grüsse",
    "liebe grüsse",
    "beste grüsse",
    "schöne grüsse",
    "vielen dank im voraus",
    "danke im voraus",
    "dank für ihre mühe",
    "freue mich auf",
    "bitte um rückmeldung",
    "um rückmeldung",
    "ich schreibe ihnen",
    "kontaktformular",
    "von meinem iphone",
    "von meinem handy gesendet",
    "gesendet von meinem",
    "schönen tag",
    "im voraus",
    // da
    "kære",
    "god morgen",
    "goddag",
    "venlig hilsen",
    "med venlig",
    "bedste hilsner",
    "mange hilsner",
    "på forhånd tak",
    "tak på forhånd",
    "på forhånd",
    "ser frem til",
    "hører fra jer",
    "skriv gerne tilbage",
    "kontaktformular",
    "sendt fra min",
    "god dag",
    // nl
    "geachte",
    "beste klantenservice",
    "goedemorgen",
    "goedemiddag",
    "goedenavond",
    "goedendag",
    "met vriendelijke groet",
    "vriendelijke groet",
    "hartelijke groet",
    "alvast bedankt",
    "bij voorbaat",
    "ik hoor graag",
    "hoor het graag",
    "contactformulier",
    "verzonden vanaf mijn",
    "fijne dag",
    "groetjes",
    // fr
    "madame, monsieur",
    "bonjour madame",
    "cordialement",
    "bien à vous",
    "par avance",
    "d'avance",
    "dans l'attente",
    "envoyé de mon",
    "formulaire de contact",
    "bonne journée",
    // zh
    "您好",
    "你好",
    "谢谢",
    "多谢",
    "感谢",
    "此致",
    "敬礼",
    "祝好",
    "期待您的回复",
    "等您回复",
    "麻烦了",
    "辛苦了",
    "联系表单",
];
