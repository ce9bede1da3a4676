//! The to-do list saves what it says: with its rows behind the actions of the book nothing fails, nothing is lost that is to be
//! kept, and nothing is left to do. The reference model is the judge of the second run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use csv::{Reader, StringRecord, Writer};
use renewcast::analysis::plan;
use renewcast::analysis::summary::{Summary, Tally};
use renewcast::analysis::tasks::{self, TaskKind, TaskList};
use renewcast::engine;
use renewcast::model::book::Book;
use renewcast::model::instance::InstanceIndex;
use renewcast::output::tasks as files;

use crate::books::random_book;
use crate::cases::all_cases;
use crate::cells::position;
use crate::laws::for_each_seed;
use crate::oracle;
use crate::support::{Files, assert_same, book, builtin, run_or_refuse};

/// So many random books are held against the law, unless the environment asks for another number: `BOOKS=10000`.
fn books() -> u64 {
    env::var("BOOKS")
        .ok()
        .map_or(400, |text| text.parse().expect("BOOKS is a number"))
}

/// What a run comes to, unless an action stops it.
pub(crate) fn summary(book: &Book) -> Option<Summary> {
    let replay = engine::replay(book).ok()?;
    let mut tally = Tally::for_book(book);
    tally.tally_entries(replay.ledger.entries.iter(), replay.ledger.balances.iter());
    Some(tally.into_summary())
}

/// The rows of a table, by column.
fn rows(text: &str) -> (StringRecord, Vec<StringRecord>) {
    let mut reader = Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header row").clone();
    (
        header,
        reader.records().map(|row| row.expect("a row")).collect(),
    )
}

/// The book with rows of `actions.csv` behind its own.
pub(crate) fn with_actions(files: &Files, more: &str) -> Files {
    let mut files = files.clone();
    let (columns, more) = rows(more);
    let own = files
        .get("actions.csv")
        .map_or_else(|| (StringRecord::new(), Vec::new()), |text| rows(text));
    let mut header: Vec<&str> = own.0.iter().collect();
    header.extend(
        columns
            .iter()
            .filter(|column| !own.0.iter().any(|known| known == *column)),
    );
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(&header).expect("memory takes any row");
    for (columns, rows) in [(&own.0, &own.1), (&columns, &more)] {
        for row in rows {
            let cell = |name: &&str| {
                columns
                    .iter()
                    .position(|column| column == *name)
                    .and_then(|at| row.get(at))
            };
            writer
                .write_record(header.iter().map(|name| cell(name).unwrap_or("")))
                .expect("memory takes any row");
        }
    }
    let text = String::from_utf8(writer.into_inner().expect("memory takes any row"))
        .expect("rows are UTF-8");
    files.insert("actions.csv".to_owned(), text);
    files
}

/// The rows that the list of a book puts behind its actions.
fn actions(book: &Book, list: &TaskList) -> String {
    let [_, (_, bytes)] = files::files(book, list);
    String::from_utf8(bytes).expect("rows are UTF-8")
}

/// What a ledger still has that the list was to avert.
struct Judge<'f> {
    files: &'f Files,
    list: &'f TaskList,
    book: &'f Book,
}

