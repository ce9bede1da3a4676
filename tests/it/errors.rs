//! The gallery of errors: each folder of `data/errors` is a book with something wrong, and `expected.txt` in it is what
//! the program says. `UPDATE_EXPECTED=1 cargo test errors` writes them anew. Below it: inputs too hostile to keep as files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use renewcast::engine;
use renewcast::input::diagnostic::{Code, Diagnostics};
use renewcast::input::{self, Folder};
use renewcast::model::action::ActionIndex;
use tempfile::TempDir;

use crate::program::Place;

const BOOK: &str = "from = 2026-12-01\nto = 2027-11-30\n";
const ACCOUNTS: &str = "account_id,cash\nmain,5000.00\n";
const HEADER: &str = "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n";
const INSTANCES: &str = "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n\
                         web-1,main,PREPAID,auto,100.00,2026-12-15\n";

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
fn no_selector_is_too_deep_for_the_stack() {
    let chain = |first: &str, next: &str, times: usize| first.to_owned() + &next.repeat(times);
    let nested = |times: usize| format!("{}zone = 'x'{}", "(".repeat(times), ")".repeat(times));
    let table = [
        (nested(64), ""),
        (nested(65), "bad-selector"),
        ("(".repeat(60_000), "bad-selector"),
        (chain("", "NOT ", 15_000) + "zone = 'x'", ""),
        (chain("", "NOT (", 10_000), "bad-selector"),
        (chain("zone='x'", " OR zone='x'", 5_000), ""),
        (chain("zone='x'", " AND zone='x'", 5_000), ""),
        (chain("zone='x'", " OR zone='x'", 10_000), "bad-selector"),
        (chain("zone IN ('x'", ",'x'", 10_000) + ")", ""),
        (chain("zone = zone", " = zone", 5_000), "bad-selector"),
        (chain("zone", " IS NULL", 5_000), "bad-selector"),
        (chain("zone", " NOT IN ('x')", 3_000), "bad-selector"),
        (chain("1", " + 1", 10_000), "bad-selector"),
        (chain("zone", "::date", 10_000), "bad-selector"),
        (chain("priority = ", "- ", 20_000) + "1", "bad-selector"),
        (chain("", "CASE WHEN ", 5_000), "unknown-selector-column"),
        (chain("", "f(", 20_000), "bad-selector"),
        (chain("zone = 'x' /*", "/*", 20_000), "bad-selector"),
    ];
    for (selector, code) in table {
        let quoted = selector.replace('"', "\"\"");
        let actions = format!("date,action,where,flag\n2026-12-05,set_flag,\"{quoted}\",none\n");
        let (_, found) = read(&[("actions.csv", &actions)], None);
        let start: String = selector.chars().take(40).collect();
        assert_eq!(
            codes(&found).into_iter().collect::<String>(),
            code,
            "{start}… of {} bytes",
            selector.len()
        );
    }
}

#[test]
fn no_toml_is_too_deep_for_the_stack() {
    let deep = |open: &str| open.repeat(100_000);
    for text in [
        deep("["),
        deep("{a="),
        deep("a.") + "a = 1",
        format!("[{}a]", deep("a.")),
        format!("x = {}", deep("[")),
    ] {
        let (_, found) = read(&[("profiles.toml", &text)], None);
        assert_eq!(codes(&found), BTreeSet::from(["bad-toml"]));
    }
}

#[test]
fn a_toml_file_has_a_limit() {
    let most = input::LARGEST_TOML;
    for (bytes, code) in [(most, ""), (most + 1, "bad-toml")] {
        let (_, found) = read(&[("profiles.toml", &"\n".repeat(bytes))], None);
        assert_eq!(
            codes(&found).into_iter().collect::<String>(),
            code,
            "{bytes} bytes"
        );
    }
    let model =
        fs::read_to_string(gallery().join("../../docs/spec/formats.md")).expect("the model");
    assert!(
        model.contains(&format!("a TOML file has at most {} MiB", most >> 20)),
        "the model says something else"
    );
    assert!(
        model.contains(&format!("a row at most {} MiB", input::LONGEST_ROW >> 20)),
        "the model says something else"
    );
}

