//! Texts of the window's contacts by contact, and samples of them that do not hang on order.

use refrain_record::Language;
use refrain_text::similarity::Profile;
use refrain_text::{Similarity, fingerprint, fold, tokens};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::ContactText;
use crate::night::{Contact, Night};
use crate::window::{Group, Window};

/// Letters below which a text says nothing worth comparing.
const MIN_LETTERS: usize = 6;
/// A word that agents say under this share of the issues, and under at least [`MIN_COMMON`], tells nothing about any.
const COMMON_SHARE: f64 = 0.25;
const MIN_COMMON: usize = 5;
/// Telling words of an answer, and their share of it: a greeting with a name in it has less.
const MIN_TELLING: usize = 2;
const TELLING_SHARE: f64 = 0.3;

/// Texts of a window by contact.
pub(crate) struct Texts<'a> {
    by_contact: FxHashMap<u32, &'a ContactText<'a>>,
    /// Folded words of agents that tell nothing about an issue.
    common: FxHashSet<String>,
}

impl<'a> Texts<'a> {
    pub(crate) fn of(night: &Night<'a>, window: &Window<'_, 'a>) -> Self {
        let shop_id = window.shop.shop.shop_id.as_str();
        let by_contact: FxHashMap<u32, &ContactText<'a>> = night
            .facts
            .texts
            .iter()
            .filter(|t| t.shop_id == shop_id)
            .filter_map(|t| Some((window.find(t.source, t.conversation_id)?, t)))
            .collect();
        let common = common_words(window, &by_contact);
        Self { by_contact, common }
    }

    /// What the customer wanted; `None` when it says too little.
    pub(crate) fn request(&self, contact: u32) -> Option<&'a str> {
        let text = self.by_contact.get(&contact)?.request.as_ref();
        says_something(text).then_some(text)
    }

    /// The telling words of the first message by an agent that answers: greetings, holding messages and
    /// questions back do not.
    pub(crate) fn answer(&self, contact: u32) -> Option<String> {
        let answers = &self.by_contact.get(&contact)?.answers;
        let is_question = |text: &str| text.trim_end().ends_with(['?', '？']);
        answers.iter().filter(|text| !is_question(text)).find_map(|text| {
            let words = words(text);
            let telling: Vec<&str> = words
                .iter()
                .map(String::as_str)
                .filter(|w| !self.common.contains(*w))
                .collect();
            let enough = telling.len() >= MIN_TELLING && telling.len() as f64 >= TELLING_SHARE * words.len() as f64;
            enough.then(|| telling.join(" "))
        })
    }
}

fn says_something(text: &str) -> bool {
    // A Han character says as much as several letters.
    let weight = |c: char| {
        if c as u32 >= 0x2E80 {
            3
        } else {
            usize::from(c.is_alphabetic())
        }
    };
    text.chars().map(weight).sum::<usize>() >= MIN_LETTERS
}

/// Folded words without numbers.
fn words(text: &str) -> Vec<String> {
    let words = tokens(text)
        .into_iter()
        .filter(|t| t.text.chars().any(char::is_alphabetic));
    words.map(|t| fold(t.text).into_owned()).collect()
}

fn common_words(window: &Window<'_, '_>, texts: &FxHashMap<u32, &ContactText<'_>>) -> FxHashSet<String> {
    let mut num_issues: FxHashMap<String, usize> = FxHashMap::default();
    let groups: Vec<&Group<'_>> = window.groups.iter().filter(|g| !g.is_none()).collect();
    let mut num_answered = 0;
    for group in groups {
        let answers = group
            .contacts
            .iter()
            .filter_map(|c| texts.get(c))
            .flat_map(|t| &t.answers);
        let said: FxHashSet<String> = answers.flat_map(|text| words(text)).collect();
        num_answered += usize::from(!said.is_empty());
        said.into_iter()
            .for_each(|word| *num_issues.entry(word).or_default() += 1);
    }
    let least = MIN_COMMON.max((COMMON_SHARE * num_answered as f64).ceil() as usize);
    let common = num_issues.into_iter().filter(|(_, n)| *n >= least);
    common.map(|(word, _)| word).collect()
}

/// A text of a contact, ready to be compared.
pub(crate) struct Sampled {
    pub(crate) contact: u32,
    pub(crate) person: Option<u32>,
    pub(crate) profile: Profile,
}

