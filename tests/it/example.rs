//! `data/example`, run by the real binary: what it writes is `reports/example`, what it prints is
//! `data/cases/example-answer.txt`, byte for byte. `UPDATE_EXPECTED=1` rewrites both; read the difference before committing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

/// Files below a folder by relative path.
type Tree = BTreeMap<String, Vec<u8>>;

struct Ran {
    files: Tree,
    answer: String,
    /// What was written to stderr.
    complaint: String,
}

/// The example as it stands, in the first process.
static RAN: LazyLock<Ran> = LazyLock::new(|| run(&root().join("data/example"), &[]));

/// The report of a month of the example.
static REPORTED: LazyLock<Tree> = LazyLock::new(|| {
    let out = temporary();
    let mut command = Command::new(env!("CARGO_BIN_EXE_renewcast"));
    command
        .arg("report")
        .arg(root().join("data/example"))
        .args(["--month", "2027-01"])
        .arg("--out")
        .arg(out.path());
    let output = command.output().expect("the binary starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    tree(out.path())
});

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn temporary() -> TempDir {
    tempfile::tempdir().expect("there is room for a temporary folder")
}

/// Runs a book in a process of its own.
fn run(book: &Path, options: &[&str]) -> Ran {
    let out = temporary();
    let mut command = Command::new(env!("CARGO_BIN_EXE_renewcast"));
    command
        .arg("run")
        .arg(book)
        .arg("--out")
        .arg(out.path())
        .args(options)
        .env_remove("CLICOLOR_FORCE");
    let output = command.output().expect("the binary starts");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {complaint}", book.display());
    let answer = String::from_utf8(output.stdout).expect("an answer is UTF-8");
    let answer = answer.replace(&out.path().display().to_string(), "reports/example");
    Ran {
        files: tree(out.path()),
        answer,
        complaint,
    }
}

fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(inner) = waiting.pop() {
        for path in fs::read_dir(inner)
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("an entry").path())
        {
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .expect("below the folder")
                    .to_string_lossy()
                    .replace('\\', "/");
                tree.insert(name, fs::read(&path).expect("a file that was just written"));
            }
        }
    }
    tree
}

fn write(folder: &Path, tree: &Tree) {
    for (name, bytes) in tree {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a file stands in a folder"))
            .expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }
}

/// The files but for these.
fn without(files: &Tree, names: &[&str]) -> Tree {
    let mut files = files.clone();
    files.retain(|name, _| !names.contains(&name.as_str()));
    files
}

fn assert_same_files(expected: &Tree, written: &Tree) {
    assert_eq!(
        expected.keys().collect::<Vec<_>>(),
        written.keys().collect::<Vec<_>>(),
        "other files"
    );
    for (name, bytes) in written {
        let differing = bytes
            .iter()
            .zip(&expected[name])
            .position(|(one, other)| one != other);
        assert!(
            *bytes == expected[name],
            "{name} differs from byte {differing:?} on"
        );
    }
}

/// The rows of a table, its header excepted, in another order.
fn reordered(table: &[u8], order: impl FnOnce(&mut Vec<&str>)) -> Vec<u8> {
    let text = std::str::from_utf8(table).expect("the example is UTF-8");
    let mut rows: Vec<&str> = text.lines().collect();
    let header = rows.remove(0);
    order(&mut rows);
    rows.insert(0, header);
    (rows.join("\n") + "\n").into_bytes()
}

#[test]
fn the_example_writes_the_reports_of_the_repository() {
    let (reports, answer) = (
        root().join("reports/example"),
        root().join("data/cases/example-answer.txt"),
    );
    let files: Tree = RAN
        .files
        .iter()
        .chain(REPORTED.iter())
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .collect();
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        if reports.exists() {
            fs::remove_dir_all(&reports).expect("old reports can be removed");
        }
        write(&reports, &files);
        fs::write(&answer, &RAN.answer).expect("the answer can be written");
    }
    assert_eq!(RAN.complaint, "", "the example has no warnings");
    assert_same_files(&tree(&reports), &files);
    assert_eq!(fs::read_to_string(answer).unwrap_or_default(), RAN.answer);
}

