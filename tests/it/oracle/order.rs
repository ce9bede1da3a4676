//! Charge order (**charge-order**): who is served first where money may not suffice for all.
//! Looks at prices and dates only, never at funds.

use super::dates::Date;
use super::rules::Notes;
use super::state::Instance;

/// What an instance is asked to pay, and for which instance of the book.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge {
    pub(crate) instance: usize,
    pub(crate) price: i128,
}

/// The value that all profiles share, or the default profile's where they differ (**charge-order**).
pub(crate) fn agreed(
    values: &[&str],
    default: &str,
    rule_if_mixed: &'static str,
    notes: &Notes,
) -> String {
    let first = values.first().unwrap_or(&default);
    let mixed = values.iter().any(|value| value != first);
    notes.reached_if(mixed, rule_if_mixed);
    if mixed {
        default.to_owned()
    } else {
        (*first).to_owned()
    }
}

/// Sorts charges of prepaid instances in charge order.
pub(crate) fn sort(charges: &mut [Charge], instances: &[Instance], order: &str, notes: &Notes) {
    charges.sort_by_key(|charge| key(charge, &instances[charge.instance], order));
    for pair in charges.windows(2) {
        note_what_decided(pair, instances, order, notes);
    }
}

/// What the order compares first, then the expiry date, then the id.
fn key<'a>(charge: &Charge, instance: &'a Instance, order: &str) -> (Rank, Date, &'a str) {
    (
        rank(charge, instance, order),
        instance.expiry(),
        &instance.id,
    )
}

/// "Empty last", and then a number, small first.
type Rank = (bool, i128);

fn rank(charge: &Charge, instance: &Instance, order: &str) -> Rank {
    match order {
        "expiry" => (false, 0),
        "cheapest" => (false, charge.price),
        "dearest" => (false, -charge.price),
        "priority" => match instance.priority {
            Some(priority) => (false, i128::from(priority)),
            None => (true, 0),
        },
        other => panic!("unknown charge_order {other}"),
    }
}

fn note_what_decided(pair: &[Charge], instances: &[Instance], order: &str, notes: &Notes) {
    let [first, second] = pair else {
        unreachable!("windows of two");
    };
    let (one, other) = (&instances[first.instance], &instances[second.instance]);
    let by_rank = rank(first, one, order) != rank(second, other, order);
    let by_expiry = one.expiry() != other.expiry();
    notes.reached(match (order, by_rank, by_expiry) {
        ("cheapest", true, _) => "order/cheapest",
        ("cheapest", false, true) => "order/cheapest-then-expiry",
        ("cheapest", false, false) => "order/cheapest-then-id",
        ("dearest", true, _) => "order/dearest",
        ("dearest", false, true) => "order/dearest-then-expiry",
        ("dearest", false, false) => "order/dearest-then-id",
        ("priority", true, _) if other.priority.is_none() => "order/priority-empty-last",
        ("priority", true, _) => "order/priority",
        ("priority", false, true) => "order/priority-then-expiry",
        ("priority", false, false) => "order/priority-then-id",
        (_, _, true) => "order/expiry",
        (_, _, false) => "order/expiry-then-id",
    });
}
