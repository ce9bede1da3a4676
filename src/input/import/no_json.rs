//! Files that are not JSON: what they seem to be, and what to do. Nothing here knows what a response holds.

/// The longest piece of a message that is quoted.
const MAX_QUOTED: usize = 200;

/// What commands and calls print when they fail.
const FAILURES: &[&str] = &[
    "SDKException",
    "SDK.ServerError",
    "SDKError",
    "Traceback (most recent call last)",
    "An error occurred",
];

/// What a text is instead of JSON, and what to do; none if it may be JSON with a fault.
pub(crate) fn seems(text: &str) -> Option<(String, &'static str)> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let list = text.strip_prefix('[');
    let is_word = list.is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    if text.starts_with(['{', '[', '"']) && !is_word {
        return None;
    }
    let first = text.lines().next().unwrap_or("").trim();
    let quoted: String = first.chars().take(MAX_QUOTED).collect();
    Some(if is_failed(text) {
        let what = format!("the call failed with this message: {quoted}");
        (
            what,
            "fix what it says, repeat the call and import what it prints then",
        )
    } else if is_refused(first) {
        let what = format!("the command was refused: {quoted}");
        (what, "correct the command and import what it prints then")
    } else if first.starts_with('<') {
        let what = "a web page or XML, not a response".to_owned();
        (
            what,
            "save what the command line of the cloud prints as JSON",
        )
    } else if first.starts_with(['+', '|']) || first.starts_with("--") {
        let what = "a response printed as a table".to_owned();
        (what, "call once more with `--output json`")
    } else if first.split([',', '\t', ';']).count() > 2 {
        ("a table, not a response".to_owned(), INSTANCE_LIST_HELP)
    } else {
        return None;
    })
}

/// What to do with an inventory that a console exported.
pub(crate) const INSTANCE_LIST_HELP: &str = "put a list that a console exported into `instances.csv`: `renewcast check` says how to name its columns";

/// Whether a text is the complaint of a command or a call.
pub(crate) fn is_complaint(text: &str) -> bool {
    is_failed(text) || is_refused(text.trim_start().lines().next().unwrap_or(""))
}

fn is_failed(text: &str) -> bool {
    FAILURES.iter().any(|words| text.contains(words))
}

fn is_refused(first_line: &str) -> bool {
    first_line.to_ascii_lowercase().starts_with("usage:") || first_line.contains("error:")
}