#[test]
fn the_example_does_not_depend_on_threads_or_process() {
    for threads in ["1", "2"] {
        let ran = run(&root().join("data/example"), &["--threads", threads]);
        assert_same_files(&RAN.files, &ran.files);
        assert_eq!(RAN.answer, ran.answer);
    }
}

/// Rows of actions keep their order within a day; `run.json` holds the hashes of the inputs as they stand.
#[test]
fn the_example_does_not_depend_on_the_order_of_rows() {
    let mut inputs = tree(&root().join("data/example"));
    for table in ["instances.csv", "accounts.csv", "prices.csv"] {
        let bytes = reordered(&inputs[table], |rows| rows.reverse());
        inputs.insert(table.to_owned(), bytes);
    }
    let date = |row: &&str| std::cmp::Reverse(row[..10].to_owned());
    let bytes = reordered(&inputs["actions.csv"], |rows| rows.sort_by_key(date));
    inputs.insert("actions.csv".to_owned(), bytes);
    let book = temporary();
    write(book.path(), &inputs);
    let ran = run(book.path(), &[]);
    // The closing book takes the prices over byte for byte.
    let hashed = ["run.json", "closing/prices.csv"];
    assert_same_files(&without(&RAN.files, &hashed), &without(&ran.files, &hashed));
    assert_eq!(RAN.answer, ran.answer);
}

/// What the year leaves open is decided in the three months after it: the instance in the bin goes on
/// 25 November + 7 + 1 days, the stopped one on 21 November + 15 + 1.
#[test]
fn the_closing_book_of_the_example_replays_on() {
    let book = temporary();
    let inner = |(name, bytes): (&String, &Vec<u8>)| {
        Some((name.strip_prefix("closing/")?.to_owned(), bytes.clone()))
    };
    write(book.path(), &RAN.files.iter().filter_map(inner).collect());
    run(book.path(), &["--no-charts"]);
    let settings = fs::read_to_string(book.path().join("book.toml")).expect("a book has settings");
    let settings = settings.replace("to = 2028-11-30", "to = 2028-02-29");
    fs::write(book.path().join("book.toml"), settings).expect("settings can be written");
    let ledger = run(book.path(), &["--no-charts"])
        .files
        .remove("ledger.csv")
        .expect("a run writes a ledger");
    let ledger = String::from_utf8(ledger).expect("a ledger is UTF-8");
    for lost in [
        "2027-12-03,lab,lab-web-1,terminated",
        "2027-12-07,lab,lab-ci-1,terminated",
    ] {
        assert!(ledger.contains(lost), "{lost}\n{ledger}");
    }
}

#[test]
fn each_scenario_of_the_example_runs() {
    let names: Vec<PathBuf> = tree(&root().join("data/example/scenarios"))
        .into_keys()
        .map(PathBuf::from)
        .collect();
    assert!(!names.is_empty());
    for name in names {
        let scenario = name
            .file_stem()
            .expect("a scenario has a name")
            .to_string_lossy()
            .into_owned();
        let ran = run(
            &root().join("data/example"),
            &["--scenario", &scenario, "--no-charts"],
        );
        assert!(
            ran.files["ledger.csv"] != RAN.files["ledger.csv"],
            "{scenario} changes nothing"
        );
    }
}

#[test]
fn the_story_of_an_instance_names_the_attempts_of_its_own_profile() {
    for (instance, until) in [
        ("lab-db-1", "tried daily until terminated"),
        ("lab-web-1", "tried daily until reclaimed"),
    ] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_renewcast"));
        let told = program
            .arg("explain")
            .arg("data/example")
            .arg(instance)
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        let story = String::from_utf8(told.output().expect("the program starts").stdout)
            .expect("a story is UTF-8");
        assert!(story.contains(until), "{instance}: {story}");
    }
}