impl Judge<'_> {
    fn complaints(&self, ledger: &str) -> Vec<String> {
        let (header, rows) = rows(ledger);
        let columns = [
            "date",
            "instance_id",
            "event",
            "reason",
            "detail",
            "account_id",
        ]
        .map(|name| position(&header, name));
        let mut flags = self.cells("renew_flag", "manual");
        let mut given_up: BTreeSet<String> = self
            .cells("returned", "false")
            .into_iter()
            .filter(|(_, cell)| cell == "true")
            .map(|(id, _)| id)
            .collect();
        let mut complaints = Vec::new();
        for row in &rows {
            let [date, id, event, reason, detail, account] = columns.map(|column| &row[column]);
            match (event, reason) {
                ("flag_set", _) => {
                    let flag = detail.split([' ', ';']).next().unwrap_or_default();
                    flags.insert(id.to_owned(), flag.to_owned());
                }
                ("returned", _) => {
                    given_up.insert(id.to_owned());
                }
                ("recovered", _) => {
                    given_up.remove(id);
                }
                ("renewal_failed", _) | ("stopped", "arrears") => {
                    complaints.push(format!("{date} {account} {id} {event}"));
                }
                ("rejected", "insufficient_funds") if !self.is_unmet(date, id) => {
                    complaints.push(format!("{date} {account} {id} {event} {detail}"));
                }
                ("terminated", "retention_over") => {
                    let kept = flags.get(id).is_none_or(|flag| {
                        flag != "none" && flag != "DISABLE_NOTIFY_AND_MANUAL_RENEW"
                    });
                    if kept && !given_up.contains(id) && !self.is_beyond(id) {
                        complaints.push(format!("{date} {account} {id} {event}"));
                    }
                }
                _ => {}
            }
        }
        complaints
    }

    /// A column of the inventory, by instance.
    fn cells(&self, column: &str, default: &str) -> BTreeMap<String, String> {
        let (header, rows) = rows(&self.files["instances.csv"]);
        let id = position(&header, "instance_id");
        let at = header.iter().position(|name| name == column);
        let cell = |row: &StringRecord| {
            at.and_then(|at| row.get(at))
                .filter(|cell| !cell.is_empty())
                .unwrap_or(default)
                .to_owned()
        };
        rows.iter()
            .map(|row| (row[id].to_owned(), cell(row)))
            .collect()
    }

    fn name(&self, instance: InstanceIndex) -> &str {
        self.book.instance(instance).id.as_str()
    }

    fn is_unmet(&self, date: &str, id: &str) -> bool {
        date == self.book.days.from.to_string()
            && self.list.unmet.iter().any(|(_, failure)| {
                failure.instance.is_some_and(|one| self.name(one) == id)
                    || date == failure.day.to_string()
            })
    }

    fn is_beyond(&self, id: &str) -> bool {
        self.list
            .beyond
            .iter()
            .any(|(instance, day)| self.name(*instance) == id && *day <= self.book.days.from)
    }
}

/// Does what the list of a book says, and holds the second run against the law.
fn done(name: &str, files: &Files) {
    if run_or_refuse(files).is_none() {
        return;
    }
    let first = book(files);
    let list = tasks::list(&first, &summary(&first).expect("it was replayed"));
    if !list.unknown.is_empty() || list.is_too_large {
        return;
    }
    let more = actions(&first, &list);
    let done = with_actions(files, &more);
    let what = || format!("{name}\n{more}\n{list:#?}\n{done:#?}");
    let model = oracle::replay(&done, builtin());
    assert!(!model.is_refused, "{}", what());
    let complaints = Judge {
        files,
        list: &list,
        book: &first,
    }
    .complaints(&model.ledger);
    assert!(complaints.is_empty(), "{complaints:#?}\n{}", what());
    let written = run_or_refuse(&done).expect("the model is not refused");
    assert_same(
        &format!("{name}, ledger.csv"),
        &model.ledger,
        &written.ledger,
        &done,
    );
    let second = book(&done);
    let left = tasks::list(&second, &summary(&second).expect("it was replayed"));
    assert!(
        left.lines.is_empty(),
        "left to do: {:#?}\n{}",
        left.lines,
        what()
    );
    assert!(
        list.lines
            .iter()
            .all(|line| line.by <= line.latest && line.latest <= first.days.to),
        "{}",
        what()
    );
}

/// Rules **todo-list**, **todo-impossible**.
#[test]
fn with_the_list_done_nothing_fails_is_lost_or_left_to_do() {
    for_each_seed(books(), |seed| {
        done(&format!("seed {seed}"), &random_book(seed));
    });
}

/// The worked examples and the example too.
#[test]
fn the_lists_of_all_cases_save_what_they_say() {
    for (name, files) in all_cases() {
        done(&name, &files);
    }
}

/// The example, read from its folder.
fn example() -> Files {
    all_cases()
        .into_iter()
        .find(|(name, _)| name == "example")
        .expect("there is an example")
        .1
}

/// Without any one line of the example's list something fails, is lost, or falls below an alert line.
#[test]
fn each_line_of_the_example_is_needed() {
    let files = example();
    let first = book(&files);
    let list = tasks::list(&first, &summary(&first).expect("no price is missing"));
    assert!(list.lines.len() > 8, "{list:#?}");
    for at in 0..list.lines.len() {
        let mut fewer = list.clone();
        let line = fewer.lines.remove(at);
        let model = oracle::replay(&with_actions(&files, &actions(&first, &fewer)), builtin());
        let complaints = Judge {
            files: &files,
            list: &list,
            book: &first,
        }
        .complaints(&model.ledger);
        let alerts = match &line.what {
            TaskKind::TopUp { first, .. } if first.cause == plan::NeedCause::Floor => model
                .ledger
                .lines()
                .filter(|row| row.contains("balance_alert"))
                .any(|row| row.contains(&first.day.to_string())),
            _ => false,
        };
        assert!(
            !complaints.is_empty() || alerts,
            "nothing happens without {line:#?}"
        );
    }
}

