//! The inputs of a result: the book whose files have the hashes that `run.json` lists.

use super::Inputs;
use super::record::WrittenRecord;
use super::violations::Violations;
use crate::input;
use crate::input::diagnostic::{Code, Place};
use crate::model::book::Book;
use crate::output::hash::hash;

/// The book of a run, if its files are those that the run read.
pub(super) fn read_inputs(
    inputs: &Inputs<'_>,
    record: &WrittenRecord,
    found: &mut Violations,
) -> Option<Book> {
    let before = found.len();
    for (name, must) in &record.inputs {
        let file = inputs.shown(name);
        match inputs.folder.get(name).map(hash) {
            Some(is) if is == *must => {}
            Some(is) => {
                let message = format!(
                    "`{file}` has changed since the run: its SHA-256 is {is}, must be {must}"
                );
                found.add_changed(&file, Code::ChangedInput, Place::of_file(&file), message);
            }
            None if name == input::QUICK => {
                let message = "the run had changes by --set, which must be given again: `run.json` has only their hash";
                found.add_changed(
                    &file,
                    Code::ChangedInput,
                    Place::of_file(&file),
                    message.to_owned(),
                );
            }
            None => {
                let message = format!("`{file}` is not there, must be: the run read it");
                found.add_changed(&file, Code::ChangedInput, Place::of_file(&file), message);
            }
        }
    }
    let read_today = input::FILES
        .iter()
        .chain([&input::QUICK])
        .filter(|name| inputs.folder.get(name).is_some());
    for name in read_today.filter(|name| !record.inputs.contains_key(**name)) {
        let file = inputs.shown(name);
        let message = format!("`{file}` is there, must not be: the run did not read it");
        found.add_changed(&file, Code::ChangedInput, Place::of_file(&file), message);
    }
    if found.len() > before {
        return None;
    }
    let (book, problems) = input::read_book(inputs.folder, record.scenario.as_deref());
    if book.is_none() {
        for one in problems.iter() {
            let place = Place {
                file: inputs.shown(&one.place.file),
                ..one.place.clone()
            };
            found.add_read(one.code, place, (one.message.clone(), one.help.clone()));
        }
    }
    book
}
