//! Many runs of a book, as bytes: `sweep.csv` and the picture of the efficient ones.

use super::chart::{Frontier, Point};
use super::compare::measured;
use super::pictures::{NamedChart, of_chart};
use super::write_rows;
use crate::analysis::compare::{Measure, Sum};
use crate::model::money::Currency;

/// One of many runs.
#[derive(Clone, Debug)]
pub struct SweepRow {
    /// What was chosen, for each column.
    pub cells: Vec<String>,
    /// What it comes to: money of one currency, counts of all accounts.
    pub sum: Sum,
    /// The id of the account with the lowest balance.
    pub lowest_account: String,
    /// Whether it keeps all limits.
    pub is_within: bool,
    /// Whether no other run within the limits costs less and loses no more.
    pub is_efficient: bool,
}

/// The bytes of a table of many runs, in this order.
pub fn sweep_csv(columns: &[String], currency: Currency, rows: &[SweepRow]) -> Vec<u8> {
    let measures = || Measure::NAMES.iter().map(|(name, _)| *name);
    let last = [
        "lowest_account",
        "lowest_date",
        "within_limits",
        "efficient",
    ];
    let header = columns
        .iter()
        .map(String::as_str)
        .chain(["currency"])
        .chain(measures())
        .chain(last);
    let header: Vec<&str> = header.collect();
    let line = |row: &SweepRow| {
        let mut cells = row.cells.clone();
        cells.push(currency.code().to_owned());
        cells.extend(Measure::NAMES.iter().map(|(_, measure)| {
            row.sum
                .get(*measure)
                .map(|figure| measured(*measure, figure, currency))
                .unwrap_or_default()
        }));
        cells.push(row.lowest_account.clone());
        cells.push(
            row.sum
                .lowest
                .map(|low| low.date.to_string())
                .unwrap_or_default(),
        );
        cells.extend([row.is_within, row.is_efficient].map(|is| is.to_string()));
        cells
    };
    write_rows(&header, rows.iter().map(line))
}

/// The picture of spend against losses.
pub fn picture(
    title: &str,
    columns: &[String],
    (cost, currency): (Measure, Currency),
    rows: &[SweepRow],
) -> NamedChart {
    let point = |row: &SweepRow| {
        let label = row
            .cells
            .iter()
            .filter(|cell| !cell.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        let (cost, losses) = (row.sum.get(cost)?, row.sum.get(Measure::Terminated)?);
        Some(Point {
            label,
            cost,
            losses,
            is_within: row.is_within,
            is_efficient: row.is_efficient,
        })
    };
    let chart = Frontier {
        title: format!("Cost against losses · {title}"),
        subtitle: format!(
            "{} in {} of {} runs by {}",
            cost.name(),
            currency.code(),
            rows.len(),
            columns.join(", ")
        ),
        currency: of_chart(currency),
        points: rows.iter().filter_map(point).collect(),
    };
    NamedChart::of_frontier(chart)
}