/// So many rows or keys that anything done for each pair of them would not end.
const MANY: usize = 20_000;

/// Rule **shown-diagnostics**.
#[test]
fn a_great_many_problems_are_counted_and_a_thousand_are_shown() {
    let rows = |row: &str| format!("{HEADER}{}", row.repeat(MANY));
    let columns = format!("{},{}\n", HEADER.trim_end(), "a,".repeat(MANY));
    let tags: String = (0..MANY).map(|tag| format!(",tag:{tag}")).collect();
    let profile = |number| format!("[p{number}]\nmonth_end = \"never\"\n");
    let profiles = |many: usize| (0..many).map(profile).collect::<String>();
    let chain: String = (1..1_000)
        .map(|number| format!("[p{number}]\nextends = \"p{}\"\n", number - 1))
        .collect();
    let chain = format!("[p0]\n{chain}");
    let accounts: String = (0..MANY).map(|number| format!("a-{number},0\n")).collect();
    let sets = "[[set]]\nwhere = \"zone = 'x'\"\nzone = \"y\"\n".repeat(2_000);
    let table = [
        (
            "instances.csv",
            rows("web,main,PREPAID,auto,-1,2026-02-30\n"),
            "bad-date negative-amount",
        ),
        (
            "instances.csv",
            rows("web,main,PREPAID,auto,1,2026-12-15\n"),
            "duplicate-id",
        ),
        (
            "instances.csv",
            rows("web,other,PREPAID,auto,1,2026-12-15\n"),
            "unknown-account",
        ),
        ("instances.csv", rows("web\n"), "bad-csv"),
        ("instances.csv", columns, "unknown-column"),
        (
            "instances.csv",
            format!("{}{tags}\nweb,main,PREPAID,auto,1,\n", HEADER.trim_end()),
            "bad-csv",
        ),
        (
            "accounts.csv",
            format!("account_id,cash\n{accounts}"),
            "unknown-account",
        ),
        (
            "accounts.csv",
            format!("account_id,cash\nmain,0\n{}", "main,0\n".repeat(MANY)),
            "duplicate-id",
        ),
        (
            "actions.csv",
            format!("date,action\n{}", "2026-13-01,pay\n".repeat(MANY)),
            "bad-date bad-value",
        ),
        ("profiles.toml", profiles(1_000), "bad-value"),
        ("profiles.toml", profiles(1_001), "too-large"),
        ("profiles.toml", profiles(MANY), "too-large"),
        ("profiles.toml", chain, "profile-conflict"),
        (
            "profiles.toml",
            "a = 1\n".to_owned() + &"b".repeat(MANY) + " = 2\n",
            "bad-value",
        ),
        ("scenarios/s.toml", sets, "no-match"),
    ];
    for (file, text, expected) in table {
        let (_, found) = read(
            &[(file, &text)],
            Some("s").filter(|_| file.starts_with("scenarios")),
        );
        let expected: BTreeSet<&str> = expected.split(' ').collect();
        assert_eq!(
            codes(&found),
            expected,
            "{file}: {}",
            text.chars().take(80).collect::<String>()
        );
        assert!(
            found.iter().count() <= 2_000,
            "{file}: {} are kept",
            found.iter().count()
        );
        assert_eq!(
            found.omitted() + found.iter().count(),
            found.errors() + found.warnings()
        );
    }
}

#[test]
fn warnings_do_not_crowd_out_errors() {
    let early = "2020-01-01,topup,main,5.00\n".repeat(2_000);
    let actions = format!("date,action,account_id,amount\n{early}2026-12-32,topup,main,5.00\n");
    let (_, found) = read(&[("actions.csv", &actions)], None);
    assert_eq!(
        (found.errors(), found.warnings(), found.iter().count()),
        (1, 2_000, 1_001)
    );
    let error = found
        .iter()
        .find(|one| one.code == Code::BadDate)
        .expect("the error is kept");
    assert_eq!(error.place.line, 2_002);
}

