//! The habits that no compiler checks, read off the source tree. Each complaint names the file and the line.

mod lexer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use lexer::{Token, paths, tokens};

/// The modules in reading order: a file imports from what stands above it, never from what stands below. Layers are the
/// first parts of the names; what a layer does not order by itself is one name.
const READING_ORDER: &[&str] = &[
    // How work is spread over processors.
    "parallel",
    // What exists and what people plan. Small values first, without policy.
    "model::money",
    "model::calendar",
    "model::id",
    "model::prices",
    "model::profile",
    "model::selector",
    "model::instance",
    "model::voucher",
    "model::account",
    "model::order",
    "model::action",
    "model::budget",
    "model::bill",
    "model::book",
    // The replay and its rules.
    "engine::amortisation",
    "engine::lifecycle",
    "engine::charge",
    "engine::event",
    "engine::ledger",
    "engine",
    // Questions to a replay.
    "analysis::remedy",
    "analysis::losses",
    "analysis::summary",
    "analysis::demand",
    "analysis::lost",
    "analysis::explain",
    "analysis::compare",
    "analysis::plan",
    "analysis::tasks",
    "analysis::deadline",
    "analysis::terms",
    // The ledger as a table.
    "tables",
    // Edges: what meets the outside.
    "input::cell",
    "input::shown",
    "input::diagnostic",
    "input",
    "input::import",
    "input::generate",
    "output",
    "verify",
    "cli",
];

/// The layers, as the crate declares them: one imports only what stands left of it.
const LAYERS: &[&str] = &[
    "parallel", "model", "engine", "analysis", "tables", "input", "output", "verify", "cli",
];

/// Words and paths, the places that may use them (a file, or the beginning of a path), and what speaks for it.
const HOMES: &[(&[&str], &[&str], &str)] = &[
    (
        &["unwrap", "todo", "unimplemented", "dbg"],
        &[],
        "a failure has a name, an impossible state an `expect`",
    ),
    (
        &["HashMap", "HashSet"],
        &[],
        "their order differs from run to run",
    ),
    (
        &["f32", "f64"],
        &[
            "src/output/chart",
            "src/output/workbook/sheet.rs",
            "src/analysis/terms/solver.rs",
        ],
        "only pictures and the solver are inexact, and a spreadsheet knows no other numbers",
    ),
    (
        &["microlp"],
        &["src/analysis/terms/solver.rs"],
        "one file knows the solver",
    ),
    (
        &[
            "std::fs",
            "std::env",
            "std::process",
            "println",
            "print",
            "eprintln",
            "eprint",
            "stdout",
            "stderr",
            "stdin",
        ],
        &["src/cli", "src/main.rs"],
        "only the command line prints, writes files and reads the environment",
    ),
    (
        &["SystemTime", "Instant", "Utc::now", "Local"],
        &["src/cli"],
        "the replay has no clock",
    ),
    (&["polars"], &["src/tables.rs"], "one file knows polars"),
    (
        &["plotters", "ab_glyph", "png::Encoder"],
        &["src/output/chart"],
        "one folder draws",
    ),
    (
        &["clap", "clap_complete"],
        &["src/cli", "src/main.rs"],
        "one folder knows the command line",
    ),
    (
        &["anstream", "say_own"],
        &[
            "src/cli/print.rs",
            "src/cli/profiles.rs",
            "src/cli/licenses.rs",
            "src/cli.rs",
        ],
        "one door to the terminal",
    ),
    (
        &["anstyle"],
        &["src/cli/ink.rs"],
        "one file makes escape sequences",
    ),
    (&["indicatif"], &["src/cli"], "one folder knows terminals"),
    (
        &["unicode_width"],
        &["src/cli", "src/input/shown.rs"],
        "terminals have columns, and what has none is not seen",
    ),
    (
        &["unicode_normalization"],
        &["src/input/shown.rs", "src/output/names.rs"],
        "what is shown, and what is one name",
    ),
    (
        &["signal_hook"],
        &["src/cli/interrupt.rs"],
        "one file listens to signals",
    ),
    (
        &["rustix", "tempfile"],
        &["src/cli/output"],
        "one folder puts files into their places",
    ),
    (
        &["askama"],
        &["src/output/html.rs"],
        "one file fills templates",
    ),
    (
        &["rust_xlsxwriter"],
        &["src/output/workbook"],
        "one folder knows workbooks",
    ),
    (
        &[
            "write_string",
            "write_string_with_format",
            "write_url_with_format",
            "Url",
            "set_header",
            "set_title",
        ],
        &["src/output/workbook/texts.rs"],
        "one door for texts to a workbook",
    ),
    (
        &["ics"],
        &["src/output/icalendar.rs"],
        "one file knows calendars",
    ),
    (
        &["sqlparser"],
        &["src/input/selectors.rs"],
        "one file knows SQL",
    ),
    (&["sha2"], &["src/output/hash.rs"], "one file hashes"),
    (
        &["rayon"],
        &["src/parallel.rs", "src/cli", "src/output/pictures.rs"],
        "what is parallel is asked for in one place",
    ),
];

