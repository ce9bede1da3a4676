//! Runs side by side: their figures against the files that runs write, what accounts need against replays with just that,
//! and the program as its users see it.

use std::collections::BTreeMap;
use std::env;

use renewcast::analysis::compare::{ComparedRun, Figures, differences};
use renewcast::engine;
use renewcast::engine::event::{Event, Reason};
use renewcast::engine::ledger::{Entry, Ledger};
use renewcast::input::{self, Folder};
use renewcast::model::book::Book;
use renewcast::model::instance::{Instance, State, StoppedBy};
use renewcast::model::money::Money;

use crate::books::{Changed, changed, random_book};
use crate::cells::{Row, minor, rows};
use crate::program::Place;
use crate::support::{Files, Written, assert_same, book, results, run_or_refuse};

/// So many random books; `BOOKS` asks for more.
fn books() -> u64 {
    env::var("BOOKS")
        .ok()
        .map_or(300, |text| text.parse().expect("BOOKS is a number"))
}

/// Random books that no missing price stops.
fn for_each_case(check: impl Fn(u64, &Book, &ComparedRun, &Written)) {
    for seed in 0..books() {
        let files = random_book(seed);
        let Some(written) = run_or_refuse(&files) else {
            continue;
        };
        let book = book(&files);
        let case = ComparedRun::replaying("base", &book).expect("what can be run can be compared");
        check(seed, &book, &case, &written);
    }
}

#[test]
fn figures_are_the_sums_of_the_files_of_a_run() {
    for_each_case(|seed, book, case, written| {
        for (number, figures) in case.figures.iter().enumerate() {
            let id = book.accounts[number].id.as_str();
            let expected = sums_of_files(book, id, written);
            assert_eq!(sums(figures), expected, "seed {seed}, account {id}");
        }
    });
}

/// Spend, income, the lowest and the last available balance, and how often what happened.
fn sums(figures: &Figures) -> ([i64; 6], [u32; 4]) {
    let totals = figures.totals;
    let counts = figures.counts;
    let amounts = [
        totals.renewals,
        totals.usage,
        totals.refunds,
        totals.income,
        figures.lowest.available,
        figures.closing,
    ];
    (
        amounts.map(Money::minor),
        [
            counts.reclaimed,
            counts.stopped,
            counts.recovered,
            counts.terminated,
        ],
    )
}

fn sum_of(rows: &[Row], columns: &[&str]) -> i64 {
    rows.iter()
        .flat_map(|row| columns.iter().map(|one| minor(&row[*one])))
        .sum()
}

fn sums_of_files(book: &Book, id: &str, written: &Written) -> ([i64; 6], [u32; 4]) {
    let monthly = rows(&written.monthly)
        .into_iter()
        .filter(|row| row["account_id"] == id)
        .collect::<Vec<_>>();
    let balances = rows(&written.balances)
        .into_iter()
        .filter(|row| row["account_id"] == id);
    let available: Vec<i64> = balances.map(|row| minor(&row["available"])).collect();
    let ledger = rows(&written.ledger)
        .into_iter()
        .filter(|row| row["account_id"] == id)
        .collect::<Vec<_>>();
    let amounts = [
        sum_of(&monthly, &["renewal_amount"]),
        sum_of(&monthly, &["usage_amount"]),
        sum_of(&monthly, &["refund_amount"]),
        sum_of(&monthly, &["topup_amount", "credit_amount"]),
        available
            .iter()
            .copied()
            .min()
            .expect("every account is noted at the opening"),
        available
            .last()
            .copied()
            .expect("every account is noted at the opening"),
    ];
    (amounts, counts_of_rows(book, &ledger))
}

/// Why an instance is out of use when the book opens.
fn out_at_opening(one: &Instance) -> Option<(String, &'static str)> {
    match (one.state, one.returned, one.stopped_by) {
        (Some(State::Reclaimed), true, _) => Some((one.id.to_string(), "returned")),
        (Some(State::Stopped), _, StoppedBy::Arrears) => Some((one.id.to_string(), "arrears")),
        _ => None,
    }
}

