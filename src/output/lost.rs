//! `lost.csv`: the instances that a run loses, what they cost, and what helps until when. Never decides what is lost.
//!
//! Rule **lost-file** of docs/spec.

use super::csv_buffer::CsvBuffer;
use super::csv_buffers::stream;
use crate::analysis::lost::{LossRemedy, Lost};
use crate::model::book::Book;
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
    for name in COLUMNS {
        header.cell(name);
    }
    for key in &book.tag_keys {
        header.cell(&format!("tag:{key}"));
    }
    header.end_row();
    append(&[header.bytes()])?;
    stream(
        losses,
        |buffer, lost| write_loss_row(book, buffer, lost),
        append,
    )
}

fn write_loss_row(book: &Book, buffer: &mut CsvBuffer, lost: &Lost) {
    let instance = book.instance(lost.instance);
    let labels = &instance.labels;
    buffer.word_of(&lost.lost_on.to_string());
    for day in [lost.stops_on, lost.latest] {
        buffer.word_of(&day.map_or_else(String::new, |day| day.to_string()));
    }
    buffer.cell(book.account(instance.account).id.as_str());
    buffer.cell(instance.id.as_str());
    buffer.word_of(lost.class.name());
    buffer.word_of(lost.flag.map_or("", RenewFlag::name));
    buffer.amount(lost.value, lost.currency);
    for word in [
        lost.currency.code(),
        lost.cause.name(),
        lost.cure.map_or("", LossRemedy::name),
    ] {
        buffer.word_of(word);
    }
    let tags = (0..book.tag_keys.len()).map(|tag| labels.tags.get(tag).copied().flatten());
    for label in [labels.name, Some(labels.product)].into_iter().chain(tags) {
        buffer.cell(label.map_or("", |label| book.labels.label_text(label)));
    }
    buffer.end_row();
}
