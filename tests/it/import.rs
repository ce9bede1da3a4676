//! Imports of cloud answers: each shape and each trap is a file in `data/imports`, each expectation a row of a table, the
//! long ones in `tests/it/import`.
//!
//! All books begin on 2026-12-01 in Shanghai. `data/imports/fleet/book` is what `renewcast import tencent` makes of
//! `data/imports/fleet/*.json`; `data/imports/wrong` are answers that are refused.

mod cells;
mod refused;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use renewcast::input::diagnostic::{Code, Diagnostics, Severity};
use renewcast::input::import::{Imported, KnownProfile, Options, Source, tencent};
use renewcast::input::{Folder, builtin_rules, read_book};
use renewcast::model::calendar::Day;
use renewcast::model::id::AccountId;
use renewcast::model::money::Currency;
use renewcast::model::profile::Profile;

use crate::cells::Row;
use crate::program::Place;

const FLEET: &[&str] = &[
    "fleet/cvm-page-1.json",
    "fleet/cvm-page-2.json",
    "fleet/disks.json",
    "fleet/lighthouse.json",
    "fleet/renewals.json",
    "fleet/balance.json",
    "fleet/vouchers.json",
    "fleet/price.json",
];

/// Files that become a book each.
const BOOKS: &[&str] = &[
    "array.json",
    "credit.json",
    "debt.json",
    "hourly-and-listed.json",
    "missing-pages.json",
    "odd-sum.json",
    "renewals.json",
    "same-page-twice.json",
    "states-cvm.json",
    "states-disks.json",
    "states-lighthouse.json",
    "two-accounts.json",
    "useless.json",
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data/imports")
        .join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn sources(names: &[&str]) -> Vec<Source> {
    names
        .iter()
        .map(|name| Source {
            name: (*name).to_owned(),
            bytes: text(name).into_bytes(),
        })
        .collect()
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day of a test")
}

/// The built-in profiles, resolved.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(builtin_rules);

fn options() -> Options {
    Options {
        name: "Fleet".to_owned(),
        zone: chrono_tz::Asia::Shanghai,
        from: day("2026-12-01"),
        to: day("2027-11-30"),
        account: AccountId::new("main").expect("not empty"),
        currency: Currency::from_code("CNY").expect("known"),
        as_of: day("2026-12-01"),
        complete: false,
        followed: None,
        profiles: PROFILES.iter().map(KnownProfile::from).collect(),
    }
}

fn import(names: &[&str]) -> Imported {
    tencent(&sources(names), &options()).unwrap_or_else(|found| panic!("{names:?}: {found:?}"))
}

fn import_text(text: &str) -> Result<Imported, Diagnostics> {
    tencent(
        &[Source {
            name: "answer.json".to_owned(),
            bytes: text.as_bytes().to_vec(),
        }],
        &options(),
    )
}

fn file<'i>(imported: &'i Imported, name: &str) -> &'i str {
    let found = imported.files.iter().find(|(file, _)| *file == name);
    &found.unwrap_or_else(|| panic!("there is no {name}")).1
}

/// The rows of a file by their first cell, cells by column.
fn rows(text: &str) -> BTreeMap<String, Row> {
    let first = csv::Reader::from_reader(text.as_bytes())
        .headers()
        .expect("a header")[0]
        .to_owned();
    crate::cells::rows(text)
        .into_iter()
        .map(|row| (row[&first].clone(), row))
        .collect()
}

/// Chosen cells of an instance, joined by blanks; `-` for an empty one, nothing where there is no row.
fn cells(imported: &Imported, id: &str, columns: &[&str]) -> String {
    let rows = rows(file(imported, "instances.csv"));
    let Some(row) = rows.get(id) else {
        return String::new();
    };
    let shown = columns
        .iter()
        .map(|column| shown(row.get(*column).map_or("", String::as_str)));
    shown.collect::<Vec<_>>().join(" ")
}

/// A cell among others in a line.
fn shown(cell: &str) -> &str {
    if cell.is_empty() { "-" } else { cell }
}

