//! `lost.csv`: the instances that a run loses, what they cost, and what helps until when.
//!
//! Rule **lost-file** of docs/spec.

use super::csv_buffer::CsvBuffer;
use super::csv_buffers::stream;
use crate::analysis::lost::{LossRemedy, Lost};
use crate::model::book::Book;
use crate::model::id::Label;
use crate::model::instance::RenewFlag;

/// The header of `lost.csv`, before name, product and tags.
const COLUMNS: &[&str] = &[
    "lost_on",
    "stops_on",
    "latest",
    "account_id",
    "instance_id",
    "class",
    "flag",
    "monthly_value",
    "currency",
    "cause",
    "remedy",
    "name",
    "product",
];

/// Passes the bytes of `lost.csv` on, piece by piece.
///
/// # Errors
/// The first error of `append`.
pub fn write_lost<E>(
    book: &Book,
    losses: &[Lost],
    mut append: impl FnMut(&[&[u8]]) -> Result<(), E>,
) -> Result<(), E> {
    let mut header = CsvBuffer::default();
    COLUMNS.iter().for_each(|name| header.cell(name));
    book.tag_keys
        .iter()
        .for_each(|key| header.cell(&format!("tag:{key}")));
    header.end_row();
    append(&[header.bytes()])?;
    stream(
        losses,
        |page, lost| write_loss_row(book, page, lost),
        append,
    )
}

fn write_loss_row(book: &Book, page: &mut CsvBuffer, lost: &Lost) {
    let instance = book.instance(lost.instance);
    let labels = &instance.labels;
    page.word_of(&lost.lost_on.to_string());
    for day in [lost.stops_on, lost.latest] {
        page.word_of(&day.map_or_else(String::new, |day| day.to_string()));
    }
    page.cell(book.account(instance.account).id.as_str());
    page.cell(instance.id.as_str());
    page.word_of(lost.class.as_word());
    page.word_of(lost.flag.map_or("", RenewFlag::name));
    page.amount(lost.value, lost.currency);
    for word in [
        lost.currency.code(),
        lost.cause.as_word(),
        lost.cure.map_or("", LossRemedy::as_word),
    ] {
        page.word_of(word);
    }
    let label = |label: Option<Label>| label.map_or("", |label| book.labels.label_text(label));
    page.cell(label(labels.name));
    page.cell(label(Some(labels.product)));
    (0..book.tag_keys.len())
        .for_each(|tag| page.cell(label(labels.tags.get(tag).copied().flatten())));
    page.end_row();
}