#[test]
fn what_a_scenario_writes_wrongly_into_many_rows_is_shown_once() {
    let rows: String = (0..3)
        .map(|row| format!("web-{row},main,PREPAID,auto,100.00,2026-12-15\n"))
        .collect();
    let scenario = "[[set]]\nrenew_flag = \"atuo\"\n";
    let (_, found) = read(
        &[
            ("instances.csv", &(HEADER.to_owned() + &rows)),
            ("scenarios/s.toml", scenario),
        ],
        Some("s"),
    );
    assert_eq!((found.errors(), found.iter().count()), (3, 1));
}

#[test]
fn huge_cells_do_not_make_huge_messages() {
    let huge = "9 ".repeat(1 << 20);
    for (file, text) in [
        ("accounts.csv", format!("account_id,cash\nmain,{huge}\n")),
        (
            "instances.csv",
            format!("{HEADER}{huge},{huge},{huge},{huge},{huge},{huge}\n"),
        ),
        (
            "book.toml",
            format!(
                "from = 2026-12-01\nto = \"{huge}\"\n{} = 1\n",
                "k".repeat(1 << 20)
            ),
        ),
        (
            "actions.csv",
            format!("date,action,where\n{huge},renew,{huge}\n"),
        ),
        (
            "scenarios/s.toml",
            format!("[[set]]\n\"{huge}\" = 1\nwhere = \"{huge}\"\n"),
        ),
    ] {
        let (_, found) = read(
            &[(file, &text)],
            Some("s").filter(|_| file.starts_with("scenarios")),
        );
        assert!(found.has_errors(), "{file}");
        for one in found.iter() {
            let longest = one
                .message
                .len()
                .max(one.help.len())
                .max(one.place.source.len());
            assert!(
                longest < 1_000,
                "{file}: {} characters: {:.200}",
                longest,
                one.message
            );
        }
    }
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

#[test]
fn a_missing_or_empty_folder_is_refused() {
    let empty = TempDir::new().expect("a folder");
    for (folder, expected) in [
        (empty.path().join("none"), "there is no folder"),
        (empty.path().to_owned(), "[unreadable]"),
    ] {
        let output = program(
            empty.path(),
            &["check".to_owned(), folder.display().to_string()],
        );
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stderr).contains(expected),
            "{}",
            text(&output.stderr)
        );
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_refused_and_never_waited_for() {
    let scenario = Folder::scenario_file("s");
    for name in input::FILES.iter().copied().chain([scenario.as_str()]) {
        for kind in ["folder", "pipe", "device", "loop"] {
            let book = plain_book();
            let path = book.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            let _ = fs::remove_file(&path);
            match kind {
                "folder" => fs::create_dir(&path).expect("a folder"),
                "pipe" => assert!(
                    Command::new("mkfifo")
                        .arg(&path)
                        .status()
                        .expect("mkfifo starts")
                        .success()
                ),
                "device" => std::os::unix::fs::symlink("/dev/zero", &path).expect("a link"),
                _ => std::os::unix::fs::symlink(&path, &path).expect("a link"),
            }
            let output = program(book.path(), &["check".to_owned(), ".".to_owned()]);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{name} {kind}: {said}");
            assert!(
                said.contains(&format!("error[unreadable]: cannot read `{name}`")),
                "{name} {kind}: {said}"
            );
        }
    }
}

/// A file that was cut is read or refused, wherever it was cut.
#[test]
fn no_beginning_of_a_file_is_a_panic() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/example");
    let name = Folder::scenario_file("in-time");
    let names = input::FILES
        .iter()
        .copied()
        .chain([name.as_str()])
        .filter(|name| example.join(name).exists());
    let files: Vec<(&str, Vec<u8>)> = names
        .map(|name| {
            (
                name,
                fs::read(example.join(name)).expect("a file of the example"),
            )
        })
        .collect();
    for (cut, bytes) in &files {
        for end in (0..bytes.len()).step_by(11) {
            let mut folder = Folder::default();
            for (name, bytes) in &files {
                folder.insert(
                    name,
                    if name == cut {
                        bytes[..end].to_vec()
                    } else {
                        bytes.clone()
                    },
                );
            }
            let (book, found) = input::check_book(&folder, Some("in-time"));
            assert_eq!(
                book.is_some(),
                !found.has_errors(),
                "{cut} cut after {end} bytes"
            );
            assert!(
                found
                    .iter()
                    .all(|one| one.place.line > 0 && !one.help.is_empty()),
                "{cut} cut after {end} bytes"
            );
        }
    }
}

