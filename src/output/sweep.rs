//! Many runs of a book, as bytes: `sweep.csv` and the picture of the efficient ones. Never decides which are efficient.

use super::chart::{ChartHeading, Frontier, Point};
use super::compare::measured;
use super::csv_columns::CsvColumns;
use super::pictures::NamedChart;
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
    let mut file = CsvColumns::<&SweepRow>::new();
    for (at, name) in columns.iter().enumerate() {
        file = file.column(name, move |row| row.cells[at].as_str());
    }
    file = file.column("currency", |_| currency);
    for (name, measure) in Measure::NAMES {
        file = file.optional(*name, move |row| {
            let figure = row.sum.get(*measure)?;
            Some(measured(*measure, figure, currency))
        });
    }
    file.column("lowest_account", |row| row.lowest_account.as_str())
        .optional("lowest_date", |row| Some(row.sum.lowest?.date))
        .column("within_limits", |row| row.is_within)
        .column("efficient", |row| row.is_efficient)
        .write(rows)
}

impl SweepRow {
    fn point(&self, cost: Measure) -> Option<Point> {
        let chosen = self.cells.iter().filter(|cell| !cell.is_empty());
        Some(Point {
            label: chosen.map(String::as_str).collect::<Vec<_>>().join(", "),
            cost: self.sum.get(cost)?,
            losses: self.sum.get(Measure::Terminated)?,
            is_within: self.is_within,
            is_efficient: self.is_efficient,
        })
    }
}

/// The picture of what runs cost, by a measure, against what they lose.
pub fn picture(
    title: &str,
    columns: &[String],
    cost: Measure,
    currency: Currency,
    rows: &[SweepRow],
) -> NamedChart {
    let (runs, by) = (rows.len(), columns.join(", "));
    let chart = Frontier {
        heading: ChartHeading {
            title: format!("Cost against losses · {title}"),
            subtitle: format!("{} in {currency} of {runs} runs by {by}", cost.name()),
        },
        currency,
        points: rows.iter().filter_map(|row| row.point(cost)).collect(),
    };
    NamedChart::new("frontier".to_owned(), chart)
}
