//! Cash plans: nothing fails with one, something fails with a minor unit less, and nothing smaller would do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::{env, fs};

use renewcast::analysis::plan::{
    self, AccountPlan, Arrival, Cadence, InstanceValue, KeepRule, PaymentChannel, Plan,
    PlanQuestion, Tolerance,
};
use renewcast::engine::event::{Event, Reason};
use renewcast::engine::ledger::Entry;
use renewcast::engine::{self, Replay};
use renewcast::input::diagnostic::Diagnostics;
use renewcast::input::{self, Folder};
use renewcast::model::account::AccountIndex;
use renewcast::model::action::{AccountRef, Action, Channel, Target, Verb};
use renewcast::model::book::Book;
use renewcast::model::calendar::Day;
use renewcast::model::instance::{ChargeType, InstanceIndex, RenewFlag, State};
use renewcast::model::money::Money;
use renewcast::output::plan as files;

use crate::books::random_book;
use crate::laws::for_each_seed;
use crate::program::{Place, tree};
use crate::support::{Files, book};

/// So many random books are planned, unless the environment asks for another number: `BOOKS=10000 cargo test plan::`.
pub(crate) fn books() -> u64 {
    env::var("BOOKS")
        .ok()
        .map_or(400, |text| text.parse().expect("BOOKS is a number"))
}

fn question(seed: u64, book: &Book) -> PlanQuestion {
    let dates = [0, 3, 11, 24].map(|days| book.days.from + days);
    let cadence = match seed % 5 {
        0 => Cadence::Monthly,
        1 => Cadence::Weekly,
        2 => Cadence::Daily,
        _ => Cadence::On(dates[..=usize::try_from(seed % 4).expect("small")].to_vec()),
    };
    let channel = [None, None, Some(Channel::Online), Some(Channel::Bank)]
        [usize::try_from(seed / 5 % 4).expect("small")];
    let reserve = match seed / 20 % 3 {
        0 => BTreeMap::new(),
        amount => book
            .accounts
            .iter()
            .map(|one| {
                (
                    one.currency,
                    money(i64::try_from(amount * 777).expect("small")),
                )
            })
            .collect(),
    };
    PlanQuestion {
        cadence,
        channel,
        keep: keep(seed, book),
        reserve,
        tolerance: Tolerance::Nothing,
        budgets: BTreeMap::new(),
        worth: BTreeMap::new(),
    }
}

/// What is kept, in some books.
const KEEP: &[&str] = &[
    "renew_flag = 'manual'",
    "renew_flag <> 'none'",
    "instance_id < 'i'",
    "monthly_price >= 50",
    "state IS NOT NULL",
];

fn keep(seed: u64, book: &Book) -> KeepRule {
    let selector = KEEP.get(usize::try_from(seed % 8).expect("small"));
    let selector = selector
        .and_then(|text| input::condition(book, "--keep", text, &mut Diagnostics::default()));
    match selector {
        Some(selector) => KeepRule::Matching(selector),
        None if seed % 8 == 7 => KeepRule::Due,
        None => KeepRule::Flagged,
    }
}

fn money(minor: i64) -> Money {
    Money::from_minor(minor)
}

/// The run of a book with further actions at the end of its file.
fn with(book: &Book, actions: &[Action]) -> Option<Replay> {
    let mut book = book.clone();
    book.actions.extend_from_slice(actions);
    engine::replay(&book).ok()
}

/// What a run lacks, judged by its rows and balances alone, in an account from the day on which money can come.
fn lacks(
    book: &Book,
    replay: &Replay,
    (account, first): (AccountIndex, Day),
    floor: Option<Money>,
) -> Option<String> {
    let further = book.actions.len();
    let mut came = false;
    let reserve = floor.unwrap_or(Money::ZERO).max(Money::ZERO);
    let mut credit = book.account(account).funds.credit_limit;
    let frozen = book.account(account).funds.frozen;
    for entry in replay
        .ledger
        .entries
        .iter()
        .filter(|entry| entry.account == Some(account))
    {
        if let Some(Verb::SetCreditLimit(limit)) = entry
            .action
            .and_then(|at| book.actions.get(at.0 as usize))
            .map(|one| one.verb)
        {
            credit = limit;
        }
        let of_plan = entry
            .action
            .is_some_and(|action| action.0 as usize >= further);
        let afternoon = entry.action.is_none()
            && !matches!(
                entry.event,
                Event::Purchased | Event::Rejected | Event::Terminated
            );
        came |= entry.date > first || (entry.date == first && (of_plan || afternoon));
        if came && is_failure(entry, entry.balance - frozen + credit, reserve) {
            return Some(format!("{entry:?}"));
        }
    }
    None
}