/// Words of unfinished work, cut in two so that this file does not hold them.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("for", " now"),
];

/// What only one machine has: its folders, and where its packages come from.
const MACHINES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/t", "mp/"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("spar", "se+"),
    concat!("local", "host"),
    concat!("arti", "factory"),
    concat!("mir", "rors."),
];

/// The one registry a lock file may name.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates that speak to a network, by name or by the beginning of it.
const NETWORK: &[&str] = &[
    "aws-",
    "curl",
    "h2",
    "http",
    "hyper",
    "isahc",
    "native-tls",
    "object_store",
    "openssl",
    "quinn",
    "reqwest",
    "ring",
    "rustls",
    "tonic",
    "ureq",
    "webpki",
];

const LONGEST_FUNCTION: usize = 70;
const LONGEST_FILE: usize = 600;

struct Source {
    /// From the root of the crate, with slashes.
    path: String,
    text: String,
    tokens: Vec<Token>,
}

impl Source {
    /// `src/output/chart.rs` is `report::chart`; `src/lib.rs` and `src/main.rs` are no modules of the crate.
    fn module(&self) -> Option<Vec<String>> {
        let name = self.path.strip_prefix("src/")?.strip_suffix(".rs")?;
        (!matches!(name, "lib" | "main")).then(|| name.split('/').map(str::to_owned).collect())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Rust files below a folder, by path.
fn sources(folder: &str) -> Vec<Source> {
    let mut waiting: Vec<PathBuf> = Some(root().join(folder))
        .filter(|folder| folder.is_dir())
        .into_iter()
        .collect();
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder)
            .expect("a folder of the crate")
            .map(|entry| entry.expect("a file").path())
        {
            if entry.is_dir() {
                waiting.push(entry);
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                files.push(entry);
            }
        }
    }
    files.sort();
    let source = |file: &PathBuf| {
        let path = file
            .strip_prefix(root())
            .expect("a file of the crate")
            .to_string_lossy()
            .replace('\\', "/");
        let text = read(&path);
        Source {
            tokens: tokens(&text),
            path,
            text,
        }
    };
    files.iter().map(source).collect()
}

