//! What is asked of plans: every option, and books in which each of them matters. All of it depends on a seed alone.

use std::collections::{BTreeMap, BTreeSet};

use renewcast::analysis::plan::{
    self, AccountPlan, Cadence, InstanceValue, KeepRule, PlanQuestion, Tolerance,
};
use renewcast::input;
use renewcast::input::diagnostic::Diagnostics;
use renewcast::model::action::Channel;
use renewcast::model::book::Book;
use renewcast::model::money::Money;

use super::{rows, table};
use crate::books::random_book;
use crate::support::{Files, builtin};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ask {
    Default,
    Overdue,
    Reclaimed,
    Keep,
    BudgetByPrice,
    BudgetByCount,
    BudgetByPriority,
    BudgetByTag,
    Bank,
    Weekly,
    Daily,
    Dates,
    Reserve,
    KeepOverdue,
    KeepReclaimed,
    KeepBudget,
    Flagged,
    FlaggedOverdue,
    FlaggedReclaimed,
    FlaggedBudget,
}

impl Ask {
    pub(super) const ALL: &[Self] = &[
        Self::Default,
        Self::Overdue,
        Self::Reclaimed,
        Self::Keep,
        Self::BudgetByPrice,
        Self::BudgetByCount,
        Self::BudgetByPriority,
        Self::BudgetByTag,
        Self::Bank,
        Self::Weekly,
        Self::Daily,
        Self::Dates,
        Self::Reserve,
        Self::KeepOverdue,
        Self::KeepReclaimed,
        Self::KeepBudget,
        Self::Flagged,
        Self::FlaggedOverdue,
        Self::FlaggedReclaimed,
        Self::FlaggedBudget,
    ];

    pub(super) fn keeps(self) -> bool {
        matches!(
            self,
            Self::Keep | Self::KeepOverdue | Self::KeepReclaimed | Self::KeepBudget
        )
    }

    /// Whether what the to-do list keeps is kept.
    pub(super) fn keeps_flagged(self) -> bool {
        matches!(
            self,
            Self::Flagged | Self::FlaggedOverdue | Self::FlaggedReclaimed | Self::FlaggedBudget
        )
    }

    pub(super) fn tolerance(self) -> Tolerance {
        match self {
            Self::Overdue | Self::KeepOverdue | Self::FlaggedOverdue => Tolerance::Overdue,
            Self::Reclaimed | Self::KeepReclaimed | Self::FlaggedReclaimed => Tolerance::Reclaimed,
            _ => Tolerance::Nothing,
        }
    }

    pub(super) fn worth(self) -> Option<InstanceValue> {
        match self {
            Self::BudgetByPrice | Self::KeepBudget | Self::FlaggedBudget => {
                Some(InstanceValue::Price)
            }
            Self::BudgetByCount => Some(InstanceValue::Count),
            Self::BudgetByPriority => Some(InstanceValue::Priority),
            Self::BudgetByTag => Some(InstanceValue::Tag(0)),
            _ => None,
        }
    }
}

