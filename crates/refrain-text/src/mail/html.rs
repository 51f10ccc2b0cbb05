//! HTML to the text that a reader would see.
//!
//! `"<p>Hi,</p><p>caf&eacute; &lt; 3</p>"` becomes `"Hi,\ncafé < 3"`.

/// The text of an HTML body: tags, comments, `style`, `script` and `head` dropped, line breaks kept
/// for block elements, entities decoded, runs of blank lines as one. Text without tags passes with
/// only its entities decoded. When nothing would be left, the input comes back.
#[must_use]
pub fn html_to_text(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    // Tags end at or before the last `>`; knowing it keeps hostile input linear.
    let (tagged, tail) = html.split_at(html.rfind('>').map_or(0, |at| at + 1));
    let mut rest = tagged;
    let mut may_hide = true;
    while let Some(at) = rest.find('<') {
        push_decoded(&mut out, &rest[..at]);
        rest = &rest[at..];
        match tag_at(rest, &mut may_hide) {
            Some(tag) => {
                if tag.is_break {
                    out.push('\n');
                }
                rest = &rest[tag.end..];
            }
            None => {
                out.push('<');
                rest = &rest[1..];
            }
        }
    }
    push_decoded(&mut out, rest);
    push_decoded(&mut out, tail);
    let text = tidy_lines(&out);
    if text.is_empty() { html.to_owned() } else { text }
}

struct Tag {
    /// Byte behind it, and behind its content when that is no text.
    end: usize,
    is_break: bool,
}

/// Elements that stand on lines of their own.
const BREAKS: [&str; 24] = [
    "br",
    "p",
    "div",
    "tr",
    "li",
    "ul",
    "ol",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "blockquote",
    "pre",
    "section",
    "article",
    "header",
    "footer",
    "body",
    "html",
    "form",
];
/// Elements inside a line.
const INLINE: [&str; 60] = [
    "a",
    "b",
    "i",
    "u",
    "s",
    "em",
    "strong",
    "span",
    "font",
    "small",
    "big",
    "sub",
    "sup",
    "img",
    "center",
    "code",
    "td",
    "th",
    "thead",
    "tbody",
    "tfoot",
    "col",
    "colgroup",
    "caption",
    "link",
    "meta",
    "base",
    "label",
    "input",
    "button",
    "select",
    "option",
    "textarea",
    "iframe",
    "object",
    "svg",
    "path",
    "video",
    "audio",
    "source",
    "figure",
    "figcaption",
    "main",
    "nav",
    "aside",
    "dl",
    "dt",
    "dd",
    "del",
    "ins",
    "mark",
    "q",
    "cite",
    "abbr",
    "address",
    "wbr",
    "picture",
    "strike",
    "tt",
    "noscript",
];
/// Elements whose content is not for reading.
const HIDDEN: [&str; 5] = ["style", "script", "head", "title", "template"];

/// The tag or comment that `text` begins with; `None` when its `<` is just a character, as in
/// `a < b` or a placeholder like `<EMAIL_1>`.
///
/// `may_hide` turns false at the first hidden element that is never closed.
fn tag_at(text: &str, may_hide: &mut bool) -> Option<Tag> {
    if let Some(body) = text.strip_prefix("<!--") {
        return Some(Tag {
            end: body.find("-->").map_or(text.len(), |at| at + 7),
            is_break: false,
        });
    }
    let inner = &text[1..];
    if inner.starts_with(['!', '?']) {
        return inner.find('>').map(|at| Tag {
            end: at + 2,
            is_break: false,
        });
    }
    let name_start = usize::from(inner.starts_with('/'));
    let name_len = inner[name_start..]
        .find(|c: char| !c.is_ascii_alphanumeric() && c != ':')
        .unwrap_or(0);
    let name = &inner[name_start..name_start + name_len];
    let behind = inner[name_start + name_len..].chars().next();
    let name = name.to_ascii_lowercase();
    let is_break = BREAKS.contains(&name.as_str());
    let is_hidden = HIDDEN.contains(&name.as_str());
    // Office markup has names like `o:p`; a bare `<https://...>` has not.
    let is_office = name
        .split_once(':')
        .is_some_and(|(space, local)| space.len() < 3 && !local.is_empty());
    let is_name = (is_break || is_hidden || is_office || INLINE.contains(&name.as_str()))
        && behind.is_some_and(|c| c.is_ascii_whitespace() || c == '>' || c == '/');
    if !is_name {
        return None;
    }
    let mut end = 1 + tag_end(inner)?;
    if name_start == 0 && is_hidden && *may_hide && !text[..end].ends_with("/>") {
        match closing_end(&text[end..], &name) {
            Some(length) => end += length,
            None => *may_hide = false,
        }
    }
    Some(Tag { end, is_break })
}

