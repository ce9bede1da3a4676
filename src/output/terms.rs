//! The cheapest terms as files: a row for each instance, a row for each account, and a scenario.

use std::collections::BTreeMap;

use serde::Serialize;

use super::write_rows;
use crate::analysis::terms::{AccountTerms, Choice, Quality};
use crate::model::book::Book;
use crate::model::money::Money;

/// The most bytes of ids in one condition of a scenario: half of what a condition may have.
const IDS: usize = 32_000;

/// The files of a choice of terms, its scenario on top of the one that it was made with.
pub fn files(book: &Book, terms: &[AccountTerms], extends: Option<&str>) -> Vec<(String, Vec<u8>)> {
    let named = [
        ("terms.csv", instances(book, terms)),
        ("sums.csv", sums(book, terms)),
        ("scenarios/terms.toml", scenario(book, terms, extends)),
    ];
    named
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect()
}

fn instances(book: &Book, terms: &[AccountTerms]) -> Vec<u8> {
    let all = terms
        .iter()
        .flat_map(|terms| terms.choices.iter().map(move |choice| (terms, choice)));
    let row = |(terms, choice): (&AccountTerms, &Choice)| {
        let account = book.account(terms.account);
        let text = |money: Money| money.display(account.currency).to_string();
        (
            (
                account.id.as_str(),
                book.instance(choice.instance).id.as_str(),
                account.currency.code(),
            ),
            (choice.present, choice.months),
            (
                text(choice.present_cost),
                text(choice.cost),
                text(choice.present_cost - choice.cost),
            ),
        )
    };
    let header = [
        "account_id",
        "instance_id",
        "currency",
        "present_months",
        "months",
        "present_cost",
        "cost",
        "saving",
    ];
    write_rows(&header, all.map(row))
}

/// The words of `quality`.
fn quality(quality: Quality) -> (&'static str, Money) {
    match quality {
        Quality::Cheapest => ("cheapest", Money::ZERO),
        Quality::Within(gap) => ("within", gap),
        Quality::Impossible(_, missing) => ("impossible", missing),
        Quality::NotFound => ("not_found", Money::ZERO),
    }
}

fn sums(book: &Book, terms: &[AccountTerms]) -> Vec<u8> {
    let row = |terms: &AccountTerms| {
        let account = book.account(terms.account);
        let text = |money: Money| money.display(account.currency).to_string();
        let present: Money = terms.choices.iter().map(|choice| choice.present_cost).sum();
        let cost: Money = terms.choices.iter().map(|choice| choice.cost).sum();
        let peak = |peak: Option<(crate::model::calendar::Day, Money)>| {
            peak.map_or((String::new(), String::new()), |(month, sum)| {
                (month.to_string()[..7].to_owned(), text(sum))
            })
        };
        let (word, gap) = quality(terms.quality);
        (
            (
                account.id.as_str(),
                account.currency.code(),
                terms.choices.len(),
            ),
            (text(present), text(cost), text(present - cost)),
            (peak(terms.present_peak), peak(terms.peak), word, text(gap)),
        )
    };
    let header = [
        "account_id",
        "currency",
        "instances",
        "present_cost",
        "cost",
        "saving",
        "present_peak_month",
        "present_peak",
        "peak_month",
        "peak",
        "quality",
        "gap",
    ];
    write_rows(&header, terms.iter().map(row))
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
    for choice in terms
        .iter()
        .flat_map(|terms| &terms.choices)
        .filter(|choice| choice.months != choice.present)
    {
        let id = book
            .instance(choice.instance)
            .id
            .as_str()
            .replace('\'', "''");
        ids.entry(choice.months)
            .or_default()
            .push(format!("'{id}'"));
    }
    let mut set = Vec::new();
    for (renew_months, ids) in ids {
        let mut pieces: Vec<String> = Vec::new();
        for id in ids {
            match pieces
                .last_mut()
                .filter(|piece| piece.len() + id.len() < IDS)
            {
                Some(piece) => *piece += &format!(", {id}"),
                None => pieces.push(id),
            }
        }
        set.extend(pieces.into_iter().map(|ids| TermsChange {
            r#where: format!("instance_id IN ({ids})"),
            renew_months,
        }));
    }
    let description = format!("The cheapest terms of {}", book.name);
    let scenario = TermsScenario {
        description,
        extends,
        set,
    };
    toml::to_string(&scenario)
        .expect("a scenario has a TOML form")
        .into_bytes()
}
