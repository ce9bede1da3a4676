//! Texts that anybody may have written, in every place of a book: no output breaks, no terminal obeys, no amount beside one
//! is turned, and no two names of files or sheets are one.
//!
//! `tests/report/texts.py` opens the same outputs with the programs of their readers.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Cursor, Read as _};
use std::path::Path;

use renewcast::input::shown::{Shown, is_seen, is_setting_apart};

use super::program::{Place, Tree};

fn texts() -> Vec<String> {
    serde_json::from_str(include_str!("../report/texts.json")).expect("a list of texts")
}

fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A book in which every text is an id, a name, a project, a note, a key and a value of tags, and of the budget; where
/// files may have such a name, of a scenario.
fn hostile() -> Place {
    let texts = texts();
    let mut accounts = "account_id,name,cash\n".to_owned();
    let mut instances =
        "instance_id,account_id,name,project,charge_type,renew_flag,monthly_price,expires_on"
            .to_owned();
    texts.iter().for_each(|key| {
        write!(instances, ",{}", cell(&format!("tag:{key}"))).expect("memory takes it");
    });
    let mut actions = "date,action,account_id,amount,note\n".to_owned();
    let mut budget = "month,key,amount\n".to_owned();
    for (number, text) in texts.iter().enumerate() {
        let (text, flag) = (cell(text), if number % 2 == 0 { "auto" } else { "manual" });
        accounts += &format!("{text},{text},80.00\n");
        instances += &format!("\n{text},{text},{text},{text},PREPAID,{flag},59.00,2026-12-12");
        for at in 0..texts.len() {
            instances.push(',');
            instances += if at == number { &text } else { "other" };
        }
        actions += &format!("2026-12-02,topup,{text},10.00,{text}\n");
        budget += &format!("2026-12,{text},50.00\n");
    }
    let place = Place::new()
        .file(
            "book/book.toml",
            "name = \"esc \\u001b[31m \\u202E lav\\u05D0\"\nfrom = 2026-12-01\nto = 2027-03-31\n",
        )
        .file("book/accounts.csv", &accounts)
        .file("book/instances.csv", &(instances + "\n"))
        .file("book/actions.csv", &actions)
        .file("book/budget.csv", &budget);
    for text in texts
        .iter()
        .filter(|text| text.len() < 200 && !text.contains(['/', '\0']) && !text.contains(".."))
    {
        place.write(
            Path::new(&format!("book/scenarios/{text}.toml")),
            b"[[set]]\nrenew_flag = \"auto\"\n",
        );
    }
    place
}

/// A variable of a terminal that turns words from right to left.
const TURNS: (&str, &str) = ("VTE_VERSION", "7000");

/// What stands in a text for people and must not: characters that are not seen, marks alone, words from right to left that
/// are not set apart.
fn wrong(text: &str) -> Option<char> {
    let mut depth = 0;
    let mut last = ' ';
    for c in text.chars() {
        let is_mark = unicode_mark(c);
        let turns = matches!(u32::from(c), 0x590..=0x8FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF);
        if is_setting_apart(c) {
            depth += if c == '\u{2068}' { 1 } else { -1 };
        } else if !matches!(depth, 0 | 1)
            || (turns && depth == 0)
            || (is_mark && !last.is_alphanumeric() && !unicode_mark(last))
            || (!is_mark && !is_seen(c) && c != '\n')
        {
            return Some(c);
        }
        last = c;
    }
    (depth != 0).then_some('\u{2069}')
}

/// The marks that the texts have.
fn unicode_mark(c: char) -> bool {
    ('\u{300}'..='\u{36F}').contains(&c)
}

/// Amounts with two decimals, sorted.
fn amounts(text: &str) -> Vec<String> {
    let words = text
        .split(|c: char| !c.is_ascii_digit() && !",.-".contains(c))
        .map(|word| word.trim_end_matches([',', '.']));
    let mut amounts: Vec<String> = words
        .filter(|word| word.len() > 3 && word.as_bytes()[word.len() - 3] == b'.')
        .map(str::to_owned)
        .collect();
    amounts.sort_unstable();
    amounts
}

fn text<'t>(files: &'t Tree, name: &str) -> &'t str {
    std::str::from_utf8(&files[Path::new(name)]).expect("UTF-8")
}

