//! `renewcast verify --book`: everything that a run and a report wrote is written anew and compared, and what is not is said.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;

use renewcast::input::{self, Folder};
use renewcast::output::hash::hash;
use renewcast::output::run_json::seal;
use renewcast::verify::is_name_of_result;

use crate::program::{Place, tree};
use crate::verify::{Random, Reports, proof, resealed, told};

/// What stands on its hashes alone without the book, and the rest of what stands beside the tables of a run.
const FORGED: [&str; 7] = [
    "report.html",
    "report.xlsx",
    "report/spend.csv",
    "report/cash.csv",
    "report/act.csv",
    "charts/spend.svg",
    "charts/spend.png",
];

/// So many forgeries of each file; `FORGERIES` asks for more.
fn forgeries() -> usize {
    env::var("FORGERIES")
        .ok()
        .map_or(1, |text| text.parse().expect("FORGERIES is a number"))
}

/// The example with its charts and a report in `out`.
fn reported() -> Place {
    let place = Place::with_example();
    place.run("run book --out out").done();
    place.run("report book --month 2027-01 --out out").done();
    place
}

fn results(place: &Place) -> Reports {
    let files = tree(&place.folder.path().join("out")).into_iter();
    files
        .map(|(name, bytes)| (name.to_string_lossy().replace('\\', "/"), bytes))
        .collect()
}

/// The files of the book in `book`.
fn book_of(place: &Place) -> Folder {
    let mut folder = Folder::default();
    for (name, bytes) in tree(&place.folder.path().join("book")) {
        let name = name.to_string_lossy().replace('\\', "/");
        if input::FILES.contains(&name.as_str()) || name.starts_with("scenarios/") {
            folder.insert(&name, bytes);
        }
    }
    folder
}

fn write(place: &Place, reports: &Reports) {
    reports
        .iter()
        .for_each(|(name, bytes)| place.write(&Path::new("out").join(name), bytes));
}

/// Changes one digit; in what is no text, one byte.
fn change_digit(name: &str, bytes: &mut [u8], random: &mut Random) {
    let is_text = !name.ends_with("png") && !name.ends_with("xlsx");
    let digits: Vec<usize> = (0..bytes.len())
        .filter(|at| !is_text || bytes[*at].is_ascii_digit())
        .collect();
    let at = digits[random.below(digits.len())];
    bytes[at] = if is_text {
        b'0' + (bytes[at] - b'0' + 1) % 10
    } else {
        bytes[at] ^ 1
    };
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are for whoever asks for them with --nocapture"
)]
fn each_changed_digit_of_charts_and_report_is_found_with_the_book_though_all_hashes_are_made_anew()
{
    let place = reported();
    let (reports, book) = (results(&place), book_of(&place));
    let untouched = proof(&resealed(&reports, reports.clone()), Some(&book));
    assert!(untouched.holds(), "{}", told(&untouched));
    let mut random = Random(3);
    let all = FORGED.len() * forgeries();
    for number in 0..all {
        let name = FORGED[number % FORGED.len()];
        let mut changed = reports.clone();
        change_digit(
            name,
            changed.get_mut(name).expect("a file of the result"),
            &mut random,
        );
        let changed = resealed(&reports, changed);
        let proof = proof(&changed, Some(&book));
        assert!(
            !proof.holds(),
            "{name}: forgery {number} of {all} is not found"
        );
        assert!(
            proof.findings.iter().all(|one| one.place.file == name),
            "{name}:\n{}",
            told(&proof)
        );
    }
    println!("{all} forgeries of {} files, all found", FORGED.len());
}

/// A budget is no input of the replay, but the report compares with it.
#[test]
fn a_report_with_another_budget_than_that_of_the_book_is_found() {
    let place = reported();
    let budget = place.text("book/budget.csv");
    place.write(
        Path::new("book/budget.csv"),
        budget
            .replace("2027-01,,2000.00", "2027-01,,9000.00")
            .as_bytes(),
    );
    place.run("report book --month 2027-01 --out other").done();
    place.write(Path::new("book/budget.csv"), budget.as_bytes());
    let other = tree(&place.folder.path().join("other")).into_iter();
    for (name, bytes) in other.filter(|(name, _)| name.to_string_lossy().starts_with("report")) {
        place.write(&Path::new("out").join(name), &bytes);
    }
    place.run("verify out").done();
    place
        .run("verify out --book book")
        .found()
        .says("error[other-replay]")
        .says("--> report.html:");
}

