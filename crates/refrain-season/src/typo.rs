//! Slips of the hand: swapped, lost and doubled letters, umlauts without dots, spaces and full stops left out.
//!
//! Words with digits, `@` or `/` stay, so that ids and addresses keep their form.

use crate::rng::Rng;

/// The text with slips; `chance` is per word.
pub(crate) fn make_slips(text: &str, chance: f64, rng: &mut Rng) -> String {
    let without_dots = rng.chance(chance * 2.0);
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive([' ', '\n']) {
        let body = word.trim_end_matches([' ', '\n']);
        let tail = &word[body.len()..];
        if body
            .chars()
            .any(|c| c.is_ascii_digit() || matches!(c, '@' | '/' | '<' | ':'))
        {
            out.push_str(word);
            continue;
        }
        let body = if without_dots {
            plain_letters(body)
        } else {
            body.to_owned()
        };
        if body.chars().count() > 3 && rng.chance(chance) {
            slip(&body, rng, &mut out);
        } else {
            out.push_str(&body);
        }
        let glued = tail == " " && rng.chance(chance * 0.15);
        out.push_str(if glued { "" } else { tail });
    }
    out
}

fn slip(word: &str, rng: &mut Rng, out: &mut String) {
    let mut letters: Vec<char> = word.chars().collect();
    let at = 1 + rng.below(letters.len() - 2);
    if !(letters[at].is_alphabetic() && letters[at + 1].is_alphabetic()) {
        out.push_str(word);
        return;
    }
    match rng.below(4) {
        0 => letters.swap(at, at + 1),
        1 => {
            letters.remove(at);
        }
        2 => letters.insert(at, letters[at]),
        _ => letters[at] = neighbour(letters[at]),
    }
    out.extend(letters);
}

/// The key to the right; characters off the Latin keyboard stay, common Chinese mix-ups turn.
fn neighbour(letter: char) -> char {
    const ROWS: [&str; 3] = ["qwertzuiop", "asdfghjkl", "yxcvbnm"];
    const MIXED: [(char, char); 5] = [('的', '得'), ('在', '再'), ('做', '作'), ('那', '哪'), ('以', '已')];
    for row in ROWS {
        if let Some(at) = row.find(letter) {
            return row[at + 1..].chars().next().unwrap_or(letter);
        }
    }
    MIXED
        .iter()
        .find(|(right, _)| *right == letter)
        .map_or(letter, |(_, wrong)| *wrong)
}

fn plain_letters(word: &str) -> String {
    let mut out = String::with_capacity(word.len() + 2);
    for letter in word.chars() {
        match letter {
            'ä' | 'æ' => out.push_str("ae"),
            'ö' | 'ø' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'Ä' | 'Æ' => out.push_str("Ae"),
            'Ö' | 'Ø' => out.push_str("Oe"),
            'Ü' => out.push_str("Ue"),
            'å' => out.push_str("aa"),
            'Å' => out.push_str("Aa"),
            'ß' => out.push_str("ss"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_spare_ids_and_addresses() {
        let text = "Meine Bestellung DE1000234 fehlt, bitte an mia.huber@example.com oder +49 154 0000012 melden";
        let mut changed = 0;
        for seed in 0..200 {
            let slipped = make_slips(text, 0.3, &mut Rng::of(&[seed]));
            assert!(
                slipped.contains("DE1000234") && slipped.contains("mia.huber@example.com"),
                "{slipped}"
            );
            changed += usize::from(slipped != text);
        }
        assert!(changed > 150, "{changed}");
        assert_eq!(make_slips(text, 0.0, &mut Rng::of(&[1])), text);
    }

    proptest::proptest! {
        #[test]
        fn any_text_survives(text in "\\PC{0,60}", seed in 0_u64..1000) {
            make_slips(&text, 0.9, &mut Rng::of(&[seed]));
        }
    }
}
