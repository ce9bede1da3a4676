//! Books that are large, deep or wrong in very many places: refused in little time and memory, with few messages.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use renewcast::input;
use renewcast::input::diagnostic::Code;

use super::{HEADER, INSTANCES, MANY, codes, gallery, plain_book, read, text};

fn chain(first: &str, next: &str, times: usize) -> String {
    first.to_owned() + &next.repeat(times)
}

/// A condition in so many parentheses.
fn nested(times: usize) -> String {
    format!("{}zone = 'x'{}", "(".repeat(times), ")".repeat(times))
}

#[test]
fn no_selector_is_too_deep_for_the_stack() {
    let table = [
        (nested(64), ""),
        (nested(65), "bad-selector"),
        ("(".repeat(60_000), "bad-selector"),
        (chain("", "NOT ", 15_000) + "zone = 'x'", ""),
        (chain("", "NOT (", 10_000), "bad-selector"),
        (chain("zone='x'", " OR zone='x'", 5_000), ""),
        (chain("zone='x'", " AND zone='x'", 5_000), ""),
        (chain("zone='x'", " OR zone='x'", 10_000), "bad-selector"),
        (chain("zone IN ('x'", ",'x'", 10_000) + ")", ""),
        (chain("zone = zone", " = zone", 5_000), "bad-selector"),
        (chain("zone", " IS NULL", 5_000), "bad-selector"),
        (chain("zone", " NOT IN ('x')", 3_000), "bad-selector"),
        (chain("1", " + 1", 10_000), "bad-selector"),
        (chain("zone", "::date", 10_000), "bad-selector"),
        (chain("priority = ", "- ", 20_000) + "1", "bad-selector"),
        (chain("", "CASE WHEN ", 5_000), "unknown-selector-column"),
        (chain("", "f(", 20_000), "bad-selector"),
        (chain("zone = 'x' /*", "/*", 20_000), "bad-selector"),
    ];
    for (selector, code) in table {
        let quoted = selector.replace('"', "\"\"");
        let actions = format!("date,action,where,flag\n2026-12-05,set_flag,\"{quoted}\",none\n");
        let (_, found) = read(&[("actions.csv", &actions)], None);
        let start: String = selector.chars().take(40).collect();
        assert_eq!(
            codes(&found).into_iter().collect::<String>(),
            code,
            "{start}… of {} bytes",
            selector.len()
        );
    }
}

#[test]
fn no_toml_is_too_deep_for_the_stack() {
    let deep = |open: &str| open.repeat(100_000);
    for text in [
        deep("["),
        deep("{a="),
        deep("a.") + "a = 1",
        format!("[{}a]", deep("a.")),
        format!("x = {}", deep("[")),
    ] {
        let (_, found) = read(&[("profiles.toml", &text)], None);
        assert_eq!(codes(&found), BTreeSet::from(["bad-toml"]));
    }
}

#[test]
fn a_toml_file_has_a_limit() {
    let most = input::LARGEST_TOML;
    for (bytes, code) in [(most, ""), (most + 1, "bad-toml")] {
        let (_, found) = read(&[("profiles.toml", &"\n".repeat(bytes))], None);
        assert_eq!(
            codes(&found).into_iter().collect::<String>(),
            code,
            "{bytes} bytes"
        );
    }
    let model =
        fs::read_to_string(gallery().join("../../docs/spec/formats.md")).expect("the model");
    assert!(
        model.contains(&format!("a TOML file has at most {} MiB", most >> 20)),
        "the model says something else"
    );
    assert!(
        model.contains(&format!("a row at most {} MiB", input::LONGEST_ROW >> 20)),
        "the model says something else"
    );
}

/// A text with more problems than are shown: its file, what it holds and the codes of its problems.
type ManyProblems = (&'static str, String, &'static str);

/// The same row many times, or one row many times as long.
fn many_rows() -> Vec<ManyProblems> {
    let header = HEADER.trim_end();
    let columns = format!("{header},{}\n", "a,".repeat(MANY));
    let tags: String = (0..MANY).map(|tag| format!(",tag:{tag}")).collect();
    let accounts: String = (0..MANY).map(|number| format!("a-{number},0\n")).collect();
    let rows = [
        (
            "web,main,PREPAID,auto,-1,2026-02-30\n",
            "bad-date negative-amount",
        ),
        ("web,main,PREPAID,auto,1,2026-12-15\n", "duplicate-id"),
        ("web,other,PREPAID,auto,1,2026-12-15\n", "unknown-account"),
        ("web\n", "bad-csv"),
    ];
    let mut table = Vec::from(rows.map(|(row, codes)| {
        (
            "instances.csv",
            format!("{HEADER}{}", row.repeat(MANY)),
            codes,
        )
    }));
    table.extend([
        ("instances.csv", columns, "unknown-column"),
        (
            "instances.csv",
            format!("{header}{tags}\nweb,main,PREPAID,auto,1,\n"),
            "bad-csv",
        ),
        (
            "accounts.csv",
            format!("account_id,cash\n{accounts}"),
            "unknown-account",
        ),
        (
            "accounts.csv",
            format!("account_id,cash\nmain,0\n{}", "main,0\n".repeat(MANY)),
            "duplicate-id",
        ),
        (
            "actions.csv",
            format!("date,action\n{}", "2026-13-01,pay\n".repeat(MANY)),
            "bad-date bad-value",
        ),
    ]);
    table
}

