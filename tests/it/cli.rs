//! The program from outside: what it answers, with which exit code, and what is on the disk afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::Place;

// Exit codes.

#[test]
fn a_run_that_loses_an_instance_is_still_done() {
    Place::with_book()
        .run("run book --no-charts")
        .done()
        .says("lost, 59.00 a month: stops 2026-12-07, gone 2026-12-15");
}

#[test]
fn an_alert_that_is_raised_exits_with_one_and_the_reports_are_there() {
    let place = Place::with_book();
    place
        .run("run book --no-charts --out out --fail-on terminated")
        .found();
    assert!(
        place
            .text("out/ledger.csv")
            .contains("2026-12-15,shop,lost,terminated")
    );
}

#[test]
fn an_alert_that_is_not_raised_exits_with_zero() {
    Place::with_book()
        .run("run book --no-charts --fail-on failed,rejected")
        .done();
}

#[test]
fn one_of_several_alerts_is_enough() {
    Place::with_book()
        .run("run book --no-charts --fail-on failed,terminated")
        .found();
}

#[test]
fn a_book_without_a_fault_checks_with_zero() {
    Place::with_example()
        .run("check book")
        .done()
        .says("no problems");
}

#[test]
fn a_book_with_warnings_only_checks_with_one() {
    let place = Place::with_book().file(
        "book/accounts.csv",
        "account_id,cash,colour\nshop,100.00,red\n",
    );
    place
        .run("check book")
        .found()
        .says("warning[unknown-column]")
        .says("accounts.csv:1:17");
}

#[test]
fn a_book_with_errors_is_refused_by_every_verb_that_reads_it() {
    let place = Place::with_book().file("book/accounts.csv", "account_id,cash\nshop,1e3\n");
    for command in ["check book", "run book", "explain book kept"] {
        place
            .run(command)
            .refused()
            .complains("error[bad-amount]")
            .complains("accounts.csv:2:6");
    }
}

#[test]
fn a_wrong_command_line_is_refused() {
    for command in [
        "",
        "walk",
        "run",
        "run book --fast",
        "import",
        "import mars x.json",
        "generate --instances 0 --out b",
    ] {
        Place::with_book().run(command).exits_with(2);
    }
}

// What a refusal leaves.

#[test]
fn a_refused_run_leaves_no_trace() {
    let place = Place::with_book().file("book/accounts.csv", "account_id,cash\nshop,-\n");
    let before = place.files();
    place.run("run book").refused();
    place.run("run book --out out").refused();
    assert_eq!(place.files(), before);
    assert!(
        !place.folder.path().join("out").exists() && !place.folder.path().join("reports").exists()
    );
}

#[test]
fn a_refused_run_keeps_the_reports_of_the_last_one() {
    let place = Place::with_book();
    place.run("run book --out out").done();
    let place = place.file("book/accounts.csv", "account_id,cash\nshop,-\n");
    let before = place.files();
    place.run("run book --out out").refused();
    assert_eq!(place.files(), before);
}

#[test]
fn a_run_replaces_the_reports_of_the_last_one_and_leaves_nothing_half_made() {
    let place = Place::with_book();
    place.run("run book --out out").done();
    let names: Vec<PathBuf> = place.files().into_keys().collect();
    place.run("run book --out out").done();
    assert_eq!(place.files().into_keys().collect::<Vec<_>>(), names);
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().contains("/.")),
        "{names:?}"
    );
}

#[test]
fn verbs_that_only_look_write_nothing() {
    let place = Place::with_book();
    let before = place.files();
    for command in [
        "check book",
        "explain book kept",
        "explain book shop",
        "profiles",
        "completions bash",
    ] {
        place.run(command);
    }
    assert_eq!(place.files(), before);
}

#[test]
fn a_refused_import_writes_nothing() {
    let place = Place::new().file("cvm.json", "{\"TotalCount\": 1, \"InstanceSet\": [");
    place
        .run("import tencent cvm.json --out book")
        .refused()
        .complains("cvm.json:1:");
    assert!(!place.folder.path().join("book").exists());
}

#[test]
fn a_book_is_overwritten_by_force_only() {
    let place = Place::with_book();
    let before = place.files();
    place
        .run("generate --out book")
        .refused()
        .complains("--force");
    place.import_fleet().refused().complains("--force");
    assert_eq!(
        place.text("book/book.toml").as_bytes(),
        before[Path::new("book/book.toml")]
    );
    place.run("generate --out book --force").done();
    assert!(place.text("book/book.toml").contains("Generated"));
}

// Names that lead nowhere.

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    for (command, complaint) in [
        ("run nowhere", "there is no folder `nowhere`"),
        ("run book/book.toml", "there is no folder `book/book.toml`"),
        ("run book --by colour", "--by takes one of instance_id, "),
        ("run book --by tag:team", "there is no column `tag:team`"),
        ("run book --scenario yearly", "unknown-scenario"),
        ("check book --scenario yearly", "unknown-scenario"),
        ("explain book nobody", "no instance and no account `nobody`"),
        ("profiles mars-vm", "`renewcast profiles` lists them"),
        (
            "import tencent nowhere.json --out other",
            "cannot read `nowhere.json`",
        ),
        ("import tencent book --out other", "cannot read `book`"),
    ] {
        Place::with_book()
            .run(command)
            .refused()
            .complains(complaint);
    }
}

#[test]
fn a_place_that_cannot_be_written_is_refused() {
    let place = Place::with_book().file("file", "in the way");
    for command in [
        "run book --out file",
        "run book --out file/below",
        "generate --out file",
        "generate --out file/below",
    ] {
        place.run(command).refused().complains("cannot write `file");
    }
    assert_eq!(place.text("file"), "in the way");
}