/// Up to `most` of `contacts` with a text, one a person and none that only repeats another, chosen and ordered by hash.
pub(crate) fn sample<'t>(
    window: &Window<'_, '_>,
    contacts: &[u32],
    language: Option<Language>,
    most: usize,
    text: impl Fn(u32) -> Option<&'t str>,
) -> Vec<Sampled> {
    let (mut persons, mut prints) = (FxHashSet::default(), FxHashSet::default());
    let mut similarity = Similarity::new(language);
    let mut sampled = Vec::new();
    for contact in by_hash(window, contacts) {
        let person = window.contact(contact).person;
        let Some(text) = text(contact) else { continue };
        if person.is_some_and(|p| persons.contains(&p)) || !prints.insert(fingerprint(text)) {
            continue;
        }
        persons.extend(person);
        sampled.push(Sampled {
            contact,
            person,
            profile: similarity.profile(text),
        });
        if sampled.len() == most {
            break;
        }
    }
    sampled
}

/// Contacts in the order of a hash of their keys: the same few are chosen whatever else there is.
pub(crate) fn by_hash(window: &Window<'_, '_>, contacts: &[u32]) -> Vec<u32> {
    let mut keyed: Vec<(u64, u32)> = contacts.iter().map(|c| (hash(window.contact(*c)), *c)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, c)| c).collect()
}

/// FNV-1a over source and id, with a last mix: ids that count up must not come out in order.
fn hash(contact: &Contact<'_>) -> u64 {
    let c = contact.conversation;
    let bytes = c
        .source
        .as_str()
        .bytes()
        .chain([0])
        .chain(c.conversation_id.as_str().bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, contact, issue, member};

    /// Six issues, each greeted alike and answered in its own words.
    #[test]
    fn the_first_telling_message_answers() {
        const MATTERS: [&str; 6] = ["label", "invoice", "refund", "parcel", "coupon", "login"];
        let mut facts = Fixture::new("2025-11-30");
        for matter in MATTERS {
            let c = contact("chat", matter, "2025-11-20");
            facts.issues.push(issue(matter, matter));
            facts.issue_members.push(member(&c, matter));
            facts.conversations.push(c);
        }
        let answers: Vec<String> = MATTERS
            .iter()
            .map(|m| format!("Print {m} under {m}s, regards Kim"))
            .collect();
        let greetings: Vec<String> = MATTERS
            .iter()
            .map(|m| format!("Hello Mx {m}, this is Kim. One moment"))
            .collect();
        let texts: Vec<ContactText<'_>> = MATTERS
            .iter()
            .zip(answers.iter().zip(&greetings))
            .map(|(id, (answer, greeting))| ContactText {
                shop_id: "de",
                source: "chat",
                conversation_id: id,
                request: "?!".into(),
                answers: vec![greeting, "Which order is it?", answer],
            })
            .collect();
        facts.night_with(&texts, |night| {
            let window = &Window::all(night)[0];
            let texts = Texts::of(night, window);
            let invoice = window.find("chat", "invoice").unwrap();
            assert_eq!(texts.answer(invoice).as_deref(), Some("invoice invoices"));
            assert_eq!(texts.request(invoice), None);
            assert_eq!(texts.answer(99), None);
        });
    }

    #[test]
    fn samples_do_not_hang_on_order_and_take_one_a_person() {
        let mut facts = Fixture::new("2025-11-30");
        for i in 0..20 {
            let mut c = contact("chat", &format!("c{i}"), "2025-11-20");
            c.customer_key = Some(format!("p{}", i / 2).as_str().into());
            facts.conversations.push(c);
        }
        let said: Vec<String> = (b'a'..b'u').map(|c| format!("about {}", char::from(c))).collect();
        let chosen = |facts: &Fixture, contacts: &[u32]| {
            facts.night(|night| {
                let window = &Window::all(night)[0];
                let text = |c: u32| said.get(c as usize).map(String::as_str);
                let sampled = sample(window, contacts, None, 6, text);
                sampled.into_iter().map(|s| s.contact).collect::<Vec<u32>>()
            })
        };
        let all: Vec<u32> = (0..20).collect();
        let turned: Vec<u32> = (0..20).rev().collect();
        let found = chosen(&facts, &all);
        assert_eq!(found.len(), 6);
        assert_eq!(found, chosen(&facts, &turned));
        assert!(!found.is_sorted());
    }
}