fn is_failure(entry: &Entry, available: Money, reserve: Money) -> bool {
    match entry.event {
        Event::RenewalFailed => true,
        Event::Rejected => entry.reason == Some(Reason::InsufficientFunds),
        Event::Stopped => entry.reason == Some(Reason::Arrears),
        Event::Usage | Event::Renewed | Event::Recovered | Event::Purchased | Event::Restored => {
            available < reserve
        }
        Event::Resized => {
            entry
                .movement
                .is_some_and(|moved| moved.amount() <= Money::ZERO)
                && available < reserve
        }
        _ => false,
    }
}

/// Whether a day from the first arrival on ends below the floor.
fn ends_low(replay: &Replay, (account, first): (AccountIndex, Day), floor: Option<Money>) -> bool {
    let Some(floor) = floor else { return false };
    let balances: Vec<_> = replay
        .ledger
        .balances
        .iter()
        .filter(|one| one.account == account)
        .collect();
    let ends = balances
        .iter()
        .skip(1)
        .map(|next| next.date)
        .chain([Day::LAST]);
    balances
        .iter()
        .zip(ends)
        .any(|(one, next)| next > first && one.available < floor)
}

/// Events of an account with those about money left out: what a plan must bring about.
fn events(
    replay: &Replay,
    account: AccountIndex,
) -> Vec<(Day, Option<u32>, Event, Option<Reason>)> {
    let rows = replay
        .ledger
        .entries
        .iter()
        .filter(|entry| entry.account == Some(account));
    let told = |entry: &&Entry| {
        !matches!(
            entry.event,
            Event::TopUp | Event::Reminder | Event::BalanceAlert | Event::ArrearsForecast
        )
    };
    rows.filter(told)
        .map(|entry| {
            (
                entry.date,
                entry.instance.map(|one| one.0),
                entry.event,
                entry.reason,
            )
        })
        .collect()
}

fn floors(
    book: &Book,
    question: &PlanQuestion,
    account: AccountIndex,
) -> (Option<Money>, Option<Money>) {
    let account = book.account(account);
    let reserve = question.reserve.get(&account.currency).copied();
    (reserve, reserve.max(account.alert_below))
}

/// The run with ample money from the first arrival on, and with what the plan does besides.
fn ample(book: &Book, plan: &Plan, arrivals: &[Arrival]) -> Option<Replay> {
    let numbers = (0u32..)
        .zip(&book.accounts)
        .map(|(number, _)| AccountIndex(number));
    let top_ups = numbers.map(|account| top_up(account, arrivals[0].arrives, money(1 << 50)));
    let steps = plan
        .actions(None)
        .into_iter()
        .filter(|action| !matches!(action.verb, Verb::TopUp(_)));
    with(book, &top_ups.chain(steps).collect::<Vec<_>>())
}

fn top_up(account: AccountIndex, date: Day, amount: Money) -> Action {
    let account = Some(AccountRef::Known(account));
    Action {
        date,
        sent: None,
        account,
        target: Target::Account,
        verb: Verb::TopUp(amount),
        note: None,
    }
}

fn planned(files: &Files, seed: u64) -> Option<(Book, PlanQuestion, Plan, Vec<Arrival>)> {
    let book = book(files);
    let question = question(seed, &book);
    let arrivals =
        PaymentChannel::channel_of_book(&book, question.channel).arrivals(&question.cadence);
    let plan = (!arrivals.is_empty())
        .then(|| plan::plan(&book, &question))?
        .ok()?;
    Some((book, question, plan, arrivals))
}

