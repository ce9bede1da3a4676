//! Many runs of one book: its files are read once, each run changes what is read, and accounts that a change does not
//! reach are not replayed again. Runs go in batches, so that memory holds a few books at a time.

use rayon::prelude::*;

use super::folder::refused;
use super::ink::{BREAK, within_message};
use super::interrupt::Interrupt;
use super::progress::Count;
use super::{Failure, diagnostics::render, diagnostics::visible};
use crate::book::Book;
use crate::compare::{Cache, Outcome, replay};
use crate::source::{self, Folder, Memory};

/// A run: the scenario that it begins with, and further changes as the text of one.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// What people call it.
    pub name: String,
    pub scenario: Option<String>,
    pub text: String,
}

/// The book of a job, where others of the same folder may have been read before.
pub(super) fn read(folder: &mut Folder, job: &Job, memory: &Memory) -> Result<Book, Failure> {
    folder.change(&job.text);
    let (book, problems) = source::read_again(folder, job.scenario.as_deref(), memory);
    book.ok_or_else(|| {
        let all = within_message(&render(&problems));
        let help = "leave this combination out: its changes do not go together";
        Failure::new(format!("{} is refused:{BREAK}{all}", visible(&job.name)), help)
    })
}

/// What the accounts of each job come to, in order; fewer where people interrupt.
pub(super) fn run(
    folder: &Folder,
    jobs: &[Job],
    (cache, interrupt): (&mut Cache, &Interrupt),
) -> Result<Vec<Vec<Outcome>>, Failure> {
    let progress = Count::new(jobs.len());
    let memory = Memory::default();
    let mut done = Vec::new();
    for batch in jobs.chunks(4 * rayon::current_num_threads()) {
        if interrupt.is_asked() {
            break;
        }
        let books = batch.par_iter().map_init(|| folder.clone(), |folder, job| read(folder, job, &memory));
        let books = books.collect::<Result<Vec<Book>, Failure>>()?;
        let tasks: Vec<_> = books.iter().map(|book| cache.look_up(book)).collect();
        let groups = cache.groups();
        let replayed = tasks.par_iter().zip(&books).zip(batch).map(|((task, book), job)| {
            let outcomes = replay(book, &task.missing, groups);
            outcomes.map_err(|refusal| refused((folder, job.scenario.as_deref()), book, refusal))
        });
        let replayed = replayed.collect::<Result<Vec<Vec<Outcome>>, Failure>>()?;
        for (task, outcomes) in tasks.iter().zip(replayed) {
            cache.keep(task, outcomes);
        }
        done.extend(tasks.iter().map(|task| cache.outcomes(task)));
        progress.reach(done.len());
    }
    progress.finish();
    Ok(done)
}
