//! A limit on a figure, as the command line takes it: `terminated = 0 where "tag:env" = 'prod'`.
//!
//! Rule **limit** of docs/spec.

use super::inline_change::WHERE;
use super::sweep::named_measure;
use super::value::{amount, any_whole, shown};
use crate::analysis::compare::{Limit, Measure};
use crate::model::money::Currency;
use crate::model::selector::Comparison;

/// The comparisons, the longer ones first.
const COMPARISONS: &[(&str, Comparison)] = &[
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<>", Comparison::Unequal),
    ("=", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];
/// The figures that instances have on their own.
const OF_INSTANCES: &[Measure] = &[
    Measure::Spend,
    Measure::Failed,
    Measure::Reclaimed,
    Measure::Stopped,
    Measure::Recovered,
    Measure::Terminated,
    Measure::Refused,
];

/// The limit that a text says, with the condition on instances behind it; amounts are in this currency.
///
/// # Errors
/// What is wrong with the text, and what to type instead.
pub fn limit(text: &str, currency: Currency) -> Result<(Limit, Option<String>), (String, String)> {
    let at = text.to_ascii_lowercase().find(WHERE);
    let (figure, condition) = match at {
        Some(at) => (
            &text[..at],
            Some(text[at + WHERE.len()..].trim().to_owned()),
        ),
        None => (text, None),
    };
    let found = COMPARISONS
        .iter()
        .filter_map(|(sign, comparison)| Some((figure.find(sign)?, *sign, *comparison)));
    let Some((at, sign, comparison)) =
        found.min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())))
    else {
        let message = format!("the limit {} compares nothing", shown(text));
        let help =
            "write it like \"terminated = 0 where \\\"tag:env\\\" = 'prod'\" or \"lowest >= 1000\"";
        return Err((message, help.to_owned()));
    };
    let measure = named_measure(figure[..at].trim())?;
    if condition.is_some() && !OF_INSTANCES.contains(&measure) {
        let message = format!(
            "`{}` is a figure of accounts, not of instances",
            measure.name()
        );
        return Err((message, "leave out the condition".to_owned()));
    }
    let bound = figure[at + sign.len()..].trim();
    let bound = if measure.is_money() {
        amount(bound, currency).map(|money| money.minor())
    } else {
        any_whole(bound)
    };
    let bound = bound.map_err(|problem| (problem.message, problem.help))?;
    Ok((
        Limit {
            measure,
            comparison,
            bound,
            group: None,
        },
        condition,
    ))
}
