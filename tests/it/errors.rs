//! The gallery of errors: each folder of `data/errors` is a book with something wrong, and `expected.txt` in it is what
//! the program says. `UPDATE_EXPECTED=1 cargo test errors` writes them anew. Inputs too hostile to keep as
//! files are made in the files of this folder.

mod cures;
mod large;
mod odd;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use renewcast::input::diagnostic::{Code, Diagnostics};
use renewcast::input::{self, Folder};
use renewcast::model::action::ActionIndex;
use tempfile::TempDir;

const BOOK: &str = "from = 2026-12-01\nto = 2027-11-30\n";
const ACCOUNTS: &str = "account_id,cash\nmain,5000.00\n";
const HEADER: &str = "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n";
const INSTANCES: &str = "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n\
                         web-1,main,PREPAID,auto,100.00,2026-12-15\n";

/// So many rows or keys that anything done for each pair of them would not end.
const MANY: usize = 20_000;

fn gallery() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/errors")
}

/// The folders of the gallery, by name.
fn folders() -> Vec<String> {
    let entries = fs::read_dir(gallery())
        .expect("the gallery")
        .map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders
        .map(|entry| entry.file_name().into_string().expect("a plain name"))
        .collect();
    names.sort();
    names
}

fn program(folder: &Path, arguments: &[String]) -> Output {
    let program = Command::new(env!("CARGO_BIN_EXE_renewcast"))
        .args(arguments)
        .current_dir(folder)
        .output();
    program.expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program speaks UTF-8")
}

/// What the program says about a folder of the gallery, after the command line that its `arguments` give.
fn said(name: &str) -> String {
    let out = TempDir::new().expect("a place for results");
    let out = out.path().join("out").display().to_string();
    let arguments = fs::read_to_string(gallery().join(name).join("arguments"));
    let arguments = arguments
        .unwrap_or_else(|_| format!("check {name}"))
        .trim()
        .to_owned();
    let words: Vec<String> = arguments
        .split(' ')
        .map(|word| word.replace("{out}", &out))
        .collect();
    let Output {
        status,
        stdout,
        stderr,
    } = program(&gallery(), &words);
    let code = status.code().map_or_else(
        || "no exit code".to_owned(),
        |code| format!("exit code {code}"),
    );
    format!(
        "$ renewcast {arguments}\n{}{}{code}\n",
        text(&stdout),
        text(&stderr)
    )
    .replace(&out, "{out}")
}

#[test]
fn each_wrong_book_is_answered_as_expected() {
    let mut wrong = Vec::new();
    for name in folders() {
        let (file, said) = (gallery().join(&name).join("expected.txt"), said(&name));
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&file, said).expect("expected.txt can be written");
        } else if fs::read_to_string(&file).ok().as_ref() != Some(&said) {
            wrong.push(format!("--- {name}\n{said}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nif that is right: UPDATE_EXPECTED=1 cargo test errors",
        wrong.concat()
    );
}

/// Those of results are in the gallery of `verify`.
#[test]
fn each_code_has_an_example() {
    let expected = |name: &String| {
        fs::read_to_string(gallery().join(name).join("expected.txt")).unwrap_or_default()
    };
    let of_results =
        fs::read_dir(gallery().with_file_name("verify")).expect("the gallery of results");
    let of_results =
        of_results.filter_map(|entry| fs::read_to_string(entry.expect("an entry").path()).ok());
    let all: String = folders().iter().map(expected).chain(of_results).collect();
    let missing = Code::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| !all.contains(&format!("[{code}]: ")));
    assert_eq!(missing.collect::<BTreeSet<_>>(), BTreeSet::new());
}

/// Ids, messages and file names come from the input: what could command a terminal, or hide, is shown as a dot.
#[test]
fn what_is_said_can_be_seen() {
    let hidden = |c: &char| {
        c.is_control() && *c != '\n'
            || "\u{ad}\u{200b}\u{200e}\u{202e}\u{2028}\u{2066}\u{feff}".contains(*c)
    };
    for name in folders() {
        let said = fs::read_to_string(gallery().join(&name).join("expected.txt"))
            .expect("an expected text");
        assert_eq!(said.chars().find(hidden), None, "{name}");
    }
}