/// As file systems compare names that tell neither capitals nor spellings of letters apart.
fn folded(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    name.nfkd()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Each name once, on every system.
fn assert_are_names<'n>(names: impl Iterator<Item = &'n str>) {
    let mut seen = BTreeSet::new();
    for name in names {
        let stem = folded(name.split('.').next().unwrap_or(name));
        assert!(seen.insert(folded(name)), "{name:?} is there twice");
        assert!(
            name.len() <= 255 && !name.ends_with(['.', ' ']) && name.chars().all(is_seen),
            "{name:?}"
        );
        assert!(
            !name.contains([':', '*', '?', '"', '<', '>', '|', '/', '\\']),
            "{name:?}"
        );
        assert!(
            !["con", "prn", "aux", "nul", "com1", "lpt1"].contains(&&*stem),
            "{name:?}"
        );
    }
}

fn names_in<'t>(files: &'t Tree, folder: &str) -> Vec<&'t str> {
    let inside = files
        .keys()
        .filter(|name| name.parent() == Some(Path::new(folder)));
    inside
        .map(|name| {
            name.file_name()
                .and_then(|name| name.to_str())
                .expect("a name in UTF-8")
        })
        .collect()
}

/// Names of a workbook, as its parts give them.
#[derive(Default)]
struct WorkbookNames {
    sheets: Vec<String>,
    tables: Vec<String>,
}

impl WorkbookNames {
    /// Takes the names of a part, and holds its texts against what can be seen.
    fn read(&mut self, name: &str, xml: &str) {
        let document =
            roxmltree::Document::parse(xml).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_is_seen(&document, name);
        if name == "xl/workbook.xml" {
            self.sheets.extend(names_of(&document, "sheet"));
        }
        if name.starts_with("xl/tables/") {
            self.tables.extend(names_of(&document, "table"));
            let heads = names_of(&document, "tableColumn");
            let folded: BTreeSet<String> = heads.iter().map(|head| folded(head)).collect();
            assert_eq!(folded.len(), heads.len(), "{heads:?}");
        }
    }
}

/// The names of all elements with a tag.
fn names_of(document: &roxmltree::Document<'_>, tag: &str) -> Vec<String> {
    document
        .descendants()
        .filter(|node| node.has_tag_name_local(tag))
        .map(|node| node.attribute("name").expect("a name").to_owned())
        .collect()
}

/// Nothing is hidden in the texts of a part. A cell for a text alone needs nothing set apart.
fn assert_is_seen(document: &roxmltree::Document<'_>, name: &str) {
    let texts = document.descendants().filter_map(|node| node.text());
    let attributes = document
        .descendants()
        .flat_map(|node| node.attributes().map(|one| one.value()));
    let unseen = |text: &str| {
        text.chars()
            .find(|c| !is_seen(*c) && !is_setting_apart(*c) && !unicode_mark(*c))
    };
    assert_eq!(
        texts
            .chain(attributes)
            .filter_map(unseen)
            .find(|c| *c != '\n'),
        None,
        "{name}"
    );
}

#[test]
fn a_report_of_any_texts_is_a_page_and_a_workbook() {
    let place = hostile();
    place.run("report book --out out").done();
    let files = place.files();
    assert_are_names(names_in(&files, "out/report").into_iter());
    let page = text(&files, "out/report.html");
    assert_eq!(page.lines().find_map(wrong), None);
    // One script, and not one of the texts.
    assert_eq!(
        (
            page.matches("<script>").count(),
            page.matches("</script>").count()
        ),
        (1, 1)
    );
    assert!(!page.contains("<img") && !page.contains("<b>"));

    let mut book = zip::ZipArchive::new(Cursor::new(&files[Path::new("out/report.xlsx")]))
        .expect("a ZIP archive");
    let mut names = WorkbookNames::default();
    for at in 0..book.len() {
        let mut part = book.by_index(at).expect("a part");
        let mut xml = String::new();
        part.read_to_string(&mut xml).expect("XML in UTF-8");
        names.read(part.name(), &xml);
    }
    let WorkbookNames {
        sheets,
        tables: natives,
    } = names;
    let tables = names_in(&files, "out/report")
        .iter()
        .filter(|name| name.ends_with(".csv"))
        .count();
    assert_eq!(
        sheets.len(),
        tables + 2,
        "the summary, the tables, and the balances by day"
    );
    assert_eq!(natives.len(), tables);
    assert!(sheets.iter().all(|name| name.encode_utf16().count() <= 31));
    for names in [&sheets, &natives] {
        assert_are_names(names.iter().map(String::as_str));
    }
    let keys = texts().len();
    assert!(tables > keys, "{tables} tables for {keys} keys of tags");
}

/// Tags by name alone.
trait Local {
    fn has_tag_name_local(&self, name: &str) -> bool;
}