/// Reclaimed, stopped, recovered and terminated, told from the last row about each instance that put it out of use.
fn counts_of_rows(book: &Book, ledger: &[Row]) -> [u32; 4] {
    let mut out: BTreeMap<String, &str> =
        book.instances.iter().filter_map(out_at_opening).collect();
    let mut counts = [0; 4];
    for row in ledger {
        let id = row["instance_id"].clone();
        match (row["event"].as_str(), row["reason"].as_str()) {
            ("returned", _) => {
                out.insert(id, "returned");
            }
            ("stopped", "arrears") => {
                counts[1] += 1;
                out.insert(id, "arrears");
            }
            ("stopped", _) => {
                out.insert(id, "user");
            }
            ("reclaimed", _) => {
                counts[0] += 1;
                out.insert(id, "unpaid");
            }
            ("recovered", _) => {
                counts[2] += 1;
                out.remove(&id);
            }
            ("restored" | "converted", _) => {
                counts[2] += u32::from(out.remove(&id) == Some("arrears"));
            }
            ("terminated", "retention_over") => {
                counts[3] += u32::from(out.remove(&id) != Some("returned"));
            }
            _ => {}
        }
    }
    counts
}

/// A book with a scenario; none where it is not valid.
fn with_scenario(files: &Files, scenario: Option<&str>) -> Option<Book> {
    let mut folder = Folder::default();
    for (name, text) in files {
        folder.insert(name, text.clone().into_bytes());
    }
    scenario
        .iter()
        .for_each(|text| folder.insert(&Folder::scenario_file("x"), text.as_bytes().to_vec()));
    input::read_book(&folder, scenario.map(|_| "x")).0
}

#[test]
fn a_scenario_is_the_book_with_the_same_changes_written_by_hand() {
    let mut valid = 0;
    for seed in 0..books() {
        let files = random_book(seed);
        let Changed { scenario, by_hand } = changed(&files, seed);
        let what = format!("seed {seed}\n{scenario}");
        let (read, by_hand_read) = (
            with_scenario(&files, Some(&scenario)),
            with_scenario(&by_hand, None),
        );
        assert_eq!(
            read.is_some(),
            by_hand_read.is_some(),
            "{what}\n{by_hand:#?}"
        );
        let (Some(read), Some(by_hand_read)) = (read, by_hand_read) else {
            continue;
        };
        let (written, expected) = (results(&read), results(&by_hand_read));
        assert_eq!(written.is_some(), expected.is_some(), "{what}");
        if let (Some(written), Some(expected)) = (written, expected) {
            assert_same(&what, &expected.ledger, &written.ledger, &by_hand);
            assert_same(&what, &expected.balances, &written.balances, &by_hand);
            valid += 1;
        }
    }
    assert!(valid > books() / 2, "only {valid} books were valid");
}

/// What was paid for days after the run is what the book begins with that continues it.
#[test]
fn what_is_paid_ahead_is_left_to_the_closing_book() {
    for_each_case(|seed, book, case, _| {
        let closing = engine::replay(book)
            .expect("it was replayed before")
            .closing;
        let value = |figures: &Figures| figures.value.expect("a replay knows the orders");
        if let Ok(next) = ComparedRun::replaying("next", &closing) {
            let left: Vec<Money> = case
                .figures
                .iter()
                .map(|figures| value(figures).left)
                .collect();
            let before: Vec<Money> = next
                .figures
                .iter()
                .map(|figures| value(figures).before)
                .collect();
            assert_eq!(left, before, "seed {seed}");
        }
    });
}

/// The book with further cash on its first day.
fn with_cash(opened: &Book, further: &[Money]) -> Book {
    let mut book = opened.clone();
    for (account, further) in book.accounts.iter_mut().zip(further) {
        account.funds.cash += *further;
    }
    book
}

fn is_refused_payment(entry: &Entry) -> bool {
    entry.event == Event::RenewalFailed
        || (entry.event == Event::Rejected && entry.reason == Some(Reason::InsufficientFunds))
}

/// The accounts that are short at some moment: a payment is refused, or a day ends in arrears.
fn short_accounts(book: &Book) -> Vec<bool> {
    let Ledger { entries, balances } = engine::replay(book).expect("it was replayed before").ledger;
    let mut short: Vec<bool> = vec![false; book.accounts.len()];
    for entry in entries.iter().filter(|entry| is_refused_payment(entry)) {
        short[entry.account.expect("funds belong to an account").0 as usize] = true;
    }
    let mut first: Vec<Money> = book
        .accounts
        .iter()
        .map(|account| account.funds.available())
        .collect();
    for balance in &balances {
        let number = balance.account.0 as usize;
        short[number] |= balance.date >= book.days.from && balance.available.is_negative();
        if balance.date == book.days.from {
            first[number] = balance.available;
        }
    }
    short
        .iter()
        .zip(first)
        .map(|(short, first)| *short || first.is_negative())
        .collect()
}

