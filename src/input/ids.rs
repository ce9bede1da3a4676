//! Ids and names as people see them: which texts look alike, which one was meant, and what a spreadsheet did to an id.

use std::cmp::Reverse;

use super::problem::{Problem, shown};
use crate::input::diagnostic::Code;

/// The digits from which on an id is a number that somebody was given.
const LONG_NUMBER: usize = 6;

/// Characters that take no room, beside those that are white space.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What spreadsheets, consoles and chats leave at the ends of a copied text: white space and characters without width.
fn is_left_over(character: char) -> bool {
    let is_without_width = matches!(
        character,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    );
    character.is_whitespace() || is_without_width
}

/// The text without such characters at its ends.
pub(super) fn trimmed(text: &str) -> &str {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    if ends.iter().flatten().all(|byte| byte.is_ascii_graphic()) {
        return text;
    }
    text.trim_matches(is_left_over)
}

/// The text as it looks: blanks are one plain blank each, what takes no room is left out, wide forms are narrow.
pub(super) fn plain(text: &str) -> String {
    let seen = trimmed(text).chars().map(|character| match character {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        '\u{3000}' => ' ',
        blank if blank.is_whitespace() => ' ',
        other => other,
    });
    seen.filter(|character| *character == ' ' || !is_invisible(*character))
        .collect()
}

/// The same without blanks inside: what two texts have in common that only differ in what cannot be seen.
fn bones(text: &str) -> String {
    plain(text).replace(' ', "")
}

/// The known id that a misspelt one was meant to be, as a help line, or the alternative. One that differs only in what
/// cannot be seen comes before every other, and the help says where that is.
pub(super) fn meant<'n>(
    text: &str,
    names: impl Iterator<Item = &'n str> + Clone,
    file: &str,
    otherwise: &str,
) -> String {
    let own = bones(text);
    let twin = names.clone().find(|name| {
        let may_be = !text.is_ascii()
            || !name.is_ascii()
            || text.contains(is_invisible)
            || name.contains(is_invisible);
        may_be && bones(name) == own
    });
    match twin {
        Some(twin) => difference(text, twin, file),
        // Of numbers, another digit is another customer.
        None if text.len() >= LONG_NUMBER && is_digits(text) => otherwise.to_owned(),
        None => nearest(text, names, otherwise),
    }
}

/// What differs between a text and a known one that looks the same.
fn difference(text: &str, known: &str, file: &str) -> String {
    match (first_strange(known), first_strange(text)) {
        (Some(there), None) => {
            format!("the one in `{file}` only differs by {there}: correct it there")
        }
        (None, Some(here)) => {
            format!("the one in `{file}` looks the same, but this has {here}: write `{known}`")
        }
        _ => format!(
            "the one in `{file}` looks the same, with other invisible or wide characters: write both alike"
        ),
    }
}

/// The first character that cannot be seen, or is wide, and where it is.
fn first_strange(text: &str) -> Option<String> {
    let is_strange = |c: char| is_invisible(c) || matches!(c, '\u{ff01}'..='\u{ff5e}');
    let (at, character) = text.chars().enumerate().find(|(_, c)| is_strange(*c))?;
    Some(format!("{} as character {}", named(character), at + 1))
}

fn named(character: char) -> String {
    let name = match character {
        '\t' => "a tab",
        ' ' => "a blank",
        '\u{a0}' => "a no-break space",
        '\u{200b}' => "a zero-width space",
        '\u{feff}' => "a byte order mark",
        '\u{3000}' => "a wide blank",
        '\u{ff01}'..='\u{ff5e}' => "a full-width character",
        _ => "an invisible character",
    };
    format!("{name} (U+{:04X})", u32::from(character))
}

/// An id; a number that a spreadsheet has shortened is none.
/// Rule **shortened-id**.
pub(super) fn id(text: &str) -> Result<&str, Problem> {
    let shortened = text.split_once(['E', 'e']).is_some_and(|(digits, power)| {
        let (whole, decimals) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
        is_digits(whole) && is_digits(decimals) && power.strip_prefix('+').is_some_and(is_digits)
    });
    if shortened {
        let message = format!(
            "{} is a number that a spreadsheet shortened: the digits of the id are lost",
            shown(text)
        );
        let help =
            "write the id in full, and make the column of ids text before the spreadsheet saves it";
        return Err(Problem::new(Code::BadValue, message, help));
    }
    Ok(text)
}

/// Whether a text is digits and nothing else.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The known name that a misspelt one is nearest to, as a help line, or the alternative. Of equally near ones the one
/// that begins alike for longer; one with control characters cannot be typed and is none.
pub(super) fn nearest<'n>(
    text: &str,
    names: impl Iterator<Item = &'n str>,
    otherwise: &str,
) -> String {
    let close = names
        .filter(|name| !name.contains(char::is_control))
        .filter_map(|name| {
            let most = (name.len() / 3).max(1);
            let far = distance(text, name, most)?;
            let pairs = text.chars().zip(name.chars());
            let alike = pairs.take_while(|(left, right)| left == right).count();
            Some((far, Reverse(alike), name))
        });
    close.min().map_or_else(
        || otherwise.to_owned(),
        |(_, _, name)| format!("did you mean `{name}`?"),
    )
}

