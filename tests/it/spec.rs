//! The specification in `docs/spec` against all that cites it, and against all that the program reads and writes.
//!
//! A rule is a list item that begins with its name in bold. `UPDATE_EXPECTED=1 cargo test spec` writes the index of the
//! rules anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use renewcast::engine::event::{Event, Reason};
use renewcast::input;

use crate::program::{Place, tree};
use crate::support::builtin;

/// The files of the specification in reading order.
const FILES: &[&str] = &[
    "replay.md",
    "money.md",
    "profiles.md",
    "formats.md",
    "input.md",
    "scenarios.md",
    "answer.md",
    "plan.md",
    "bills.md",
    "results.md",
];
/// The longest line that is no row of a table.
const LONGEST_LINE: usize = 120;
/// The longest file.
const MOST_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The texts below folders, and files, of the repository, by path.
fn texts(places: &[&str]) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for place in places {
        let path = root().join(place);
        let files: Vec<PathBuf> = match path.is_dir() {
            true => tree(&path)
                .into_keys()
                .map(|name| Path::new(place).join(name))
                .collect(),
            false => vec![PathBuf::from(place)],
        };
        for file in files {
            let ending = file.extension().and_then(|ending| ending.to_str());
            if matches!(ending, Some("rs" | "md" | "toml" | "html")) {
                let name = file.to_str().expect("a name is text").to_owned();
                texts.insert(name.clone(), text(&name));
            }
        }
    }
    texts
}

/// The name of the rule that a line begins.
fn rule_of(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("- **")?.split_once("**:")?;
    is_name(name).then_some(name)
}

fn is_name(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.split('-').all(is_part)
}

/// The rules with the file of each, in order.
fn rules() -> Vec<(String, &'static str)> {
    let of_file = |file: &&'static str| {
        let text = text(&format!("docs/spec/{file}"));
        let names: Vec<_> = text
            .lines()
            .filter_map(rule_of)
            .map(|name| (name.to_owned(), *file))
            .collect();
        names
    };
    FILES.iter().flat_map(of_file).collect()
}

/// The names in bold of a text, with the lines that they are on.
fn cited(text: &str) -> Vec<(usize, &str)> {
    let mut cited = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let words: Vec<&str> = text.split("**").collect();
        let inner = words.iter().skip(1).step_by(2).filter(|word| is_name(word));
        cited.extend(inner.map(|name| (line, *name)));
    }
    cited
}

/// The paths below `docs` or `spec` that a text names.
fn paths(text: &str) -> BTreeSet<&str> {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let mut paths = BTreeSet::new();
    for folder in ["docs", "spec"] {
        for (at, _) in text.match_indices(&format!("{folder}/")) {
            if !text[..at].ends_with(is_inner) {
                let rest = &text[at..];
                let end = rest.find(|c: char| !is_inner(c)).unwrap_or(rest.len());
                paths.insert(rest[..end].trim_end_matches(['.', '/']));
            }
        }
    }
    paths
}