/// What documents show of the to-do list is what the example's run says, which the law holds.
#[test]
fn a_line_that_a_document_shows_is_one_of_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &Path| {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let answer = read(&root.join("data/cases/example-answer.txt"));
    let mut pages = vec![root.join("README.md")];
    pages.extend(
        fs::read_dir(root.join("docs"))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path()),
    );
    let mut shown = 0;
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|ending| ending == "md"))
    {
        for line in read(page)
            .lines()
            .filter(|line| line.starts_with("  by 20"))
        {
            assert!(
                answer.lines().any(|known| known == line),
                "{}: {line}",
                page.display()
            );
            shown += 1;
        }
    }
    assert!(shown > 1, "documents show the list");
}

/// An account that is not asked has nothing to do.
#[test]
fn the_list_is_the_plan_of_all_accounts() {
    for_each_seed(books() / 4, |seed| {
        let first = book(&random_book(seed));
        let Some(summary) = summary(&first) else {
            return;
        };
        let list = tasks::list(&first, &summary);
        let Ok(plan) = plan::plan(&first, &tasks::question()) else {
            return;
        };
        let lines: usize = plan
            .accounts
            .iter()
            .map(|plan| plan.top_ups.len() + plan.tasks.len())
            .sum();
        assert_eq!(list.lines.len(), lines, "seed {seed}: {list:#?}\n{plan:#?}");
    });
}

/// A book of one instance, worked out by hand: keys of its profile beyond those of `tencent-cvm` (2 days until the bin, 7 in it,
/// attempts from the expiry on), its cells, actions, and the lines of the list.
struct Worked {
    what: &'static str,
    days: (&'static str, &'static str),
    profile: &'static str,
    /// `charge_type,renew_flag,expires_on,state,since,returned`.
    instance: &'static str,
    /// `date,action,months,flag`.
    actions: &'static [&'static str],
    /// `by,latest,action,months,flag,covers_until,reason`.
    list: &'static [&'static str],
}

const WINTER: (&str, &str) = ("2026-12-01", "2027-01-31");
const SPRING: (&str, &str) = ("2026-05-01", "2026-06-15");

