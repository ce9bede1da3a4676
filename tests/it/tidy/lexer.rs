//! Enough of Rust's grammar to find words, paths and braces: comments and the insides of texts are left out.

/// A word, a `::`, or one other character.
pub(super) struct Token {
    pub(super) line: usize,
    pub(super) text: String,
}

impl Token {
    pub(super) fn is_word(&self) -> bool {
        self.text.starts_with(is_word)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Splits source text; a text literal becomes one `"`.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), text, 1);
    while let Some(c) = rest.chars().next() {
        let (length, kept) = match c {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), ""),
            '"' => (quoted(rest), "\""),
            'r' if raw(rest).is_some() => (raw(rest).unwrap_or(1), "\""),
            '\'' => (character(rest), ""),
            ':' if rest.starts_with("::") => (2, "::"),
            c if is_word(c) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                (length, &rest[..length])
            }
            c => (c.len_utf8(), rest[..c.len_utf8()].trim()),
        };
        if !kept.is_empty() {
            tokens.push(Token {
                line,
                text: kept.to_owned(),
            });
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of a text literal, escapes included.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// The length of a raw text literal, if one begins here.
fn raw(text: &str) -> Option<usize> {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    let inside = text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(2 + hashes + inside.find(&end)? + end.len())
}

/// The length of a character literal, or of the quote that begins a lifetime.
fn character(text: &str) -> usize {
    let mut after = text.char_indices().skip(1);
    match (after.next(), after.next()) {
        (Some((_, '\\')), Some(_)) => text[3..].find('\'').map_or(text.len(), |end| end + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// Every path with its line, also those of one word; `a::{b, c::d}` counts as `a::b` and `a::c::d`.
pub(super) fn paths(tokens: &[Token]) -> Vec<(usize, Vec<String>)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if tokens[at].is_word() {
            at = tree(tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Whether this is the token at `at`.
fn is(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.text == text)
}

/// Reads one path, or a tree of them, that begins with the word at `at`; gives the place behind it.
fn tree(
    tokens: &[Token],
    mut at: usize,
    before: &[String],
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let (line, mut path) = (tokens[at].line, before.to_vec());
    path.push(tokens[at].text.clone());
    at += 1;
    while is(tokens, at, "::") && tokens.get(at + 1).is_some_and(Token::is_word) {
        path.push(tokens[at + 1].text.clone());
        at += 2;
    }
    if !(is(tokens, at, "::") && is(tokens, at + 1, "{")) {
        found.push((line, path));
        return at;
    }
    at += 2;
    while !is(tokens, at, "}") && at < tokens.len() {
        at = if tokens[at].is_word() {
            tree(tokens, at, &path, found)
        } else {
            at + 1
        };
    }
    at + 1
}
