//! Labelled texts: what `train` and `eval` read, one JSON object a line.

use std::io::BufRead;

use refrain_record::{AuthorRole, ConversationText, Date, Language, TagPath, Turn, Visibility};
use refrain_text::detect_language;
use serde_json::Value;

use super::ModelError;

const SHAPE: &str = r#"a line looks like {"text": "...", "tags": ["a/b"]}, `tags` may be empty"#;
const MAX_TAG_BYTES: usize = 200;

/// A text and the tags a person gave it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelledText {
    /// The text, as a customer wrote it.
    pub text: String,
    /// Tags, sorted, each once; empty says that none applies.
    pub tags: Vec<TagPath>,
    /// Language, when given and known to refrain.
    pub lang: Option<Language>,
    /// Id, when given.
    pub id: Option<String>,
    /// Texts that say the same in the same way, when given; a family is held out whole or not at all.
    pub family: Option<String>,
    /// How far the tags are to be trusted, above 0 and up to 1, where no person gave them; `None` for a person's.
    pub weak_trust: Option<f32>,
}

impl LabelledText {
    /// What must not stand on both sides of a split: the family, else the text.
    #[must_use]
    pub fn group(&self) -> &str {
        self.family.as_deref().unwrap_or(&self.text)
    }

    /// The text as a customer's only message.
    #[must_use]
    pub fn turns(&self) -> [Turn<'_>; 1] {
        [Turn {
            seq: 0,
            role: AuthorRole::Customer,
            visibility: Visibility::Public,
            sent_at: None,
            text: &self.text,
        }]
    }

    /// The conversation that [`Self::turns`] make, in the language given or found.
    #[must_use]
    pub fn conversation<'a>(&'a self, turns: &'a [Turn<'a>]) -> ConversationText<'a> {
        ConversationText {
            shop_id: "labels",
            source: "labels",
            conversation_id: self.id.as_deref().unwrap_or("text"),
            date: Date(0),
            language: self
                .lang
                .or_else(|| detect_language(&self.text).map(|guess| guess.language)),
            subject: None,
            turns,
            source_tags: &[],
        }
    }
}

/// Reads labelled JSONL: `text` with `tags` (a list) or `tag` (one), optionally `lang`, `id` and `family`.
///
/// A row whose `tags` is null is one that nobody has labelled yet, and is passed over. Blank lines and
/// other keys are ignored; `file` names the source in errors. Examples come in
/// file order.
///
/// # Errors
/// At the first line that is no such object, with its number.
pub fn read_labels(mut input: impl BufRead, file: &str) -> Result<Vec<LabelledText>, ModelError> {
    let mut examples = Vec::new();
    let mut bytes = Vec::new();
    for line in 1u64.. {
        bytes.clear();
        let num_read = input
            .read_until(b'\n', &mut bytes)
            .map_err(|source| ModelError::LabelIo {
                file: file.into(),
                line,
                source,
            })?;
        if num_read == 0 {
            break;
        }
        let content = bytes.strip_prefix(b"\xEF\xBB\xBF").filter(|_| line == 1);
        let content = content.unwrap_or(&bytes).trim_ascii();
        if !content.is_empty() {
            let example = parse(content).map_err(|found| ModelError::Label {
                file: file.into(),
                line,
                found,
                hint: SHAPE,
            })?;
            examples.extend(example);
        }
    }
    Ok(examples)
}