fn profiles(count: usize) -> String {
    (0..count)
        .map(|number| format!("[p{number}]\nmonth_end = \"never\"\n"))
        .collect()
}

/// Many profiles, a long chain of them, a long key and many blocks of a scenario.
fn many_settings() -> Vec<ManyProblems> {
    let chain: String = (1..1_000)
        .map(|number| format!("[p{number}]\nextends = \"p{}\"\n", number - 1))
        .collect();
    let sets = "[[set]]\nwhere = \"zone = 'x'\"\nzone = \"y\"\n".repeat(2_000);
    vec![
        ("profiles.toml", profiles(1_000), "bad-value"),
        ("profiles.toml", profiles(1_001), "too-large"),
        ("profiles.toml", profiles(MANY), "too-large"),
        (
            "profiles.toml",
            format!("[p0]\n{chain}"),
            "profile-conflict",
        ),
        (
            "profiles.toml",
            "a = 1\n".to_owned() + &"b".repeat(MANY) + " = 2\n",
            "bad-value",
        ),
        ("scenarios/s.toml", sets, "no-match"),
    ]
}

/// Rule **shown-diagnostics**.
#[test]
fn a_great_many_problems_are_counted_and_a_thousand_are_shown() {
    for (file, text, expected) in many_rows().into_iter().chain(many_settings()) {
        let (_, found) = read(
            &[(file, &text)],
            Some("s").filter(|_| file.starts_with("scenarios")),
        );
        let expected: BTreeSet<&str> = expected.split(' ').collect();
        assert_eq!(
            codes(&found),
            expected,
            "{file}: {}",
            text.chars().take(80).collect::<String>()
        );
        assert!(
            found.iter().count() <= 2_000,
            "{file}: {} are kept",
            found.iter().count()
        );
        assert_eq!(
            found.omitted() + found.iter().count(),
            found.errors() + found.warnings()
        );
    }
}

#[test]
fn warnings_do_not_crowd_out_errors() {
    let early = "2020-01-01,topup,main,5.00\n".repeat(2_000);
    let actions = format!("date,action,account_id,amount\n{early}2026-12-32,topup,main,5.00\n");
    let (_, found) = read(&[("actions.csv", &actions)], None);
    assert_eq!(
        (found.errors(), found.warnings(), found.iter().count()),
        (1, 2_000, 1_001)
    );
    let error = found
        .iter()
        .find(|one| one.code == Code::BadDate)
        .expect("the error is kept");
    assert_eq!(error.place.line, 2_002);
}

#[test]
fn what_a_scenario_writes_wrongly_into_many_rows_is_shown_once() {
    let rows: String = (0..3)
        .map(|row| format!("web-{row},main,PREPAID,auto,100.00,2026-12-15\n"))
        .collect();
    let scenario = "[[set]]\nrenew_flag = \"atuo\"\n";
    let (_, found) = read(
        &[
            ("instances.csv", &(HEADER.to_owned() + &rows)),
            ("scenarios/s.toml", scenario),
        ],
        Some("s"),
    );
    assert_eq!((found.errors(), found.iter().count()), (3, 1));
}

#[test]
fn huge_cells_do_not_make_huge_messages() {
    let huge = "9 ".repeat(1 << 20);
    for (file, text) in [
        ("accounts.csv", format!("account_id,cash\nmain,{huge}\n")),
        (
            "instances.csv",
            format!("{HEADER}{huge},{huge},{huge},{huge},{huge},{huge}\n"),
        ),
        (
            "book.toml",
            format!(
                "from = 2026-12-01\nto = \"{huge}\"\n{} = 1\n",
                "k".repeat(1 << 20)
            ),
        ),
        (
            "actions.csv",
            format!("date,action,where\n{huge},renew,{huge}\n"),
        ),
        (
            "scenarios/s.toml",
            format!("[[set]]\n\"{huge}\" = 1\nwhere = \"{huge}\"\n"),
        ),
    ] {
        let (_, found) = read(
            &[(file, &text)],
            Some("s").filter(|_| file.starts_with("scenarios")),
        );
        assert!(found.has_errors(), "{file}");
        for one in found.iter() {
            let longest = one
                .message
                .len()
                .max(one.help.len())
                .max(one.place.source.len());
            assert!(
                longest < 1_000,
                "{file}: {} characters: {:.200}",
                longest,
                one.message
            );
        }
    }
}

/// The size of a large file that is not one large cell.
const BYTES: usize = 2 << 20;

