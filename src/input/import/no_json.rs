//! Files that are no JSON: what they seem to be instead, and what to do. Nothing here knows what an answer holds.

/// What a text is instead of JSON, and what to do; none if it may be JSON with a fault.
pub(super) fn seems(text: &str) -> Option<(String, &'static str)> {
    const SHOWN: usize = 200;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let is_word = text
        .strip_prefix('[')
        .is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    if text.starts_with(['{', '[', '"']) && !is_word {
        return None;
    }
    let first = text.lines().next().unwrap_or("").trim();
    let short: String = first.chars().take(SHOWN).collect();
    if is_failed(text) {
        let help = "mend what it says, repeat the call and import what it prints then";
        return Some((
            format!("the call failed, and this is what it said: {short}"),
            help,
        ));
    }
    if is_refused(first) {
        let what = format!("the command was refused: {short}");
        return Some((what, "correct the command and import what it prints then"));
    }
    if first.starts_with('<') {
        let what = "a page of the web or XML, not an answer".to_owned();
        return Some((
            what,
            "save what the command line of the cloud prints as JSON",
        ));
    }
    if first.starts_with(['+', '|']) || first.starts_with("--") {
        return Some((
            "an answer printed as a table".to_owned(),
            "call once more with `--output json`",
        ));
    }
    if first.split([',', '\t', ';']).count() > 2 {
        let help = "put a list that a console exported into `instances.csv`: `renewcast check` says how to name its columns";
        return Some(("a table, not an answer".to_owned(), help));
    }
    None
}

/// Whether a text is what a command or a call complains about.
pub(super) fn is_complaint(text: &str) -> bool {
    is_failed(text) || is_refused(text.trim_start().lines().next().unwrap_or(""))
}

fn is_failed(text: &str) -> bool {
    let words = [
        "SDKException",
        "SDK.ServerError",
        "SDKError",
        "Traceback (most recent call last)",
        "An error occurred",
    ];
    words.iter().any(|word| text.contains(word))
}

fn is_refused(first: &str) -> bool {
    first.to_ascii_lowercase().starts_with("usage:") || first.contains("error:")
}