#[test]
fn nothing_fails_with_a_plan_and_something_with_a_minor_unit_less() {
    for_each_seed(books(), |seed| {
        let files = random_book(seed);
        let Some((book, question, plan, arrivals)) = planned(&files, seed) else {
            return;
        };
        let first = arrivals[0].arrives;
        let actions = plan.actions(None);
        let replay = with(&book, &actions).expect("the book was planned");
        let goal = ample(&book, &plan, &arrivals).expect("the book was planned");
        for one in &plan.accounts {
            let (reserve, floor) = floors(&book, &question, one.account);
            let what = format!(
                "seed {seed}, {:?}, {question:?}\n{one:#?}\n{files:#?}",
                book.account(one.account).id
            );
            let failure = lacks(&book, &replay, (one.account, first), reserve);
            assert_eq!(failure, None, "{what}");
            assert!(!ends_low(&replay, (one.account, first), floor), "{what}");
            assert_eq!(
                events(&replay, one.account),
                events(&goal, one.account),
                "{what}"
            );
            no_kept_instance_is_lost(&book, &question, one, &replay);
            for top_up in &one.top_ups {
                let mut less = actions.clone();
                let day = top_up.arrival.arrives;
                let same = |action: &&mut Action| {
                    action.account == Some(AccountRef::Known(one.account)) && action.date == day
                };
                let action = less.iter_mut().find(same).expect("a top-up of the plan");
                action.verb = Verb::TopUp(top_up.amount - money(1));
                let replay = with(&book, &less).expect("the book was planned");
                let fails = lacks(&book, &replay, (one.account, first), reserve).is_some()
                    || ends_low(&replay, (one.account, first), floor)
                    || events(&replay, one.account) != events(&goal, one.account);
                assert!(fails, "without a minor unit of {day}: {what}");
            }
        }
    });
}

/// What was asked for stays, unless the plan says why it cannot.
fn no_kept_instance_is_lost(
    book: &Book,
    question: &PlanQuestion,
    plan: &AccountPlan,
    replay: &Replay,
) {
    let KeepRule::Matching(selector) = &question.keep else {
        return;
    };
    let kept = engine::ask_accounts(book, |trial| (trial.account(), trial.matching(selector)));
    let kept = kept
        .into_iter()
        .filter(|(account, _)| *account == plan.account)
        .flat_map(|(_, kept)| kept);
    let explained: BTreeSet<_> = plan.lost.iter().map(|loss| loss.instance).collect();
    for instance in kept.filter(|instance| !explained.contains(instance)) {
        let rows = replay
            .ledger
            .entries
            .iter()
            .filter(|entry| entry.instance == Some(instance));
        let last = rows.filter_map(|entry| entry.state).next_back();
        let lost = matches!(
            last,
            Some(State::Overdue | State::Reclaimed | State::Terminated)
        );
        assert!(
            !lost,
            "{:?} is {last:?}: {plan:#?}",
            book.instance(instance)
        );
    }
}

/// A planned book, written as files and read again, runs as planned.
#[test]
fn the_scenario_and_the_rows_of_a_plan_are_read_back() {
    for_each_seed(books() / 4, |seed| {
        let files = random_book(seed);
        let Some((book, question, plan, _)) = planned(&files, seed) else {
            return;
        };
        let way = PaymentChannel::channel_of_book(&book, question.channel);
        let expected = with(&book, &plan.actions(question.channel)).expect("the book was planned");
        let made: BTreeMap<String, Vec<u8>> = files::files(&book, &plan, (way, None))
            .into_iter()
            .collect();
        let read = |folder: &Folder, scenario| {
            let (book, problems) = input::read_book(folder, scenario);
            let book = book.unwrap_or_else(|| {
                panic!("seed {seed}: {:#?}", problems.iter().collect::<Vec<_>>())
            });
            engine::replay(&book).expect("the book was planned")
        };
        let mut folder = Folder::default();
        files
            .iter()
            .for_each(|(name, text)| folder.insert(name, text.clone().into_bytes()));
        folder.insert("scenarios/plan.toml", made["scenarios/plan.toml"].clone());
        assert_eq!(
            read(&folder, Some("plan")).ledger.balances,
            expected.ledger.balances,
            "seed {seed}, scenario"
        );
        if !files.contains_key("actions.csv") {
            folder.insert("actions.csv", made["actions.csv"].clone());
            assert_eq!(
                read(&folder, None).ledger.balances,
                expected.ledger.balances,
                "seed {seed}, rows"
            );
        }
    });
}

