//! Many runs at once: the figures of each are those of a run by itself, limits and efficient runs are what they say, and
//! an interrupt keeps what is done.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use renewcast::analysis::compare::{
    Cache, ComparedRun, EventCounts, Figures, Group, frontier, replay,
};
use renewcast::input::{self, Folder, ReadMemory, SweepSpec};
use renewcast::model::book::Book;

use crate::books::{changed, random_book};
use crate::program::Place;
use crate::support::{Files, results, run_or_refuse};

/// So many random books.
const BOOKS: u64 = 60;
/// So many scenarios of each.
const SCENARIOS: u64 = 12;

fn folder(files: &Files) -> Folder {
    let mut folder = Folder::default();
    for (name, text) in files {
        folder.insert(name, text.clone().into_bytes());
    }
    folder
}

/// The figures of a book, through the accounts that were replayed before.
fn through(cache: &mut Cache, book: &Book) -> Vec<Figures> {
    let task = cache.look_up(book);
    let groups = cache.groups().to_vec();
    let outcomes = replay(book, &task.missing, &groups).expect("it was replayed by itself before");
    cache.keep(&task, outcomes);
    let outcomes = cache.outcomes(&task).expect("nothing was refused");
    outcomes
        .into_iter()
        .map(|outcome| outcome.figures)
        .collect()
}

#[test]
fn an_account_that_was_replayed_before_has_the_figures_of_a_run_by_itself() {
    let (mut asked, mut replayed) = (0, 0);
    for seed in 0..BOOKS {
        let files = random_book(seed);
        if run_or_refuse(&files).is_none() {
            continue;
        }
        let (mut cache, memory) = (Cache::default(), ReadMemory::default());
        for scenario in 0..SCENARIOS {
            let mut folder = folder(&files);
            folder.change(&changed(&files, seed + BOOKS * (scenario % 6)).scenario);
            let Some(book) = input::read_book(&folder, None).0 else {
                continue;
            };
            let Ok(alone) = ComparedRun::replaying("alone", &book) else {
                continue;
            };
            let again = input::read_again(&folder, None, &memory)
                .0
                .expect("it was valid before");
            assert_eq!(
                results(&again),
                results(&book),
                "seed {seed}, scenario {scenario}"
            );
            assert_eq!(
                through(&mut cache, &again),
                alone.figures,
                "seed {seed}, scenario {scenario}"
            );
            asked += book.accounts.len();
        }
        replayed += cache.replayed();
    }
    assert!(
        replayed * 3 < asked * 2,
        "{replayed} accounts of {asked} were replayed"
    );
}