#[rustfmt::skip]
const WORKED: &[Worked] = &[
    // The flag helps until the day on which it goes to the bin; after that only a renewal does.
    Worked { what: "expires on 10 Dec, in the bin on the 12th, gone on the 20th", days: WINTER, profile: "",
        instance: "PREPAID,manual,2026-12-10,,,", actions: &[],
        list: &["2026-12-12,2026-12-19,set_flag,,auto,,flag"] },
    Worked { what: "in the bin at once, attempts from nine days before", days: WINTER,
        profile: "suspend_after_days = 0\nretention_days = 15\nauto_renew_first = -9",
        instance: "PREPAID,manual,2026-12-10,,,", actions: &[],
        list: &["2026-12-10,2026-12-25,set_flag,,auto,,flag"] },
    Worked { what: "a bin in which it renews itself: working until the 17th", days: WINTER,
        profile: "suspend_after_days = 7\nauto_renew_while_reclaimed = true",
        instance: "PREPAID,manual,2026-12-10,,,", actions: &[],
        list: &["2026-12-17,2026-12-24,set_flag,,auto,,flag"] },
    Worked { what: "in the bin at the opening since 28 Nov: renew by 5 Dec, then the flag helps", days: WINTER, profile: "",
        instance: "PREPAID,manual,2026-11-26,,,", actions: &[],
        list: &["2026-12-05,2026-12-05,renew,1,,2026-12-26,in_bin", "2026-12-28,2027-01-04,set_flag,,auto,,flag"] },
    Worked { what: "in a bin in which it renews itself since 27 Nov: the flag helps until its last day", days: WINTER,
        profile: "suspend_after_days = 7\nauto_renew_while_reclaimed = true",
        instance: "PREPAID,manual,2026-11-20,,,", actions: &[],
        list: &["2026-12-04,2026-12-04,set_flag,,auto,,flag"] },
    Worked { what: "overdue at the opening, in the bin on 2 Dec", days: WINTER, profile: "",
        instance: "PREPAID,manual,2026-11-30,,,", actions: &[],
        list: &["2026-12-02,2026-12-09,set_flag,,auto,,flag"] },
    // Profiles that never renew, and attempts that are over.
    Worked { what: "no attempt at all, paid on 6 May: 1 Jun + 7 is the bin, 1 Jun + 11 the end", days: SPRING,
        profile: "auto_renew_days = []\nsuspend_after_days = 7\nretention_days = 10\nretention_from = \"expiry\"",
        instance: "PREPAID,manual,2026-05-01,,,", actions: &["2026-05-06,renew,1,"],
        list: &["2026-06-08,2026-06-11,renew,1,,2026-07-01,no_attempts"] },
    Worked { what: "no attempt at all: one renewal for each term", days: SPRING,
        profile: "auto_renew_days = []\nsuspend_after_days = 7\nretention_days = 10\nretention_from = \"expiry\"",
        instance: "PREPAID,manual,2026-05-05,,,", actions: &[],
        list: &["2026-05-12,2026-05-15,renew,1,,2026-06-05,no_attempts", "2026-06-12,2026-06-15,renew,1,,2026-07-05,no_attempts"] },
    Worked { what: "no attempt at all, although its flag is auto", days: SPRING,
        profile: "auto_renew_days = []\nsuspend_after_days = 7\nretention_days = 10\nretention_from = \"expiry\"",
        instance: "PREPAID,auto,2026-05-05,,,", actions: &[],
        list: &["2026-05-12,2026-05-15,renew,1,,2026-06-05,no_attempts", "2026-06-12,2026-06-15,renew,1,,2026-07-05,no_attempts"] },
    Worked { what: "one attempt, on the expiry date: the flag helps until then", days: SPRING,
        profile: "auto_renew_days = [0]\nsuspend_after_days = 7\nretention_days = 10\nretention_from = \"expiry\"",
        instance: "PREPAID,manual,2026-05-05,,,", actions: &[],
        list: &["2026-05-05,2026-05-15,set_flag,,auto,,flag"] },
    Worked { what: "the only attempt comes when it is in the bin, where there is none", days: SPRING,
        profile: "auto_renew_days = [9]\nsuspend_after_days = 7\nretention_days = 10\nretention_from = \"expiry\"",
        instance: "PREPAID,manual,2026-05-20,,,", actions: &[],
        list: &["2026-05-27,2026-05-30,renew,1,,2026-06-20,attempts_over"] },
    Worked { what: "the attempt of this term is over, that of the next is not", days: SPRING,
        profile: "auto_renew_days = [-3]\nsuspend_after_days = 7\nretention_days = 10\nretention_from = \"expiry\"",
        instance: "PREPAID,manual,2026-05-02,,,", actions: &[],
        list: &["2026-05-09,2026-05-12,renew,1,,2026-06-02,attempts_over", "2026-05-30,2026-06-12,set_flag,,auto,,flag"] },
    // A flag that comes too late, and a renewal that was never told.
    Worked { what: "auto, in the bin since 30 Nov: nothing renews it there", days: WINTER, profile: "",
        instance: "PREPAID,auto,2026-11-28,,,", actions: &[],
        list: &["2026-12-07,2026-12-07,renew,1,,2026-12-28,in_bin"] },
    Worked { what: "auto, in a bin in which it renews itself", days: WINTER, profile: "auto_renew_while_reclaimed = true",
        instance: "PREPAID,auto,2026-11-28,,,", actions: &[], list: &[] },
    Worked { what: "released on the first morning: nothing helps", days: WINTER, profile: "",
        instance: "PREPAID,auto,2026-11-21,,,", actions: &[], list: &[] },
    Worked { what: "a month from 15 Sep ends before 26 Dec, four months do not", days: WINTER, profile: "retention_days = 100",
        instance: "PREPAID,auto,2026-09-15,,,", actions: &[],
        list: &["2026-12-26,2026-12-26,renew,4,,2027-01-15,in_bin"] },
    Worked { what: "the same where only single months are offered", days: WINTER,
        profile: "retention_days = 100\nrenew_periods = [1]",
        instance: "PREPAID,auto,2026-09-15,,,", actions: &[],
        list: &["2026-12-26,2026-12-26,renew,1,,2026-10-15,in_bin", "2026-12-26,2026-12-26,renew,1,,2026-11-15,in_bin",
            "2026-12-26,2026-12-26,renew,1,,2026-12-15,in_bin", "2026-12-26,2026-12-26,renew,1,,2027-01-15,in_bin"] },
    Worked { what: "set to auto by people in the bin, where that does not help: two days earlier it does", days: WINTER, profile: "",
        instance: "PREPAID,manual,2026-12-10,,,", actions: &["2026-12-14,set_flag,,auto"],
        list: &["2026-12-12,2026-12-19,set_flag,,auto,,flag"] },
    // A disk that does not renew, beside one that is not meant to.
    Worked { what: "a disk: 5 + 7 Dec is the bin, 12 + 8 the end", days: WINTER, profile: "suspend_after_days = 7",
        instance: "PREPAID,manual,2026-12-05,,,", actions: &[],
        list: &["2026-12-12,2026-12-19,set_flag,,auto,,flag"] },
    Worked { what: "it ends on purpose: its flag says so", days: WINTER, profile: "suspend_after_days = 7",
        instance: "PREPAID,none,2026-12-05,,,", actions: &[], list: &[] },
    Worked { what: "it ends on purpose: people say so while it is overdue", days: WINTER, profile: "suspend_after_days = 7",
        instance: "PREPAID,manual,2026-12-05,,,", actions: &["2026-12-06,set_flag,,none"], list: &[] },
    Worked { what: "it ends on purpose: people return it", days: WINTER, profile: "suspend_after_days = 7",
        instance: "PREPAID,manual,2026-12-05,,,", actions: &["2026-12-06,terminate,,"], list: &[] },
    Worked { what: "people renew it in the bin on the 14th; the next term needs the flag", days: WINTER,
        profile: "suspend_after_days = 7",
        instance: "PREPAID,manual,2026-12-05,,,", actions: &["2026-12-14,renew,1,"],
        list: &["2027-01-12,2027-01-19,set_flag,,auto,,flag"] },
    Worked { what: "it goes to the bin after the run", days: WINTER, profile: "suspend_after_days = 7",
        instance: "PREPAID,manual,2027-01-28,,,", actions: &[], list: &[] },
    Worked { what: "what can be saved after the run is cut to its last day", days: WINTER, profile: "",
        instance: "PREPAID,manual,2027-01-25,,,", actions: &[],
        list: &["2027-01-27,2027-01-31,set_flag,,auto,,flag"] },
    // Postpaid.
    Worked { what: "stopped on 28 Nov, kept for 15 days, started by people", days: WINTER, profile: "restart = \"manual\"",
        instance: "POSTPAID_BY_HOUR,manual,,stopped,2026-11-28,", actions: &[],
        list: &["2026-12-13,2026-12-13,start,,,,stopped"] },
    Worked { what: "the same where money is enough", days: WINTER, profile: "restart = \"automatic\"",
        instance: "POSTPAID_BY_HOUR,manual,,stopped,2026-11-28,", actions: &[], list: &[] },
];

