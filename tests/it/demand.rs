//! The three sums of a run against the reference model, and as its users see them.

use std::env;

use renewcast::analysis::demand::{Demand, Detail, Differing, MissingSum, Spending, ThreeSums};
use renewcast::engine::{self, Window};
use renewcast::model::selector::Column;
use renewcast::output::demand::{demand_csv, spent};
use renewcast::tables::Grouping;

use crate::books::random_book;
use crate::laws::for_each_seed;
use crate::oracle;
use crate::support::{Files, assert_same, book, builtin};

/// So many random books; `BOOKS` asks for more.
fn books() -> u64 {
    env::var("BOOKS")
        .ok()
        .map_or(300, |text| text.parse().expect("BOOKS is a number"))
}

/// The three sums of a book that can be replayed, and `demand.csv`.
fn demand(files: &Files) -> Option<(Demand, String)> {
    let book = book(files);
    let grouping = Grouping::group_by(&book, Column::Product);
    let (mut facts, mut window) = (grouping.facts(), Window::default());
    let mut run = engine::start(&book);
    let mut spending = Spending::of_all(&book, Detail::Instances);
    while run.advance(&mut window).ok()? {
        facts.collect_entries(window.entries());
        spending.spend_entries(window.entries());
    }
    let text =
        |demand: &Demand| String::from_utf8(demand_csv(&book, demand)).expect("a table is UTF-8");
    let differing = Differing::accounts_that_differ(&run);
    let of_accounts = Demand::from_spent(
        &book,
        spent(&facts.into_tables()),
        &differing,
        Detail::Accounts,
    );
    let demand = Demand::from_spent(&book, spending.into_spent(), &differing, Detail::Instances);
    assert_eq!(
        text(&demand),
        text(&of_accounts),
        "with and without instances"
    );
    Some((demand, text(&of_accounts)))
}

fn files(instances: &str, accounts: &str, actions: &str) -> Files {
    let settings = "from = 2026-12-01\nto = 2027-02-28\nprofile = \"tencent-cvm\"\n";
    let instances = format!(
        "instance_id,account_id,charge_type,renew_flag,renew_months,monthly_price,hourly_price,starts_on,expires_on,state,since,returned\n{instances}"
    );
    let accounts = format!("account_id,cash\n{accounts}");
    let actions = format!("date,action,account_id,instance_id,flag,months,price\n{actions}");
    [
        ("book.toml", settings.to_owned()),
        ("instances.csv", instances),
        ("accounts.csv", accounts),
        ("actions.csv", actions),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text))
    .collect()
}

/// The sums of the only account over the whole run, in minor units.
fn sums(files: &Files) -> (i64, Option<i64>, Option<i64>) {
    let (demand, _) = demand(files).expect("the book can be replayed");
    let totals = demand.totals(&book(files));
    let ThreeSums {
        as_funded,
        all_due_paid,
        all_kept,
    } = totals.into_values().next().expect("there is an account");
    (
        as_funded.minor(),
        all_due_paid.map(|sum| sum.minor()),
        all_kept.map(|sum| sum.minor()),
    )
}

/// Rules **as-funded**, **all-due-paid**, **all-kept**.
#[test]
fn the_sums_equal_those_of_the_reference_model() {
    for_each_seed(books(), |seed| {
        let files = random_book(seed);
        let Some((demand, text)) = demand(&files) else {
            return;
        };
        let expected = oracle::demand(&files, builtin());
        assert_same(
            &format!("seed {seed}, demand.csv: model against engine"),
            &expected,
            &text,
            &files,
        );
        of_instances_add_up(seed, &files, &demand);
    });
}

/// What instances come to adds up to what accounts come to, where the sums are known.
fn of_instances_add_up(seed: u64, files: &Files, demand: &Demand) {
    let book = book(files);
    let mut by_currency = std::collections::BTreeMap::new();
    for (instance, sums) in demand.instances(&book) {
        let account = book.instance(instance).account;
        by_currency
            .entry(book.account(account).currency)
            .or_insert_with(ThreeSums::default)
            .add_sums(sums);
    }
    for (currency, total) in demand.totals(&book) {
        let of_instances = by_currency.get(&currency).copied().unwrap_or_default();
        if demand.untold.is_empty() {
            let known = |sums: ThreeSums| (sums.all_due_paid, sums.all_kept);
            assert_eq!(known(of_instances), known(total), "seed {seed}");
        }
    }
}

/// 59.00 a month: the cash pays for December alone. Three months are due, and three are kept.
#[test]
fn what_the_cash_allows_is_less_than_what_is_due() {
    let one = files("w,a,PREPAID,auto,1,59,,,2026-12-12,,,\n", "a,60\n", "");
    assert_eq!(sums(&one), (5_900, Some(17_700), Some(17_700)));
}

/// Renewed by nobody, 40.00 a month, on 12 December, January and February; with the flag none it ends.
#[test]
fn what_has_the_flag_manual_is_kept() {
    let manual = files("w,a,PREPAID,manual,1,40,,,2026-12-12,,,\n", "a,0\n", "");
    assert_eq!(sums(&manual), (0, Some(0), Some(12_000)));
    let none = files("w,a,PREPAID,none,1,40,,,2026-12-12,,,\n", "a,0\n", "");
    assert_eq!(sums(&none), (0, Some(0), Some(0)));
    let by_people = files(
        "w,a,PREPAID,manual,3,40,,,2026-12-12,,,\n",
        "a,500\n",
        "2026-12-11,renew,,w,,3,\n",
    );
    assert_eq!(sums(&by_people), (12_000, Some(12_000), Some(12_000)));
}

/// In the bin since 28 November: recovered on 1 December for the month from 26 November, then renewed on the 26th of
/// December, January and February: 4 × 40.00. What was returned stays in the bin.
#[test]
fn what_is_in_the_bin_at_the_opening_is_kept_unless_it_was_returned() {
    let in_bin = files(
        "w,a,PREPAID,auto,1,40,,,2026-11-26,reclaimed,2026-11-28,\n",
        "a,1000\n",
        "",
    );
    assert_eq!(sums(&in_bin), (0, Some(0), Some(16_000)));
    // What lies there before its term is over is recovered on the first day, from 26 January on: once for 40.00, and on 26 February.
    let early = files(
        "w,a,PREPAID,manual,1,40,,,2027-01-26,reclaimed,2026-11-28,\n",
        "a,1000\n",
        "",
    );
    assert_eq!(sums(&early), (0, Some(0), Some(8_000)));
    let returned = files(
        "w,a,PREPAID,auto,1,40,,,2027-11-26,reclaimed,2026-11-28,true\n",
        "a,1000\n",
        "",
    );
    assert_eq!(sums(&returned), (0, Some(0), Some(0)));
}

/// With 10.00 the month cannot be paid, so that the instance is in the bin when people convert it, which is rejected. With
/// ample cash it runs, and the conversion asks an hourly price that is not there.
/// Rule **three-sums-unknown**.
#[test]
fn a_price_that_only_ample_cash_asks_for_leaves_two_sums_open() {
    let one = files(
        "w,a,PREPAID,auto,1,40,,,2026-12-12,,,\n",
        "a,10\n",
        "2026-12-16,to_postpaid,,w,,,\n",
    );
    assert_eq!(sums(&one), (0, None, None));
    let (demand, text) = demand(&one).expect("the run succeeds");
    assert!(matches!(demand.untold[..], [MissingSum::Price(_)]));
    assert!(text.contains("2026-12,a,0.00,,\n"), "{text}");
}