/// Each instance in a group of its own: together they are the whole.
#[test]
fn groups_of_instances_add_up() {
    for seed in 0..BOOKS {
        let files = random_book(seed);
        if run_or_refuse(&files).is_none() {
            continue;
        }
        let book = input::read_book(&folder(&files), None)
            .0
            .expect("it was valid before");
        let only = |number: usize| -> Group {
            (0..book.instances.len())
                .map(|other| other == number)
                .collect()
        };
        let groups: Vec<Group> = (0..book.instances.len()).map(only).collect();
        let accounts = book.account_indexes().collect::<BTreeSet<_>>();
        for outcome in replay(&book, &accounts, &groups).expect("what can be run can be compared") {
            let mut counts = EventCounts::default();
            outcome.parts.iter().for_each(|part| counts += part.counts);
            let spend: renewcast::model::money::Money =
                outcome.parts.iter().map(|part| part.totals.spend()).sum();
            assert_eq!(
                (spend, counts),
                (outcome.figures.totals.spend(), outcome.figures.counts),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn a_run_is_efficient_if_none_costs_less_and_loses_no_more() {
    let points = [
        (10, 3),
        (12, 2),
        (12, 3),
        (9, 4),
        (15, 0),
        (14, 1),
        (15, 1),
        (10, 3),
        (20, 0),
    ];
    let by_hand: Vec<bool> = points
        .iter()
        .map(|one| {
            !points
                .iter()
                .any(|other| other != one && other.0 <= one.0 && other.1 <= one.1)
        })
        .collect();
    assert_eq!(frontier(&points), by_hand);
}

#[test]
fn a_plan_is_the_product_of_its_axes_and_its_cases() {
    let text = "[[axis]]\nkey = \"renew_months\"\nwhere = \"region = 'eu'\"\nvalues = [1, 12]\n\
                [[axis]]\nname = \"who\"\nkey = \"scenario\"\nvalues = [\"\", \"yearly\"]\n\
                [[case]]\nname = \"manual\"\nset = [\"renew_flag=manual\"]\n";
    let plan = SweepSpec::read_sweep("sweep.toml", text.as_bytes(), &mut Default::default())
        .expect("a plan");
    assert_eq!(plan.columns(), ["renew_months", "who", "case"]);
    let runs: Vec<(Vec<String>, Option<String>, Vec<String>)> = plan
        .runs()
        .into_iter()
        .map(|run| (run.cells, run.scenario, run.changes))
        .collect();
    let texts = |list: &[&str]| {
        list.iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<String>>()
    };
    assert_eq!(runs.len(), 5);
    assert_eq!(
        runs[1],
        (
            texts(&["1", "yearly", ""]),
            Some("yearly".into()),
            texts(&["renew_months=1 where region = 'eu'"])
        )
    );
    assert_eq!(
        runs[4],
        (
            texts(&["", "", "manual"]),
            None,
            texts(&["renew_flag=manual"])
        )
    );
}

/// The rows of a CSV file by column.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .deserialize()
        .map(|row| row.expect("a row"))
        .collect()
}

const SWEEP: &str = "[[axis]]\nname = \"months\"\nkey = \"renew_months\"\nwhere = \"\\\"tag:env\\\" = 'prod'\"\nvalues = [1, 12]\n\
                     [[axis]]\nname = \"later\"\nkey = \"topups.delay_days\"\nvalues = [0, 10]\n";

#[test]
fn a_sweep_has_the_figures_of_the_comparison_and_marks_limits() {
    let place = Place::with_example().file("sweep.toml", SWEEP);
    place
        .run("sweep book sweep.toml --sort used --limit failed<=2 --out out")
        .done()
        .says("4 runs, by used; ")
        .says("efficient");
    let swept = rows(&place.text("out/sweep.csv"));
    for row in &swept {
        let mut command = place.program("compare book --no-charts --out one");
        command.args([
            "--set",
            &format!("renew_months={} where \"tag:env\" = 'prod'", row["months"]),
        ]);
        command.args(["--set", &format!("topups.delay_days={}", row["later"])]);
        assert!(
            command
                .output()
                .expect("the program starts")
                .status
                .success()
        );
        let compared = rows(&place.text("one/compare.csv"));
        let compared = compared
            .iter()
            .find(|row| row["scenario"] == "set" && row["account_id"].is_empty())
            .expect("a row");
        for name in [
            "spend",
            "used",
            "value_left",
            "lowest",
            "needed",
            "failed",
            "reclaimed",
            "stopped",
            "terminated",
        ] {
            assert_eq!(row[name], compared[name], "{name} of {row:?}");
        }
        let failed: u32 = row["failed"].parse().expect("a count");
        assert_eq!(row["within_limits"], (failed <= 2).to_string(), "{row:?}");
    }
    let best = place.text("out/best.toml");
    place.write(
        std::path::Path::new("book/scenarios/best.toml"),
        best.as_bytes(),
    );
    place.run("compare book best --no-charts --out two").done();
    let of_best = rows(&place.text("two/compare.csv"))
        .into_iter()
        .find(|row| row["scenario"] == "best")
        .expect("a row");
    assert_eq!(of_best["used"], swept[0]["used"]);
}

#[test]
fn a_limit_that_cannot_be_read_is_refused() {
    let place = Place::with_example().file("sweep.toml", SWEEP);
    for (limit, said) in [
        ("terminated", "compares nothing"),
        ("lost=0", "there is no figure `lost`"),
        ("lowest>=1 where region = 'eu'", "a figure of accounts"),
        ("terminated=0 where region = 'eu'", "about no instance"),
        ("terminated=0 where regoin = 'eu'", "regoin"),
        ("spend<1e5", "exponent"),
    ] {
        let output = place
            .program("sweep book sweep.toml --limit")
            .arg(limit)
            .output()
            .expect("the program starts");
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{limit}: {complaint}");
        assert!(complaint.contains(said), "{limit}: {complaint}");
    }
}

/// A thousand runs of a few hundred instances take seconds; the interrupt comes in the first.
/// Rule **interrupted**.
#[test]
#[cfg(unix)]
fn an_interrupt_keeps_what_is_done() {
    let place = Place::new();
    place
        .run("generate --instances 600 --accounts 3 --out book")
        .done();
    let months: Vec<String> = (-250..250)
        .map(|percent| format!("\"{}\"", f64::from(percent) / 10.0))
        .collect();
    let sweep = format!(
        "[[axis]]\nkey = \"prices.change_percent\"\nvalues = [{}]\n",
        months.join(", ")
    );
    let place = place.file("sweep.toml", &sweep);
    let mut program = place.program("sweep book sweep.toml --no-charts --out out");
    let child = program
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    thread::sleep(Duration::from_millis(2_500));
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    let output = child.wait_with_output().expect("it ends");
    if kill.success() && output.status.code() == Some(130) {
        let done = rows(&place.text("out/sweep.csv")).len();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            done < 500 && said.contains(&format!("interrupted: {done} of 500 runs")),
            "{done}: {said}"
        );
    } else {
        assert_eq!(output.status.code(), Some(0), "it was done before");
    }
}

#[test]
fn the_unpublished_rules_are_asked_of_a_book() {
    let place = Place::with_book();
    place
        .run("compare book --rules")
        .done()
        .says("depend")
        .says("best: ")
        .says("suspended at once: no difference");
    assert_eq!(
        rows(&place.text("reports/book/rules/rules.csv")).len(),
        3 * 2 * 3
    );
    let place = Place::with_example();
    place
        .run("compare book in-time --rules --out rules")
        .done()
        .says("all as set");
    assert_eq!(rows(&place.text("rules/rules.csv")).len(), 2 * 3 * 2 * 3);
    place
        .run("compare book in-time yearly --rules")
        .refused()
        .complains("one scenario at most");
}

/// Of months 1 and 12 neither keeps the limits; 12 months break one of them, 1 month both.
#[test]
fn without_a_run_within_the_limits_the_nearest_is_named() {
    let place = Place::with_book().file(
        "sweep.toml",
        "[[axis]]\nkey = \"renew_months\"\nvalues = [1, 2]\n",
    );
    let mut command = place.program(
        "sweep book sweep.toml --no-charts --limit spend<=10.00 --limit lowest>=0 --out out",
    );
    command.args(["--limit", "terminated = 0"]);
    let output = command.output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    // 59.00 is paid with one month; with two the 100.00 do not suffice for 118.00: nothing is paid, and both are lost.
    assert!(
        said.contains("No run keeps the limits. The nearest is renew_months = 2:"),
        "{said}"
    );
    assert!(
        said.contains("terminated is 2; the limit is terminated = 0"),
        "{said}"
    );
    assert!(!said.contains("spend is"), "{said}");
    assert!(!place.folder.path().join("out/best.toml").exists());
    place
        .run("sweep book sweep.toml --no-charts --limit spend<=60.00 --out out")
        .done();
}

/// To make an instance postpaid asks a price by the hour, which only some have: such a combination is left out.
/// Rule **refused-runs**.
#[test]
fn a_refused_combination_keeps_no_other_from_running() {
    let place = Place::new()
        .file("book/book.toml", "from = 2026-12-01\nto = 2026-12-31\n")
        .file("book/accounts.csv", "account_id,cash\nshop,500.00\nlab,500.00\n")
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,hourly_price,expires_on\n\
             web,shop,PREPAID,auto,59.00,0.10,2026-12-12\n\
             ci,lab,PREPAID,auto,59.00,0.10,2026-12-12\n",
        )
        .file("book/actions.csv", "date,action,instance_id\n2026-12-05,to_postpaid,web\n")
        .file(
            "sweep.toml",
            "[[axis]]\nname = \"hour\"\nkey = \"hourly_price\"\nwhere = \"account_id = 'shop'\"\nvalues = [\"0.20\", \"\"]\n\
             [[axis]]\nname = \"months\"\nkey = \"renew_months\"\nvalues = [1, 3]\n",
        );
    let answer = place
        .run("sweep book sweep.toml --no-charts --out out")
        .found();
    let answer = answer
        .says("2 runs, by spend")
        .complains("months = 1 is refused and left out");
    let answer = answer
        .complains("months = 3 is refused and left out")
        .complains("missing-price");
    assert!(answer.err.contains("actions.csv:2"), "{}", answer.err);
    let swept = rows(&place.text("out/sweep.csv"));
    let kept: Vec<(&str, &str)> = swept
        .iter()
        .map(|row| (&*row["hour"], &*row["months"]))
        .collect();
    assert_eq!(kept, [("0.20", "1"), ("0.20", "3")]);
}