#[test]
fn what_accounts_need_is_enough_and_one_minor_unit_less_is_not() {
    for_each_case(|seed, book, case, _| {
        // With ample cash an action can meet an instance that is lost without it, and ask for a price that is missing.
        let needed: Option<Vec<Money>> = case.figures.iter().map(|one| one.needed).collect();
        let Some(needed) = needed else { return };
        assert_eq!(
            short_accounts(&with_cash(book, &needed)),
            vec![false; needed.len()],
            "seed {seed}: {needed:?}"
        );
        let one = Money::from_minor(1);
        let less: Vec<Money> = needed
            .iter()
            .map(|needed| (*needed - one).max(Money::ZERO))
            .collect();
        let is_lacking: Vec<bool> = needed.iter().map(|needed| *needed > Money::ZERO).collect();
        let short = short_accounts(&with_cash(book, &less));
        for (number, (short, lacks)) in short.into_iter().zip(is_lacking).enumerate() {
            assert!(
                short == lacks || waits_for_a_restart(book, number),
                "seed {seed}, account {number}: {needed:?}"
            );
        }
    });
}

/// With less, a stopped instance of the opening only waits longer.
fn waits_for_a_restart(book: &Book, account: usize) -> bool {
    book.instances
        .iter()
        .any(|one| one.account.0 as usize == account && one.state == Some(State::Stopped))
}

fn total_spend(case: &ComparedRun) -> Money {
    case.figures.iter().map(|one| one.totals.spend()).sum()
}

#[test]
fn a_run_does_not_differ_from_itself_and_differences_have_two_ends() {
    for_each_case(|seed, book, case, _| {
        assert_eq!(differences(&case.steps, &case.steps), [], "seed {seed}");
        let ample: Vec<Money> = book
            .accounts
            .iter()
            .map(|_| Money::from_minor(1_000_000))
            .collect();
        let Ok(other) = ComparedRun::replaying("ample", &with_cash(book, &ample)) else {
            return;
        };
        let (there, back) = (
            differences(&case.steps, &other.steps),
            differences(&other.steps, &case.steps),
        );
        let spend: Money = there.iter().map(|one| one.spend()).sum();
        assert_eq!(
            spend,
            total_spend(&other) - total_spend(case),
            "seed {seed}: differences add up to that of the totals"
        );
        for (one, other) in there.iter().zip(&back) {
            assert_eq!(
                (&one.base, &one.other),
                (&other.other, &other.base),
                "seed {seed}"
            );
        }
        assert_eq!(there.len(), back.len(), "seed {seed}");
    });
}

/// What is paid in the run is used in it, or is for days after it.
#[test]
fn a_term_up_front_is_used_like_the_same_days_month_by_month() {
    let place = Place::new()
        .file("book/book.toml", "from = 2026-12-01\nto = 2027-11-30\n")
        .file("book/accounts.csv", "account_id,cash\nshop,9000.00\n")
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\nweb-1,shop,PREPAID,auto,73,2026-12-01\n",
        )
        .file("book/scenarios/long.toml", "[[set]]\nrenew_months = 36\n[profile.tencent-cvm]\ndiscounts = {}\n");
    place.run("compare book --no-charts --out out").done();
    let rows = rows(&place.text("out/compare.csv"));
    let figures = ["spend", "value_left", "used"];
    assert_eq!(
        figures.map(|name| &*rows[0][name]),
        ["876.00", "0.00", "876.00"]
    );
    // 2,628.00 over 1,096 days are 2.40 a day: 365 days are 876.00.
    assert_eq!(
        figures.map(|name| &*rows[2][name]),
        ["2628.00", "1752.00", "876.00"]
    );
}

#[test]
fn equal_totals_do_not_hide_what_offsets() {
    let place = Place::new()
        .file("book/book.toml", "from = 2026-12-01\nto = 2026-12-31\n")
        .file("book/accounts.csv", "account_id,cash\nshop,59.00\n")
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on,priority\n\
             a,shop,PREPAID,auto,59,2026-12-05,1\nb,shop,PREPAID,auto,59,2026-12-05,2\n",
        )
        .file(
            "book/scenarios/b-first.toml",
            "[profile.tencent-cvm]\ncharge_order = \"priority\"\n[[set]]\nwhere = \"instance_id = 'b'\"\npriority = 0\n",
        );
    let answer = place.run("compare book --no-charts").done();
    answer
        .says("Spend                            59.00            59.00  =")
        .says("b-first: 2 instances differ, 1 costs CNY 59.00 more, 1 costs CNY 59.00 less")
        .says("b: renewed on 2026-12-05 until 2027-01-05 for 59.00 in `b-first`, terminated on 2026-12-15: 59.00 short in base");
    let events = place.text("reports/book/compare/events.csv");
    assert!(
        events.contains("b-first,shop,a,base,2026-12-05,renewed,auto,-59.00,2027-01-05,"),
        "{events}"
    );
}