#[test]
fn a_report_is_written_anew_with_its_month_and_columns() {
    let place = Place::with_example();
    place
        .run("run book --scenario yearly --by tag:team --out out")
        .done();
    place
        .run("report book --scenario yearly --month 2027-02 --by tag:team --by region --out out")
        .done();
    place
        .run("verify out --book book")
        .done()
        .says("a replay of them writes all");
    let text = place.text("out/report/report.json");
    let start = text.find("  \"by\": [").expect("the columns");
    let end = start + text[start..].find("],\n").expect("the end of the columns") + 3;
    let object = format!(
        "{}{}",
        &text[..start],
        &text[end..text.find(",\n  \"digest\"").expect("a digest")]
    ) + "\n}";
    place.write(Path::new("out/report/report.json"), &seal(&object));
    place
        .run("verify out --book book")
        .found()
        .says("error[missing-value]: not replayed: missing `by`")
        .says("out: not proven");
}

#[test]
fn a_report_compared_with_an_earlier_result_is_written_anew_with_that_result() {
    let place = Place::with_example();
    place.run("run book --no-charts --out last").done();
    place
        .run("run book --no-charts --set renew_months=12 --out out")
        .done();
    place
        .run("report book --set renew_months=12 --last last --out out")
        .done();
    let book = "verify out --book book --set renew_months=12";
    place
        .run("verify out")
        .done()
        .says("not replayed: the report is proven by its hashes alone");
    place
        .run(book)
        .found()
        .says("error[changed-input]: not replayed: the report was compared with an earlier result, from `2026-12-01`")
        .says("must be given again by --last");
    place
        .run(&format!("{book} --last last"))
        .done()
        .says("a replay of them writes all");
    place
        .run(&format!("{book} --last out"))
        .found()
        .says("compared with another earlier result than --last");
    place.run("verify last --book book --last out").done();
    place
        .run("report book --set renew_months=12 --out out")
        .done();
    place
        .run(&format!("{book} --last last"))
        .found()
        .says("compared with no earlier result; leave out --last");
    place.run("verify out --last last").exits_with(2);
}

#[test]
fn a_file_that_is_listed_and_no_replay_writes_is_found() {
    let place = reported();
    let reports = results(&place);
    let extra = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n";
    let listed = format!(
        "  \"outputs\": {{\n    \"charts/balance-moon.svg\": \"{}\",\n",
        hash(extra)
    );
    let mut changed = reports.clone();
    changed.insert("charts/balance-moon.svg".to_owned(), extra.to_vec());
    let run = String::from_utf8(reports["run.json"].clone()).expect("JSON is UTF-8");
    changed.insert(
        "run.json".to_owned(),
        run.replacen("  \"outputs\": {\n", &listed, 1).into_bytes(),
    );
    write(&place, &resealed(&reports, changed));
    place.run("verify out").done();
    place
        .run("verify out --book book")
        .found()
        .says("a replay of the inputs does not write it");
}

#[test]
fn what_run_json_says_of_the_run_is_written_anew_too() {
    let place = reported();
    let reports = results(&place);
    for (from, to) in [
        ("\"scenario\": null", "\"scenario\": null "),
        ("\"program\": \"renew", "\"program\": \"reknew"),
    ] {
        let mut changed = reports.clone();
        let run = String::from_utf8(reports["run.json"].clone()).expect("JSON is UTF-8");
        assert!(run.contains(from), "{run}");
        changed.insert(
            "run.json".to_owned(),
            run.replacen(from, to, 1).into_bytes(),
        );
        write(&place, &resealed(&reports, changed));
        place.run("verify out").done();
        place
            .run("verify out --book book")
            .found()
            .says("error[other-replay]")
            .says("--> run.json:");
    }
}

