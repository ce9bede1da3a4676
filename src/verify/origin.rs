//! The inputs of a result: the book whose files have the hashes that `run.json` lists. Another book is never replayed.

use super::Inputs;
use super::record::WrittenRecord;
use super::violations::Violations;
use crate::input;
use crate::input::diagnostic::Code;
use crate::model::book::Book;
use crate::output::hash::hash;

/// The book of a run, if its files are those that the run read.
pub(super) fn read_inputs(
    inputs: &Inputs<'_>,
    record: &WrittenRecord,
    found: &mut Violations,
) -> Option<Book> {
    let before = found.len();
    for (name, expected) in &record.inputs {
        let file = inputs.shown(name);
        let message = match inputs.folder.get(name).map(hash) {
            Some(is) if is == *expected => continue,
            Some(is) => format!(
                "`{file}` has changed since the run: expected SHA-256 {expected}, found {is}"
            ),
            None if name == input::QUICK => {
                "the run had changes by --set, which must be given again: `run.json` has only their hash".to_owned()
            }
            None => format!("missing `{file}`: the run read it"),
        };
        found.add_changed(Code::ChangedInput, &file, message);
    }
    for name in input::FILES.iter().chain([&input::QUICK]) {
        if inputs.folder.get(name).is_some() && !record.inputs.contains_key(*name) {
            let file = inputs.shown(name);
            let message = format!("unexpected `{file}`: the run did not read it");
            found.add_changed(Code::ChangedInput, &file, message);
        }
    }
    if found.len() > before {
        return None;
    }
    let (book, problems) = input::read_book(inputs.folder, record.scenario.as_deref());
    if book.is_none() {
        for problem in problems.iter() {
            found.add_read(problem, inputs.shown(&problem.place.file));
        }
    }
    book
}