// Help, completions, colours.

#[test]
fn the_help_of_every_verb_has_examples() {
    for verb in [
        "run",
        "check",
        "explain",
        "import",
        "import tencent",
        "generate",
        "verify",
        "profiles",
        "completions",
    ] {
        let help = Place::new()
            .run(&format!("{verb} --help"))
            .done()
            .says("Examples:\n");
        assert!(
            help.out.contains(&format!("  renewcast {verb}")),
            "{}",
            help.out
        );
    }
}

#[test]
fn the_help_of_the_program_tells_the_exit_codes() {
    Place::new()
        .run("--help")
        .done()
        .says("Exit codes: 0 done; 1 done, and")
        .says("renewcast run data/example");
}

#[test]
fn completions_know_every_verb() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Place::new().run(&format!("completions {shell}")).done();
        for verb in [
            "run",
            "check",
            "explain",
            "import",
            "generate",
            "verify",
            "profiles",
            "completions",
        ] {
            assert!(script.out.contains(verb), "{shell}: {verb}");
        }
    }
}

#[test]
fn what_goes_into_a_pipe_has_no_colours() {
    let place = Place::with_book();
    for command in [
        "run book --no-charts",
        "explain book kept",
        "run nowhere",
        "--help",
    ] {
        assert!(!place.run(command).has_colours(), "{command}");
    }
}

#[test]
fn colours_that_are_forced_yield_to_those_that_are_unwanted() {
    let forced = Place::with_book().variable("CLICOLOR_FORCE", "1");
    assert!(forced.run("run book --no-charts").has_colours());
    assert!(
        !forced
            .variable("NO_COLOR", "1")
            .run("run book --no-charts")
            .has_colours()
    );
}

// Profiles, import, generate, explain.

#[test]
fn every_profile_that_is_listed_can_be_copied_into_a_book() {
    let place = Place::with_book();
    let list = place.run("profiles").done().out;
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        [
            "tencent-cvm",
            "tencent-cvm-2016",
            "aliyun-ecs",
            "huawei-ecs"
        ]
        .iter()
        .all(|name| names.contains(name))
    );
    let copies = names.iter().map(|name| {
        place
            .run(&format!("profiles {name}"))
            .done()
            .says(&format!("\n[{name}]\n"))
    });
    let profiles: String = copies.map(|copy| copy.out + "\n").collect();
    let place = place.file("book/profiles.toml", &profiles);
    assert!(!place.run("check book").err.contains("error"));
}

#[test]
fn an_import_lacks_prices_and_nothing_else() {
    let place = Place::new();
    place
        .import_fleet()
        .done()
        .says("To do:")
        .says("in prices.csv");
    let complaints = place.run("check book").refused().err;
    let errors: Vec<&str> = complaints
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    assert!(
        !errors.is_empty()
            && errors
                .iter()
                .all(|line| line.starts_with("error[missing-price]")),
        "{errors:#?}"
    );
}

#[test]
fn an_import_with_prices_runs() {
    let place = Place::new();
    place.import_fleet().done();
    let prices = place
        .text("book/prices.csv")
        .replace(",,\n", ",100.00,0.50\n");
    let place = place.file("book/prices.csv", &prices);
    assert_ne!(place.run("check book").code, Some(2));
    place.run("run book --out out").done();
    assert!(place.text("out/ledger.csv").contains(",ins-web1,renewed,"));
}

#[test]
fn a_seed_is_a_book_and_another_seed_is_another() {
    let places = ["1", "1", "2"].map(|seed| {
        let place = Place::new();
        place
            .run(&format!(
                "generate --accounts 3 --instances 40 --seed {seed} --out book"
            ))
            .done();
        place.files()
    });
    assert_eq!(places[0], places[1]);
    assert_ne!(places[0], places[2]);
}

#[test]
fn a_generated_book_has_no_errors_and_can_be_explained() {
    let place = Place::new();
    place
        .run("generate --accounts 3 --instances 40 --seed 7 --out book")
        .done()
        .says("renewcast run book");
    assert_ne!(place.run("check book").code, Some(2));
    place.run("run book --out out --threads 1").done();
    let instances = place.text("book/instances.csv");
    let id = instances
        .lines()
        .nth(1)
        .and_then(|row| row.split(',').next())
        .expect("an instance");
    place.run(&format!("explain book {id}")).done().says(id);
    place.run("explain book a-0001").done().says("a-0001");
}

#[test]
fn the_number_of_threads_and_the_process_change_no_byte() {
    let place = Place::new();
    place
        .run("generate --accounts 9 --instances 90 --seed 5 --out book")
        .done();
    let runs = ["--threads 1", "--threads 2", ""].map(|threads| {
        place.run(&format!("run book --out out {threads}")).done();
        place.files()
    });
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[1], runs[2]);
}

#[test]
fn a_number_of_threads_that_no_machine_has_is_refused() {
    for threads in ["0", "1000"] {
        Place::with_book()
            .run(&format!("run book --threads {threads}"))
            .refused();
    }
}

/// `renewcast profiles | head -1`, and a disk that is full: the answer is cut short, the program does not panic.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_nobody_takes_is_no_panic() {
    for command in [
        "profiles tencent-cvm",
        "check book",
        "run book --no-charts",
        "completions bash",
    ] {
        let place = Place::with_book();
        let full = fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("a device of Linux");
        let mut program = Command::new(env!("CARGO_BIN_EXE_renewcast"));
        program
            .args(command.split_whitespace())
            .current_dir(&place.folder)
            .env_clear()
            .stdout(full);
        let output = program.output().expect("the program starts");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            !complaint.contains("panicked"),
            "renewcast {command}\n{complaint}"
        );
    }
}