fn report(mut complaints: Vec<String>) {
    complaints.dedup();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The modules that a file imports, by the line: the longest known module of each path.
fn imports(
    source: &Source,
    module: &[String],
    known: &BTreeSet<Vec<String>>,
) -> Vec<(usize, Vec<String>)> {
    let resolve = |path: &[String]| {
        let above = path.iter().take_while(|part| *part == "super").count();
        let rest = &path[above.max(usize::from(path[0] == "crate" || path[0] == "self"))..];
        let base = if path[0] == "crate" {
            &[]
        } else {
            &module[..module.len().saturating_sub(above)]
        };
        let full = [base, rest].concat();
        (1..=full.len())
            .rev()
            .map(|length| full[..length].to_vec())
            .find(|module| known.contains(module))
    };
    let found = paths(&source.tokens)
        .into_iter()
        .filter_map(|(line, path)| Some((line, resolve(&path)?)));
    found.filter(|(_, import)| *import != module).collect()
}

#[test]
fn a_file_imports_only_what_stands_above_it() {
    let place = |module: &[String]| {
        let prefix = |length: usize| {
            READING_ORDER
                .iter()
                .position(|name| *name == module[..length].join("::"))
        };
        (1..=module.len()).rev().find_map(prefix)
    };
    let sources = sources("src");
    let known = sources.iter().filter_map(Source::module).collect();
    let mut complaints = Vec::new();
    for source in &sources {
        let Some(module) = source.module() else {
            continue;
        };
        for (line, import) in imports(source, &module, &known) {
            // A folder's own file declares what is in it.
            let declares = import.starts_with(&module);
            if !declares && place(&import) > place(&module) {
                complaints.push(format!(
                    "{}:{line}: imports `{}` from below",
                    source.path,
                    import.join("::")
                ));
            }
        }
    }
    report(complaints);
}

#[test]
fn the_reading_order_names_every_layer() {
    let root = read("src/lib.rs");
    let declared: BTreeSet<&str> = root
        .lines()
        .filter_map(|line| {
            line.trim_start_matches("pub ")
                .strip_prefix("mod ")?
                .strip_suffix(';')
        })
        .collect();
    assert_eq!(declared, LAYERS.iter().copied().collect());
    let mut layers: Vec<&str> = READING_ORDER
        .iter()
        .filter_map(|name| name.split("::").next())
        .collect();
    layers.dedup();
    assert_eq!(layers, LAYERS);
}

/// A folder's own file and the files in the folder are one thing; between others there is no way back.
#[test]
fn no_two_files_import_each_other() {
    let sources = sources("src");
    let known: BTreeSet<Vec<String>> = sources.iter().filter_map(Source::module).collect();
    let mut edges: BTreeMap<Vec<String>, Vec<(String, Vec<String>)>> = BTreeMap::new();
    for source in &sources {
        let Some(module) = source.module() else {
            continue;
        };
        let others = imports(source, &module, &known)
            .into_iter()
            .filter(|(_, import)| !import.starts_with(&module) && !module.starts_with(import));
        let others = others
            .map(|(line, import)| (format!("{}:{line}", source.path), import))
            .collect();
        edges.insert(module, others);
    }
    let reaches = |from: &Vec<String>, to: &Vec<String>| {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![from]);
        while let Some(module) = waiting.pop() {
            if seen.insert(module) {
                waiting.extend(edges[module].iter().map(|(_, import)| import));
            }
        }
        seen.contains(to)
    };
    let mut complaints = Vec::new();
    for (module, imports) in &edges {
        for (place, import) in imports.iter().filter(|(_, import)| reaches(import, module)) {
            complaints.push(format!(
                "{place}: imports `{}`, which leads back here",
                import.join("::")
            ));
        }
    }
    report(complaints);
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let complaints: Vec<String> = ["src", "tests", "benches"]
        .iter()
        .filter(|folder| root().join(folder).is_dir())
        .flat_map(|folder| sources(folder))
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("{}:1: does not open with `//!`", source.path))
        .collect();
    report(complaints);
}

#[test]
fn functions_and_files_stay_short() {
    let mut complaints = Vec::new();
    for source in ["src", "tests", "benches", "examples"]
        .iter()
        .flat_map(|folder| sources(folder))
    {
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE && source.path.starts_with("src") {
            complaints.push(format!(
                "{}:{lines}: the file is longer than {LONGEST_FILE} lines",
                source.path
            ));
        }
        for (name, first, last) in functions(&source.tokens) {
            let length = last - first + 1;
            if length > LONGEST_FUNCTION {
                complaints.push(format!(
                    "{}:{first}: `{name}` has {length} lines",
                    source.path
                ));
            }
        }
    }
    report(complaints);
}