/// A book with amounts so small that every schedule can be tried.
fn tiny_book(seed: u64) -> Files {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bf0_3635;
    let mut draw = |low: u64, high: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        low + state % (high - low + 1)
    };
    let order =
        ["expiry", "cheapest", "dearest", "priority"][usize::try_from(draw(0, 3)).expect("small")];
    let short = ["skip", "stop"][usize::try_from(draw(0, 1)).expect("small")];
    let recover = ["expiry", "today"][usize::try_from(draw(0, 1)).expect("small")];
    let profile = format!(
        "[tiny]\nextends = \"tencent-cvm\"\ncharge_order = \"{order}\"\nwhen_short = \"{short}\"\nrecover_from = \"{recover}\"\n\
         suspend_after_days = {}\nretention_days = {}\nauto_renew_while_reclaimed = {}\ndiscounts = {{}}\n",
        draw(0, 4),
        draw(1, 5),
        draw(0, 1) == 0
    );
    let mut instances = "instance_id,account_id,charge_type,renew_flag,renew_months,monthly_price,hourly_price,expires_on,starts_on,priority\n".to_owned();
    for number in 0..draw(1, 4) {
        let (price, priority) = (draw(0, 4), draw(1, 3));
        let day = draw(1, 28);
        instances += &match draw(0, 9) {
            0 => format!("i{number},a,PREPAID,auto,1,{price},,,2027-01-{day:02},{priority}\n"),
            1 => format!("i{number},a,PREPAID,manual,1,{price},,2027-01-{day:02},,{priority}\n"),
            2 => format!(
                "i{number},a,POSTPAID_BY_HOUR,,,,0.0{},,2027-01-{day:02},\n",
                draw(1, 4)
            ),
            _ => format!("i{number},a,PREPAID,auto,1,{price},,2027-01-{day:02},,{priority}\n"),
        };
    }
    let cash = draw(0, 5);
    let mut actions = "date,action,account_id,amount,instance_id,months\n".to_owned();
    if draw(0, 2) == 0 {
        actions += &format!("2027-01-{:02},topup,a,{},,\n", draw(1, 28), draw(1, 4));
    }
    if draw(0, 3) == 0 {
        actions += &format!("2027-01-{:02},renew,,,i0,1\n", draw(1, 28));
    }
    Files::from([
        (
            "book.toml".to_owned(),
            "from = 2027-01-01\nto = 2027-02-08\ncurrency = \"JPY\"\nprofile = \"tiny\"\n"
                .to_owned(),
        ),
        ("profiles.toml".to_owned(), profile),
        (
            "accounts.csv".to_owned(),
            format!("account_id,cash\na,{cash}\n"),
        ),
        ("instances.csv".to_owned(), instances),
        ("actions.csv".to_owned(), actions),
    ])
}

/// What must not happen where renewals may be late, and does not happen with ample money.
fn too_late(replay: &Replay, tolerance: Tolerance) -> BTreeSet<(Event, Option<u32>, Day)> {
    let is_late = |entry: &&Entry| match (entry.event, entry.reason) {
        (Event::Rejected, Some(Reason::InsufficientFunds))
        | (Event::Terminated, Some(Reason::RetentionOver)) => true,
        (Event::Reclaimed, _) | (Event::Stopped, Some(Reason::Arrears)) => {
            tolerance == Tolerance::Overdue
        }
        _ => false,
    };
    let late = replay.ledger.entries.iter().filter(is_late);
    late.map(|entry| (entry.event, entry.instance.map(|one| one.0), entry.date))
        .collect()
}

