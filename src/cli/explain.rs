//! `renewcast explain`: the story of one instance or account in plain sentences.

use std::path::PathBuf;

use clap::Args;

use super::changes::Changes;
use super::diagnostics::visible;
use super::folder::load;
use super::ink::FAINT;
use super::print::say;
use super::{Failure, Outcome, answer};
use crate::analysis::explain::{self, Story};
use crate::analysis::summary::Tally;
use crate::analysis::tasks;
use crate::engine::Window;
use crate::input;

const EXAMPLES: &str = "\
Examples:
  renewcast explain data/example shop-web-1
  renewcast explain data/example shop --scenario yearly";

/// Tell the story of one instance or account: what happens, what it costs, and by which rule
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the book
    book: PathBuf,
    /// The id of an instance, or of an account
    id: String,
    #[command(flatten)]
    changes: Changes,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let loaded = load(&arguments.book, &arguments.changes)?;
    let book = &loaded.book;
    let mut tally = Tally::for_book(book);
    let seen = |window: &Window| tally.tally_entries(window.entries(), window.balances());
    let refused = |refusal| loaded.refused(arguments.changes.scenario(), refusal);
    let (story, list) = if let Some(instance) = book.find_instance(&arguments.id) {
        let story = explain::instance_story(book, instance, seen).map_err(refused)?;
        let account = book.instance(instance).account;
        (
            story,
            tasks::list_of(book, account, &tally.into_summary()).of_instance(instance),
        )
    } else if let Some(account) = book.find_account(&arguments.id) {
        let story = explain::account_story(book, account, seen).map_err(refused)?;
        (story, tasks::list_of(book, account, &tally.into_summary()))
    } else {
        let message = format!("the book has no instance and no account `{}`", arguments.id);
        let instances = book.instances.iter().map(|one| one.id.as_str());
        let ids = instances.chain(book.accounts.iter().map(|one| one.id.as_str()));
        let help = input::meant_id(&arguments.id, ids);
        return Err(Failure::new(visible(&message), visible(&help)));
    };
    print(&story)?;
    let to_do = answer::tasks::render(book, &list);
    if !to_do.is_empty() {
        say(format!("\n{}", to_do.trim_end()))?;
    }
    Ok(Outcome::Done)
}

fn print(story: &Story) -> Result<(), Failure> {
    say(format!("{}\n", visible(&story.opening)))?;
    for step in &story.steps {
        say(visible(&step.sentence))?;
        if let Some(rule) = &step.rule {
            say(format!(
                "            {FAINT}rule of {}{FAINT:#}",
                visible(rule)
            ))?;
        }
    }
    say(format!("\n{}", visible(&story.closing)))
}
