//! Some desks of neighbouring accounts, replayed together day by day, so that their rows come in order.

use super::desk::Desk;
use super::window::Part;
use crate::account::AccountIndex;
use crate::action::ActionIndex;
use crate::book::Book;
use crate::calendar::Day;
use crate::instance::InstanceIndex;

/// A section has accounts for about so many instances: few enough to stay in a processor's cache.
const INSTANCES: usize = 4_096;

/// What an account brings to its desk.
pub(super) struct Papers {
    pub account: AccountIndex,
    pub instances: Vec<InstanceIndex>,
    pub actions: Vec<ActionIndex>,
}

/// Desks of neighbouring accounts, and the day for which each waits.
pub(super) struct Section<'b> {
    pub desks: Vec<Desk<'b>>,
    waiting: Vec<Option<Day>>,
}

impl<'b> Section<'b> {
    pub(super) fn open(book: &'b Book, papers: Vec<Papers>) -> Self {
        let desk = |papers: Papers| Desk::open(book, papers.account, &papers.instances, papers.actions);
        let mut desks: Vec<Desk<'b>> = papers.into_iter().map(desk).collect();
        let waiting = desks.iter_mut().map(Desk::next_day).collect();
        Self { desks, waiting }
    }

    /// Notes what the accounts hold at the opening, on the eve of the run.
    pub(super) fn note_opening(&self, eve: Day, part: &mut Part) {
        part.balances.extend(self.desks.iter().map(Desk::noted_balance));
        part.end_day(eve);
    }

    /// Replays every day up to `last` on which something can happen at a desk.
    pub(super) fn advance(&mut self, last: Day, part: &mut Part) {
        part.first_account = self.desks.first().map_or(0, |desk| desk.account.0 as usize);
        while let Some(day) = self.waiting.iter().flatten().min().copied().filter(|day| *day <= last) {
            for (desk, waiting) in self.desks.iter_mut().zip(&mut self.waiting) {
                if *waiting == Some(day) {
                    desk.advance(day);
                    *waiting = desk.next_day();
                    part.entries.append(&mut desk.entries);
                    part.balances.append(&mut desk.balances);
                }
            }
            part.end_day(day);
        }
    }
}

/// Sections of neighbouring accounts.
pub(super) fn split(papers: Vec<Papers>) -> Vec<Vec<Papers>> {
    let mut sections = Vec::new();
    let mut section = Vec::new();
    let mut instances = 0;
    for paper in papers {
        instances += paper.instances.len();
        section.push(paper);
        if instances >= INSTANCES || section.len() >= INSTANCES {
            sections.push(std::mem::take(&mut section));
            instances = 0;
        }
    }
    sections.push(section);
    sections
}