/// Every schedule with sums up to `most`, ordered so that the first that does is the one with the least first sum, then the
/// least second, and so on.
fn schedules(dates: &[Day], most: i64) -> Vec<Vec<(Day, i64)>> {
    let Some((first, rest)) = dates.split_first() else {
        return vec![Vec::new()];
    };
    let rest = schedules(rest, most);
    let with = |amount| {
        rest.iter()
            .map(move |rest| [vec![(*first, amount)], rest.clone()].concat())
    };
    (0..=most).flat_map(with).collect()
}

const MOST: i64 = 12;

fn replay_with(book: &Book, schedule: &[(Day, i64)]) -> Replay {
    let top_ups = schedule.iter().filter(|(_, amount)| *amount > 0);
    let actions: Vec<Action> = top_ups
        .map(|(day, amount)| top_up(AccountIndex(0), *day, money(*amount)))
        .collect();
    with(book, &actions).expect("a tiny book lacks no price")
}

/// The sums of a plan on each of its possible days.
fn sums(plan: &Plan, dates: &[Day]) -> Vec<i64> {
    let on = |date: &Day| {
        let top_ups = plan.accounts[0]
            .top_ups
            .iter()
            .filter(move |one| one.arrival.arrives == *date);
        top_ups.map(|one| one.amount.minor()).sum()
    };
    dates.iter().map(on).collect()
}

#[test]
fn no_schedule_is_smaller_or_later_than_a_plan() {
    let dates =
        ["2027-01-01", "2027-01-14", "2027-02-01"].map(|day| Day::parse(day).expect("a day"));
    for_each_seed(books() / 8, |seed| {
        let files = tiny_book(seed);
        let book = book(&files);
        let goal = replay_with(&book, &[(dates[0], 1 << 40)]);
        let question = |tolerance| PlanQuestion {
            cadence: Cadence::On(dates.to_vec()),
            channel: None,
            keep: KeepRule::Due,
            reserve: BTreeMap::new(),
            tolerance,
            budgets: BTreeMap::new(),
            worth: BTreeMap::new(),
        };
        let plan = |tolerance| {
            sums(
                &plan::plan(&book, &question(tolerance)).expect("no price is missing"),
                &dates,
            )
        };
        let account = AccountIndex(0);
        let cumulated = |schedule: &[(Day, i64)]| {
            let mut sum = 0;
            schedule
                .iter()
                .map(|(_, amount)| {
                    sum += amount;
                    sum
                })
                .collect::<Vec<i64>>()
        };
        let strict = plan(Tolerance::Nothing);
        let of_plan = cumulated(
            &dates
                .iter()
                .copied()
                .zip(strict.iter().copied())
                .collect::<Vec<_>>(),
        );
        let tried: Vec<(Vec<(Day, i64)>, Replay)> = schedules(&dates, MOST)
            .into_iter()
            .map(|schedule| {
                let replay = replay_with(&book, &schedule);
                (schedule, replay)
            })
            .collect();
        for (schedule, replay) in &tried {
            let does = events(replay, account) == events(&goal, account)
                && lacks(&book, replay, (account, dates[0]), None).is_none();
            let smallest = cumulated(schedule)
                .iter()
                .zip(&of_plan)
                .all(|(other, plan)| plan <= other);
            assert!(
                !does || smallest,
                "seed {seed}: {schedule:?} does, planned {strict:?}\n{files:#?}"
            );
            let is_plan = schedule
                .iter()
                .map(|(_, amount)| *amount)
                .eq(strict.iter().copied());
            assert!(
                does || !is_plan,
                "seed {seed}: the plan {strict:?} does not\n{files:#?}"
            );
        }
        for tolerance in [Tolerance::Overdue, Tolerance::Reclaimed] {
            let anyhow = too_late(&goal, tolerance);
            let least = tried
                .iter()
                .find(|(_, replay)| too_late(replay, tolerance).is_subset(&anyhow));
            let least: Option<Vec<i64>> =
                least.map(|(schedule, _)| schedule.iter().map(|(_, sum)| *sum).collect());
            let late = plan(tolerance);
            if late.iter().all(|sum| *sum <= MOST) {
                assert_eq!(
                    Some(late),
                    least,
                    "seed {seed}, {tolerance:?}, strict {strict:?}\n{files:#?}"
                );
            }
        }
    });
}

