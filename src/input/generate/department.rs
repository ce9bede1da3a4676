//! A department: whose account it is, where it rents, and how well it pays.
//!
//! What it rents and what it holds are drawn elsewhere.

use super::catalogue::{CATALOGUE, Region};
use super::random::Random;

/// Digits of the number in an account id, unless there are more accounts.
const ID_DIGITS: usize = 4;

const TEAMS: &[&str] = &[
    "atlas", "birch", "coral", "delta", "ember", "falcon", "ginkgo", "harbor",
];
/// Teams of one department.
const TEAMS_OF_ONE: usize = 3;

/// How well an account is funded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Funded {
    /// What comes in mostly suffices.
    Well,
    /// What comes in falls short.
    Short,
    /// It falls short, and the run begins in arrears.
    InArrears,
}

/// One account of this many is not funded well. Counted, not drawn, so that small books have one too.
const ACCOUNTS_PER_SHORT: usize = 10;
/// The first of those accounts.
const FIRST_SHORT: usize = 4;

impl Funded {
    fn draw_funded(number: usize, random: &mut Random) -> Self {
        if number % ACCOUNTS_PER_SHORT != FIRST_SHORT {
            Self::Well
        } else if random.chance(250) {
            Self::InArrears
        } else {
            Self::Short
        }
    }
}

/// The owner of one account.
pub(super) struct Department {
    /// The id of its account.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// How well its account is funded.
    pub(super) funded: Funded,
    /// The day of the month on which the account is topped up.
    pub(super) topup_day: i64,
    home: &'static Region,
    first_team: usize,
}

impl Department {
    /// The department with this number, from 1, among those whose numbers have at most `digits` digits.
    pub(super) fn draw_department(number: usize, digits: usize, random: &mut Random) -> Self {
        weight(random);
        let names = &CATALOGUE.departments;
        let mut name = names[(number - 1) % names.len()].clone();
        let round = (number - 1) / names.len();
        if round > 0 {
            name.push_str(&format!(" {}", round + 1));
        }
        Self {
            id: account_id(number, digits),
            name,
            funded: Funded::draw_funded(number, random),
            topup_day: random.within(1..=28),
            home: random.weighted(&CATALOGUE.regions, |region| region.share),
            first_team: random.index(TEAMS.len()),
        }
    }

    /// Where one of its instances runs: mostly at home.
    pub(super) fn region(&self, random: &mut Random) -> &'static Region {
        if random.chance(700) {
            self.home
        } else {
            random.weighted(&CATALOGUE.regions, |region| region.share)
        }
    }

    /// Whose one of its instances is.
    pub(super) fn team(&self, random: &mut Random) -> &'static str {
        TEAMS[(self.first_team + random.index(TEAMS_OF_ONE)) % TEAMS.len()]
    }
}

/// The id of the account with this number.
pub(super) fn account_id(number: usize, digits: usize) -> String {
    format!("a-{number:0>width$}", width = digits.max(ID_DIGITS))
}

/// How many instances an account has beside the others: few have many. It is the first thing drawn from a stream.
pub(super) fn weight(random: &mut Random) -> u64 {
    let (class, size) = (random.below(100), random.below(100));
    match class {
        0..3 => 60 + 2 * size,
        3..12 => 12 + size / 4,
        _ => 1 + size / 15,
    }
}
