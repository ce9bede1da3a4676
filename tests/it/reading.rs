//! What a good book means: each row of a table is a text and what is read from it (`docs/spec/formats.md`).

use renewcast::input::diagnostic::Diagnostics;
use renewcast::input::{self, Folder};
use renewcast::model::book::Book;
use renewcast::model::instance::Instance;

const BOOK: &str = "from = 2026-12-01\nto = 2027-11-30\n";
const ACCOUNTS: &str = "account_id\nmain\n";

/// Reads a book of these files; `book.toml` and `accounts.csv` are plain where they are not among them.
fn read(files: &[(&str, &str)], scenario: Option<&str>) -> (Option<Book>, Diagnostics) {
    let mut folder = Folder::default();
    for (name, text) in [("book.toml", BOOK), ("accounts.csv", ACCOUNTS)]
        .iter()
        .chain(files)
    {
        folder.insert(name, text.as_bytes().to_vec());
    }
    input::read_book(&folder, scenario)
}

/// A book that must be read without errors.
fn book(files: &[(&str, &str)], scenario: Option<&str>) -> Book {
    let (book, found) = read(files, scenario);
    book.unwrap_or_else(|| panic!("{files:?}: {:#?}", found.iter().collect::<Vec<_>>()))
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// The only instance: `flag months monthly hourly starts expires anchor state since returned`.
fn standing(instance: &Instance) -> String {
    let words = [
        instance.renew_flag.name().to_owned(),
        instance.renew_months.to_string(),
        text(instance.monthly_price),
        text(instance.hourly_price),
        text(instance.starts_on),
        text(instance.expires_on),
        text(instance.anchor_day),
        text(instance.state.map(|state| state.name())),
        text(instance.since),
        text(instance.returned.then_some("returned")),
    ];
    words.join(" ")
}

#[test]
fn cells_become_an_instance() {
    // columns after `instance_id,account_id`, cells, what is read
    let table = [
        (
            "charge_type,monthly_price,expires_on",
            "PREPAID,100,2026-12-15",
            "manual 1 100 - - 2026-12-15 15 running - -",
        ),
        (
            "expires_on,charge_type,monthly_price",
            "2026-12-15,PREPAID,100",
            "manual 1 100 - - 2026-12-15 15 running - -",
        ),
        (
            "charge_type,hourly_price",
            "POSTPAID_BY_HOUR,0.10",
            "manual 1 - 0.1 - - - running - -",
        ),
        (
            "charge_type,monthly_price,expires_on,renew_flag,renew_months",
            "PREPAID,100,2026-12-15,NOTIFY_AND_AUTO_RENEW,12",
            "auto 12 100 - - 2026-12-15 15 running - -",
        ),
        (
            "charge_type,monthly_price,expires_on,renew_flag",
            "PREPAID,100,2026-12-15,NOTIFY_AND_MANUAL_RENEW",
            "manual 1 100 - - 2026-12-15 15 running - -",
        ),
        (
            "charge_type,monthly_price,expires_on,renew_flag",
            "PREPAID,100,2026-12-15,DISABLE_NOTIFY_AND_MANUAL_RENEW",
            "none 1 100 - - 2026-12-15 15 running - -",
        ),
        (
            "charge_type,monthly_price,expires_on,anchor_day",
            "PREPAID,100,2027-02-28,31",
            "manual 1 100 - - 2027-02-28 31 running - -",
        ),
        (
            "charge_type,monthly_price,expires_on,starts_on",
            "PREPAID,100,2026-12-15,2026-11-30",
            "manual 1 100 - 2026-11-30 2026-12-15 15 running - -",
        ),
        (
            "charge_type,monthly_price,starts_on",
            "PREPAID,100,2026-12-01",
            "manual 1 100 - 2026-12-01 - 1 - - -",
        ),
        (
            "charge_type,hourly_price,starts_on",
            "POSTPAID_BY_HOUR,1,2026-12-31",
            "manual 1 - 1 2026-12-31 - - - - -",
        ),
        (
            "charge_type,hourly_price,state,since",
            "POSTPAID_BY_HOUR,1,stopped,2026-11-01",
            "manual 1 - 1 - - - stopped 2026-11-01 -",
        ),
        (
            "charge_type,monthly_price,expires_on,state,since,returned",
            "PREPAID,100,2027-05-15,reclaimed,2026-11-29,true",
            "manual 1 100 - - 2027-05-15 15 reclaimed 2026-11-29 returned",
        ),
        (
            "charge_type,monthly_price,expires_on,state",
            "PREPAID,100,2020-05-15,terminated",
            "manual 1 100 - - 2020-05-15 15 terminated - -",
        ),
        (
            "charge_type,monthly_price,expires_on,state",
            "PREPAID,100,2026-11-30,running",
            "manual 1 100 - - 2026-11-30 30 running - -",
        ),
        (
            "charge_type,monthly_price,expires_on,state,since",
            "PREPAID,100,2020-05-15,reclaimed,2020-05-17",
            "manual 1 100 - - 2020-05-15 15 reclaimed 2020-05-17 -",
        ),
        (
            "charge_type,monthly_price,expires_on,name",
            "PREPAID,\"100\",2026-12-15,\"a, \"\"b\"\"\"",
            "manual 1 100 - - 2026-12-15 15 running - -",
        ),
    ];
    for (columns, cells, expected) in table {
        let csv = format!("\u{feff}instance_id,account_id,{columns}\r\n\r\nweb-1,main,{cells}\r\n");
        let book = book(&[("instances.csv", &csv)], None);
        assert_eq!(standing(&book.instances[0]), expected, "{columns}: {cells}");
    }
}

#[test]
fn a_state_follows_from_the_expiry() {
    // profile, expiry, state and since; nothing where the row is refused
    let table = [
        ("tencent-cvm", "2026-12-01", "running -"),
        ("tencent-cvm", "2026-11-30", "overdue -"),
        ("tencent-cvm", "2026-11-29", "overdue -"),
        ("tencent-cvm", "2026-11-28", "reclaimed 2026-11-30"),
        ("tencent-cvm", "2026-11-21", "reclaimed 2026-11-23"),
        ("tencent-cvm", "2026-11-20", ""),
        ("tencent-cvm-2016", "2026-12-01", "running -"),
        ("tencent-cvm-2016", "2026-11-30", "reclaimed 2026-11-30"),
        ("tencent-cvm-2016", "2026-11-23", "reclaimed 2026-11-23"),
        ("tencent-cvm-2016", "2026-11-22", ""),
    ];
    for (profile, expiry, expected) in table {
        let settings = format!("{BOOK}profile = \"{profile}\"\n");
        let csv = format!(
            "instance_id,account_id,charge_type,monthly_price,expires_on\nweb,main,PREPAID,1,{expiry}\n"
        );
        let (book, found) = read(&[("book.toml", &settings), ("instances.csv", &csv)], None);
        let state = |one: &Instance| {
            format!(
                "{} {}",
                text(one.state.map(|state| state.name())),
                text(one.since)
            )
        };
        let state = book.map_or_else(String::new, |book| state(&book.instances[0]));
        assert_eq!(
            state,
            expected,
            "{profile} {expiry}: {:?}",
            found.iter().map(|one| &one.message).collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_most_specific_price_wins() {
    let prices = "product,instance_type,region,monthly_price,hourly_price\n,S,,1,0.1\ncvm,S,,2,\n,S,north,3,\ncvm,S,north,4,\n\
                  ,T,,5,\n,T,,,0.5\n,T,north,6,\n";
    // product, type, region, own price, monthly price
    let table = [
        (",S,,", "2 0.1"),
        ("cvm,S,,", "2 0.1"),
        ("cbs,S,,", "1 0.1"),
        ("cbs,S,south,", "1 0.1"),
        ("cbs,S,north,", "3 0.1"),
        (",S,north,", "4 0.1"),
        (",S,north,9", "9 0.1"),
        (",T,,", "5 0.5"),
        (",T,north,", "6 0.5"),
        (",U,,9", "9 -"),
        (",,,9", "9 -"),
    ];
    for (cells, expected) in table {
        let csv = format!(
            "instance_id,account_id,charge_type,expires_on,product,instance_type,region,monthly_price\n\
             web,main,PREPAID,2026-12-15,{cells}\n"
        );
        let book = book(&[("instances.csv", &csv), ("prices.csv", prices)], None);
        let instance = &book.instances[0];
        assert_eq!(
            format!(
                "{} {}",
                text(instance.monthly_price),
                text(instance.hourly_price)
            ),
            expected,
            "{cells}"
        );
    }
}

/// Rule **book-keys**.
#[test]
fn settings_have_defaults_and_a_scenario_replaces_them() {
    let own = "name = \"Shop\"\nfrom = \"2026-12-01\"\nto = 2027-11-30\ntime_zone = \"Europe/Berlin\"\ncurrency = \"EUR\"\n\
               profile = \"aliyun-ecs\"\n[product_profiles]\nmysql = \"tencent-mysql\"\ncbs = \"tencent-cbs\"\n";
    let changed = "[book]\nto = 2026-12-31\nprofile = \"tencent-cvm\"\n[book.product_profiles]\ncbs = \"tencent-cbs\"\n";
    let table = [
        (
            BOOK,
            "",
            "Book 2026-12-01 2027-11-30 Asia/Shanghai CNY tencent-cvm ",
        ),
        (
            own,
            "",
            "Shop 2026-12-01 2027-11-30 Europe/Berlin EUR aliyun-ecs cbs=tencent-cbs mysql=tencent-mysql",
        ),
        (
            own,
            changed,
            "Shop 2026-12-01 2026-12-31 Europe/Berlin EUR tencent-cvm cbs=tencent-cbs",
        ),
    ];
    for (settings, scenario, expected) in table {
        let files = [
            ("book.toml", settings),
            ("instances.csv", EMPTY),
            ("scenarios/s.toml", scenario),
        ];
        let book = book(&files, Some("s"));
        let profile = |index| book.profile(index).name.to_string();
        let products = book
            .product_profiles
            .iter()
            .map(|(name, index)| format!("{name}={}", profile(*index)));
        let products = products.collect::<Vec<_>>().join(" ");
        let (days, currency) = (book.days, book.currency);
        let read = format!(
            "{} {} {} {} {currency} {} {products}",
            book.name,
            days.from,
            days.to,
            book.time_zone,
            profile(book.default_profile)
        );
        assert_eq!(read, expected);
    }
}

const EMPTY: &str = "instance_id,account_id,charge_type\n";

#[test]
fn profiles_are_laid_over_each_other_and_inherited_last() {
    // profiles.toml, scenario, `suspend_after_days retention_days auto_renew_months` of `child`
    let table = [
        ("[child]\n", "", "2 7 1"),
        ("[child]\nextends = \"tencent-cbs\"\n", "", "7 7 1"),
        (
            "[child]\nextends = \"tencent-cbs\"\nretention_days = 3\n",
            "",
            "7 3 1",
        ),
        (
            "[tencent-cbs]\nsuspend_after_days = 9\n[child]\nextends = \"tencent-cbs\"\n",
            "",
            "9 7 1",
        ),
        (
            "[child]\nextends = \"middle\"\n[middle]\nextends = \"tencent-cbs\"\nauto_renew_months = 3\n",
            "",
            "7 7 3",
        ),
        (
            "[child]\nextends = \"tencent-cbs\"\n",
            "[profile.tencent-cbs]\nsuspend_after_days = 5\n",
            "5 7 1",
        ),
        (
            "[child]\nextends = \"tencent-cbs\"\n",
            "[profile.child]\nextends = \"tencent-cvm\"\n",
            "2 7 1",
        ),
        (
            "[tencent-cvm]\nretention_days = 30\n[child]\nsuspend_after_days = 4\n",
            "",
            "4 7 1",
        ),
        (
            "[child]\nretention_days = 3\n",
            "[profile.child]\nretention_days = 4\nauto_renew_months = 12\n",
            "2 4 12",
        ),
    ];
    for (profiles, scenario, expected) in table {
        let settings = format!("{BOOK}profile = \"child\"\n");
        let files = [
            ("book.toml", settings.as_str()),
            ("instances.csv", EMPTY),
            ("profiles.toml", profiles),
            ("scenarios/s.toml", scenario),
        ];
        let book = book(&files, Some("s"));
        let child = book.default_profile();
        let read = format!(
            "{} {} {}",
            child.suspend_after_days, child.retention_days, child.auto_renew_months
        );
        assert_eq!(read, expected, "{profiles}{scenario}");
    }
}

const FLEET: &str = "\
instance_id,account_id,product,region,charge_type,renew_flag,renew_months,monthly_price,hourly_price,expires_on,priority,tag:env
a,main,,north,PREPAID,auto,1,100,,2026-12-15,-5,prod
b,main,cbs,south,PREPAID,,,20.5,,2027-01-31,,test
c,main,mysql,,POSTPAID_BY_HOUR,,,,0.10,,7,
";

/// The ids of the instances that a selector of `[[set]]` finds.
fn found(selector: &str) -> String {
    let selector = selector
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\t', "\\t");
    let scenario = format!("[[set]]\nwhere = \"{selector}\"\nname = \"found\"\n");
    let (book, problems) = read(
        &[("instances.csv", FLEET), ("scenarios/s.toml", &scenario)],
        Some("s"),
    );
    let Some(book) = book else {
        // What finds nothing changes nothing, which is an error.
        assert_eq!(
            problems
                .iter()
                .map(|one| one.code.as_str())
                .collect::<Vec<_>>(),
            ["no-match"],
            "{selector}"
        );
        return String::new();
    };
    book.instances
        .iter()
        .filter(|one| one.labels.name.is_some())
        .map(|one| one.id.as_str())
        .collect()
}

#[test]
fn selectors_mean_what_sql_means() {
    let table = [
        ("region = 'north'", "a"),
        ("REGION = 'north'", "a"),
        ("region <> 'north'", "b"),
        ("NOT region = 'north'", "b"),
        ("NOT NOT region = 'north'", "a"),
        ("region IS NULL", "c"),
        ("region IS NOT NULL", "ab"),
        ("region IN ('north', 'south')", "ab"),
        ("region NOT IN ('north')", "b"),
        ("region LIKE '%th'", "ab"),
        ("region LIKE '_orth' OR region LIKE 's%'", "ab"),
        ("region NOT LIKE 'n%'", "b"),
        (
            "region = 'north' OR region = 'south' AND product = 'x'",
            "a",
        ),
        (
            "(region = 'north' OR region = 'south') AND NOT product = 'x'",
            "b",
        ),
        ("NOT region = 'north' AND instance_id = 'b'", "b"),
        ("region = 'north' OR region IS NULL OR priority > 0", "ac"),
        ("priority = -5", "a"),
        ("priority > - 6", "ac"),
        ("priority BETWEEN -5 AND 7", "ac"),
        ("priority NOT BETWEEN 0 AND 7", "a"),
        (
            "priority BETWEEN 0 AND 7 AND charge_type = 'POSTPAID_BY_HOUR'",
            "c",
        ),
        ("monthly_price > 20.50", "a"),
        ("monthly_price >= 20.50", "ab"),
        ("20.50 = monthly_price", "b"),
        ("((monthly_price)) = (20.5)", "b"),
        ("expires_on < '2027-01-01'", "a"),
        ("expires_on >= DATE '2027-01-31'", "b"),
        ("date '2027-01-31' = expires_on", "b"),
        ("expires_on BETWEEN '2026-12-15' AND '2027-01-31'", "ab"),
        ("expires_on IN ('2026-12-15')", "a"),
        ("\"tag:env\" = 'prod'", "a"),
        ("\"tag:env\" IS NULL", "c"),
        ("\"region\" = 'north'", "a"),
        ("instance_id = account_id", ""),
        ("instance_id < 'c'", "ab"),
        ("region = 'it''s'", ""),
        ("region = 'a\\b'", ""),
        ("region = 'north' -- in the north", "a"),
        ("region /* where */ = 'north'", "a"),
        ("region =\n\t'north'", "a"),
        ("product = 'cvm'", ""),
        ("renew_flag = 'manual'", ""),
        ("1 = 1", "abc"),
        ("1 = 1 AND region = 'north' OR 1 = 2", "a"),
    ];
    for (selector, expected) in table {
        assert_eq!(found(selector), expected, "{selector}");
    }
}

#[test]
fn a_scenario_edits_cells_in_order() {
    // blocks, `flag months price expires tag:env tag:team` of `a`
    let table = [
        ("", "auto 1 100 2026-12-15 prod"),
        (
            "[[set]]\nrenew_months = 12\nmonthly_price = \"90.5\"\n",
            "auto 12 90.5 2026-12-15 prod",
        ),
        (
            "[[set]]\nrenew_flag = \"\"\nrenew_months = \"\"\n",
            "manual 1 100 2026-12-15 prod",
        ),
        (
            "[[set]]\n\"tag:env\" = \"\"\n\"tag:team\" = \"web\"\n",
            "auto 1 100 2026-12-15 - web",
        ),
        (
            "[[set]]\nwhere = \"\\\"tag:team\\\" IS NULL\"\n\"tag:team\" = \"web\"\n",
            "auto 1 100 2026-12-15 prod web",
        ),
        (
            "[[set]]\nrenew_flag = \"none\"\n[[set]]\nwhere = \"renew_flag = 'none'\"\nrenew_months = 6\n",
            "none 6 100 2026-12-15 prod",
        ),
        (
            "[[set]]\nwhere = \"renew_flag = 'auto'\"\nrenew_flag = \"none\"\n[[set]]\nwhere = \"renew_flag = 'auto'\"\n\
             renew_months = 6\n",
            "no-match",
        ),
        (
            "[[set]]\nwhere = \"product IS NULL\"\nexpires_on = 2026-12-20\n",
            "auto 1 100 2026-12-20 prod",
        ),
        (
            "[[set]]\nwhere = \"product = 'cvm'\"\nexpires_on = 2026-12-20\n",
            "no-match",
        ),
    ];
    for (blocks, expected) in table {
        let (book, problems) = read(
            &[("instances.csv", FLEET), ("scenarios/s.toml", blocks)],
            Some("s"),
        );
        let Some(book) = book else {
            assert_eq!(
                problems
                    .iter()
                    .map(|one| one.code.as_str())
                    .collect::<Vec<_>>(),
                [expected],
                "{blocks}"
            );
            continue;
        };
        let one = &book.instances[0];
        let tags = one
            .labels
            .tags
            .iter()
            .map(|tag| text(tag.map(|tag| book.labels.label_text(tag))));
        let (price, expires, tags) = (
            text(one.monthly_price),
            text(one.expires_on),
            tags.collect::<Vec<_>>().join(" "),
        );
        let read = format!(
            "{} {} {price} {expires} {tags}",
            one.renew_flag.name(),
            one.renew_months
        );
        assert_eq!(read, expected, "{blocks}");
    }
}

#[test]
fn a_scenario_adds_actions_behind_those_of_the_book() {
    let actions = "note,amount,account_id,action,date\nlater,1,main,topup,2027-01-05\nfirst,2.00,main,credit,2026-12-05\n,,,,\n";
    let scenario = "[[actions]]\ndate = 2026-12-05\naction = \"set_credit_limit\"\naccount_id = \"main\"\namount = 0\n\
                    note = \"last\"\n[[actions]]\ndate = \"2026-12-06\"\naction = \"set_flag\"\n\
                    where = \"region = 'north'\"\nflag = \"auto\"\nmonths = 12\n";
    let book = book(
        &[
            ("instances.csv", FLEET),
            ("actions.csv", actions),
            ("scenarios/s.toml", scenario),
        ],
        Some("s"),
    );
    let read = book.actions.iter().map(|action| {
        format!(
            "{} {} {}",
            action.date,
            action.verb.name(),
            text(action.note.as_deref())
        )
    });
    let expected = [
        "2027-01-05 topup later",
        "2026-12-05 credit first",
        "2026-12-05 set_credit_limit last",
        "2026-12-06 set_flag -",
    ];
    assert_eq!(read.collect::<Vec<_>>(), expected);
}

#[test]
fn an_account_counts_in_its_own_currency() {
    let accounts = "account_id,cash,credit_limit,currency,alert_below,arrears_hours,alert_days\n\
                    b,-5.00,10,,-1.5,3,2\na,1000,,JPY,,,\nc,0.125,0,KWD,,0,\n";
    let book = book(
        &[("accounts.csv", accounts), ("instances.csv", EMPTY)],
        None,
    );
    let read = book.accounts.iter().map(|one| {
        let money = |money: renewcast::model::money::Money| money.display(one.currency).to_string();
        let hours = text(one.arrears_hours);
        let (cash, limit) = (money(one.funds.cash), money(one.funds.credit_limit));
        format!(
            "{} {cash} {limit} {} {hours} {}",
            one.id,
            text(one.alert_below.map(money)),
            one.alert_days
        )
    });
    assert_eq!(
        read.collect::<Vec<_>>(),
        [
            "a 1000 0 - - 0",
            "b -5.00 10.00 -1.50 3 2",
            "c 0.125 0.000 - 0 0"
        ]
    );
}

#[test]
fn what_does_no_harm_is_a_warning_and_the_book_is_read() {
    let row = "web,main,PREPAID,auto,1,2026-12-15";
    let header = "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on";
    // header, row, warnings
    let table = [
        (header.to_owned(), row.to_owned(), ""),
        (
            format!("{header},tag:a,tag:b c,"),
            format!("{row},1,2,"),
            "unknown-column",
        ),
        (
            format!("{header},owner,owner"),
            format!("{row},,x"),
            "unknown-column unknown-column",
        ),
        (
            format!("{header},,"),
            format!("{row},,\n,,,,,,,\n"),
            "unknown-column unknown-column",
        ),
        (
            format!("{header},tag:"),
            format!("{row},x"),
            "unknown-column",
        ),
    ];
    for (header, row, expected) in table {
        let accounts = "account_id,cash\nmain,100\n";
        let (book, found) = read(
            &[
                ("accounts.csv", accounts),
                ("instances.csv", &format!("{header}\n{row}\n")),
            ],
            None,
        );
        let codes: Vec<&str> = found.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes.join(" "), expected, "{header}");
        assert_eq!(book.map(|book| book.instances.len()), Some(1), "{header}");
    }
}

/// Rows of two lines each, ids downwards; what is charged for every 4,000th is misspelt if `wrong`. There are more bytes
/// than are read at once.
fn large_inventory(wrong: bool) -> String {
    let mut table = "instance_id,account_id,name,charge_type,hourly_price\n".to_owned();
    for number in 0..ROWS {
        let charge_type = if wrong && number % 4_000 == 3_999 {
            "POSTPAID"
        } else {
            "POSTPAID_BY_HOUR"
        };
        let name = long_name(number).replace('"', "\"\"");
        table.push_str(&format!(
            "i-{:05},main,\"{name}\",{charge_type},1\n",
            ROWS - number
        ));
    }
    table
}

fn long_name(number: usize) -> String {
    format!("{number}, \"{}\"\nnext line", "x".repeat(600))
}

const ROWS: usize = 30_000;

#[test]
fn a_large_inventory_is_read_as_if_row_by_row() {
    let book = book(&[("instances.csv", &large_inventory(false))], None);
    assert_eq!(book.instances.len(), ROWS);
    for (number, instance) in (0..ROWS).rev().zip(&book.instances) {
        assert_eq!(instance.id.as_str(), format!("i-{:05}", ROWS - number));
        assert_eq!(
            instance
                .labels
                .name
                .map(|name| book.labels.label_text(name).to_owned()),
            Some(long_name(number))
        );
    }
    let expected: Vec<String> = (0..ROWS).map(long_name).collect();
    let names: Vec<&str> = book.labels.texts().filter(|text| *text != "cvm").collect();
    assert!(names == expected, "labels are numbered in file order");
}

#[test]
fn what_is_wrong_in_a_large_inventory_is_found_in_file_order() {
    let table = large_inventory(true) + "i-00007,main,,POSTPAID_BY_HOUR,1\n";
    let (book, found) = read(&[("instances.csv", &table)], None);
    assert!(book.is_none());
    let places: Vec<(&str, usize, usize)> = found
        .iter()
        .map(|one| (one.code.as_str(), one.place.line, one.place.column))
        .collect();
    let mut expected: Vec<_> = (1..=7)
        .map(|thousands| ("bad-value", 2 + 2 * (4_000 * thousands - 1) + 1, 12))
        .collect();
    expected.push(("duplicate-id", 2 + 2 * ROWS, 1));
    assert_eq!(places, expected);
    let help = format!(
        "instance `i-00007` stands twice, first in line {}",
        2 + 2 * (ROWS - 7)
    );
    assert_eq!(
        found.iter().last().map(|one| one.message.as_str()),
        Some(help.as_str())
    );
}
