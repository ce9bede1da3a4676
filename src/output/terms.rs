//! The cheapest terms as files: a row for each instance, a row for each account, and a scenario. Never chooses a term.

use std::collections::BTreeMap;

use serde::Serialize;

use super::csv_columns::CsvColumns;
use super::monthly::month_text;
use crate::analysis::terms::{AccountTerms, Choice, Quality};
use crate::model::account::Account;
use crate::model::book::Book;
use crate::model::calendar::Day;
use crate::model::money::Money;

/// The most bytes of ids in one condition of a scenario: half of what a condition may have.
const MAX_ID_BYTES: usize = 32_000;

/// The files of a choice of terms, its scenario on top of the one that it was made with.
pub fn files(book: &Book, terms: &[AccountTerms], extends: Option<&str>) -> Vec<(String, Vec<u8>)> {
    vec![
        ("terms.csv".to_owned(), instances(book, terms)),
        ("sums.csv".to_owned(), sums(book, terms)),
        (
            "scenarios/terms.toml".to_owned(),
            scenario(book, terms, extends),
        ),
    ]
}

/// A row of an account.
#[derive(Clone, Copy)]
struct TermsRow<'t, T> {
    account: &'t Account,
    of: T,
}

impl<T> TermsRow<'_, T> {
    fn money_text(&self, money: Money) -> String {
        money.display(self.account.currency).to_string()
    }
}

fn instances(book: &Book, terms: &[AccountTerms]) -> Vec<u8> {
    let rows = terms.iter().flat_map(|terms| {
        let account = book.account(terms.account);
        terms.choices.iter().map(move |of| TermsRow { account, of })
    });
    CsvColumns::<TermsRow<'_, &Choice>>::new()
        .column("account_id", |row| &row.account.id)
        .column("instance_id", |row| &book.instance(row.of.instance).id)
        .column("currency", |row| row.account.currency)
        .column("present_months", |row| row.of.present)
        .column("months", |row| row.of.months)
        .column("present_cost", |row| row.money_text(row.of.present_cost))
        .column("cost", |row| row.money_text(row.of.cost))
        .column("saving", |row| {
            row.money_text(row.of.present_cost - row.of.cost)
        })
        .write(rows)
}

/// The word of a quality, and by how much a choice could be better or is too dear.
fn quality(quality: Quality) -> (&'static str, Money) {
    match quality {
        Quality::Cheapest => ("cheapest", Money::ZERO),
        Quality::Within(gap) => ("within", gap),
        Quality::Impossible(_, missing) => ("impossible", missing),
        Quality::NotFound => ("not_found", Money::ZERO),
    }
}

impl TermsRow<'_, &AccountTerms> {
    fn present_cost(&self) -> Money {
        self.of
            .choices
            .iter()
            .map(|choice| choice.present_cost)
            .sum()
    }

    fn cost(&self) -> Money {
        self.of.choices.iter().map(|choice| choice.cost).sum()
    }

    fn peak(&self, peak: Option<(Day, Money)>) -> Option<String> {
        peak.map(|(_, sum)| self.money_text(sum))
    }
}

fn sums(book: &Book, terms: &[AccountTerms]) -> Vec<u8> {
    let rows = terms.iter().map(|of| TermsRow {
        account: book.account(of.account),
        of,
    });
    CsvColumns::<TermsRow<'_, &AccountTerms>>::new()
        .column("account_id", |row| &row.account.id)
        .column("currency", |row| row.account.currency)
        .column("instances", |row| row.of.choices.len())
        .column("present_cost", |row| row.money_text(row.present_cost()))
        .column("cost", |row| row.money_text(row.cost()))
        .column("saving", |row| {
            row.money_text(row.present_cost() - row.cost())
        })
        .optional("present_peak_month", |row| peak_month(row.of.present_peak))
        .optional("present_peak", |row| row.peak(row.of.present_peak))
        .optional("peak_month", |row| peak_month(row.of.peak))
        .optional("peak", |row| row.peak(row.of.peak))
        .column("quality", |row| quality(row.of.quality).0)
        .column("gap", |row| row.money_text(quality(row.of.quality).1))
        .write(rows)
}

fn peak_month(peak: Option<(Day, Money)>) -> Option<String> {
    peak.map(|(month, _)| month_text(month))
}

#[derive(Serialize)]
struct TermsScenario<'b> {
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    extends: Option<&'b str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    set: Vec<TermsChange>,
}

#[derive(Serialize)]
struct TermsChange {
    r#where: String,
    renew_months: u32,
}

/// The scenario that sets the chosen months, in a condition for each number of months, or in several where it is long.
fn scenario(book: &Book, terms: &[AccountTerms], extends: Option<&str>) -> Vec<u8> {
    let mut ids: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let choices = terms.iter().flat_map(|terms| &terms.choices);
    for choice in choices.filter(|choice| choice.months != choice.present) {
        let id = book.instance(choice.instance).id.as_str();
        let ids = ids.entry(choice.months).or_default();
        ids.push(format!("'{}'", id.replace('\'', "''")));
    }
    let mut set = Vec::new();
    for (renew_months, ids) in ids {
        let mut pieces: Vec<String> = Vec::new();
        for id in ids {
            match pieces.last_mut() {
                Some(piece) if piece.len() + id.len() < MAX_ID_BYTES => {
                    *piece += &format!(", {id}");
                }
                _ => pieces.push(id),
            }
        }
        set.extend(pieces.into_iter().map(|ids| TermsChange {
            r#where: format!("instance_id IN ({ids})"),
            renew_months,
        }));
    }
    let scenario = TermsScenario {
        description: format!("The cheapest terms of {}", book.name),
        extends,
        set,
    };
    let text = toml::to_string(&scenario);
    text.expect("a scenario has a TOML form").into_bytes()
}