/// One line; the error never quotes it.
fn parse(line: &[u8]) -> Result<Option<LabelledText>, String> {
    let value: Value =
        serde_json::from_slice(line).map_err(|error| format!("no valid JSON at column {}", error.column()))?;
    let Value::Object(mut object) = value else {
        return Err("a JSON value that is no object".into());
    };
    let text = match object.remove("text") {
        Some(Value::String(text)) => text,
        Some(_) => return Err("`text` is no string".into()),
        None => return Err("`text` is missing".into()),
    };
    let mut tags = Vec::new();
    match (object.get("tag"), object.get("tags")) {
        (None, None) => return Err("neither `tags` nor `tag`".into()),
        (None, Some(Value::Null)) => return Ok(None),
        (one, many) => {
            push_tags(one, "tag", &mut tags)?;
            push_tags(many, "tags", &mut tags)?;
        }
    }
    tags.sort_unstable();
    tags.dedup();
    let lang = object.get("lang").and_then(Value::as_str).and_then(parse_language);
    let id = match object.remove("id") {
        Some(Value::String(id)) => Some(id),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    let family = match object.remove("family") {
        Some(Value::String(family)) if !family.is_empty() => Some(family),
        _ => None,
    };
    Ok(Some(LabelledText {
        text,
        tags,
        lang,
        id,
        family,
        weak_trust: None,
    }))
}

fn push_tags(value: Option<&Value>, key: &str, tags: &mut Vec<TagPath>) -> Result<(), String> {
    match value {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(tag)) => {
            tags.push(check_tag(tag, key)?);
            Ok(())
        }
        Some(Value::Array(list)) if key == "tags" => {
            for tag in list {
                let Value::String(tag) = tag else {
                    return Err(format!("`{key}` holds something that is no string"));
                };
                tags.push(check_tag(tag, key)?);
            }
            Ok(())
        }
        Some(_) => Err(format!("`{key}` is neither a string nor a list of strings")),
    }
}

fn check_tag(tag: &str, key: &str) -> Result<TagPath, String> {
    let tag = tag.trim();
    if tag.is_empty() || tag.len() > MAX_TAG_BYTES || tag.chars().any(char::is_control) {
        return Err(format!(
            "`{key}` holds a tag that is empty, longer than {MAX_TAG_BYTES} bytes or not one line"
        ));
    }
    Ok(TagPath::from(tag))
}

/// `de`, `DE`, `de-AT` and `de_AT` are German; what refrain does not know is no language.
fn parse_language(text: &str) -> Option<Language> {
    let primary = text.split(['-', '_']).next()?;
    Language::parse(&primary.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str) -> Result<Vec<LabelledText>, String> {
        read_labels(input.as_bytes(), "labels.jsonl").map_err(|error| error.to_string())
    }

    #[test]
    fn both_shapes_are_read() {
        let input = "\u{feff}{\"text\":\"a\",\"tags\":[\"x/y\",\"b\",\"b\"],\"lang\":\"de-AT\"}\n\n\
                     {\"text\":\"b\",\"tag\":\"c\",\"id\":7,\"family\":\"f\",\"other\":{}}\r\n\
                     {\"text\":\"not labelled yet\",\"tags\":null}\n{\"text\":\"\",\"tags\":[]}";
        let rows = read(input).unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].tags, [TagPath::from("b"), TagPath::from("x/y")]);
        assert_eq!(rows[0].lang, Some(Language::De));
        assert_eq!(rows[1].tags, [TagPath::from("c")]);
        assert_eq!(rows[1].id.as_deref(), Some("7"));
        assert_eq!((rows[0].group(), rows[1].group()), ("a", "f"));
        assert!(rows[2].tags.is_empty());
    }

    #[test]
    fn errors_name_file_and_line_but_not_the_text() {
        for bad in [
            r#"{"text":"secret words"}"#,
            r#"{"text":"secret words","tags":"#,
            r#"{"text":"secret words","tags":[1]}"#,
            r#"{"text":"secret words","tag":["a"]}"#,
            r#"{"text":"secret words","tag":" "}"#,
            r#"{"text":["secret words"],"tag":"a"}"#,
            r#"["secret words"]"#,
        ] {
            let error = read(&format!("{{\"text\":\"fine\",\"tag\":\"a\"}}\n{bad}\n")).unwrap_err();
            assert!(
                error.starts_with("cannot read labels `labels.jsonl`: line 2: "),
                "{error}"
            );
            assert!(error.contains("\nhint: ") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn invalid_utf8_is_an_error_with_its_line() {
        let error = read_labels(&b"{\"text\":\"\xff\",\"tag\":\"a\"}"[..], "f").unwrap_err();
        assert!(error.to_string().contains("line 1"));
    }
}
