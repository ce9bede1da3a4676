//! The verb as its users see it: `renewcast verify` on results of every kind, and on what is none.

use std::fs;
use std::path::Path;

use super::gallery::with_gallery;
use crate::program::{Place, tree};

#[test]
fn the_example_is_proven_by_its_book() {
    let place = Place::with_example();
    place.run("run book --out out").done();
    place
        .run("verify out")
        .done()
        .says("out: proven")
        .says("the inputs were not looked at: renewcast verify out --book BOOK");
    place
        .run("verify out/ --book book/")
        .done()
        .says("8 inputs unchanged")
        .says("files again, byte for byte");
}

#[test]
fn a_result_of_a_scenario_inside_another_result_is_proven_and_so_is_the_other() {
    let place = Place::with_example();
    place.run("run book --no-charts").done();
    place
        .run("run book --scenario yearly --by tag:team --no-charts")
        .done();
    place
        .run("verify reports/book --book book")
        .done()
        .says("proven");
    place
        .run("verify reports/book/yearly --book book")
        .done()
        .says("proven");
    place.write(
        Path::new("book/scenarios/new.toml"),
        b"description = \"later\"\n",
    );
    place.run("verify reports/book/yearly --book book").done();
}

/// Quick changes are kept as a hash: who proves their result gives them again.
#[test]
fn a_result_of_quick_changes_is_proven_with_them() {
    let place = Place::with_example();
    place
        .run("run book --set renew_months=12 --no-charts --out out")
        .done();
    place.run("verify out").done();
    place
        .run("verify out --book book --set renew_months=12")
        .done()
        .says("9 inputs unchanged");
    place
        .run("verify out --book book")
        .found()
        .says("error[changed-input]: the run had changes by --set");
    place
        .run("verify out --book book --set renew_months=6")
        .found()
        .says("error[changed-input]");
    place.run("verify out --set renew_months=12").exits_with(2);
}

#[test]
fn charts_of_an_earlier_run_are_not_of_this_one() {
    let place = Place::with_example();
    place.run("run book --out out").done();
    let charts = tree(&place.folder.path().join("out/charts"));
    place.run("run book --no-charts --out out").done();
    charts
        .iter()
        .for_each(|(name, bytes)| place.write(&Path::new("out/charts").join(name), bytes));
    place
        .run("verify out")
        .found()
        .says("error[extra-file]: unexpected `charts/spend.svg`: the run did not write it");
}

#[test]
fn a_result_without_hashes_of_its_outputs_is_read_and_not_proven() {
    let (place, reports) = with_gallery();
    let run = String::from_utf8(reports["run.json"].clone()).expect("JSON is UTF-8");
    let (before, rest) = run.split_once("  \"outputs\": {").expect("outputs");
    let (_, after) = rest.split_once("},\n").expect("the end of the outputs");
    let (after, _) = after.split_once(",\n  \"digest\"").expect("a digest");
    place.write(
        Path::new("out/run.json"),
        format!("{before}{after}\n}}\n").as_bytes(),
    );
    let answer = place
        .run("verify out")
        .found()
        .says("error[unsealed]")
        .says("\n1 error, 0 warnings\n");
    assert!(!answer.out.contains("disagrees"), "{}", answer.out);
    fs::remove_file(place.folder.path().join("out/spend.csv")).expect("a file can be removed");
    place
        .run("verify out")
        .found()
        .says("error[missing-file]: missing `spend.csv`");
}

#[test]
fn what_is_no_result_is_refused() {
    let (place, _) = with_gallery();
    for (command, complaint) in [
        ("verify nowhere", "there is no folder `nowhere`"),
        (
            "verify out/ledger.csv",
            "there is no folder `out/ledger.csv`",
        ),
        ("verify book", "there is no result in `book`"),
        ("verify out --book nowhere", "there is no folder `nowhere`"),
    ] {
        place.run(command).refused().complains(complaint);
    }
    place.run("verify").exits_with(2);
}

#[test]
fn ids_that_look_like_formulas_are_proven() {
    let place = Place::with_book();
    for name in ["book/accounts.csv", "book/instances.csv"] {
        let text = place
            .text(name)
            .replace("shop,", "=shop,")
            .replace("kept,", "\"@kept, '1\",");
        place.write(Path::new(name), text.as_bytes());
    }
    place
        .run("run book --no-charts --out out --by instance_id")
        .done();
    assert!(
        place
            .text("out/ledger.csv")
            .contains("'=shop,\"'@kept, '1\""),
        "{}",
        place.text("out/ledger.csv")
    );
    place.run("verify out --book book").done();
}

#[test]
fn a_verification_writes_nothing() {
    let (place, _) = with_gallery();
    let before = place.files();
    place.run("verify out --book book").done();
    assert_eq!(place.files(), before);
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_of_a_result_is_never_waited_for() {
    use std::os::unix::fs::symlink;
    for file in [
        "ledger.csv",
        "run.json",
        "closing/accounts.csv",
        "spend.csv",
    ] {
        for kind in ["folder", "pipe", "device", "loop"] {
            let is_link = matches!(kind, "device" | "loop");
            let (place, _) = with_gallery();
            let path = place.folder.path().join("out").join(file);
            fs::remove_file(&path).expect("a file can be removed");
            match kind {
                "folder" => fs::create_dir(&path).expect("a folder"),
                "pipe" => {
                    let made = std::process::Command::new("mkfifo").arg(&path).status();
                    assert!(made.expect("mkfifo starts").success());
                }
                "device" => symlink("/dev/zero", &path).expect("a link"),
                _ => symlink(&path, &path).expect("a link"),
            }
            let answer = place.run("verify out");
            let (code, word) = if kind == "folder" {
                (1, "missing-file")
            } else {
                (2, "unreadable")
            };
            let word = if file.contains('/') && kind == "folder" {
                "unreadable"
            } else {
                word
            };
            let (code, word) = if is_link {
                (1, "changed-file")
            } else {
                (code, word)
            };
            let code = if word == "unreadable" { 2 } else { code };
            answer
                .exits_with(code)
                .says(&format!("error[{word}]"))
                .says(&format!("`{file}`"));
        }
    }
}
