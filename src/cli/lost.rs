//! The losses of a run in words: at risk soon, later, ending on purpose, beyond help. Which class a loss has is decided
//! elsewhere.

use super::words::{BookWords, amount, counted};
use crate::analysis::lost::{LossClass, LossCount, LossRemedy, Lost};

/// What a class is called.
pub(super) fn heading(class: LossClass) -> &'static str {
    match class {
        LossClass::Soon => "At risk within 30 days",
        LossClass::Later => "At risk later in the run",
        LossClass::OnPurpose => "Ending on purpose",
        LossClass::Impossible => "Cannot be saved",
    }
}

/// How many there are, what they cost a month, and how many are production.
pub(super) fn counts(count: &LossCount) -> String {
    let mut text = counted(count.instances, "instance");
    for (currency, value) in &count.value {
        text += &format!(", {} a month", amount(*currency, *value));
    }
    if count.production > 0 {
        text += &format!(", {} production", count.production);
    }
    text
}

/// A loss on a line.
pub(super) fn lost_sentence(words: BookWords<'_>, lost: &Lost) -> String {
    let (id, gone) = (words.instance(lost.instance), lost.lost_on);
    let value = lost.value.display_grouped(lost.currency);
    let mut text = match lost.stops_on {
        Some(day) => format!("{id}, {value} a month: stops {day}, gone {gone}"),
        None => format!("{id}, {value} a month: cannot be bought on {gone}"),
    };
    if let (Some(cure), Some(latest)) = (lost.cure, lost.latest) {
        text += &format!("; {} by {latest}", remedy(cure));
    }
    text
}

/// What helps on the last day: a flag helps only until the last attempt, a renewal to the end. The to-do list says more.
fn remedy(cure: LossRemedy) -> &'static str {
    match cure {
        LossRemedy::TopUp => "top up its account",
        LossRemedy::SetFlag | LossRemedy::Renew => "renew it",
        LossRemedy::Start => "start it",
    }
}