/// Ids that are formulas, paths, markup, several lines or turned around are ids: no file is named after them, and what is
/// written reads back as the same.
#[test]
fn odd_ids_come_out_as_they_went_in() {
    let odd = [
        "=HYPERLINK(\"http://example.com\",\"x\")",
        "@SUM(A1)",
        "+1",
        "-1",
        "../../etc/passwd",
        "..",
        "C:\\NUL",
        "<script>alert(1)</script>",
        "\u{202e}1-bew",
        "two\nlines",
        "two\r\nlines",
        "a\tb",
        "in the middle",
        "'; DROP TABLE x; --",
        "%s%n",
        "\u{1b}[31m",
        "a\u{feff}b",
    ];
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let accounts: String = odd
        .iter()
        .map(|id| format!("{},5000.00\n", cell(id)))
        .collect();
    let rows = odd
        .iter()
        .map(|id| format!("{},{},PREPAID,auto,100.00,2026-12-15\n", cell(id), cell(id)));
    let book = plain_book();
    fs::write(
        book.path().join("accounts.csv"),
        format!("account_id,cash\n{accounts}"),
    )
    .expect("a file");
    fs::write(
        book.path().join("instances.csv"),
        format!("{HEADER}{}", rows.collect::<String>()),
    )
    .expect("a file");
    let out = book.path().join("out");
    let output = program(
        book.path(),
        &["run", ".", "--out", "out"].map(str::to_owned),
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        !text(&output.stdout).contains(['\u{1b}', '\u{202e}']),
        "{}",
        text(&output.stdout)
    );

    // What a spreadsheet would run has an apostrophe in front (**formula-cells**).
    let is_formula = |text: &str| text.starts_with(['=', '@']);
    let read_back = |cell: &str| {
        cell.strip_prefix('\'')
            .filter(|rest| is_formula(rest))
            .unwrap_or(cell)
            .to_owned()
    };
    let ids = |file: &str, column: usize| {
        let mut reader = csv::Reader::from_path(out.join(file)).expect("a result");
        let cells = reader
            .records()
            .map(|row| row.expect("a row")[column].to_owned());
        let cells = cells.inspect(|cell| assert!(!is_formula(cell), "{file}: {cell}"));
        cells
            .map(|cell| read_back(&cell))
            .collect::<BTreeSet<String>>()
    };
    let expected: BTreeSet<String> = odd.iter().map(|id| (*id).to_owned()).collect();
    for (file, column) in [
        ("ledger.csv", 2),
        ("ledger.csv", 3),
        ("balances.csv", 1),
        ("closing/instances.csv", 0),
    ] {
        assert_eq!(ids(file, column), expected, "{file}");
    }
    let again = program(book.path(), &["check", "out/closing"].map(str::to_owned));
    assert_ne!(again.status.code(), Some(2), "{}", text(&again.stderr));
    for entry in fs::read_dir(out.join("charts"))
        .expect("charts")
        .map(|entry| entry.expect("a chart"))
    {
        let name = entry.file_name().into_string().expect("a plain name");
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || b"-.".contains(&byte)),
            "{name}"
        );
        let drawn = String::from_utf8_lossy(&fs::read(entry.path()).expect("a chart")).into_owned();
        assert!(!drawn.contains("<script"), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_not_imported() {
    for path in ["/dev/zero", "/dev/stdin", ".", "none.json"] {
        let folder = TempDir::new().expect("a folder");
        let words = [
            "import",
            "tencent",
            path,
            "--from",
            "2026-12-01",
            "--out",
            "book",
        ];
        let output = program(folder.path(), &words.map(str::to_owned));
        assert_eq!(output.status.code(), Some(2), "{path}");
        assert!(
            text(&output.stderr).contains("error[unreadable]: cannot read"),
            "{path}: {}",
            text(&output.stderr)
        );
    }
}

/// A cell of ten megabytes, and two megabytes of anything else, by the file that holds them.
fn huge_files() -> Vec<(&'static str, String)> {
    const BYTES: usize = 2 << 20;
    let cell = "x".repeat(10 << 20);
    let numbered = |start: &str, next: &str, end: &str| {
        let items: Vec<String> = (0..BYTES / (next.len() + 6))
            .map(|number| next.replace('#', &number.to_string()))
            .collect();
        format!("{start}{}{end}", items.join(","))
    };
    let header = HEADER.trim_end();
    let answer = |next: &str| numbered("{\"InstanceSet\":[", next, "]}");
    vec![
        ("accounts.csv", format!("account_id,cash\nmain,{cell}\n")),
        (
            "accounts.csv",
            format!("account_id,cash,name\nmain,1,{cell}\n"),
        ),
        (
            "instances.csv",
            format!("{header},{cell}\nweb,main,PREPAID,auto,1,2026-12-15,1\n"),
        ),
        (
            "instances.csv",
            format!("{HEADER}{cell},main,PREPAID,auto,1,2026-12-15\n"),
        ),
        ("instances.csv", format!("{INSTANCES}\"{cell}")),
        ("instances.csv", "\"".repeat(BYTES)),
        (
            "instances.csv",
            numbered(&format!("{header},"), "column-#", "\n"),
        ),
        (
            "instances.csv",
            numbered(&format!("{header},"), "tag:#", "\n"),
        ),
        (
            "instances.csv",
            format!("{INSTANCES}{}", "x,".repeat(BYTES / 2)),
        ),
        (
            "instances.csv",
            format!(
                "{HEADER}{}",
                "w,other,X,Y,Z,2026-99-99\n".repeat(BYTES / 25)
            ),
        ),
        ("instances.csv", "\0".repeat(BYTES)),
        (
            "actions.csv",
            format!("date,action,where,flag\n2026-12-05,set_flag,{cell},none\n"),
        ),
        (
            "profiles.toml",
            format!("[p]\nremind_days = [{}]\n", "1,".repeat(500_000)),
        ),
        ("profiles.toml", format!("x = \"{cell}\"\n")),
        ("answer.json", cell.clone()),
        ("answer.json", format!("{{\"RequestId\": \"{cell}\"}}")),
        (
            "answer.json",
            format!(
                "{{\"TotalCount\": {}, \"InstanceSet\": []}}",
                "9".repeat(BYTES)
            ),
        ),
        ("answer.json", "[".repeat(BYTES)),
        ("answer.json", format!("[{}1]", "1,".repeat(BYTES / 2))),
        ("answer.json", "{}".repeat(BYTES / 2)),
        ("answer.json", numbered("{", "\"key-#\": 1", "}")),
        (
            "answer.json",
            answer("{\"InstanceId\": \"i-#\", \"InstanceType\": 5}"),
        ),
        (
            "answer.json",
            answer(
                "{\"InstanceId\": \"i-#\", \"InstanceType\": \"T\", \"InstanceChargeType\": \"X\"}",
            ),
        ),
        (
            "answer.json",
            answer(
                "{\"InstanceId\": \"i\", \"InstanceType\": \"T#\", \"InstanceChargeType\": \"X#\"}",
            ),
        ),
        (
            "answer.json",
            answer("5").replace("]}", ",{\"InstanceType\": 1}]}"),
        ),
    ]
}

/// Whatever is in a large file, the answer takes seconds of one processor and at most 100 bytes of memory for each of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_huge_file_takes_neither_long_nor_much_memory() {
    const SECONDS: usize = 40;
    const MEGABYTES: usize = 350;
    for (file, content) in huge_files() {
        let book = plain_book();
        fs::write(book.path().join(file), &content).expect("a file");
        let words = match file {
            "answer.json" => "import tencent answer.json --from 2026-12-01 --out out",
            _ => "check .",
        };
        let program = env!("CARGO_BIN_EXE_renewcast");
        let limited = format!(
            "ulimit -t {SECONDS} -v {}; exec '{program}' {words}",
            MEGABYTES * 1024
        );
        let output = Command::new("sh")
            .args(["-c", &limited])
            .current_dir(book.path())
            .output()
            .expect("a shell");
        let (start, said) = (
            content.chars().take(60).collect::<String>(),
            text(&output.stderr),
        );
        assert!(
            matches!(output.status.code(), Some(0..=2)),
            "{file} {start}…: {:?} {said:.500}",
            output.status
        );
        assert!(
            said.lines().all(|line| line.len() < 4_100),
            "{file} {start}…: {said:.2000}"
        );
    }
}