#[test]
fn a_record_that_lists_no_outputs_proves_nothing() {
    let place = Place::with_book();
    place.run("run book --no-charts --out out").done();
    let run = place.text("out/run.json");
    let (before, rest) = run.split_once("  \"outputs\": {").expect("outputs");
    let (_, after) = rest.split_once("},\n").expect("the end of the outputs");
    let (after, _) = after.split_once(",\n  \"digest\"").expect("a digest");
    place.write(
        Path::new("out/run.json"),
        &seal(&format!("{before}{after}\n}}\n")),
    );
    place
        .run("verify out")
        .found()
        .says("error[unsealed]: `run.json` lists no `outputs`");
}

#[test]
fn a_missing_list_of_a_report_is_named() {
    let place = reported();
    fs::remove_file(place.folder.path().join("out/report/report.json"))
        .expect("a file can be removed");
    let answer = place
        .run("verify out")
        .found()
        .says("error[missing-file]: missing `report/report.json`");
    assert!(!answer.out.contains("extra-file"), "{}", answer.out);
}

/// Rule **foreign-files**.
#[test]
fn files_of_others_are_listed_and_only_names_of_a_run_are_a_fault() {
    let place = reported();
    for name in [
        "notes.txt",
        "charts/why.txt",
        "report/mail.eml",
        "closing/mine.ods",
        "newdir/inner.txt",
    ] {
        place.write(&Path::new("out").join(name), b"mine\n");
    }
    for name in [
        ".DS_Store",
        "charts/Thumbs.db",
        "desktop.ini",
        "vintages/2026-12/ledger.csv",
    ] {
        place.write(&Path::new("out").join(name), b"\n");
    }
    place.run("calendar book --out out").done();
    place
        .run("run book --no-charts --scenario yearly --out out/yearly")
        .done();
    let foreign = "not of this result, and not looked at: charts/why.txt, closing/mine.ods, notes.txt, report/mail.eml, newdir/\n";
    let commands = "not replayed: calendar/, which other commands wrote\n";
    place.run("verify out").done().says(foreign).says(commands);
    place
        .run("verify out --book book")
        .done()
        .says(foreign)
        .says(commands);
    for name in ["charts/old.png", "closing/returns.csv", "report/old.csv"] {
        place.write(&Path::new("out").join(name), b"mine\n");
        place
            .run("verify out")
            .found()
            .says(&format!("error[extra-file]: unexpected `{name}`"))
            .says(foreign);
        fs::remove_file(place.folder.path().join("out").join(name)).expect("a file can be removed");
    }
}

/// What a run or a report writes is known by its name, so that a stray file is never taken for one of theirs.
#[test]
fn every_file_of_a_run_and_a_report_has_a_name_of_a_result() {
    let reports = results(&reported());
    let unknown: BTreeMap<_, _> = reports
        .iter()
        .filter(|(name, _)| !is_name_of_result(name))
        .collect();
    assert!(unknown.is_empty(), "{:?}", unknown.keys());
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_file_is_found() {
    use std::os::unix::fs::symlink;
    let place = reported();
    let (out, aside) = (
        place.folder.path().join("out"),
        place.folder.path().join("aside"),
    );
    fs::create_dir(&aside).expect("a folder");
    for name in [
        "spend.csv",
        "run.json",
        "report.html",
        "report/report.json",
        "charts/spend.png",
        "closing/book.toml",
    ] {
        fs::rename(out.join(name), aside.join("file")).expect("a file can be moved");
        symlink(aside.join("file"), out.join(name)).expect("a link");
        let message =
            format!("error[changed-file]: `{name}` is a symbolic link; expected the file itself");
        place.run("verify out").found().says(&message);
        fs::remove_file(out.join(name)).expect("a link can be removed");
        fs::rename(aside.join("file"), out.join(name)).expect("a file can be moved");
    }
    fs::rename(out.join("closing"), aside.join("closing")).expect("a folder can be moved");
    symlink(aside.join("closing"), out.join("closing")).expect("a link");
    place
        .run("verify out")
        .found()
        .says("`closing/accounts.csv` is a symbolic link");
    fs::remove_file(out.join("closing")).expect("a link can be removed");
    fs::rename(aside.join("closing"), out.join("closing")).expect("a folder can be moved");
    symlink("/dev/zero", out.join("zero")).expect("a link");
    place.run("verify out").done().says("not looked at: zero\n");
}
