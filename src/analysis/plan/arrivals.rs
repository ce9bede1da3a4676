//! When money can come: the days on which people send it, and the working days until it arrives. It knows no amounts.

use crate::model::action::Channel;
use crate::model::book::Book;
use crate::model::calendar::{Day, working_days_later};

/// On which days people can top up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// On the first day of the run and the first of each month.
    Monthly,
    /// On the first day of the run and each Monday.
    Weekly,
    /// On every day.
    Daily,
    /// On these days.
    On(Vec<Day>),
}

/// A top-up that is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The last day of the cadence on which it can be sent.
    pub sent: Day,
    /// The day on which it arrives.
    pub arrives: Day,
}

/// How long money is on its way, by the book's default profile.
#[derive(Clone, Copy, Debug)]
pub struct PaymentChannel<'b> {
    book: &'b Book,
    /// How it is sent; none: it arrives immediately.
    pub channel: Option<Channel>,
}

impl<'b> PaymentChannel<'b> {
    /// A channel with the rules of a book.
    pub fn channel_of_book(book: &'b Book, channel: Option<Channel>) -> Self {
        Self { book, channel }
    }

    /// The day on which money arrives that is sent on `day`.
    pub fn arrival(self, day: Day) -> Day {
        let profile = self.book.default_profile();
        let days = match self.channel {
            None => 0,
            Some(Channel::Online) => profile.online_topup_days,
            Some(Channel::Bank) => profile.bank_topup_days,
        };
        working_days_later(day, days, &self.book.holidays)
    }

    /// The last day of the run on which money can be sent that must be there by `day`; none where even the first is too
    /// late.
    /// Rule **plan-latest**.
    pub fn latest_sending(self, day: Day) -> Option<Day> {
        let first = self.book.days.from;
        let days = std::iter::successors(Some(day), |day| Some(day.yesterday()));
        let mut in_run = days.take_while(|day| *day >= first);
        in_run.find(|sent| self.arrival(*sent) <= day)
    }

    /// The arrivals within the run, by day. Of what arrives on one day the last sending counts.
    pub fn arrivals(self, cadence: &Cadence) -> Vec<Arrival> {
        let days = self.book.days;
        let mut arrivals: Vec<Arrival> = Vec::new();
        for sent in sendings(self.book, cadence) {
            let arrival = Arrival {
                sent,
                arrives: self.arrival(sent),
            };
            match arrivals.last_mut() {
                Some(last) if last.arrives == arrival.arrives => *last = arrival,
                _ if days.contains(arrival.arrives) => arrivals.push(arrival),
                _ => {}
            }
        }
        arrivals
    }
}

/// The days of the run on which money can be sent, ascending.
fn sendings(book: &Book, cadence: &Cadence) -> Vec<Day> {
    let from = book.days.from;
    let mut days: Vec<Day> = match cadence {
        Cadence::On(days) => days.clone(),
        _ => book.days.days().collect(),
    };
    days.retain(|day| match cadence {
        Cadence::Monthly => *day == from || day.day_of_month() == 1,
        Cadence::Weekly => *day == from || day.is_monday(),
        Cadence::Daily => true,
        Cadence::On(_) => book.days.contains(*day),
    });
    days.sort_unstable();
    days.dedup();
    days
}