/// The edit distance of Damerau and Levenshtein, in its restricted form: letters that must be changed, added, left out or exchanged with their neighbour, unless it is more than `most`;
/// capitals count as small letters.
fn distance(from: &str, to: &str, most: usize) -> Option<usize> {
    const LONGEST: usize = 64;
    if from.len().max(to.len()) > LONGEST {
        return None;
    }
    let [from, to] = [from, to].map(|text| {
        let letters = text.chars().flat_map(char::to_lowercase);
        letters.collect::<Vec<char>>()
    });
    if from.len().abs_diff(to.len()) > most {
        return None;
    }
    let mut before = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (line, left) in from.iter().enumerate() {
        let mut row = vec![line + 1];
        for (column, right) in to.iter().enumerate() {
            let changed = above[column] + usize::from(left != right);
            let added = above[column + 1].min(row[column]) + 1;
            let exchanges =
                line > 0 && column > 0 && *left == to[column - 1] && from[line - 1] == *right;
            let exchanged = if exchanges {
                before[column - 1] + 1
            } else {
                usize::MAX
            };
            row.push(changed.min(added).min(exchanged));
        }
        if row.iter().all(|far| *far > most) {
            return None;
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|far| *far <= most)
}

/// The words of consoles, interfaces and other clouds, beside the word of a book.
const SYNONYMS: &[(&str, &str)] = &[
    (
        "PREPAID",
        "包年包月; 预付费; 包月; 包年; subscription; monthly; yearly; prePaid",
    ),
    (
        "POSTPAID_BY_HOUR",
        "按量计费; 按量付费; 后付费; 按小时; 按小时后付费; postpaid; hourly; payasyougo; ondemand",
    ),
    ("auto", "自动续费; 自动; autorenewal; autorenew; automatic"),
    (
        "manual",
        "手动续费; 手动; manualrenewal; manualrenew; normal",
    ),
    (
        "none",
        "不续费; 到期不续费; notrenewal; nonrenewal; norenewal; donotrenew",
    ),
    ("running", "运行中; 使用中; 正常; active; inuse"),
    ("overdue", "已到期; 已过期; expired"),
    ("reclaimed", "待回收; 回收站; 已隔离; isolated; recycled"),
    ("stopped", "已停服; 停服"),
    (
        "terminated",
        "已销毁; 已释放; 已删除; released; destroyed; deleted",
    ),
    ("true", "是; yes; 真"),
    ("false", "否; no; 假"),
    ("topup", "充值"),
    ("renew", "续费"),
    ("terminate", "退还; 销毁; 退订"),
];

/// The word of a closed list that a word of somewhere else stands for.
pub(super) fn synonym<'n>(text: &str, mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let own = letters(text);
    names.find(|name| {
        letters(name) == own
            || SYNONYMS.iter().any(|(word, others)| {
                word == name && others.split("; ").any(|other| letters(other) == own)
            })
    })
}

/// What is compared of a word: its letters, small and without marks between them.
fn letters(text: &str) -> String {
    plain(text).to_lowercase().replace([' ', '-', '_'], "")
}

/// The headings of the consoles' lists, beside the column that each is.
const HEADINGS: &[(&str, &str)] = &[
    (
        "instance_id",
        "ID; 实例ID; 资源ID; 实例ID/名称; Instance ID; Resource ID; InstanceId",
    ),
    (
        "account_id",
        "账号ID; 账号UIN; 主账号; 主账号ID; Account ID; Owner Account; UIN",
    ),
    ("product", "产品; 产品名称; Product; Product Name"),
    (
        "instance_type",
        "实例类型; 实例规格; 机型; 规格; Instance Type; Specification; Model",
    ),
    ("region", "地域; Region"),
    ("zone", "可用区; Availability Zone; Zone"),
    ("project", "项目; 所属项目; Project; Project Name"),
    (
        "name",
        "实例名; 实例名称; 名称; 资源名称; Instance Name; Resource Name",
    ),
    (
        "charge_type",
        "实例计费模式; 计费模式; 计费方式; 付费方式; 付费类型; Billing Mode; Charge Type; Payment Mode",
    ),
    (
        "renew_flag",
        "自动续费; 续费方式; 续费标识; 自动续费状态; Auto-Renewal; Renewal Flag; Renewal Mode",
    ),
    (
        "expires_on",
        "到期时间; 到期日期; 到期日; Expiration Time; Expiry Time; Expire Time; Expires On",
    ),
    ("state", "状态; 实例状态; Status; State; Instance Status"),
    ("monthly_price", "月单价; 每月价格; Monthly Price"),
    ("cash", "现金余额; 可用余额; 余额; Balance; Cash Balance"),
];

/// The column of a book that a heading of a console stands for, among those that a file has.
pub(super) fn heading(text: &str, columns: &[&'static str]) -> Option<&'static str> {
    let own = letters(text);
    let named = HEADINGS
        .iter()
        .find(|(_, headings)| headings.split("; ").any(|one| letters(one) == own));
    let meant = |column: &&&'static str| named.is_some_and(|(name, _)| *name == **column);
    let mut columns = columns.iter();
    let found = columns.clone().find(meant);
    found
        .or_else(|| columns.find(|column| letters(column) == own))
        .copied()
}
