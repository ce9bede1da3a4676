//! Runs of one book in batches: its files are read once, each run changes what is read, and accounts that a change does not
//! reach are not replayed again. Memory holds the books of one batch at a time.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::Failure;
use super::folder::refused;
use super::interrupt::Interrupt;
use super::progress::RunProgress;
use crate::analysis::compare::{AccountOutcome, Cache, CachedBook, Group, replay};
use crate::input::{self, Folder, ReadMemory};
use crate::model::account::AccountIndex;
use crate::model::book::Book;

/// The books of a batch for each thread.
const BOOKS_PER_THREAD: usize = 4;

/// A run: the scenario that it begins with, and further changes as the text of one.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// What people call it.
    pub name: String,
    pub scenario: Option<String>,
    pub text: String,
}

impl Job {
    /// Reads the book of the job, where others of the same folder may have been read before.
    pub(super) fn read_book(
        &self,
        folder: &mut Folder,
        memory: &ReadMemory,
    ) -> Result<Book, Failure> {
        folder.change(&self.text);
        let (book, problems) = input::read_again(folder, self.scenario.as_deref(), memory);
        book.ok_or(Failure::Input(problems))
    }

    /// Why an account of the job cannot be replayed.
    fn refusal(&self, folder: &Folder, book: &Book, account: AccountIndex) -> Failure {
        let Err(refusal) = replay(book, &BTreeSet::from([account]), &[]) else {
            unreachable!("an account with the same inputs cannot be replayed");
        };
        let mut folder = folder.clone();
        folder.change(&self.text);
        refused(&folder, self.scenario.as_deref(), book, refusal)
    }
}

/// What the accounts of a job come to, or why it cannot be replayed.
pub(super) type Done = Result<Vec<AccountOutcome>, Failure>;

/// The book of a job, and which of its accounts are to be replayed.
struct JobBook {
    book: Book,
    cached: CachedBook,
}

/// What the accounts come to that were replayed for a job, and those that cannot be.
#[derive(Default)]
struct JobOutcomes {
    outcomes: Vec<AccountOutcome>,
    refused: Vec<AccountIndex>,
}

/// What the accounts of each job come to, in order; fewer where people interrupt. A job that is refused keeps no other from
/// running.
pub(super) fn run_jobs(
    folder: &Folder,
    jobs: &[Job],
    cache: &mut Cache,
    interrupt: &Interrupt,
) -> Vec<Done> {
    let progress = RunProgress::of_runs(jobs.len());
    let memory = ReadMemory::default();
    let mut done = Vec::new();
    for batch in jobs.chunks(BOOKS_PER_THREAD * rayon::current_num_threads()) {
        if interrupt.is_asked() {
            break;
        }
        let read = batch.par_iter().map_init(
            || folder.clone(),
            |folder, job| job.read_book(folder, &memory),
        );
        let read: Vec<Result<Book, Failure>> = read.collect();
        let mut books = Vec::with_capacity(batch.len());
        for book in read {
            books.push(book.map(|book| JobBook {
                cached: cache.look_up(&book),
                book,
            }));
        }
        let groups = cache.groups();
        let replayed: Vec<JobOutcomes> = books
            .par_iter()
            .map(|book| {
                book.as_ref()
                    .map(|job| replay_missing(job, groups))
                    .unwrap_or_default()
            })
            .collect();
        for (job, replayed) in books.iter().zip(replayed) {
            let Ok(JobBook { cached, .. }) = job else {
                continue;
            };
            cache.keep(cached, replayed.outcomes);
            for account in replayed.refused {
                cache.refuse(cached, account);
            }
        }
        done.extend(books.into_iter().zip(batch).map(|(book, job)| {
            let JobBook { cached, book } = book?;
            cache
                .outcomes(&cached)
                .map_err(|account| job.refusal(folder, &book, account))
        }));
        progress.reach(done.len());
    }
    done
}

/// Replays the accounts of a job that no job before it has replayed: all at once, or one by one where that is refused.
fn replay_missing(job: &JobBook, groups: &[Group]) -> JobOutcomes {
    let (book, missing) = (&job.book, &job.cached.missing);
    let mut replayed = JobOutcomes::default();
    if let Ok(outcomes) = replay(book, missing, groups) {
        replayed.outcomes = outcomes;
        return replayed;
    }
    for account in missing {
        match replay(book, &BTreeSet::from([*account]), groups) {
            Ok(outcome) => replayed.outcomes.extend(outcome),
            Err(_) => replayed.refused.push(*account),
        }
    }
    replayed
}