/// What a mutation puts somewhere into a file.
const PIECES: &str = "\"|,|\n|\r|\0|'|(|)|[|]|=|-|.|#|{|}|\u{feff}|\u{202e}|0|1200|99999999999.99|9999999999999.99|\
                      9999-12-31|1900-01-01|2026-02-30|PREPAID|POSTPAID_BY_HOUR|auto|reclaimed|terminated|stopped|overdue|\
                      true|JPY|KWD| NOT | OR | IS NULL|auto_renew_days = [-3660, 3660]\n|retention_days = 36600\n";

/// Each book of the gallery, with a few pieces put in or cut out at random: refused or replayed, never a panic.
#[test]
fn no_mutation_of_a_book_is_a_panic() {
    let pieces: Vec<&str> = PIECES.split('|').collect();
    let mut state: u64 = 1;
    let mut random = |most: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % most
    };
    for name in folders() {
        let files = |folder: PathBuf| {
            fs::read_dir(folder)
                .into_iter()
                .flatten()
                .map(|entry| entry.expect("an entry").path())
        };
        let paths: Vec<PathBuf> = files(gallery().join(&name))
            .chain(files(gallery().join(&name).join("scenarios")))
            .collect();
        for _ in 0..20 {
            let mut folder = Folder::default();
            for path in paths.iter().filter(|path| path.is_file()) {
                let file = path
                    .strip_prefix(gallery().join(&name))
                    .expect("a file of the folder");
                let mut bytes = fs::read(path).expect("a file");
                for _ in 0..random(3) {
                    let from = random(bytes.len() + 1);
                    let to = bytes.len().min(from + random(8));
                    bytes.splice(from..to, pieces[random(pieces.len())].bytes());
                }
                folder.insert(&file.display().to_string(), bytes);
            }
            let scenario = folder.get("scenarios/s.toml").map(|_| "s");
            if let (Some(book), _) = input::check_book(&folder, scenario) {
                let _refused_or_done = engine::replay(&book).is_ok();
            }
        }
    }
}