impl Local for roxmltree::Node<'_, '_> {
    fn has_tag_name_local(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

#[test]
fn keys_of_tags_that_are_alike_have_files_and_sheets_of_their_own() {
    let keys = [
        "环境", "部门", "Env-Team", "env-team", "app.name", "app/name", "a_b", "a-b", "é",
        "e\u{301}", "É",
    ];
    let long = [
        "tencentcloud.com/autoscaling-group-id",
        "tencentcloud.com/autoscaling-group-name",
    ];
    let keys: Vec<&str> = keys.into_iter().chain(long).collect();
    let head: String = keys.iter().map(|key| format!(",tag:{key}")).collect();
    let row: String = keys.iter().map(|_| ",x").collect();
    let place = Place::with_book().file(
        "book/instances.csv",
        &format!(
            "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on{head}\n\
             kept,shop,PREPAID,auto,59.00,2026-12-12{row}\n"
        ),
    );
    place.run("report book --out out").done();
    let files = place.files();
    let names = names_in(&files, "out/report");
    assert_are_names(names.iter().copied());
    assert_eq!(
        names
            .iter()
            .filter(|name| name.starts_with("by-tag-"))
            .count(),
        keys.len(),
        "{names:?}"
    );
    for name in [
        "by-tag-环境.csv",
        "by-tag-部门.csv",
        "by-tag-Env-Team.csv",
        "by-tag-env-team-2.csv",
        "by-tag-a-b.csv",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
}

#[test]
fn calendars_and_charts_of_any_texts_can_be_read() {
    let place = hostile();
    place.run("calendar book --by project --out out").done();
    place.run("run book --out out2").done();
    place.run("plan book --out out3");
    let files = place.files();
    let mut calendars = names_in(&files, "out/calendar");
    // Beside them lies what says which files are ours.
    calendars.retain(|name| *name != "calendar.json");
    assert_eq!(calendars.len(), texts().len() + 1, "{calendars:?}");
    assert_are_names(calendars.iter().copied());
    for name in calendars {
        let calendar = text(&files, &format!("out/calendar/{name}"));
        for line in calendar.replace("\r\n ", "").split_terminator("\r\n") {
            assert_eq!(
                wrong(line).or(line.contains('\n').then_some('\n')),
                None,
                "{name}: {line:?}"
            );
        }
        assert!(calendar.lines().all(|line| line.len() <= 75), "{name}");
    }
    for folder in ["out2/charts", "out3/charts"] {
        let charts = names_in(&files, folder);
        assert!(!charts.is_empty());
        assert_are_names(charts.iter().copied());
        for name in charts.iter().filter(|name| name.ends_with(".svg")) {
            let picture = text(&files, &format!("{folder}/{name}"));
            let document = roxmltree::Document::parse(picture)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            for one in document.descendants().filter_map(|node| node.text()) {
                assert_eq!(wrong(one.trim()), None, "{name}: {one:?}");
            }
        }
    }
}

/// What the program prints with colours: no escape sequence but those, and nothing that cannot be seen.
#[track_caller]
fn assert_only_colours(name: &str, printed: &str) -> String {
    let mut plain = String::new();
    let mut rest = printed;
    while let Some((before, sequence)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        let end = sequence
            .find(|c: char| !matches!(c, '[' | ';' | '0'..='9'))
            .expect("a sequence ends");
        assert!(
            sequence.starts_with('[') && sequence[end..].starts_with('m'),
            "{name}: {:?}",
            &sequence[..end]
        );
        rest = &sequence[end + 1..];
    }
    plain.push_str(rest);
    for line in plain.lines() {
        assert_eq!(wrong(line), None, "{name}: {line:?}");
    }
    plain
}

#[test]
fn no_text_commands_a_terminal() {
    let place = hostile()
        .variable("CLICOLOR_FORCE", "1")
        .variable(TURNS.0, TURNS.1);
    let axes: String = texts()
        .iter()
        .take(60)
        .map(|text| {
            format!(
                "[[case]]\nname = {}\nset = [\"renew_flag=auto\"]\n",
                toml::Value::from(text.as_str())
            )
        })
        .collect();
    let name = toml::Value::from("\u{1b}]0;t\u{7}\u{202e}\u{9b}1m\nx שרת");
    let axis = format!("[[axis]]\nname = {name}\nkey = \"renew_months\"\nvalues = [1, 3]\n");
    place.write(Path::new("cases.toml"), axes.as_bytes());
    place.write(Path::new("axis.toml"), axis.as_bytes());
    for verb in [
        "run book --out out",
        "check book",
        "report book --out out",
        "compare book --out compare",
        "plan book --out plan",
        "terms book --out terms",
        "calendar book --out out",
        "sweep book cases.toml --out cases",
        "sweep book axis.toml --out axis",
        "verify out",
        "diff out out --out diff",
        "run book --set charge_type=\u{202e}\u{7}",
        "run \u{202e}\u{9b}2J",
        "report book --month \u{1b}[2J\u{7}",
        "run book --fail-on \u{1b}]0;t\u{7}",
        "\u{1b}[2J --\u{202e}x",
        "generate --instances 3 --accounts 1 --out \u{1b}[2J\u{202e}made",
    ] {
        let answer = place.run(verb);
        assert!(
            answer.code.is_some_and(|code| code <= 2),
            "{verb:?}: {}",
            answer.err
        );
        assert!(
            !answer.err.contains("internal error") && !answer.err.contains("panicked"),
            "{}",
            answer.err
        );
        assert_only_colours(verb, &answer.out);
        assert_only_colours(verb, &answer.err);
    }
    for text in texts()
        .iter()
        .filter(|text| !text.contains('\0') && !text.starts_with('-'))
    {
        let answer = place.run_with("explain book", &[text]);
        assert_only_colours(text, &answer.out);
        assert_only_colours(text, &answer.err);
    }
}

#[test]
fn amounts_are_those_of_a_book_with_plain_texts() {
    let run = |id: &str| {
        let place = Place::with_book()
            .file(
                "book/accounts.csv",
                &format!("account_id,cash\n{},100.00\n", cell(id)),
            )
            .file(
                "book/instances.csv",
                &format!(
                    "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n\
                 {0},{0},PREPAID,auto,59.00,2026-12-12\n\
                 more,{0},PREPAID,auto,59.00,2026-12-05\n",
                    cell(id)
                ),
            );
        let answer = place
            .variable("CLICOLOR_FORCE", "1")
            .variable(TURNS.0, TURNS.1)
            .run("run book --no-charts --out out");
        amounts(&assert_only_colours(id, &answer.out))
    };
    let plain = run("web");
    assert!(plain.len() > 4, "{plain:?}");
    for text in texts() {
        assert_eq!(run(&text), plain, "{text:?}");
    }
}

#[test]
fn what_is_shown_can_be_seen_and_turns_nothing() {
    for text in texts() {
        let (shown, alone) = (Shown::visible(&text), Shown::alone(&text));
        assert_eq!(wrong(shown.as_str()), None, "{text:?}");
        assert_eq!(
            Shown::line(shown.as_str()),
            shown,
            "what was shown stays as it is"
        );
        assert_eq!(shown.as_str().replace(is_setting_apart, ""), alone.as_str());
        assert_eq!(
            alone.as_str().chars().count(),
            text.chars().count(),
            "a dot for each that is not seen"
        );
        let line = format!("{shown}: CNY 69.92");
        assert!(Shown::line(&line).as_str().ends_with(": CNY 69.92"));
    }
    let shown = |text: &str| Shown::visible(text).into_string();
    assert_eq!(shown("web-1"), "web-1");
    assert_eq!(shown("lab\u{202e}"), "lab·");
    assert_eq!(shown("café 部门 e\u{301}"), "café 部门 e\u{301}");
    assert_eq!(shown("\u{301}x"), "·x");
    assert_eq!(
        shown("שרת-12 שלום עולם"),
        "\u{2068}שרת\u{2069}-12 \u{2068}שלום עולם\u{2069}"
    );
}

#[test]
fn what_an_import_leaves_to_do_is_a_comment_and_a_line() {
    let answer = r#"{"TotalCount":1,"InstanceSet":[{"InstanceId":"ins-1","InstanceType":"S5\u001b[31m\u202e\nfrom = 1999-01-01",
        "InstanceChargeType":"PREPAID","InstanceState":"RUNNING","RenewFlag":"NOTIFY_AND_AUTO_RENEW",
        "CreatedTime":"2026-01-05T00:00:00Z","ExpiredTime":"2027-01-05T00:00:00Z","Placement":{"Zone":"ap-guangzhou-3"}}],
        "RequestId":"r"}"#;
    let place = Place::new()
        .file("cvm.json", answer)
        .variable("CLICOLOR_FORCE", "1");
    let answer = place
        .run("import tencent cvm.json --from 2026-12-01 --out book")
        .done();
    assert!(
        answer.out.contains("S5 [31m· from = 1999-01-01 in"),
        "{}",
        answer.out
    );
    assert_only_colours("import", &answer.out);
    assert_only_colours("import", &answer.err);
    let settings: toml::Table = place.text("book/book.toml").parse().expect("TOML");
    assert_eq!(settings["from"].to_string(), "2026-12-01");
}