/// A cell of ten megabytes.
fn huge_cell() -> String {
    "x".repeat(10 << 20)
}

/// As many items as make a large file, numbered where the item has a `#`.
fn numbered(start: &str, item: &str, end: &str) -> String {
    let items: Vec<String> = (0..BYTES / (item.len() + 6))
        .map(|number| item.replace('#', &number.to_string()))
        .collect();
    format!("{start}{}{end}", items.join(","))
}

/// A huge cell, and two megabytes of anything else, by the file of a book that holds them.
fn huge_books() -> Vec<(&'static str, String)> {
    let cell = huge_cell();
    let header = HEADER.trim_end();
    vec![
        ("accounts.csv", format!("account_id,cash\nmain,{cell}\n")),
        (
            "accounts.csv",
            format!("account_id,cash,name\nmain,1,{cell}\n"),
        ),
        (
            "instances.csv",
            format!("{header},{cell}\nweb,main,PREPAID,auto,1,2026-12-15,1\n"),
        ),
        (
            "instances.csv",
            format!("{HEADER}{cell},main,PREPAID,auto,1,2026-12-15\n"),
        ),
        ("instances.csv", format!("{INSTANCES}\"{cell}")),
        ("instances.csv", "\"".repeat(BYTES)),
        (
            "instances.csv",
            numbered(&format!("{header},"), "column-#", "\n"),
        ),
        (
            "instances.csv",
            numbered(&format!("{header},"), "tag:#", "\n"),
        ),
        (
            "instances.csv",
            format!("{INSTANCES}{}", "x,".repeat(BYTES / 2)),
        ),
        (
            "instances.csv",
            format!(
                "{HEADER}{}",
                "w,other,X,Y,Z,2026-99-99\n".repeat(BYTES / 25)
            ),
        ),
        ("instances.csv", "\0".repeat(BYTES)),
        (
            "actions.csv",
            format!("date,action,where,flag\n2026-12-05,set_flag,{cell},none\n"),
        ),
        (
            "profiles.toml",
            format!("[p]\nremind_days = [{}]\n", "1,".repeat(500_000)),
        ),
        ("profiles.toml", format!("x = \"{cell}\"\n")),
    ]
}

/// The same of answers of a cloud.
fn huge_answers() -> Vec<(&'static str, String)> {
    let answer = |item: &str| numbered("{\"InstanceSet\":[", item, "]}");
    vec![
        ("answer.json", huge_cell()),
        (
            "answer.json",
            format!("{{\"RequestId\": \"{}\"}}", huge_cell()),
        ),
        (
            "answer.json",
            format!(
                "{{\"TotalCount\": {}, \"InstanceSet\": []}}",
                "9".repeat(BYTES)
            ),
        ),
        ("answer.json", "[".repeat(BYTES)),
        ("answer.json", format!("[{}1]", "1,".repeat(BYTES / 2))),
        ("answer.json", "{}".repeat(BYTES / 2)),
        ("answer.json", numbered("{", "\"key-#\": 1", "}")),
        (
            "answer.json",
            answer("{\"InstanceId\": \"i-#\", \"InstanceType\": 5}"),
        ),
        (
            "answer.json",
            answer(
                "{\"InstanceId\": \"i-#\", \"InstanceType\": \"T\", \"InstanceChargeType\": \"X\"}",
            ),
        ),
        (
            "answer.json",
            answer(
                "{\"InstanceId\": \"i\", \"InstanceType\": \"T#\", \"InstanceChargeType\": \"X#\"}",
            ),
        ),
        (
            "answer.json",
            answer("5").replace("]}", ",{\"InstanceType\": 1}]}"),
        ),
    ]
}

/// Whatever is in a large file, the answer takes seconds of one processor and at most 100 bytes of memory for each of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_huge_file_takes_neither_long_nor_much_memory() {
    const SECONDS: usize = 40;
    const MEGABYTES: usize = 350;
    for (file, content) in huge_books().into_iter().chain(huge_answers()) {
        let book = plain_book();
        fs::write(book.path().join(file), &content).expect("a file");
        let words = match file {
            "answer.json" => "import tencent answer.json --from 2026-12-01 --out out",
            _ => "check .",
        };
        let program = env!("CARGO_BIN_EXE_renewcast");
        let limited = format!(
            "ulimit -t {SECONDS} -v {}; exec '{program}' {words}",
            MEGABYTES * 1024
        );
        let output = Command::new("sh")
            .args(["-c", &limited])
            .current_dir(book.path())
            .output()
            .expect("a shell");
        let (start, said) = (
            content.chars().take(60).collect::<String>(),
            text(&output.stderr),
        );
        assert!(
            matches!(output.status.code(), Some(0..=2)),
            "{file} {start}…: {:?} {said:.500}",
            output.status
        );
        assert!(
            said.lines().all(|line| line.len() < 4_100),
            "{file} {start}…: {said:.2000}"
        );
    }
}
