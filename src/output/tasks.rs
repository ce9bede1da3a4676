//! The to-do list as files: `todo.csv` for people, `todo-actions.csv` to be pasted behind the actions of a book.
//!
//! Rule **todo-files** of docs/spec.

use super::{closing, write_rows};
use crate::analysis::tasks::{TaskLine, TaskList};
use crate::model::action::Verb;
use crate::model::book::Book;
use crate::model::instance::InstanceIndex;

/// The names of the files.
pub const LIST: &str = "todo.csv";
/// The rows of `actions.csv` that do what the list says.
pub const ACTIONS: &str = "todo-actions.csv";

const COLUMNS: &[&str] = &[
    "by",
    "latest",
    "action",
    "account_id",
    "instance_id",
    "amount",
    "months",
    "flag",
    "covers_until",
    "reason",
    "name",
    "product",
];

/// Both files.
pub fn files(book: &Book, list: &TaskList) -> [(&'static str, Vec<u8>); 2] {
    [
        (LIST, lines(book, list)),
        (ACTIONS, closing::actions(book, &list.actions())),
    ]
}

fn lines(book: &Book, list: &TaskList) -> Vec<u8> {
    let tags: Vec<String> = book
        .tag_keys
        .iter()
        .map(|key| format!("tag:{key}"))
        .collect();
    let header: Vec<&str> = COLUMNS
        .iter()
        .copied()
        .chain(tags.iter().map(String::as_str))
        .collect();
    write_rows(&header, list.lines.iter().map(|line| task_row(book, line)))
}

fn task_row(book: &Book, line: &TaskLine) -> Vec<String> {
    let account = book.account(line.account);
    let verb = line.verb();
    let flag = if let Verb::SetFlag(flag, _) = verb {
        flag.name()
    } else {
        ""
    };
    let mut row = vec![
        line.by.to_string(),
        line.latest.to_string(),
        verb.name().to_owned(),
        account.id.to_string(),
        line.instance()
            .map(|instance| book.instance(instance).id.to_string())
            .unwrap_or_default(),
        line.amount()
            .map(|amount| amount.display(account.currency).to_string())
            .unwrap_or_default(),
        verb.months()
            .map(|months| months.to_string())
            .unwrap_or_default(),
        flag.to_owned(),
        line.covers_until
            .map(|day| day.to_string())
            .unwrap_or_default(),
        line.reason().to_owned(),
    ];
    row.extend(labels(book, line.instance()));
    row
}

/// The name, the product and the tags of an instance, empty where a line is about an account.
fn labels(book: &Book, instance: Option<InstanceIndex>) -> Vec<String> {
    let Some(instance) = instance else {
        return vec![String::new(); 2 + book.tag_keys.len()];
    };
    let labels = &book.instance(instance).labels;
    let text = |label| book.labels.label_text(label).to_owned();
    let named = [labels.name.map(text), Some(text(labels.product))].into_iter();
    named
        .chain(labels.tags.iter().map(|tag| tag.map(text)))
        .map(Option::unwrap_or_default)
        .collect()
}