/// The help of the only error of a book with this cell in a column of its instance.
fn cure(column: &str, cell: &str) -> String {
    let columns = [
        ("renew_flag", "auto"),
        ("monthly_price", "100.00"),
        ("expires_on", "2026-12-15"),
    ];
    let of = |(name, plain): &(&str, &str)| {
        if *name == column {
            cell.replace('"', "\"\"")
        } else {
            (*plain).to_owned()
        }
    };
    let cells: Vec<String> = columns
        .iter()
        .map(|pair| format!("\"{}\"", of(pair)))
        .collect();
    let (_, found) = read(
        &[(
            "instances.csv",
            &format!("{HEADER}web-1,main,PREPAID,{}\n", cells.join(",")),
        )],
        None,
    );
    let helps: Vec<&str> = found.iter().map(|one| one.help.as_str()).collect();
    assert!(helps.len() < 2, "{cell}: {helps:?}");
    helps
        .first()
        .map(|help| (*help).to_owned())
        .unwrap_or_default()
}

/// Each text with all that it can mean. What an error says to write is right when it is typed, and where there are two
/// meanings both are given.
/// Rule **cures**.
#[test]
fn cures_are_right_when_typed() {
    let table: &[(&str, &str, &[&str])] = &[
        ("monthly_price", "1.000,00", &["1000.00"]),
        ("monthly_price", "12,5", &["12.5", "125"]),
        ("monthly_price", "60,00", &["60.00", "6000"]),
        ("monthly_price", "1,234", &["1234", "1.234"]),
        ("monthly_price", "1,234.50", &["1234.50"]),
        ("monthly_price", "1,234,567", &["1234567"]),
        ("monthly_price", "12,34,567.5", &["1234567.5"]),
        ("monthly_price", "1.234.567", &["1234567"]),
        ("monthly_price", "1 234,50", &["1234.50"]),
        ("monthly_price", "1\u{a0}234", &["1234"]),
        ("monthly_price", "1'234.50", &["1234.50"]),
        ("monthly_price", "1’234.50", &["1234.50"]),
        ("monthly_price", "¥1,234.50", &["1234.50"]),
        ("monthly_price", "￥60.00", &["60.00"]),
        ("monthly_price", "60.00元", &["60.00"]),
        ("monthly_price", "CNY 12", &["12"]),
        ("monthly_price", "12.50 EUR", &["12.50"]),
        ("monthly_price", "6０．５", &["60.5"]),
        ("monthly_price", "+5", &["5"]),
        ("monthly_price", "110.7 €", &["110.7"]),
        ("monthly_price", "1,2,3", &[]),
        ("monthly_price", "-", &[]),
        ("expires_on", "2027/1/5", &["2027-01-05"]),
        ("expires_on", "2027年1月5日", &["2027-01-05"]),
        ("expires_on", "15.01.2027", &["2027-01-15"]),
        ("expires_on", "02.01.2027", &["2027-01-02"]),
        ("expires_on", "12/31/2026", &["2026-12-31"]),
        ("expires_on", "31/12/2026", &["2026-12-31"]),
        ("expires_on", "03/04/2027", &["2027-04-03", "2027-03-04"]),
        ("expires_on", "05-05-2027", &["2027-05-05"]),
        ("expires_on", "1-Dec-26", &["2026-12-01"]),
        ("expires_on", "Dec 24, 2026", &["2026-12-24"]),
        ("expires_on", "24. Dezember 2026", &["2026-12-24"]),
        ("expires_on", "20261224", &["2026-12-24"]),
        ("expires_on", "46357", &["2026-12-01"]),
        ("expires_on", "2026-12-31 23:59:59", &["2026-12-31"]),
        // In Shanghai, the zone of the book.
        ("expires_on", "2026-12-31T15:59:59Z", &["2026-12-31"]),
        ("expires_on", "2026-12-31T16:00:00Z", &["2027-01-01"]),
        ("expires_on", "2026-12-31T16:00Z", &["2027-01-01"]),
        ("expires_on", "2027-01-01T00:30:00+09:00", &["2026-12-31"]),
        ("expires_on", "31/04/2027", &[]),
        ("expires_on", "soon", &[]),
        ("renew_flag", "自动续费", &["auto"]),
        ("renew_flag", "手动续费", &["manual"]),
        ("renew_flag", "AutoRenewal", &["auto"]),
        ("renew_flag", "Not_Renewal", &["none"]),
        ("renew_flag", "AUTO ", &["auto"]),
        ("renew_flag", "automatically", &[]),
    ];
    for (column, cell, meanings) in table {
        let help = cure(column, cell);
        let words: BTreeSet<&str> = help.split([' ', ',', ';', '`', '?']).collect();
        let offered: BTreeSet<&str> = words
            .into_iter()
            .filter(|word| !word.is_empty() && cure(column, word).is_empty())
            .collect();
        let is_example = help.contains("such as") || help.contains("one of");
        let offered = if is_example { BTreeSet::new() } else { offered };
        assert_eq!(
            offered,
            meanings.iter().copied().collect(),
            "{cell}: {help}"
        );
    }
}

