//! The losses of a run in words: at risk soon, later, ending on purpose, beyond help.

use super::diagnostics::{counted, visible};
use crate::analysis::lost::{LossClass, LossCount, LossRemedy, Lost, count};
use crate::model::book::Book;

/// The losses of a class, the dearest first, and what stands above them.
pub(super) fn of_class(losses: &[Lost], class: LossClass) -> (String, Vec<&Lost>) {
    let head = format!("{}: {}", heading(class), counts(&count(losses, class)));
    (
        head,
        losses.iter().filter(|lost| lost.class == class).collect(),
    )
}

/// What a class is called.
pub(super) fn heading(class: LossClass) -> &'static str {
    match class {
        LossClass::Soon => "At risk within 30 days",
        LossClass::Later => "At risk later in the run",
        LossClass::OnPurpose => "Ending on purpose",
        LossClass::Impossible => "Nothing helps any more",
    }
}

/// How many there are, what they cost a month, and how many are production.
pub(super) fn counts(count: &LossCount) -> String {
    let values = count.value.iter().map(|(currency, value)| {
        format!(", {currency} {} a month", value.display_grouped(*currency))
    });
    let production = if count.production > 0 {
        format!(", {} production", count.production)
    } else {
        String::new()
    };
    format!(
        "{}{}{production}",
        counted(count.instances, "instance"),
        values.collect::<String>()
    )
}

/// A loss on a line.
pub(super) fn lost_sentence(book: &Book, lost: &Lost) -> String {
    let instance = book.instance(lost.instance);
    let id = visible(instance.id.as_str());
    let value = lost.value.display_grouped(lost.currency);
    let stops = lost.stops_on.map_or_else(
        || format!("cannot be bought on {}", lost.lost_on),
        |day| format!("stops {day}"),
    );
    let helps = match (lost.cure, lost.latest) {
        (Some(cure), Some(latest)) => format!("; {} by {latest}", words(cure)),
        _ => String::new(),
    };
    let gone = lost
        .stops_on
        .map_or_else(String::new, |_| format!(", gone {}", lost.lost_on));
    format!("{id}, {value} a month: {stops}{gone}{helps}")
}

/// What helps on the last day: a flag helps only until the last attempt, a renewal to the end. The to-do list says more.
fn words(cure: LossRemedy) -> &'static str {
    match cure {
        LossRemedy::TopUp => "top up its account",
        LossRemedy::SetFlag | LossRemedy::Renew => "renew it",
        LossRemedy::Start => "start it",
    }
}
