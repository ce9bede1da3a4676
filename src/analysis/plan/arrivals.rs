//! When money can come: the days on which people send it, and the working days until it is there.
//!
//! Rule **plan-arrival** of docs/spec.

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
    /// The day on which it is there.
    pub arrives: Day,
}

/// How long money is on its way, by the book's default profile.
#[derive(Clone, Copy, Debug)]
pub struct PaymentChannel<'b> {
    book: &'b Book,
    /// How it is sent; none: it is there at once.
    pub channel: Option<Channel>,
}

impl<'b> PaymentChannel<'b> {
    /// The way of a channel.
    pub fn channel_of_book(book: &'b Book, channel: Option<Channel>) -> Self {
        Self { book, channel }
    }

    /// The day on which money is there that is sent on `day`.
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
        let days = std::iter::successors(Some(day), |day| Some(day.yesterday()))
            .take_while(|day| *day >= first);
        days.into_iter().find(|sent| self.arrival(*sent) <= day)
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
    let (from, to) = (book.days.from, book.days.to);
    let all = || {
        std::iter::successors(Some(from), |day| Some(day.tomorrow()))
            .take_while(move |day| *day <= to)
    };
    match cadence {
        Cadence::Monthly => all()
            .filter(|day| *day == from || day.day_of_month() == 1)
            .collect(),
        Cadence::Weekly => all()
            .filter(|day| *day == from || day.is_monday())
            .collect(),
        Cadence::Daily => all().collect(),
        Cadence::On(days) => {
            let mut days: Vec<Day> = days
                .iter()
                .copied()
                .filter(|day| book.days.contains(*day))
                .collect();
            days.sort_unstable();
            days.dedup();
            days
        }
    }
}
