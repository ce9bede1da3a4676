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
    /// Only profiles that suspend at most so many days after expiry.
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
    let field = document.section().field("rule").expect("there are rules");
    let rules = field
        .sections(&mut problems)
        .iter()
        .map(|rule| read_rule(rule, &mut problems))
        .collect();
    assert!(
        !problems.has_errors(),
        "the built-in rules are right: {problems:?}"
    );
    rules
}

fn rule_text(section: &TomlTable<'_>, name: &str, problems: &mut Diagnostics) -> String {
    let field = section.field(name).expect("a built-in rule has every key");
    field.read_text(problems).expect("a text")
}

fn read_rule(rule: &TomlTable<'_>, problems: &mut Diagnostics) -> UncertainRule {
    rule.refuse_unknown(&["name", "question", "source", "variant"], problems);
    let variants = rule
        .field("variant")
        .expect("a rule has variants")
        .sections(problems);
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
    let set = variant
        .field("set")
        .expect("a variant says what it changes")
        .items(problems);
    Variant {
        name: rule_text(variant, "name", problems),
        changes: set
            .iter()
            .filter_map(|change| change.read_text(problems))
            .collect(),
        suspended_within: variant
            .field("suspended_within")
            .and_then(|field| field.read_number(0, 3_660, problems)),
    }
}
