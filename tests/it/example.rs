//! The example: what a run writes is what the repository shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(out: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_renewcast"));
    command.arg("run").arg(root().join("data/example")).arg("--out").arg(out).args(arguments);
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("the folder is there") {
            let path = entry.expect("the entry is readable").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it lies in the folder").to_owned();
                found.insert(name, fs::read(&path).expect("the file is readable"));
            }
        }
    }
    found
}

fn assert_same_files(left: &Path, right: &Path) {
    let (left, right) = (files(left), files(right));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&left), names(&right));
    for (name, bytes) in left {
        assert!(bytes == right[&name], "{} differs", name.display());
    }
}

#[test]
fn the_reports_of_the_example_are_those_of_the_repository() {
    let out = tempfile::tempdir().expect("there is room for a folder");
    run(out.path(), &[]);
    assert_same_files(out.path(), &root().join("reports/example"));
}

#[test]
fn one_thread_and_two_write_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().expect("room"), tempfile::tempdir().expect("room"));
    run(one.path(), &["--threads", "1"]);
    run(two.path(), &["--threads", "2"]);
    assert_same_files(one.path(), two.path());
}