/// The example in the place where the page names it.
fn place_of_the_page() -> Place {
    let place = Place::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/example");
    for (name, bytes) in tree(&example) {
        place.write(&Path::new("data/example").join(name), &bytes);
    }
    place
}

/// `docs/plan.md` shows commands with their answers. `UPDATE_EXPECTED=1` writes the answers anew.
#[test]
fn the_page_shows_what_the_program_answers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plan.md");
    let page = fs::read_to_string(&path).expect("there is a page");
    let mut anew = String::new();
    for (number, part) in page.split("```").enumerate() {
        anew += if number > 0 { "```" } else { "" };
        let Some(command) = part
            .strip_prefix("console\n$ renewcast ")
            .and_then(|part| part.lines().next())
        else {
            anew += part;
            continue;
        };
        let place = place_of_the_page();
        let answer = place.run_from(&format!("\"$0\" {command}"), "");
        anew += &format!(
            "console\n$ renewcast {command}\n{}{}",
            answer.out, answer.err
        );
    }
    if env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &anew).expect("the page can be written");
    }
    assert!(
        env::var_os("UPDATE_EXPECTED").is_some() || anew == page,
        "docs/plan.md is not up to date; `just expected`"
    );
}

#[test]
fn a_plan_that_was_copied_into_its_book_runs_without_failures() {
    let place = place_of_the_page();
    place.run("plan data/example").done().says("Top-ups");
    let scenario = place.text("reports/example/cash-plan/scenarios/plan.toml");
    place.write(
        Path::new("data/example/scenarios/plan.toml"),
        scenario.as_bytes(),
    );
    let answer = place
        .run("run data/example --scenario plan --no-charts --fail-on failed,rejected")
        .done();
    assert!(!answer.out.contains("Failed renewals"), "{}", answer.out);
}

#[test]
fn questions_without_an_answer_are_refused() {
    let place = place_of_the_page();
    place
        .run("plan data/example --cadence 2031-01-01")
        .refused()
        .complains("no money can arrive");
    place
        .run("plan data/example --cadence often")
        .refused()
        .complains("monthly, weekly, daily");
    place
        .run("plan data/example --keep oddly")
        .refused()
        .complains("unknown-selector-column")
        .complains("--keep");
    place
        .run("plan data/example --reserve 0.001")
        .refused()
        .complains("--reserve 0.001");
    place.run("plan data/example --reserve -1").exits_with(2);
    place
        .run("plan data/example --out data/example")
        .refused()
        .complains("is a book");
}

#[test]
fn an_impossible_demand_is_explained() {
    let place = place_of_the_page();
    let answer = place
        .run("plan data/example --cadence 2027-01-20 --no-charts")
        .found();
    answer
        .says("CNY 69.92 missing for the renewal of lab-db-1 on 2027-01-14")
        .says("it must be there by 2027-01-14");
    assert!(
        place
            .text("reports/example/cash-plan/impossible.csv")
            .contains("lab,lab-db-1,2027-01-14,renewal,69.92,2027-01-14,demand")
    );
}

/// The judge of sets: nothing that is kept fails with the budget, whatever is let go.
fn keeps(book: &Book, let_go: &[InstanceIndex], budget: i64) -> bool {
    let from = book.days.from;
    let mut actions = vec![top_up(AccountIndex(0), from, money(budget))];
    actions.retain(|_| budget > 0);
    actions.extend(let_go.iter().map(|instance| {
        let listed = book.instance(*instance);
        let verb = match listed.charge_type {
            ChargeType::Prepaid => Verb::SetFlag(RenewFlag::None, None),
            ChargeType::Postpaid => Verb::Stop,
        };
        let date = listed.starts_on.unwrap_or(from);
        Action {
            date,
            sent: None,
            account: None,
            target: Target::Instance(*instance),
            verb,
            note: None,
        }
    }));
    let replay = with(book, &actions).expect("a tiny book lacks no price");
    lacks(book, &replay, (AccountIndex(0), from.yesterday()), None).is_none()
}