/// A number below `below` that depends on the seed alone.
pub(super) fn drawn(seed: u64, salt: u64, below: u64) -> u64 {
    let mut state =
        (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd1b5_4a32_d192_ed03);
    for shift in [29, 32] {
        state = (state ^ (state >> shift)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (state ^ (state >> 31)) % below
}

/// A random book whose instances have a weight.
pub(super) fn weighted_book(seed: u64) -> Files {
    let mut files = random_book(seed);
    let mut instances = rows(&files["instances.csv"]);
    for (number, row) in (0..).zip(&mut instances) {
        row.insert(WEIGHT.to_owned(), drawn(seed, number, 4).to_string());
    }
    if !instances.is_empty() {
        files.insert("instances.csv".to_owned(), table(&instances));
    }
    files
}

/// A column that holds whole numbers.
const WEIGHT: &str = "tag:a-weight";

/// The built-in profiles that a book can ask for, with those that they extend: the model reads its rules anew for each run.
pub(super) fn profiles_of(files: &Files) -> String {
    let all: toml::Table = builtin().parse().expect("the built-in profiles are TOML");
    let texts = [files.get("book.toml"), files.get("profiles.toml")];
    let is_named = |name: &str| texts.iter().flatten().any(|text| text.contains(name));
    let mut wanted: BTreeSet<String> = all
        .keys()
        .filter(|name| *name == "tencent-cvm" || is_named(name))
        .cloned()
        .collect();
    let parent = |name: &String| Some(all.get(name)?.get("extends")?.as_str()?.to_owned());
    loop {
        let parents: Vec<String> = wanted
            .iter()
            .filter_map(parent)
            .filter(|one| !wanted.contains(one))
            .collect();
        if parents.is_empty() {
            break;
        }
        wanted.extend(parents);
    }
    let table: toml::Table = all
        .into_iter()
        .filter(|(name, _)| wanted.contains(name))
        .collect();
    table.to_string()
}

pub(super) fn question(
    seed: u64,
    ask: Ask,
    files: &Files,
    book: &Book,
) -> (PlanQuestion, Option<BTreeSet<String>>) {
    let dates = [2, 9, 30].map(|days| book.days.from + days);
    let weekly = drawn(seed, 1, 3) == 0;
    let cadence = match ask {
        Ask::Weekly => Cadence::Weekly,
        Ask::Daily => Cadence::Daily,
        Ask::Dates => Cadence::On(dates.to_vec()),
        Ask::Default
        | Ask::BudgetByPrice
        | Ask::BudgetByCount
        | Ask::BudgetByPriority
        | Ask::BudgetByTag => Cadence::Monthly,
        _ if weekly => Cadence::On(dates.to_vec()),
        _ => Cadence::Monthly,
    };
    let ids = rows(&files["instances.csv"])
        .into_iter()
        .map(|row| row["instance_id"].clone());
    let kept: BTreeSet<String> = (0..)
        .zip(ids)
        .filter(|(at, _)| drawn(seed, 100 + at, 2) == 0)
        .map(|(_, id)| id)
        .collect();
    let quoted: Vec<String> = kept
        .iter()
        .map(|id| format!("'{}'", id.replace('\'', "''")))
        .collect();
    let text = if quoted.is_empty() {
        "instance_id = 'nobody'".to_owned()
    } else {
        format!("instance_id IN ({})", quoted.join(", "))
    };
    let selector = || {
        input::condition(book, "--keep", &text, &mut Diagnostics::default())
            .expect("a condition on ids")
    };
    let keep = match ask {
        _ if ask.keeps() => KeepRule::Matching(selector()),
        _ if ask.keeps_flagged() => KeepRule::Flagged,
        _ => KeepRule::Due,
    };
    let reserve = match ask {
        Ask::Reserve => 777,
        Ask::KeepOverdue | Ask::Overdue if drawn(seed, 2, 4) == 0 => 30,
        _ => 0,
    };
    let reserves = book
        .accounts
        .iter()
        .map(|one| (one.currency, Money::from_minor(reserve)));
    let question = PlanQuestion {
        cadence,
        channel: (ask == Ask::Bank).then_some(Channel::Bank),
        keep,
        reserve: if reserve > 0 {
            reserves.collect()
        } else {
            BTreeMap::new()
        },
        tolerance: ask.tolerance(),
        budgets: BTreeMap::new(),
        worth: BTreeMap::new(),
    };
    (question, ask.keeps().then_some(kept))
}

/// Gives each account a part of what its plan without a budget needs.
pub(super) fn with_budgets(
    seed: u64,
    ask: Ask,
    book: &Book,
    question: PlanQuestion,
) -> Option<PlanQuestion> {
    let Some(worth) = ask.worth() else {
        return Some(question);
    };
    let weight = book
        .tag_keys
        .iter()
        .position(|key| WEIGHT.ends_with(&**key));
    let worth = match worth {
        InstanceValue::Tag(_) => InstanceValue::Tag(weight?),
        other => other,
    };
    let all = plan::plan(book, &question).ok()?;
    let budget = |plan: &AccountPlan| {
        let sum: i64 = plan.top_ups.iter().map(|one| one.amount.minor()).sum();
        let part = i64::try_from(drawn(seed, 7 + u64::from(plan.account.0), 5)).expect("small");
        (plan.account, Money::from_minor(sum * part / 4))
    };
    let budgets = all.accounts.iter().map(budget).collect();
    Some(PlanQuestion {
        budgets,
        worth: plan::weigh(book, worth).ok()?,
        ..question
    })
}
