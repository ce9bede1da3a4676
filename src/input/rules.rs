//! The rules that are not published, each with the ways in which it could be: data of the program, as profiles are.

use super::document::{TomlDocument, TomlTable};
use crate::input::diagnostic::Diagnostics;

/// The file, as part of the program.
const TEXT: &str = include_str!("rules/uncertain.toml");
const FILE: &str = "uncertain rules";

/// A rule that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncertainRule {
    /// Its name.
    pub name: String,
    /// What is not known, as a question.
    pub question: String,
    /// Why it is not known.
    pub source: String,
    /// How it could be.
    pub variants: Vec<Variant>,
}

/// A way in which a rule could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// The changes that say it, as after `--set`; `profile.*.` stands for each profile.
    pub changes: Vec<String>,
    /// Only profiles that suspend within this number of days after expiry.
    pub suspended_within: Option<i64>,
}

/// All of them.
///
/// # Panics
/// Never: a test reads the file.
pub fn rules() -> Vec<UncertainRule> {
    let mut problems = Diagnostics::default();
    let document = TomlDocument::parse_toml(FILE, TEXT.as_bytes(), &mut problems)
        .expect("the built-in rules parse");
    let rules = document.section().tables("rule", &mut problems);
    let rules = rules.iter().map(|rule| read_rule(rule, &mut problems));
    let rules = rules.collect();
    assert!(
        !problems.has_errors(),
        "the built-in rules are right: {problems:?}"
    );
    rules
}

fn rule_text(section: &TomlTable<'_>, name: &str, problems: &mut Diagnostics) -> String {
    let text = section.text(name, problems);
    text.expect("a built-in rule has every key, and each is a text")
}

fn read_rule(rule: &TomlTable<'_>, problems: &mut Diagnostics) -> UncertainRule {
    rule.refuse_unknown(&["name", "question", "source", "variant"], problems);
    let variants = rule.tables("variant", problems);
    UncertainRule {
        name: rule_text(rule, "name", problems),
        question: rule_text(rule, "question", problems),
        source: rule_text(rule, "source", problems),
        variants: variants
            .iter()
            .map(|variant| read_variant(variant, problems))
            .collect(),
    }
}

fn read_variant(variant: &TomlTable<'_>, problems: &mut Diagnostics) -> Variant {
    variant.refuse_unknown(&["name", "set", "suspended_within"], problems);
    let set = variant.field("set");
    let set = set.map_or_else(Vec::new, |set| set.texts(problems));
    let within = variant.field("suspended_within");
    Variant {
        name: rule_text(variant, "name", problems),
        changes: set.into_iter().map(|(change, _)| change).collect(),
        suspended_within: within.and_then(|field| field.read_number(0, 3_660, problems)),
    }
}
