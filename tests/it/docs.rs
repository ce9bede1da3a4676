//! Pages that show what the program prints: each command of a page is run, and its answer must be the one that the page
//! shows. `UPDATE_EXPECTED=1 cargo test docs` writes the answers anew; read the difference before committing.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::program::tree;

/// What a line with a command begins with.
const PROMPT: &str = "$ renewcast ";

/// The pages.
const PAGES: &[&str] = &["docs/what-if.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the program answers to a command line of a shell, in a folder of its own with the example.
fn answer(arguments: &str) -> String {
    let place = TempDir::new().expect("there is room for a temporary folder");
    let example = place.path().join("data/example");
    for (name, bytes) in tree(&root().join("data/example")) {
        let file = example.join(name);
        fs::create_dir_all(file.parent().expect("a file stands in a folder"))
            .expect("a folder can be made");
        fs::write(file, bytes).expect("a file can be written");
    }
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        &format!("\"$0\" {arguments}"),
        env!("CARGO_BIN_EXE_renewcast"),
    ]);
    let output = shell
        .current_dir(place.path())
        .env_clear()
        .output()
        .expect("a shell starts");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).expect("the program speaks UTF-8")
}

/// The page with the answers of the program below its commands.
fn answered(page: &str) -> String {
    let mut text = String::new();
    let mut in_answer = false;
    for line in page.lines() {
        in_answer &= line != "```";
        if !in_answer {
            text += line;
            text += "\n";
        }
        if let Some(arguments) = line.strip_prefix(PROMPT) {
            text += &answer(arguments);
            in_answer = true;
        }
    }
    text
}

#[test]
fn a_page_shows_what_the_program_prints() {
    let mut wrong = Vec::new();
    for name in PAGES {
        let path = root().join(name);
        let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(page.contains(PROMPT), "{name} has no command");
        let answered = answered(&page);
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&path, &answered).expect("the page can be written");
        } else if answered != page {
            let line = page
                .lines()
                .zip(answered.lines())
                .find(|(page, program)| page != program);
            wrong.push(format!("{name}: {line:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong:#?}\nif that is right: UPDATE_EXPECTED=1 cargo test docs"
    );
}