#[test]
fn every_path_and_link_leads_somewhere() {
    let places = [
        "src",
        "tests",
        "benches",
        "docs",
        "data",
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "Cargo.toml",
    ];
    let mut wrong = Vec::new();
    for (name, text) in texts(&places) {
        let here = root().join(Path::new(&name).parent().unwrap_or(Path::new("")));
        let is_there = |path: &str| root().join(path).exists() || here.join(path).exists();
        let absent = paths(&text).into_iter().filter(|path| !is_there(path));
        wrong.extend(absent.map(|path| format!("{name}: {path}")));
        let is_page = name.ends_with(".md");
        for target in text.split("](").skip(1).filter(|_| is_page) {
            let target = target.split([')', '#']).next().unwrap_or_default();
            let is_elsewhere = target.is_empty() || target.contains(':') || target.contains('`');
            if !is_elsewhere && !here.join(target).exists() {
                wrong.push(format!("{name}: link to {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_rule_has_one_place_and_what_cites_it() {
    let mut places: BTreeMap<String, &str> = BTreeMap::new();
    for (name, file) in rules() {
        let before = places.insert(name.clone(), file);
        assert!(before.is_none(), "{name} is in {file} and in {before:?}");
    }
    assert!(places.len() > 200, "only {} rules were found", places.len());
    let sources = texts(&["src", "tests", "data"]);
    let by_sources: BTreeSet<&str> = sources
        .values()
        .flat_map(|text| cited(text))
        .map(|(_, name)| name)
        .collect();
    let forgotten: Vec<_> = places
        .keys()
        .filter(|name| !by_sources.contains(name.as_str()))
        .collect();
    assert!(
        forgotten.is_empty(),
        "no code, test or case cites {forgotten:?}"
    );
}

#[test]
fn every_rule_that_is_cited_is_there() {
    let known: BTreeSet<String> = rules().into_iter().map(|(name, _)| name).collect();
    let mut wrong = Vec::new();
    for (file, text) in texts(&[
        "src",
        "tests",
        "docs",
        "data",
        "README.md",
        "CONTRIBUTING.md",
    ]) {
        // Elsewhere a word may be in bold for its own sake.
        let is_strict = ["src", "tests", "docs/spec", "data/cases", "data/bills"]
            .iter()
            .any(|place| file.starts_with(place));
        let of_rules = cited(&text)
            .into_iter()
            .filter(|(_, name)| is_strict || name.contains('-'));
        let unknown = of_rules.filter(|(_, name)| !known.contains(*name));
        wrong.extend(unknown.map(|(line, name)| format!("{file}:{line}: {name}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_index_has_all_rules() {
    let path = root().join("docs/spec/README.md");
    let page = text("docs/spec/README.md");
    let (head, index) = page
        .split_once("## Index\n\n")
        .expect("the page has an index");
    let mut rows = String::from("| file | rules |\n|---|---|\n");
    let rules = rules();
    for file in FILES {
        let names: Vec<String> = rules
            .iter()
            .filter(|(_, of)| of == file)
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        rows += &format!("| [{file}]({file}) | {} |\n", names.join(", "));
    }
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, format!("{head}## Index\n\n{rows}")).expect("the page can be written");
        return;
    }
    for (is, must) in index.lines().zip(rows.lines()) {
        let (is, must) = (words(is), words(must));
        let differing: Vec<&String> = is.symmetric_difference(&must).collect();
        assert!(
            differing.is_empty(),
            "the index differs in {differing:?}; if the files are right: UPDATE_EXPECTED=1 cargo test spec"
        );
    }
    assert_eq!(
        index.lines().count(),
        rows.lines().count(),
        "a file is not in the index"
    );
}

#[test]
fn pages_can_be_read() {
    let mut wrong = Vec::new();
    let folder = fs::read_dir(root().join("docs/spec"))
        .expect("the folder is there")
        .count();
    assert_eq!(
        folder,
        FILES.len() + 1,
        "a file is not in the reading order"
    );
    for (name, text) in texts(&["docs/spec"]) {
        if text.lines().count() > MOST_LINES {
            wrong.push(format!("{name} has more than {MOST_LINES} lines"));
        }
        let mut is_code = false;
        for (number, line) in (1..).zip(text.lines()) {
            is_code ^= line.starts_with("```");
            let is_free = is_code || line.starts_with('|');
            if !is_free && line.chars().count() > LONGEST_LINE {
                wrong.push(format!("{name}:{number} is longer than {LONGEST_LINE}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The section below a heading of a page, down to the next heading.
fn section(page: &str, heading: &str) -> String {
    let page = text(&format!("docs/spec/{page}"));
    let mut lines = page
        .lines()
        .skip_while(|line| line.trim_start_matches('#').trim() != heading);
    assert!(lines.next().is_some(), "no section {heading}");
    lines
        .take_while(|line| !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The words in a text that are set as code.
fn words(text: &str) -> BTreeSet<String> {
    let spans = text.split('`').skip(1).step_by(2);
    let words = spans.flat_map(|span| span.split([',', ' ', '\n']));
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The first cells of the rows of tables, without their code marks.
fn keys_of_tables(text: &str) -> BTreeSet<String> {
    let firsts = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    firsts
        .filter(|cell| cell.starts_with('`'))
        .flat_map(words)
        .collect()
}

#[test]
fn every_profile_key_is_described() {
    let profiles: toml::Table = builtin().parse().expect("the built-in profiles parse");
    let tables = profiles.values().filter_map(|profile| profile.as_table());
    let keys: BTreeSet<String> = tables.flat_map(|table| table.keys().cloned()).collect();
    let page = text("docs/spec/profiles.md");
    let (described, sources) = page
        .split_once("## Sources of the defaults")
        .expect("the page names sources");
    assert_eq!(keys_of_tables(described), keys);
    let mut with_source = keys.clone();
    with_source.remove("extends");
    with_source.remove("auto_renew_days");
    assert_eq!(keys_of_tables(sources), with_source);
    let default = profiles["tencent-cvm"].as_table().expect("a table");
    let mut compared = 0;
    for line in described.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split(" | ").collect();
        let (key, said) = (
            cells[0].trim_matches(['|', ' ', '`']),
            cells[2].trim_matches('`'),
        );
        let is = default
            .get(key)
            .map(|value| value.to_string().trim_matches('"').to_owned());
        let is_one_word = said == "{}"
            || said
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_one_word && said != "none" {
            assert_eq!(is.as_deref(), Some(said), "the default of {key}");
            compared += 1;
        }
    }
    assert!(compared > 20, "only {compared} defaults were compared");
}

/// Where the columns of a file of a book or result are described: page and section, and the row of its table.
fn place_of(file: &str) -> (&'static str, &'static str, Option<String>) {
    let name = file.rsplit('/').next().unwrap_or(file);
    if file.contains("/report/") {
        let row = if name.starts_with("by-") {
            "by-COLUMN.csv"
        } else {
            name
        };
        return ("formats.md", "Tables of the report", Some(row.to_owned()));
    }
    match name {
        "ledger.csv" => ("formats.md", "ledger.csv", None),
        "balances.csv" | "monthly.csv" | "spend.csv" => ("formats.md", "Balances and months", None),
        "demand.csv" => ("answer.md", "The three sums", None),
        "lost.csv" => ("answer.md", "Losses told apart", None),
        "todo.csv" => ("answer.md", "The to-do list", None),
        "accounts.csv" => ("formats.md", "accounts.csv", None),
        "instances.csv" => ("formats.md", "instances.csv", None),
        "actions.csv" | "todo-actions.csv" => ("formats.md", "actions.csv", None),
        "prices.csv" => ("formats.md", "prices.csv", None),
        "orders.csv" => ("formats.md", "orders.csv", None),
        "vouchers.csv" => ("formats.md", "vouchers.csv", None),
        "returns.csv" => ("formats.md", "returns.csv", None),
        "budget.csv" | "rates.csv" => ("formats.md", "budget.csv and rates.csv", None),
        "expected-bills.csv" => ("bills.md", "bills.csv", None),
        _ => ("formats.md", "Tables of other verbs", Some(name.to_owned())),
    }
}

/// The columns of a file that are not described.
fn undescribed<'c>(file: &str, columns: impl Iterator<Item = &'c str>) -> Vec<String> {
    let (page, heading, row) = place_of(file);
    let section = section(page, heading);
    let passage = match &row {
        None => section,
        Some(row) => {
            let mark = format!("`{row}`");
            let row = section.lines().find(|line| line.contains(&mark));
            row.unwrap_or_else(|| panic!("{page}: no row for {file}"))
                .to_owned()
        }
    };
    let known = words(&passage);
    // Axes and questions have names of their own; they stand before the currency.
    let is_free = file.ends_with("sweep.csv") || file.ends_with("rules.csv");
    let columns: Vec<&str> = columns.collect();
    let first = columns
        .iter()
        .position(|column| *column == "currency")
        .filter(|_| is_free);
    let first = first.unwrap_or(usize::from(row.as_deref() == Some("by-COLUMN.csv")));
    let own = columns.into_iter().skip(first);
    let own = own.filter(|column| !column.starts_with("tag:"));
    let own = own.map(|column| column.strip_suffix("_difference").unwrap_or(column));
    own.filter(|column| !known.contains(*column))
        .map(|column| format!("{file}: {column} is not in {page}, {heading}"))
        .collect()
}

/// The columns of all tables below a folder that are not described, and the number of tables.
fn undescribed_below(folder: &Path) -> (Vec<String>, usize) {
    let (mut wrong, mut tables) = (Vec::new(), 0);
    for (name, bytes) in tree(folder) {
        if name.extension().is_none_or(|ending| ending != "csv") {
            continue;
        }
        let text = String::from_utf8(bytes).expect("tables are UTF-8");
        let header = text.lines().next().unwrap_or_default();
        let file = format!("/{}", name.display());
        wrong.extend(undescribed(&file, header.split(',')));
        tables += 1;
    }
    (wrong, tables)
}

#[test]
fn every_column_of_the_example_is_described() {
    for (folder, least) in [("reports/example", 30), ("data/example", 5)] {
        let (wrong, tables) = undescribed_below(&root().join(folder));
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(tables >= least, "{folder} has only {tables} tables");
    }
    let mut wrong = undescribed("vouchers.csv", input::VOUCHER_COLUMNS.iter().copied());
    wrong.extend(undescribed(
        "returns.csv",
        input::RETURN_COLUMNS.iter().copied(),
    ));
    let bills = text("data/bills/rounding/expected-bills.csv");
    let header = bills.lines().next().expect("a header");
    wrong.extend(undescribed("expected-bills.csv", header.split(',')));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_column_of_other_verbs_is_described() {
    let sweep = "[[axis]]\nname = \"months\"\nkey = \"renew_months\"\nvalues = [1, 3]\n";
    let place = Place::with_book().file("sweep.toml", sweep);
    for arguments in [
        "plan book --budget shop=10 --no-charts --out out/plan",
        "terms book --out out/terms",
        "compare book --set renew_flag=auto --no-charts --out out/compare",
        "compare book --rules --no-charts --out out/rules",
        "sweep book sweep.toml --no-charts --out out/sweep",
    ] {
        let answer = place.run(arguments);
        let is_done = matches!(answer.code, Some(0 | 1));
        assert!(is_done, "{arguments}: {}", answer.err);
    }
    let (wrong, tables) = undescribed_below(&place.folder.path().join("out"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(tables, 12, "every table of these verbs was looked at");
}

#[test]
fn every_word_key_and_verb_is_described() {
    let known = words(&text("docs/spec/formats.md"));
    let events = Event::ALL.iter().map(|event| event.name());
    let reasons = Reason::ALL.iter().map(|reason| reason.name());
    let unknown: Vec<&str> = events
        .chain(reasons)
        .filter(|word| !known.contains(*word))
        .collect();
    let in_replay = words(&text("docs/spec/replay.md"));
    let unknown: Vec<&str> = unknown
        .into_iter()
        .filter(|word| !in_replay.contains(*word))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let record = words(&section("formats.md", "run.json"));
    for file in [
        "reports/example/run.json",
        "reports/example/report/report.json",
    ] {
        let json: serde_json::Value = serde_json::from_str(&text(file)).expect("a record");
        let keys = json.as_object().expect("an object").keys();
        let unknown: Vec<&String> = keys.filter(|key| !record.contains(*key)).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
    let help = Place::new().run("--help").out;
    let commands = help
        .split("Commands:")
        .nth(1)
        .expect("the help lists commands");
    let verbs = commands
        .lines()
        .skip(1)
        .take_while(|line| !line.trim().is_empty());
    let verbs = verbs.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let verbs: Vec<&str> = verbs
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(verbs.len() > 10, "only {verbs:?}");
    let commands = words(&section("formats.md", "Commands"));
    let unknown: Vec<&&str> = verbs
        .iter()
        .filter(|verb| **verb != "help" && !commands.contains(**verb))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