/// Name, first and last line of every function with a body.
fn functions(tokens: &[Token]) -> Vec<(&str, usize, usize)> {
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        let [keyword, name] = pair else { continue };
        if keyword.text != "fn" || !name.is_word() {
            continue;
        }
        let mut depth = 0_usize;
        for token in &tokens[at..] {
            match token.text.as_str() {
                "{" | "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                ";" if depth == 0 => break,
                "}" => {
                    depth -= 1;
                    if depth == 0 {
                        found.push((name.text.as_str(), keyword.line, token.line));
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn each_thing_is_used_only_where_it_lives() {
    let mut complaints = Vec::new();
    for source in sources("src") {
        for (line, path) in paths(&source.tokens) {
            for (words, homes, why) in HOMES {
                let is_home = homes.iter().any(|home| source.path.starts_with(home));
                let word = words.iter().find(|word| holds(&path, word));
                if let (false, Some(word)) = (is_home, word) {
                    complaints.push(format!("{}:{line}: `{word}`: {why}", source.path));
                }
            }
        }
    }
    report(complaints);
}

/// Whether a path has all parts of another one in a row.
fn holds(path: &[String], part: &str) -> bool {
    let part: Vec<&str> = part.split("::").collect();
    path.windows(part.len()).any(|window| window == part)
}

/// The text files that git tracks; none outside a checkout.
fn tracked() -> Vec<(String, String)> {
    if !root().join(".git").exists() {
        return Vec::new();
    }
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(
        listed.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let names = String::from_utf8(listed.stdout).expect("names of files are UTF-8");
    let names = names.split_terminator('\0');
    names
        .filter_map(|name| Some((name.to_owned(), fs::read_to_string(root().join(name)).ok()?)))
        .collect()
}

/// Every line of tracked text that holds one of the words.
fn mentions(words: &[&str]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (file, text) in tracked() {
        for (number, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                complaints.push(format!("{file}:{}: `{word}`", number + 1));
            }
        }
    }
    complaints
}

#[test]
fn nothing_is_left_unfinished() {
    report(mentions(UNFINISHED));
}

#[test]
fn no_file_knows_a_machine_or_a_registry() {
    report(mentions(MACHINES));
}

#[test]
fn the_lock_files_name_the_default_registry_and_no_network_crate() {
    let mut complaints = Vec::new();
    for file in ["Cargo.lock", "tests/fuzz/Cargo.lock"] {
        for (number, line) in read(file).lines().enumerate() {
            let value = |key: &str| {
                line.strip_prefix(key)?
                    .strip_prefix(" = \"")?
                    .strip_suffix('"')
            };
            let is_network = |name: &str| NETWORK.iter().any(|network| name.starts_with(network));
            if value("source").is_some_and(|source| source != REGISTRY)
                || value("name").is_some_and(is_network)
            {
                complaints.push(format!("{file}:{}: {line}", number + 1));
            }
        }
    }
    report(complaints);
}

/// Amounts never wrap and no code is unsafe, in every build that people use.
#[test]
fn every_build_checks_overflow_and_forbids_unsafe_code() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("a manifest is TOML");
    let fuzz: toml::Table = read("tests/fuzz/Cargo.toml")
        .parse()
        .expect("a manifest is TOML");
    for manifest in [&manifest, &fuzz] {
        assert_eq!(
            manifest["lints"]["rust"]["unsafe_code"].as_str(),
            Some("forbid")
        );
        assert_eq!(
            manifest["profile"]["release"]["overflow-checks"].as_bool(),
            Some(true)
        );
    }
    let profiles = manifest["profile"].as_table().expect("a table of profiles");
    let of_packages = profiles
        .values()
        .filter_map(|profile| profile.get("package")?.as_table());
    let packages = of_packages.flat_map(|packages| packages.values());
    for profile in profiles.values().chain(packages) {
        assert_ne!(
            profile
                .get("overflow-checks")
                .and_then(toml::Value::as_bool),
            Some(false),
            "{profile}"
        );
    }
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = read("Cargo.toml");
    let lines: Vec<&str> = manifest.lines().collect();
    let mut in_dependencies = false;
    let mut complaints = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
        } else if in_dependencies
            && line.starts_with(|c: char| c.is_alphabetic())
            && !lines[number - 1].starts_with("# ")
        {
            complaints.push(format!(
                "Cargo.toml:{}: no reason above `{line}`",
                number + 1
            ));
        }
    }
    report(complaints);
}

/// A map that leads nowhere is worse than none.
#[test]
fn every_file_that_the_map_names_is_there() {
    let mut complaints = Vec::new();
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        for quoted in read(page).split('`').skip(1).step_by(2) {
            let is_path = ["src/", "tests/", "data/", "docs/"]
                .iter()
                .any(|folder| quoted.starts_with(folder));
            if is_path && !quoted.contains(' ') && !root().join(quoted).exists() {
                complaints.push(format!("{page}: `{quoted}` is not there"));
            }
        }
    }
    report(complaints);
}
