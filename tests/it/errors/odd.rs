//! Files that are cut, changed at random, no plain files or full of odd ids: refused or read, never a panic.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use renewcast::engine;
use renewcast::input::{self, Folder};
use tempfile::TempDir;

use super::{HEADER, folders, gallery, plain_book, program, text};

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

/// Ids that are formulas, paths, markup, several lines or turned around.
const ODD_IDS: &[&str] = &[
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

/// The plain book with an account and an instance for each odd id.
fn odd_book() -> TempDir {
    let mut accounts = "account_id,cash\n".to_owned();
    let mut instances = HEADER.to_owned();
    for id in ODD_IDS {
        let cell = format!("\"{}\"", id.replace('"', "\"\""));
        accounts += &format!("{cell},5000.00\n");
        instances += &format!("{cell},{cell},PREPAID,auto,100.00,2026-12-15\n");
    }
    let book = plain_book();
    fs::write(book.path().join("accounts.csv"), accounts).expect("a file");
    fs::write(book.path().join("instances.csv"), instances).expect("a file");
    book
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '@'])
}

/// The ids in a column of a result. What a spreadsheet would run has an apostrophe in front (**formula-cells**).
fn ids_in(file: &Path, column: usize) -> BTreeSet<String> {
    let mut reader = csv::Reader::from_path(file).expect("a result");
    let mut ids = BTreeSet::new();
    for row in reader.records() {
        let row = row.expect("a row");
        let cell = &row[column];
        assert!(!is_formula(cell), "{}: {cell}", file.display());
        let id = cell.strip_prefix('\'').filter(|rest| is_formula(rest));
        ids.insert(id.unwrap_or(cell).to_owned());
    }
    ids
}

/// Charts have plain names, and what is drawn is no script.
fn assert_plain_charts(folder: &Path) {
    for entry in fs::read_dir(folder).expect("charts") {
        let entry = entry.expect("a chart");
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

/// Odd ids are ids: no file is named after them, and what is written reads back as the same.
#[test]
fn odd_ids_come_out_as_they_went_in() {
    let book = odd_book();
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
    let out = book.path().join("out");
    let expected: BTreeSet<String> = ODD_IDS.iter().map(|id| (*id).to_owned()).collect();
    for (file, column) in [
        ("ledger.csv", 2),
        ("ledger.csv", 3),
        ("balances.csv", 1),
        ("closing/instances.csv", 0),
    ] {
        assert_eq!(ids_in(&out.join(file), column), expected, "{file}");
    }
    let again = program(book.path(), &["check", "out/closing"].map(str::to_owned));
    assert_ne!(again.status.code(), Some(2), "{}", text(&again.stderr));
    assert_plain_charts(&out.join("charts"));
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