#[test]
fn no_set_of_instances_is_worth_more_than_the_one_that_is_kept() {
    let reached = Mutex::new(BTreeSet::new());
    for_each_seed(books() / 2, |seed| {
        let files = tiny_book(seed);
        let book = book(&files);
        let worth = [
            InstanceValue::Price,
            InstanceValue::Count,
            InstanceValue::Priority,
        ][usize::try_from(seed % 3).expect("small")];
        let worth = plan::weigh(&book, worth).expect("few instances");
        for budget in 0..=6 {
            let question = PlanQuestion {
                cadence: Cadence::On(vec![book.days.from]),
                channel: None,
                keep: KeepRule::Due,
                reserve: BTreeMap::new(),
                tolerance: Tolerance::Nothing,
                budgets: BTreeMap::from([(AccountIndex(0), money(budget))]),
                worth: worth.clone(),
            };
            let plan = plan::plan(&book, &question).expect("no price is missing");
            let Some(triage) = &plan.accounts[0].triage else {
                continue;
            };
            let candidates = [triage.kept.clone(), triage.let_go.clone()].concat();
            let sum = |let_go: &[InstanceIndex]| -> u128 {
                candidates
                    .iter()
                    .filter(|one| !let_go.contains(one))
                    .map(|one| worth[one])
                    .sum()
            };
            let sets = (0..1_usize << candidates.len()).map(|set| {
                let out = candidates
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| set >> at & 1 == 1);
                out.map(|(_, instance)| *instance).collect::<Vec<_>>()
            });
            let most = sets
                .filter(|let_go| keeps(&book, let_go, budget))
                .map(|let_go| sum(&let_go))
                .max();
            let what = format!("seed {seed}, budget {budget}: {plan:#?}\n{files:#?}");
            assert!(triage.is_best(), "{what}");
            match most {
                Some(most) => {
                    assert_eq!(triage.worth, most, "{what}");
                    assert!(keeps(&book, &triage.let_go, budget), "{what}");
                    assert!(plan.accounts[0].unmet.is_empty(), "{what}");
                }
                None => assert!(!plan.accounts[0].unmet.is_empty(), "{what}"),
            }
            reached.lock().expect("no book failed").insert((
                most.is_some(),
                triage.kept.len(),
                triage.let_go.len(),
            ));
        }
    });
    let reached = reached.into_inner().expect("no book failed");
    assert!(
        reached
            .iter()
            .any(|(possible, kept, gone)| *possible && *kept > 0 && *gone > 0),
        "{reached:?}"
    );
}

/// A large account: the set is possible, and its worth and bound are near each other.
#[test]
fn a_large_account_is_kept_nearly_best() {
    let mut instances =
        "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n".to_owned();
    for number in 0..300_u32 {
        let (price, day) = (7 + number * 37 % 91, 1 + number * 11 % 28);
        instances += &format!(
            "i-{number:03},a,PREPAID,auto,{price}.{:02},2027-01-{day:02}\n",
            number % 100
        );
    }
    let files = Files::from([
        (
            "book.toml".to_owned(),
            "from = 2027-01-01\nto = 2027-12-31\n".to_owned(),
        ),
        (
            "accounts.csv".to_owned(),
            "account_id,cash\na,100.00\n".to_owned(),
        ),
        ("instances.csv".to_owned(), instances),
    ]);
    let book = book(&files);
    let question = PlanQuestion {
        cadence: Cadence::Monthly,
        channel: None,
        keep: KeepRule::Due,
        reserve: BTreeMap::new(),
        tolerance: Tolerance::Nothing,
        budgets: BTreeMap::from([(AccountIndex(0), money(7_000_000))]),
        worth: plan::weigh(&book, InstanceValue::Price).expect("prices are worths"),
    };
    let plan = plan::plan(&book, &question).expect("no price is missing");
    let triage = plan.accounts[0]
        .triage
        .as_ref()
        .expect("the budget keeps half of them");
    assert!(
        plan.accounts[0].unmet.is_empty() && keeps(&book, &triage.let_go, 7_000_000),
        "{triage:?}"
    );
    assert!(
        triage.worth <= triage.most && triage.most - triage.worth <= triage.most / 100,
        "{triage:?}"
    );
}