/// The rows of a table beside this file, without its heading.
fn table<const WIDTH: usize>(text: &str) -> Vec<[String; WIDTH]> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(|row| {
        let row: Vec<String> = row.expect("a row").iter().map(str::to_owned).collect();
        row.try_into().expect("a cell for each column")
    });
    let rows: Vec<_> = rows.collect();
    assert!(!rows.is_empty(), "a table without rows tests nothing");
    rows
}

fn folder<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Folder {
    let mut folder = Folder::default();
    files
        .into_iter()
        .for_each(|(name, text)| folder.insert(name, text.as_bytes().to_vec()));
    folder
}

fn messages(found: &Diagnostics) -> Vec<String> {
    found
        .iter()
        .map(|one| format!("{}: {}", one.code.as_str(), one.message))
        .collect()
}

#[test]
fn a_fleet_becomes_this_book() {
    let imported = import(FLEET);
    for (name, made) in &imported.files {
        assert_eq!(*made, text(&format!("fleet/book/{name}")), "{name}");
    }
    assert_eq!(
        imported.to_do.len(),
        imported.counts.prices,
        "{:?}",
        imported.to_do
    );
    let counts = imported.counts;
    assert_eq!(
        (
            counts.answers,
            counts.instances,
            counts.accounts,
            counts.prices
        ),
        (9, 8, 1, 7)
    );
    let notes = messages(&imported.notes);
    let expected = [
        "left-out: usable vouchers are not part of the book: 2, worth 52.50000001 CNY",
        "left-out: a price that names neither instances nor months is left out: `InstancePrice.OriginalPrice` 240.0, \
         `InstancePrice.DiscountPrice` 175.2",
        "left-out: disks that are not elastic live and are paid with their instance and have no row: 1 (`disk-sys1`)",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn balances_become_accounts_exactly() {
    let table = [
        ("credit.json", "100000000001,1000.00,300.00,65.50,5000.00\n"),
        ("debt.json", "100000000002,-800.00,0.00,0.00,0.00\n"),
        (
            "odd-sum.json",
            "100000000001,1000.00,300.00,65.50,5000.00\n",
        ),
        ("array.json", "main,,,,\n"),
        (
            "two-accounts.json",
            "100000000001,1000.00,300.00,65.50,5000.00\n100000000002,1000.00,300.00,65.50,0.00\nmain,,,,\n",
        ),
    ];
    for (name, expected) in table {
        let made = format!("account_id,cash,free_credit,frozen,credit_limit\n{expected}");
        assert_eq!(file(&import(&[name]), "accounts.csv"), made, "{name}");
    }
    assert_eq!(
        cells(&import(FLEET), "ins-web1", &["account_id"]),
        "100000000001"
    );
}

/// The lists of an answer, as people cut them out: taken, with one warning.
#[test]
fn instances_without_their_answer_are_taken() {
    let whole: serde_json::Value =
        serde_json::from_str(&text("fleet/cvm-page-1.json")).expect("JSON");
    let inner = if whole.get("Response").is_some() {
        &whole["Response"]
    } else {
        &whole
    };
    let entries = inner["InstanceSet"]
        .as_array()
        .expect("a list of instances");
    let array = serde_json::to_string(entries).expect("JSON");
    let lines: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    let expected = import_text(&whole.to_string()).expect("a whole answer");
    for cut in [array, lines] {
        let imported = import_text(&cut).unwrap_or_else(|found| panic!("{found:#?}"));
        assert_eq!(
            file(&imported, "instances.csv"),
            file(&expected, "instances.csv")
        );
        let notes = messages(&imported.notes);
        let taken = notes
            .iter()
            .filter(|note| note.contains("without the response around them are taken"));
        assert_eq!(taken.count(), 1, "{notes:?}");
    }
}

#[test]
fn a_disk_that_ends_before_its_server_is_named_and_keeps_the_name_of_its_server() {
    let disk = |more: &str| {
        format!(
            "{{\"TotalCount\": 1, \"DiskSet\": [{{\"DiskId\": \"disk-7\", \"DiskType\": \"CLOUD_BSSD\", \"DiskSize\": 50, \
             \"Portable\": true, \"InstanceId\": \"ins-7\", \"DiskChargeType\": \"PREPAID\", \"RenewFlag\": \
             \"NOTIFY_AND_MANUAL_RENEW\", \"DeadlineTime\": \"2026-12-09 08:00:00\", \"DiskState\": \"ATTACHED\"{more}}}]}}"
        )
    };
    for (more, warnings) in [
        ("", 0),
        (
            ", \"AutoRenewFlagError\": false, \"DeadlineError\": false",
            0,
        ),
        (", \"AutoRenewFlagError\": true", 1),
        (", \"DeadlineError\": true", 1),
        (", \"AutoRenewFlagError\": true, \"DeadlineError\": true", 1),
    ] {
        let imported = import_text(&disk(more)).unwrap_or_else(|found| panic!("{found:#?}"));
        let notes = messages(&imported.notes);
        let told = notes
            .iter()
            .filter(|note| note.contains("disk `disk-7` does not renew itself as its server does"));
        assert_eq!(told.count(), warnings, "{more}: {notes:?}");
        assert_eq!(
            cells(&imported, "disk-7", &["tag:attached_to", "expires_on"]),
            "ins-7 2026-12-09"
        );
    }
}

#[test]
fn what_is_gone_needs_no_price() {
    let instances = [("ins-1", "RUNNING"), ("ins-2", "TERMINATING")].map(|(id, state)| {
        format!(
            "{{\"InstanceId\": \"{id}\", \"InstanceType\": \"{id}.BIG\", \"InstanceChargeType\": \"PREPAID\", \"InstanceState\": \
             \"{state}\", \"ExpiredTime\": \"2026-12-09T08:00:00Z\", \"Placement\": {{\"Zone\": \"ap-guangzhou-3\"}}}}"
        )
    });
    let [here, gone] = instances;
    let imported = import_text(&format!(
        "{{\"TotalCount\": 2, \"InstanceSet\": [{here}, {gone}]}}"
    ))
    .expect("an answer");
    let prices = file(&imported, "prices.csv");
    assert!(
        prices.contains("ins-1.BIG") && !prices.contains("ins-2.BIG"),
        "{prices}"
    );
    assert_eq!(imported.counts.prices, 1);
    let prices = prices.replace("ap-guangzhou,,", "ap-guangzhou,10.00,");
    let files = imported.files.iter().map(|(name, text)| {
        (
            name.as_str(),
            if *name == "prices.csv" { &prices } else { text }.as_str(),
        )
    });
    let (book, found) = read_book(&folder(files), None);
    assert!(book.is_some(), "{found:#?}");
}

/// Rule **noted-to-do**.
#[test]
fn a_long_list_of_what_is_left_to_do_is_cut() {
    let instances: Vec<String> = (0..1_200)
        .map(|number| {
            format!(
                "{{\"InstanceId\": \"ins-{number}\", \"InstanceType\": \"S{number}\", \"InstanceChargeType\": \"PREPAID\", \
                 \"InstanceState\": \"RUNNING\", \"ExpiredTime\": \"2026-12-09T08:00:00Z\", \"Placement\": {{\"Zone\": \
                 \"ap-guangzhou-3\"}}}}"
            )
        })
        .collect();
    let text = format!(
        "{{\"TotalCount\": 1200, \"InstanceSet\": [{}]}}",
        instances.join(", ")
    );
    let imported = import_text(&text).expect("a response");
    let noted = file(&imported, "book.toml").matches("\n# - ").count();
    assert!(imported.to_do.len() > 1_000);
    assert_eq!(noted, 1_001);
    let rest = format!("# - and {} more\n", imported.to_do.len() - 1_000);
    assert!(file(&imported, "book.toml").contains(&rest));
}

/// Rule **imported-days**.
#[test]
fn an_imported_book_lasts_a_year_with_its_leap_day() {
    let place = Place::new().file("cvm.json", "{\"TotalCount\": 0, \"InstanceSet\": []}");
    place
        .run("import tencent cvm.json --from 2027-12-01 --out book")
        .done();
    let settings = place.text("book/book.toml");
    assert!(
        settings.contains("from = 2027-12-01\nto = 2028-11-30\n"),
        "{settings}"
    );
}

#[test]
fn products_of_databases_follow_their_own_profiles() {
    for (code, profile) in [
        ("p_cdb", "tencent-mysql"),
        ("p_postgres", "tencent-postgresql"),
        ("p_redis", "tencent-redis"),
    ] {
        let entry = format!(
            "{{\"InstanceId\": \"x-1\", \"ProductCode\": \"{code}\", \"ExpireTime\": \"2026-12-15 10:00:00\", \"Status\": \"NORMAL\"}}"
        );
        let imported = import_text(&format!("{{\"InstanceList\": [{entry}]}}")).expect("an answer");
        let settings = file(&imported, "book.toml");
        assert!(settings.contains(&format!("= \"{profile}\"")), "{settings}");
        assert!(!settings.contains("name the profile of"), "{settings}");
    }
}

#[test]
fn imported_books_need_prices_and_nothing_else() {
    let fleet = import(FLEET);
    for imported in std::iter::once(fleet).chain(BOOKS.iter().map(|name| import(&[name]))) {
        let files = || {
            imported
                .files
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()))
        };
        let (_, found) = read_book(&folder(files()), None);
        let codes: Vec<Code> = found.iter().map(|one| one.code).collect();
        assert!(
            codes.iter().all(|code| *code == Code::MissingPrice),
            "{found:#?}"
        );
        // What is gone needs none.
        let gone = file(&imported, "instances.csv")
            .matches(",terminated,")
            .count();
        assert_eq!(codes.len() + gone, imported.counts.instances);

        let prices = file(&imported, "prices.csv").replace(",,\n", ",100.00,0.50\n");
        let filled =
            files().map(|(name, text)| (name, if name == "prices.csv" { &prices } else { text }));
        let (book, found) = read_book(&folder(filled), None);
        assert!(
            book.is_some_and(|book| book.instances.len() == imported.counts.instances),
            "{found:#?}"
        );
        assert_eq!(found.iter().count(), 0, "{found:#?}");
    }
}

