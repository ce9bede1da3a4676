//! `renewcast calendar`: the dates to act on as calendars.

use std::path::PathBuf;

use clap::Args;

use super::changes::Changes;
use super::folder::{load, results_folder};
use super::output::OutputArguments;
use super::print::say;
use super::run::inventory_column;
use super::words::{counted, shown_path, visible};
use super::{Failure, Outcome};
use crate::analysis::deadline;
use crate::analysis::summary::Tally;
use crate::analysis::tasks;
use crate::output::icalendar;

const OUT: &str =
    "Write into the folder `calendar` of this one [default: reports/<book>[/<scenario>][-set]]";
const EXAMPLES: &str = "\
Examples:
  renewcast calendar data/example                  calendar/all.ics, and one for each account
  renewcast calendar my-book --by tag:team         one for each team
  renewcast calendar my-book --scenario yearly --out somewhere";

/// The folder of the calendars in that of the results.
const FOLDER: &str = "calendar";

/// Write the dates to act on as iCalendar files: the to-do list, last days to save, and planned actions
#[derive(Args)]
#[command(after_help = EXAMPLES, mut_arg("out", |out| out.help(OUT)))]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    changes: Changes,
    /// One calendar for each value of this column of instances.csv, such as project or tag:team
    #[arg(long, value_name = "COLUMN", default_value = "account_id")]
    by: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let default = results_folder(&arguments.book, &arguments.changes);
    let target = arguments.output.target(default, "calendar/calendar.json")?;
    let loaded = load(&arguments.book, &arguments.changes)?;
    let book = &loaded.book;
    let column = inventory_column(book, &arguments.by)?;
    let mut tally = Tally::for_book(book);
    loaded.replay(|window| tally.tally_entries(window.entries(), window.balances()))?;
    let deadlines = deadline::deadlines(book, &tasks::list(book, &tally.into_summary()));
    let feeds = icalendar::feeds(book, &deadlines, column, &arguments.by);
    let files = feeds
        .iter()
        .map(|feed| (format!("{FOLDER}/{}", feed.name), feed.bytes.clone()));
    target.write_files(&files.collect::<Vec<_>>())?;
    for feed in &feeds {
        let mut name = shown_path(&target.out.join(FOLDER).join(&feed.name));
        // A name shows its value, unless the value has characters that file names cannot have.
        if let Some(value) = &feed.value
            && !feed.name.ends_with(&format!("-{value}.ics"))
        {
            name += &format!(" (`{}`)", visible(value));
        }
        say(format!("{name}: {}", counted(feed.entries, "date")))?;
    }
    Ok(Outcome::Done)
}
