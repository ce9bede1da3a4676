//! What a run holds in memory at once: a window of rows, however many there are in all.

use std::fs;
use std::process::{Command, Output};

use renewcast::engine::{self, Window};
use renewcast::model::instance::Instance;

use crate::program::Place;
use crate::support::{Files, book};

fn files(to: &str, instances: &str, actions: &str) -> Files {
    let files = [
        ("book.toml", format!("from = 2026-01-01\nto = {to}\n")),
        (
            "accounts.csv",
            "account_id,cash\nshop,9999999.00\n".to_owned(),
        ),
        (
            "instances.csv",
            format!("instance_id,account_id,charge_type,hourly_price\n{instances}"),
        ),
        (
            "actions.csv",
            format!("date,action,account_id,amount\n{actions}"),
        ),
    ];
    files
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text))
        .collect()
}

/// A book in which every instance writes a row a day.
fn book_of_hours(instances: usize, to: &str) -> Files {
    let rows = (0..instances).map(|number| format!("i-{number},shop,POSTPAID_BY_HOUR,0.01\n"));
    files(to, &rows.collect::<String>(), "")
}

/// A book in which people do so much on every day of January.
fn book_of_actions(daily: usize) -> Files {
    let rows = (1..=31).map(|day| format!("2026-01-{day:02},topup,shop,1.00\n").repeat(daily));
    files("2026-01-31", "", &rows.collect::<String>())
}

/// The rows of each window.
fn rows(files: &Files) -> Vec<u64> {
    let book = book(files);
    let mut run = engine::start(&book);
    let mut window = Window::default();
    let mut rows = Vec::new();
    while run.advance(&mut window).expect("every price is known") {
        assert_eq!(window.rows(), window.entries().count() as u64);
        rows.push(window.rows());
    }
    rows
}

/// Ten million instances take as many times so much for the whole of a run. Ids of up to 24 bytes are part of it.
#[test]
fn an_instance_is_held_in_few_bytes() {
    assert_eq!(size_of::<Instance>(), 144);
}

#[test]
fn ten_years_are_held_in_no_more_memory_than_one() {
    let windows = rows(&book_of_hours(100, "2035-12-31"));
    assert_eq!((windows.iter().sum::<u64>(), windows.len()), (365_200, 118));
    assert!(
        windows[..117].iter().all(|rows| *rows == 3_100),
        "a window has at most 31 days: {windows:?}"
    );
}

#[test]
fn many_instances_are_held_for_few_days_at_once() {
    assert_eq!(
        rows(&book_of_hours(10_000, "2026-01-31")),
        [130_000, 130_000, 50_000]
    );
}

#[test]
fn many_actions_are_held_for_few_days_at_once() {
    assert_eq!(rows(&book_of_actions(10_000)), [130_000, 130_000, 50_000]);
}

/// Runs the program in a place where it may ask for so much memory.
#[cfg(target_os = "linux")]
fn within(kibibytes: u64, place: &Place, arguments: &str) -> Output {
    let run = place.program(arguments);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("ulimit -v {kibibytes} && exec \"$@\""), "sh"])
        .arg(run.get_program())
        .args(run.get_args());
    shell
        .current_dir(place.folder.path())
        .env_clear()
        .env("RAYON_NUM_THREADS", "2")
        .output()
        .expect("there is a shell")
}

/// Ten years of hours make a ledger larger than the memory that the program may ask for: it is written, two such ledgers
/// are compared, and the story of one of many instances is told.
#[cfg(target_os = "linux")]
#[test]
fn a_ledger_larger_than_memory_is_written_and_compared_and_explained() {
    const KIBIBYTES: u64 = 90_000;
    let files = book_of_hours(340, "2035-12-31");
    let place = files.iter().fold(Place::new(), |place, (name, text)| {
        place.file(&format!("book/{name}"), text)
    });
    let dearer = "[[set]]\nwhere = \"instance_id = 'i-7'\"\nhourly_price = \"0.02\"\n";
    let place = place.file("book/scenarios/dearer.toml", dearer);
    let done = |command: &str, code: i32| {
        let done = within(KIBIBYTES, &place, command);
        assert_eq!(
            done.status.code(),
            Some(code),
            "{command}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).expect("answers are UTF-8")
    };
    done("run book --threads 1 --no-charts --out out", 0);
    let ledger = fs::metadata(place.folder.path().join("out/ledger.csv"))
        .expect("a ledger")
        .len();
    assert!(ledger > KIBIBYTES * 1024, "{ledger} bytes");
    done(
        "run book --threads 1 --no-charts --scenario dearer --out dearer",
        0,
    );
    let differing = done("diff out dearer --no-charts --out diff", 1);
    assert!(
        differing.contains("1 instance differs, 1 costs CNY 876.48 more"),
        "{differing}"
    );
    let story = done("explain book i-7", 0);
    assert!(story.contains("i-7"), "{story}");
}

/// A book with every file that it may have.
#[cfg(target_os = "linux")]
const EVERY_FILE: &[(&str, &str)] = &[
    ("book.toml", "from = 2026-12-01\nto = 2026-12-31\n"),
    ("accounts.csv", "account_id,cash\nshop,100.00\n"),
    (
        "instances.csv",
        "instance_id,account_id,charge_type,hourly_price\nweb,shop,POSTPAID_BY_HOUR,0.01\n",
    ),
    ("prices.csv", "product,instance_type,monthly_price\n"),
    ("actions.csv", "date,action,account_id,amount\n"),
    (
        "vouchers.csv",
        "voucher_id,account_id,amount,valid_from,valid_to\n",
    ),
    ("orders.csv", "instance_id,term_start,term_end\n"),
    ("returns.csv", "account_id,product,year\n"),
    ("budget.csv", "month,amount\n"),
    ("rates.csv", "currency,rate\n"),
];

/// Longer than any row or small file may be.
#[cfg(target_os = "linux")]
const COMMAS: usize = 20 << 20;

/// A place with that book in `book`.
#[cfg(target_os = "linux")]
fn every_file() -> Place {
    EVERY_FILE.iter().fold(Place::new(), |place, (name, text)| {
        place.file(&format!("book/{name}"), text)
    })
}

/// A command is refused in little memory; what it said.
#[cfg(target_os = "linux")]
fn refused_in_little_memory(place: &Place, command: &str) -> String {
    const KIBIBYTES: u64 = 350_000;
    let done = within(KIBIBYTES, place, command);
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(2), "{command}: {told}");
    told
}