#[test]
fn neither_order_nor_repetition_changes_the_book() {
    let once = import(FLEET);
    let reversed: Vec<&str> = FLEET.iter().rev().copied().collect();
    let twice: Vec<&str> = FLEET.iter().chain(FLEET).copied().collect();
    let in_one_file = FLEET.iter().map(|name| text(name)).collect::<String>();
    for imported in [
        import(&reversed),
        import(&twice),
        import_text(&in_one_file).expect("the same answers"),
    ] {
        assert_eq!(imported.files, once.files);
        assert_eq!(imported.to_do, once.to_do);
    }
}

#[test]
fn odd_texts_stay_in_their_cells_and_comments() {
    let answer = "{\"InstanceSet\": [{\"InstanceId\": \"ins-\\\"1\\\",\\n2\", \"InstanceType\": \"T\\n[profile]\", \
                  \"InstanceChargeType\": \"PREPAID\", \"ExpiredTime\": \"2027-01-01T00:00:00Z\", \
                  \"Tags\": [{\"Key\": \"a,b\", \"Value\": \"=1+1\"}]}]}";
    let imported = import_text(answer).expect("odd, but right");
    assert_eq!(
        cells(&imported, "ins-\"1\",\n2", &["instance_type", "tag:a,b"]),
        "T\n[profile] '=1+1"
    );
    let (_, found) = read_book(
        &folder(
            imported
                .files
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str())),
        ),
        None,
    );
    assert!(
        found.iter().all(|one| one.code == Code::MissingPrice),
        "{found:#?}"
    );
    let spot = "{\"InstanceSet\": [{\"InstanceId\": \"a\\u001b[31m\", \"InstanceType\": \"T\", \
                \"InstanceChargeType\": \"X\\nY\"}]}";
    let notes = messages(&import_text(spot).expect("only left out").notes);
    assert_eq!(
        notes,
        ["left-out: `a [31m` has the charge type `X Y`, which a book does not know: it has no row"]
    );
}

#[test]
fn all_that_comes_with_a_book_is_a_warning() {
    for name in BOOKS {
        assert!(
            import(&[name])
                .notes
                .iter()
                .all(|one| one.code.severity() == Severity::Warning),
            "{name}"
        );
    }
}
