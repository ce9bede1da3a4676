//! `renewcast explain`: the story of one instance or account in plain sentences.

use std::path::PathBuf;

use clap::Args;

use super::answer::tasks::add;
use super::changes::Changes;
use super::folder::load;
use super::ink::FAINT;
use super::print::say;
use super::words::{Sections, visible};
use super::{Failure, Outcome};
use crate::analysis::explain::{self, Story};
use crate::analysis::summary::Tally;
use crate::analysis::tasks;
use crate::engine::Window;
use crate::input;
use crate::model::book::Book;

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
    let fold = |window: &Window| tally.tally_entries(window.entries(), window.balances());
    let instance = book.find_instance(&arguments.id);
    let (story, account) = if let Some(instance) = instance {
        let story = explain::instance_story(book, instance, fold);
        (story, book.instance(instance).account)
    } else if let Some(account) = book.find_account(&arguments.id) {
        (explain::account_story(book, account, fold), account)
    } else {
        return Err(unknown_id(book, &arguments.id));
    };
    let story = story.map_err(|refusal| loaded.refused(refusal))?;
    let mut list = tasks::list_of(book, account, &tally.into_summary());
    if let Some(instance) = instance {
        list = list.of_instance(instance);
    }
    print_story(&story)?;
    let mut to_do = Sections::default();
    add(&mut to_do, book, &list);
    if !to_do.0.is_empty() {
        say(format!("\n{}", to_do.0.trim_end()))?;
    }
    Ok(Outcome::Done)
}

fn unknown_id(book: &Book, id: &str) -> Failure {
    let message = format!("the book has no instance and no account `{id}`");
    let instances = book.instances.iter().map(|one| one.id.as_str());
    let ids = instances.chain(book.accounts.iter().map(|one| one.id.as_str()));
    Failure::new(visible(&message), visible(&input::meant_id(id, ids)))
}

fn print_story(story: &Story) -> Result<(), Failure> {
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