#[test]
fn a_comparison_without_scenarios_says_how_to_get_one() {
    Place::with_book()
        .run("compare book")
        .refused()
        .complains("has no scenarios")
        .complains("--set");
    Place::with_book()
        .run("compare book yearly")
        .refused()
        .complains("error[unknown-scenario]");
    let place = Place::with_book().file(
        "book/scenarios/x.toml",
        "[[set]]\nwhere = \"region = 'eu'\"\nrenew_months = 3\n",
    );
    place
        .run("compare book x --no-charts")
        .refused()
        .complains("scenarios/x.toml:2")
        .complains("matches no instance");
}

/// Prepaid instances that people give up, and one that nobody pays.
fn given_up() -> Place {
    Place::new()
        .file("book/book.toml", "from = 2027-01-01\nto = 2027-01-31\n")
        .file("book/accounts.csv", "account_id,cash\nshop,30.00\n")
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on,state,since,returned\n\
             back,shop,PREPAID,none,51,2027-06-01,,,\nbefore,shop,PREPAID,none,51,2027-03-01,reclaimed,2026-12-30,true\n\
             kept,shop,PREPAID,manual,10,2027-06-01,,,\n",
        )
        .file(
            "book/actions.csv",
            "date,action,instance_id,months\n2027-01-04,terminate,back,\n2027-01-05,terminate,kept,\n2027-01-07,renew,kept,1\n",
        )
}

#[test]
fn what_people_give_up_is_no_loss() {
    let place = given_up();
    let answer = place
        .run("run book --no-charts --fail-on terminated,reclaimed,failed")
        .done();
    let text = answer.out.clone();
    answer
        .says("Ending on purpose: 2 instances, CNY 102.00 a month")
        .says("before, 51.00 a month: stops 2026-12-30, gone 2027-01-07")
        .says("back, 51.00 a month: stops 2027-01-04, gone 2027-01-12")
        .says("Nothing fails and nothing is lost.");
    for word in ["At risk", "Reclaimed or stopped", "To do"] {
        assert!(!text.contains(word), "{text}");
    }
    place
        .run("compare book --set renew_months=3 --no-charts --out c")
        .done();
    let figures = |row: &Row| ["reclaimed", "recovered", "terminated"].map(|one| row[one].clone());
    assert_eq!(
        figures(&rows(&place.text("c/compare.csv"))[0]),
        ["0", "1", "0"]
    );
    place
        .file(
            "sweep.toml",
            "[[axis]]\nkey = \"renew_months\"\nvalues = [1, 3]\n",
        )
        .run("sweep book sweep.toml --limit terminated=0 --no-charts --out s")
        .done()
        .says("2 within the limits");
}

#[test]
fn what_people_start_or_convert_came_back_from_arrears() {
    for (action, how) in [
        ("start,,h,,,", "restart = \"manual\""),
        ("to_prepaid,,h,,1,5", "restart = \"manual\""),
        ("credit,shop,,1.00,,", ""),
    ] {
        let place = Place::new()
            .file("book/book.toml", "from = 2027-01-01\nto = 2027-01-10\nprofile = \"p\"\n")
            .file("book/profiles.toml", &format!("[p]\nextends = \"tencent-cvm\"\n{how}\n"))
            .file("book/accounts.csv", "account_id,cash\nshop,1.00\n")
            .file("book/instances.csv", "instance_id,account_id,charge_type,hourly_price\nh,shop,POSTPAID_BY_HOUR,0.1\n")
            .file(
                "book/actions.csv",
                &format!("date,action,account_id,instance_id,amount,months,price\n2027-01-03,topup,shop,,50.00,,\n2027-01-04,{action}\n"),
            );
        place
            .run("compare book --set book.name=x --no-charts --out c")
            .done();
        let row = &rows(&place.text("c/compare.csv"))[0];
        assert_eq!(
            ["stopped", "recovered"].map(|one| row[one].as_str()),
            ["1", "1"],
            "{action}"
        );
        place
            .run("run book --no-charts")
            .done()
            .says("h on 2027-01-01, recovered on 2027-01-0");
    }
}