impl Worked {
    fn files(&self) -> Files {
        let (from, to) = self.days;
        let texts = [
            (
                "book.toml",
                format!(
                    "name = \"One\"\nfrom = {from}\nto = {to}\ntime_zone = \"Asia/Shanghai\"\ncurrency = \"CNY\"\nprofile = \"own\"\n"
                ),
            ),
            (
                "profiles.toml",
                format!(
                    "[own]\nextends = \"tencent-cvm\"\ndiscounts = {{}}\n{}\n",
                    self.profile
                ),
            ),
            ("accounts.csv", "account_id,cash\nmain,5000.00\n".to_owned()),
            (
                "instances.csv",
                format!(
                    "instance_id,account_id,monthly_price,hourly_price,charge_type,renew_flag,expires_on,state,since,returned\n\
                     vm-1,main,60.00,0.01,{}\n",
                    self.instance
                ),
            ),
            (
                "actions.csv",
                self.actions.iter().fold(
                    "date,action,months,flag,instance_id\n".to_owned(),
                    |text, row| text + row + ",vm-1\n",
                ),
            ),
        ];
        texts
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text))
            .collect()
    }
}

#[test]
fn a_list_is_what_the_rules_say_by_hand() {
    for case in WORKED {
        let files = case.files();
        let book = book(&files);
        let list = tasks::list(&book, &summary(&book).expect("no price is missing"));
        let [(_, bytes), _] = files::files(&book, &list);
        let (header, rows) = rows(&String::from_utf8(bytes).expect("a list is UTF-8"));
        let columns = [
            "by",
            "latest",
            "action",
            "months",
            "flag",
            "covers_until",
            "reason",
        ];
        let at = columns.map(|name| {
            header
                .iter()
                .position(|column| column == name)
                .expect("a column of the list")
        });
        let lines: Vec<String> = rows
            .iter()
            .map(|row| at.map(|at| &row[at]).join(","))
            .collect();
        assert_eq!(lines, case.list, "{}", case.what);
    }
}

#[test]
fn a_worked_list_saves_what_it_says() {
    for case in WORKED {
        let files = case.files();
        done(case.what, &files);
    }
}