/// In a file with a decimal comma a point may separate thousands; in any other it is a point.
#[test]
fn a_point_is_weighed_by_the_other_cells_of_its_file() {
    let told = |prices: [&str; 2]| {
        let rows: String = (0..)
            .zip(prices)
            .map(|(at, price)| format!("web-{at},main,PREPAID,auto,\"{price}\",2026-12-15\n"))
            .collect();
        let (_, found) = read(&[("instances.csv", &format!("{HEADER}{rows}"))], None);
        found
            .iter()
            .map(|one| format!("{}: {}", one.place.line, one.help))
            .collect::<Vec<_>>()
    };
    let both = |line: usize| {
        format!(
            "{line}: write 1.000 if the point is a decimal point, 1000 if it separates thousands"
        )
    };
    assert_eq!(told(["1.000", "12.00"]), Vec::<String>::new());
    assert_eq!(
        told(["1.000", "2.000,00"]),
        ["3: write 2000.00".to_owned(), both(2)]
    );
    assert_eq!(told(["0.125", "2.000,00"]), ["3: write 2000.00"]);
    assert_eq!(told(["1.00", "1,234.50"]), ["3: write 1234.50"]);
    assert_eq!(told(["1.000", "1,234.50"]), ["3: write 1234.50"]);
}

/// No verb and no action asks for it.
#[test]
fn what_is_terminated_needs_no_price() {
    let verbs = [
        "renew",
        "renew_until",
        "set_flag",
        "set_price",
        "terminate",
        "start",
        "stop",
        "resize",
        "to_prepaid",
        "to_postpaid",
    ];
    let action = |verb: &&str| {
        format!(
            "2026-12-02,{verb},\"charge_type LIKE 'P%'\",1,20,auto,{}\n",
            if *verb == "to_prepaid" { "" } else { "5" }
        )
    };
    let place = Place::new()
        .file("book/book.toml", BOOK)
        .file("book/accounts.csv", ACCOUNTS)
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,hourly_price,expires_on,state\n\
             gone,main,PREPAID,auto,,,2026-11-15,terminated\nwent,main,POSTPAID_BY_HOUR,,,,,terminated\n\
             web,main,PREPAID,auto,9.00,0.10,2026-12-15,\n",
        )
        .file(
            "book/actions.csv",
            &format!("date,action,where,months,day,flag,price\n{}", verbs.iter().map(action).collect::<String>()),
        );
    let place = place.file("book/scenarios/s.toml", "[[prices]]\nchange_percent = 5\n");
    for verb in [
        "run book --no-charts --out out",
        "run book --no-charts --out out --scenario s",
        "explain book gone",
        "explain book went",
        "compare book s --no-charts --out compared",
        "plan book --no-charts --out planned",
        "terms book --out terms",
        "report book --out report",
        "calendar book --out calendar",
    ] {
        let answer = place.run(verb);
        assert!(
            matches!(answer.code, Some(0 | 1)),
            "{verb}: {:?}\n{}{}",
            answer.code,
            answer.out,
            answer.err
        );
    }
}