/// The book is refused for this file.
#[cfg(target_os = "linux")]
fn assert_file_is_refused(name: &str, file: &str, says: &str) {
    let place = every_file().file(&format!("book/{name}"), file);
    let told = refused_in_little_memory(&place, "check book");
    assert!(
        told.contains(says) && told.contains(&format!(" --> {name}:")),
        "{name}: {told}"
    );
}

/// A row of nothing but commas, many times as long as any row: held cell by cell it would take many times as much memory as
/// there is here.
#[cfg(target_os = "linux")]
#[test]
fn a_row_of_commas_takes_no_more_than_its_header() {
    every_file().run("run book --no-charts --out out").done();
    let commas = ",".repeat(COMMAS);
    for (name, text) in EVERY_FILE.iter().filter(|(name, _)| name.ends_with(".csv")) {
        assert_file_is_refused(
            name,
            &format!("{text}{commas}"),
            "the row has more cells than the header",
        );
    }
    assert_file_is_refused(
        "instances.csv",
        &commas,
        "the header has more than 32768 columns",
    );
    assert_file_is_refused(
        "actions.csv",
        &format!("date,action,account_id,amount\n{}", "x".repeat(COMMAS)),
        "the row has more than 4 MiB",
    );
}

/// Beside a book: settings of a sweep, and the answer of a cloud.
#[cfg(target_os = "linux")]
#[test]
fn a_long_comment_or_list_takes_little_memory() {
    for (name, bytes, command) in [
        ("sweep.toml", "#".repeat(COMMAS), "sweep book sweep.toml"),
        (
            "answer.json",
            format!("[{}1]", "1,".repeat(COMMAS / 2)),
            "import tencent answer.json --out new",
        ),
    ] {
        let place = every_file().file(name, &bytes);
        let told = refused_in_little_memory(&place, command);
        assert!(
            told.contains("more than 2 MiB")
                || told.contains("a list has more than 4194304 values"),
            "{name}: {told}"
        );
    }
}

/// What reads a written result is as careful as what reads a book.
#[cfg(target_os = "linux")]
#[test]
fn a_result_with_a_row_of_commas_is_read_in_little_memory() {
    const KIBIBYTES: u64 = 350_000;
    let place = Place::with_book();
    place.run("run book --no-charts --out out").done();
    place.run("run book --no-charts --out same").done();
    for name in [
        "ledger.csv",
        "balances.csv",
        "closing/accounts.csv",
        "closing/instances.csv",
    ] {
        let path = place.folder.path().join("out").join(name);
        let before = fs::read_to_string(&path).expect("a file of the result");
        fs::write(&path, before.clone() + &",".repeat(20 << 20)).expect("room");
        let verbs: &[&str] = if name == "closing/instances.csv" {
            &["verify out"]
        } else {
            &["verify out", "diff same out"]
        };
        for verb in verbs {
            let done = within(KIBIBYTES, &place, verb);
            let told =
                String::from_utf8_lossy(&done.stderr) + String::from_utf8_lossy(&done.stdout);
            assert_eq!(done.status.code(), Some(2), "{verb}, {name}: {told}");
            let says = [
                "a row has more than 4 MiB",
                "the row has more cells than the header",
            ];
            assert!(
                says.iter().any(|says| told.contains(says)),
                "{verb}, {name}: {told}"
            );
        }
        fs::write(&path, before).expect("room");
    }
}
