//! The licences that the program prints are those of the crates that it is built from.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::program::Place;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))
        .expect("a file of the repository")
}

/// The crates of the lock file that come from elsewhere: name and version.
fn locked() -> BTreeSet<String> {
    let lock: toml::Table = read("Cargo.lock").parse().expect("a lock file is TOML");
    let packages = lock["package"]
        .as_array()
        .expect("packages")
        .iter()
        .filter(|one| one.get("source").is_some());
    let label = |one: &toml::Value| {
        Some(format!(
            "{} {}",
            one["name"].as_str()?,
            one["version"].as_str()?
        ))
    };
    packages
        .map(|one| label(one).expect("a name and a version"))
        .collect()
}

/// The crates under a heading of the printed text.
fn listed(text: &str, heading: &str) -> BTreeSet<String> {
    let list = text
        .lines()
        .skip_while(|line| !line.starts_with(heading))
        .skip(1);
    let crates = list.map_while(|line| line.strip_prefix("  ")?.split_once(": "));
    crates.map(|(label, _)| label.to_owned()).collect()
}

/// The crates that stand above a text of terms.
fn with_terms(text: &str) -> BTreeSet<String> {
    let rule = format!("\n{}\n", "=".repeat(80));
    let blocks = text.split(&rule).skip(1).step_by(2);
    blocks.flat_map(str::lines).map(str::to_owned).collect()
}

#[test]
fn every_crate_of_the_lock_file_is_named_and_those_in_the_program_have_their_terms() {
    let text = Place::new().run("licenses").done().out;
    let (inside, beside) = (
        listed(&text, "In the program"),
        listed(&text, "For building"),
    );
    assert!(inside.is_disjoint(&beside));
    let both: BTreeSet<String> = inside.union(&beside).cloned().collect();
    let locked = locked();
    let differing: Vec<&String> = both.symmetric_difference(&locked).collect();
    assert!(
        differing.is_empty(),
        "run `.ci/licenses`, which knows nothing of, or too much: {differing:?}"
    );
    let with_terms = with_terms(&text);
    let without: Vec<&String> = inside.difference(&with_terms).collect();
    assert!(without.is_empty(), "no terms of {without:?}");
    for known in [
        "clap 4",
        "polars-core 0.55",
        "serde 1",
        "the fonts Noto Sans",
        "the standard library of Rust",
    ] {
        assert!(
            with_terms.iter().any(|label| label.starts_with(known)),
            "{known}"
        );
    }
    assert!(text.contains("SIL OPEN FONT LICENSE Version 1.1"));
    assert!(
        text.matches("\nCopyright").count() > 50,
        "notices of copyright belong to the terms"
    );
}

/// What a registry, a distribution and a scanner read: the fonts are in the program too.
#[test]
fn the_licence_of_the_package_names_that_of_its_fonts() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("a manifest is TOML");
    assert_eq!(
        manifest["package"]["license"].as_str(),
        Some("(MIT OR Apache-2.0) AND OFL-1.1")
    );
    assert!(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src/output/chart/fonts/OFL.txt")
            .exists()
    );
}
