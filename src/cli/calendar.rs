//! `renewcast calendar`: the dates to act on as calendars.

use std::path::PathBuf;

use clap::Args;

use super::changes::Changes;
use super::diagnostics::{counted, shown_path, visible};
use super::folder::load;
use super::output::OutputTarget;
use super::print::say;
use super::progress::Progress;
use super::run::{column, default_out};
use super::{Failure, Outcome};
use crate::analysis::deadline;
use crate::analysis::summary::Tally;
use crate::analysis::tasks;
use crate::engine::{self, Window};
use crate::output::icalendar;

const EXAMPLES: &str = "\
Examples:
  renewcast calendar data/example                  calendar/all.ics, and one for each account
  renewcast calendar my-book --by tag:team         one for each team
  renewcast calendar my-book --scenario yearly --out somewhere";

/// The folder of the calendars in that of the results.
const FOLDER: &str = "calendar";

/// Write the dates to act on as iCalendar files: the to-do list, last days to save, and what the book plans
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// Write into the folder `calendar` of this one [default: reports/<book>[/<scenario>][-set]]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds other files; none of them is touched
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    changes: Changes,
    /// One calendar for each value of this column of instances.csv, such as project or tag:team
    #[arg(long, value_name = "COLUMN", default_value = "account_id")]
    by: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| default_out(&arguments.book, &arguments.changes));
    let target = OutputTarget::of_result((&out, arguments.force), "calendar/calendar.json")?;
    let loaded = load(&arguments.book, &arguments.changes)?;
    let book = &loaded.book;
    let column = column(book, &arguments.by)?;
    let mut tally = Tally::for_book(book);
    let (mut run, mut window) = (engine::start(book), Window::default());
    let progress = Progress::new(book.days);
    while run
        .advance(&mut window)
        .map_err(|refusal| loaded.refused(arguments.changes.scenario(), refusal))?
    {
        tally.tally_entries(window.entries(), window.balances());
        window
            .last()
            .into_iter()
            .for_each(|day| progress.reach(day));
    }
    drop(progress);
    let deadlines = deadline::deadlines(book, &tasks::list(book, &tally.into_summary()));
    let feeds = icalendar::feeds(book, &deadlines, column, &arguments.by);
    let files: Vec<(String, Vec<u8>)> = feeds
        .iter()
        .map(|feed| (format!("{FOLDER}/{}", feed.name), feed.bytes.clone()))
        .collect();
    target.write_files(&files)?;
    for feed in &feeds {
        let name = shown_path(&out.join(FOLDER).join(&feed.name));
        // A name shows what its value is, unless characters of that are not for names.
        let value = feed
            .value
            .as_deref()
            .filter(|value| !feed.name.ends_with(&format!("-{value}.ics")));
        let value = value.map_or_else(String::new, |value| format!(" (`{}`)", visible(value)));
        say(format!("{name}{value}: {}", counted(feed.entries, "date")))?;
    }
    Ok(Outcome::Done)
}