/// The byte behind the `>` that ends a tag, quotes respected.
fn tag_end(inner: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in inner.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') if inner[..at].ends_with('=') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    // An unbalanced quote must not swallow the rest of the message.
    inner.find('>').map(|at| at + 1)
}

fn closing_end(text: &str, name: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = text[from..].find("</").map(|at| from + at) {
        let after = at + 2 + name.len();
        if bytes.len() >= after && bytes[at + 2..after].eq_ignore_ascii_case(name.as_bytes()) {
            return text.get(after..)?.find('>').map(|end| after + end + 1);
        }
        from = at + 2;
    }
    None
}

const ENTITIES: [(&str, char); 40] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("euro", '€'),
    ("pound", '£'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("szlig", 'ß'),
    ("aelig", 'æ'),
    ("AElig", 'Æ'),
    ("oslash", 'ø'),
    ("Oslash", 'Ø'),
    ("aring", 'å'),
    ("Aring", 'Å'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("ecirc", 'ê'),
    ("agrave", 'à'),
    ("ccedil", 'ç'),
    ("ugrave", 'ù'),
    ("iuml", 'ï'),
    ("euml", 'ë'),
    ("ocirc", 'ô'),
    ("rsquo", '’'),
    ("lsquo", '‘'),
    ("rdquo", '”'),
    ("ldquo", '“'),
    ("bdquo", '„'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("hellip", '…'),
    ("laquo", '«'),
    ("raquo", '»'),
];

fn push_decoded(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.bytes().take(12).position(|b| b == b';');
        match end.and_then(|end| entity(&rest[..end]).map(|c| (c, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| !c.is_control() || c.is_whitespace());
    }
    ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// Lines trimmed, spaces inside them single, at most one blank line in a row, none at the edges.
fn tidy_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines() {
        let start = out.len();
        for word in line.split_whitespace() {
            if out.len() > start {
                out.push(' ');
            } else if !out.is_empty() {
                out.push_str(if blank > 0 { "\n\n" } else { "\n" });
                blank = 0;
            }
            out.push_str(word);
        }
        blank += usize::from(out.len() == start);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(html: &str, expected: &str) {
        assert_eq!(html_to_text(html), expected, "{html:?}");
    }

    #[test]
    fn reads_as_a_browser_shows_it() {
        check(
            "<p>Hi,</p>\n<p>caf&eacute; &lt; 3 &#8364; &#x20AC;</p>",
            "Hi,\n\ncafé < 3 € €",
        );
        check("one<br>two<BR/>three<br />", "one\ntwo\nthree");
        check("<style>p { color: red }</style><b>bold</b> <i>it</i>", "bold it");
        check("<head><title>x</title></head><body>y<!-- z --></body>", "y");
        check("<a href=\"x>y\" title='a'>link</a>", "link");
        check("<o:p>&nbsp;</o:p><td>a</td><td>b</td>", "ab");
        check("<script>if (a < b) { \"</p>\" }</script >ok", "ok");
    }

    #[test]
    fn what_is_no_tag_stays() {
        check("a < b and c > d", "a < b and c > d");
        check(
            "write to <EMAIL_1> or <https://shop.example/x>",
            "write to <EMAIL_1> or <https://shop.example/x>",
        );
        check("AT&T &unknown; &#0; &", "AT&T &unknown; &#0; &");
        check("<style>never closed", "never closed");
        check("<p></p>", "<p></p>");
    }

    proptest! {
        #[test]
        fn text_never_vanishes(html in "(<p>|</p>|<style>|</style>|<a x='\"|>|&amp|;|<!--|-->|[a-zé <&#]){0,20}") {
            prop_assert_eq!(html_to_text(&html).trim().is_empty(), html.trim().is_empty());
        }

        #[test]
        fn any_text_is_fine(html in "\\PC*") {
            prop_assert_eq!(html_to_text(&html).is_empty(), html.is_empty());
        }
    }
}