/// Rule **read-whole**.
#[test]
fn a_refused_run_writes_nothing() {
    for name in folders() {
        let arguments = fs::read_to_string(gallery().join(&name).join("arguments"));
        let arguments = arguments.unwrap_or_else(|_| format!("check {name}"));
        let refused = fs::read_to_string(gallery().join(&name).join("expected.txt"))
            .expect("an expected text");
        if !refused.ends_with("exit code 2\n") || arguments.starts_with("import") {
            continue;
        }
        let parent = TempDir::new().expect("a place for results");
        let out = parent.path().join("out").display().to_string();
        let mut words = vec!["run".to_owned(), name.clone(), "--out".to_owned(), out];
        words.extend(arguments.split_whitespace().skip(2).map(str::to_owned));
        assert_eq!(program(&gallery(), &words).status.code(), Some(2), "{name}");
        assert_eq!(
            fs::read_dir(parent.path()).expect("a folder").count(),
            0,
            "{name} wrote something"
        );
    }
}

/// Reads a book made of these files and the plain ones, on a stack as small as any thread's.
fn read(files: &[(&str, &str)], scenario: Option<&str>) -> (bool, Diagnostics) {
    let mut folder = Folder::default();
    for (name, text) in [
        ("book.toml", BOOK),
        ("accounts.csv", ACCOUNTS),
        ("instances.csv", INSTANCES),
    ]
    .iter()
    .chain(files)
    {
        folder.insert(name, text.as_bytes().to_vec());
    }
    let scenario = scenario.map(str::to_owned);
    let thread = thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || input::read_book(&folder, scenario.as_deref()));
    let (book, found) = thread.expect("a thread").join().expect("no panic");
    (book.is_some(), found)
}

fn codes(found: &Diagnostics) -> BTreeSet<&'static str> {
    found.iter().map(|one| one.code.as_str()).collect()
}

#[test]
fn a_place_is_found_in_any_line_of_any_kind() {
    for end in ["\n", "\r\n", "\r"] {
        for mark in ["", "\u{feff}"] {
            let good: String = (0..MANY)
                .map(|row| format!("网站-{row},main,PREPAID,auto,1,2026-12-15{end}"))
                .collect();
            let text = format!(
                "{mark}{}{end}{good}{end}网站,main,PREPAID,自动,1,2026-12-15{end}",
                HEADER.trim_end()
            );
            let (_, found) = read(&[("instances.csv", &text)], None);
            let place = &found.iter().next().expect("one problem").place;
            assert_eq!(
                (place.line, place.column, place.mark.clone()),
                (MANY + 3, 17, 16..18),
                "{end:?} {mark:?}"
            );
            assert_eq!(
                place.source, "网站,main,PREPAID,自动,1,2026-12-15",
                "{end:?} {mark:?}"
            );
        }
    }
}

#[test]
fn the_place_of_an_action_is_its_row() {
    let actions = "action,date,account_id,amount\n\ntopup,2026-12-02,main,1\n,,,\n\"topup\",2026-12-03,main,2\n";
    let scenario =
        "[[actions]]\ndate = 2026-12-04\naction = \"credit\"\naccount_id = \"main\"\namount = 3\n";
    let mut folder = Folder::default();
    for (name, text) in [("actions.csv", actions), ("scenarios/s.toml", scenario)] {
        folder.insert(name, text.as_bytes().to_vec());
    }
    let table = [
        (0, "actions.csv", 3, 1),
        (1, "actions.csv", 5, 1),
        (2, "scenarios/s.toml", 3, 10),
    ];
    for (number, file, line, column) in table {
        let place = input::place_of_action(&folder, Some("s"), ActionIndex(number));
        assert_eq!(
            (place.file.as_str(), place.line, place.column),
            (file, line, column),
            "action {number}"
        );
    }
}

/// A folder with the plain book on disk.
fn plain_book() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in [
        ("book.toml", BOOK),
        ("accounts.csv", ACCOUNTS),
        ("instances.csv", INSTANCES),
    ] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}
