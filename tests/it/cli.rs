//! The program from outside: exit codes, and what a refused input leaves behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn renewcast(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_renewcast")).args(arguments).output().expect("the program starts")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

fn example() -> String {
    format!("{}/data/example", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_good_book_has_nothing_wrong() {
    let output = renewcast(&["check", &example()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn an_alert_that_finds_something_exits_with_one() {
    let out = tempfile::tempdir().expect("room");
    let arguments = ["run", &example(), "--no-charts", "--fail-on", "terminated", "--out", text(out.path())];
    assert_eq!(renewcast(&arguments).status.code(), Some(1));
}

#[test]
fn a_bad_book_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("room");
    let (book, out) = (folder.path().join("book"), folder.path().join("out"));
    fs::create_dir(&book).expect("room");
    for name in ["book.toml", "accounts.csv", "prices.csv", "actions.csv"] {
        fs::copy(format!("{}/{name}", example()), book.join(name)).expect("the example has it");
    }
    let instances = fs::read_to_string(format!("{}/instances.csv", example())).expect("the example has it");
    fs::write(book.join("instances.csv"), instances.replace("159.50", "\"1,159.50\"")).expect("room");
    let output = renewcast(&["run", text(&book), "--out", text(&out)]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(message.contains("bad-amount") && message.contains("instances.csv:5:"), "{message}");
    assert!(!out.exists());
}

#[test]
fn a_generated_book_is_the_same_for_the_same_seed_and_runs() {
    let folder = tempfile::tempdir().expect("room");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    for out in [&one, &two] {
        let output = renewcast(&["generate", "--instances", "50", "--seed", "3", "--out", text(out)]);
        assert_eq!(output.status.code(), Some(0));
    }
    for name in ["book.toml", "instances.csv", "accounts.csv", "prices.csv", "actions.csv"] {
        assert_eq!(fs::read(one.join(name)).expect("written"), fs::read(two.join(name)).expect("written"), "{name}");
    }
    let out = folder.path().join("reports");
    assert_eq!(renewcast(&["run", text(&one), "--no-charts", "--out", text(&out)]).status.code(), Some(0));
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_refused() {
    let folder = tempfile::tempdir().expect("room");
    let file = folder.path().join("file");
    fs::write(&file, "in the way").expect("room");
    let output = renewcast(&["run", &example(), "--no-charts", "--out", text(&file)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write"));
}
