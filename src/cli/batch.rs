//! Many runs of one book: its files are read once, each run changes what is read, and accounts that a change does not
//! reach are not replayed again. Runs go in batches, so that memory holds a few books at a time.

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

/// A run: the scenario that it begins with, and further changes as the text of one.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// What people call it.
    pub name: String,
    pub scenario: Option<String>,
    pub text: String,
}

/// The book of a job, where others of the same folder may have been read before.
pub(super) fn read_job(
    folder: &mut Folder,
    job: &Job,
    memory: &ReadMemory,
) -> Result<Book, Failure> {
    folder.change(&job.text);
    let (book, problems) = input::read_again(folder, job.scenario.as_deref(), memory);
    book.ok_or(Failure::Input(problems))
}

/// What the accounts of a job come to, or why it cannot be replayed.
pub(super) type Done = Result<Vec<AccountOutcome>, Failure>;

/// What the accounts of each job come to, in order; fewer where people interrupt. A job that is refused keeps no other from
/// running.
pub(super) fn run(
    folder: &Folder,
    jobs: &[Job],
    (cache, interrupt): (&mut Cache, &Interrupt),
) -> Vec<Done> {
    let progress = RunProgress::of_runs(jobs.len());
    let memory = ReadMemory::default();
    let mut done = Vec::new();
    for batch in jobs.chunks(4 * rayon::current_num_threads()) {
        if interrupt.is_asked() {
            break;
        }
        let books = batch.par_iter().map_init(
            || folder.clone(),
            |folder, job| read_job(folder, job, &memory),
        );
        let books: Vec<Result<Book, Failure>> = books.collect();
        let books: Vec<_> = books
            .into_iter()
            .map(|book| book.map(|book| (cache.look_up(&book), book)))
            .collect();
        let groups = cache.groups();
        let replayed: Vec<_> = books
            .par_iter()
            .map(|book| book.as_ref().ok().map(|one| each(one, groups)))
            .collect();
        for ((task, _), (outcomes, refused)) in
            books.iter().flatten().zip(replayed.into_iter().flatten())
        {
            cache.keep(task, outcomes);
            refused
                .into_iter()
                .for_each(|account| cache.refuse(task, account));
        }
        let outcomes = books.into_iter().zip(batch).map(|(book, job)| {
            let (task, book) = book?;
            cache
                .outcomes(&task)
                .map_err(|account| reason((folder, job), (&book, account)))
        });
        done.extend(outcomes);
        progress.reach(done.len());
    }
    done
}

/// What the missing accounts of a task come to, and those that cannot be replayed.
fn each(
    (task, book): &(CachedBook, Book),
    groups: &[Group],
) -> (Vec<AccountOutcome>, Vec<AccountIndex>) {
    if let Ok(outcomes) = replay(book, &task.missing, groups) {
        return (outcomes, Vec::new());
    }
    let (mut outcomes, mut refused) = (Vec::new(), Vec::new());
    for account in &task.missing {
        match replay(book, &BTreeSet::from([*account]), groups) {
            Ok(outcome) => outcomes.extend(outcome),
            Err(_) => refused.push(*account),
        }
    }
    (outcomes, refused)
}

/// Why an account of a job cannot be replayed.
fn reason((folder, job): (&Folder, &Job), (book, account): (&Book, AccountIndex)) -> Failure {
    match replay(book, &BTreeSet::from([account]), &[]) {
        Err(refusal) => {
            let mut folder = folder.clone();
            folder.change(&job.text);
            refused((&folder, job.scenario.as_deref()), book, refusal)
        }
        Ok(_) => unreachable!("an account with the same inputs cannot be replayed"),
    }
}
