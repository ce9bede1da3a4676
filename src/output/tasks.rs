//! The to-do list as files: `todo.csv` for people, `todo-actions.csv` to be pasted behind the actions of a book. Never
//! decides what is to be done.
//!
//! Rule **todo-files** of docs/spec.

use super::closing::{self, flag};
use super::csv_columns::CsvColumns;
use crate::analysis::tasks::{TaskLine, TaskList};
use crate::model::account::Account;
use crate::model::book::Book;
use crate::model::id::Label;
use crate::model::instance::InstanceLabels;

/// The names of the files.
pub const LIST: &str = "todo.csv";
/// The rows of `actions.csv` that do what the list says.
pub const ACTIONS: &str = "todo-actions.csv";

/// Both files.
pub fn files(book: &Book, list: &TaskList) -> [(&'static str, Vec<u8>); 2] {
    [
        (LIST, lines(book, list)),
        (ACTIONS, closing::actions(book, &list.actions())),
    ]
}

/// A line of the list with what it is about.
#[derive(Clone, Copy)]
struct TaskRow<'t> {
    book: &'t Book,
    line: &'t TaskLine,
    account: &'t Account,
}

impl<'t> TaskRow<'t> {
    fn amount_text(&self) -> Option<String> {
        let amount = self.line.amount()?;
        Some(amount.display(self.account.currency).to_string())
    }

    /// A label of the instance; none where the line is about an account.
    fn label(&self, label: impl Fn(&InstanceLabels) -> Option<Label>) -> Option<&'t str> {
        let instance = self.book.instance(self.line.instance()?);
        label(&instance.labels).map(|label| self.book.labels.label_text(label))
    }
}

fn lines(book: &Book, list: &TaskList) -> Vec<u8> {
    let mut columns = CsvColumns::<TaskRow<'_>>::new()
        .column("by", |row| row.line.by)
        .column("latest", |row| row.line.latest)
        .column("action", |row| row.line.verb().name())
        .column("account_id", |row| &row.account.id)
        .optional("instance_id", |row| {
            Some(&book.instance(row.line.instance()?).id)
        })
        .optional("amount", |row| row.amount_text())
        .optional("months", |row| row.line.verb().months())
        .optional("flag", |row| flag(row.line.verb()))
        .optional("covers_until", |row| row.line.covers_until)
        .column("reason", |row| row.line.reason())
        .optional("name", |row| row.label(|labels| labels.name))
        .optional("product", |row| row.label(|labels| Some(labels.product)));
    for (tag, key) in book.tag_keys.iter().enumerate() {
        columns = columns.optional(format!("tag:{key}"), move |row| {
            row.label(|labels| labels.tags.get(tag).copied().flatten())
        });
    }
    columns.write(list.lines.iter().map(|line| TaskRow {
        book,
        line,
        account: book.account(line.account),
    }))
}
