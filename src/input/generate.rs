//! A random sample book of any size: for trying renewcast out at any scale.
//!
//! The same [`SampleSpec`] gives the same bytes on every machine. Accounts are drawn one after the other, each from its own
//! stream of random numbers, and their rows are passed on as they come, so that memory does not grow with the book.
//! Every row is one that a strict reader accepts. Nothing here reads the clock, writes a file or runs a book.

mod actions;
mod catalogue;
mod dates;
mod department;
mod funding;
mod inventory;
mod random;
mod row;

use std::convert::Infallible;

use crate::model::calendar::Day;

use dates::Dates;
use department::Department;
use funding::{DrawnFunding, Need};
use inventory::{DrawnInstance, Serials};
use random::Random;

/// The days of a run that asks for nothing else.
pub const DEFAULT_DAYS: u32 = 365;

const BOOK: &str = "book.toml";
const INSTANCES: &str = "instances.csv";
const ACCOUNTS: &str = "accounts.csv";
const PRICES: &str = "prices.csv";
const ACTIONS: &str = "actions.csv";

/// Rows are passed on in chunks of about this many bytes.
const CHUNK_BYTES: usize = 1 << 16;
/// The random numbers of what belongs to no account; the accounts have the streams from 1.
const COMMON_STREAM: u64 = 0;

/// What a generated book is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleSpec {
    /// The number of accounts. Without accounts there are no instances either.
    pub accounts: u32,
    /// The number of instances of all accounts together.
    pub instances: u32,
    /// Chooses one of many books of this size.
    pub seed: u64,
    /// The first day of the run, not before 1901.
    pub from: Day,
    /// The length of the run in days, at least 1; it must end in 2500 at the latest.
    pub days: u32,
}

impl SampleSpec {
    fn last_day(&self) -> Day {
        self.from + i32::try_from(self.days - 1).expect("a run is shorter than two billion days")
    }

    fn account_streams(&self) -> impl Iterator<Item = Random> {
        let seed = self.seed;
        (1..=u64::from(self.accounts)).map(move |stream| Random::from_seed(seed, stream))
    }

    /// How many instances each account has: a few have many, and each has one where there are enough.
    fn instance_counts(&self) -> impl Iterator<Item = u64> {
        let least = u64::from(self.instances >= self.accounts);
        let spread = u64::from(self.instances) - least * u64::from(self.accounts);
        let total: u64 = self
            .account_streams()
            .map(|mut random| department::weight(&mut random))
            .sum();
        let mut before = 0;
        self.account_streams().map(move |mut random| {
            let upto = before + department::weight(&mut random);
            let count = spread * upto / total - spread * before / total;
            before = upto;
            least + count
        })
    }
}

/// Draws the book and passes its files on piece by piece: `append(name, bytes)` adds `bytes` to the end of file `name`.
///
/// The pieces of different files come interleaved, about 64 KiB each; all five files are named at least once. Memory
/// stays at a few hundred kilobytes whatever the size.
///
/// # Errors
/// The first error of `append`, at which the drawing stops.
pub fn write_sample<E>(
    plan: &SampleSpec,
    append: impl FnMut(&'static str, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut output = SampleFiles::with_headings(append);
    (output.append)(BOOK, book_toml(plan).as_bytes())?;
    (output.append)(PRICES, &catalogue::price_list())?;
    let dates = Dates::new(plan.from, plan.days);
    let mut common = Random::from_seed(plan.seed, COMMON_STREAM);
    let mut serials = Serials::starting_at(&mut common);
    let mut need = Need::none(&dates);
    let digits = plan.accounts.to_string().len();
    let accounts = plan.account_streams().zip(plan.instance_counts());
    for (number, (mut random, instances)) in (1..).zip(accounts) {
        let department = Department::draw_department(number, digits, &mut random);
        let mut account = SampleAccount {
            department,
            random,
            dates: &dates,
            need: &mut need,
        };
        account.draw_instances(instances, &mut serials, &mut output)?;
        account.draw_account(&mut output);
    }
    let first = department::account_id(1, digits);
    actions::write_selective(&mut output.actions, &mut common, &dates, &first);
    output.pass_on(0)
}

/// The files of the book, by name, each in one piece: for books that fit into memory.
pub fn book(plan: &SampleSpec) -> Vec<(&'static str, Vec<u8>)> {
    let mut files = [BOOK, INSTANCES, ACCOUNTS, PRICES, ACTIONS].map(|name| (name, Vec::new()));
    let Ok(()) = write_sample(plan, |name, bytes| -> Result<(), Infallible> {
        let file = files.iter_mut().find(|(known, _)| *known == name);
        file.expect("only the files of a book are written")
            .1
            .extend_from_slice(bytes);
        Ok(())
    });
    files.into()
}

fn book_toml(plan: &SampleSpec) -> String {
    let SampleSpec {
        accounts,
        instances,
        seed,
        from,
        ..
    } = plan;
    let to = plan.last_day();
    let profiles = catalogue::product_profiles();
    format!(
        "name = \"Generated: {accounts} accounts, {instances} instances, seed {seed}\"\n\
         from = {from}\n\
         to = {to}\n\
         time_zone = \"Asia/Shanghai\"\n\
         currency = \"CNY\"\n\
         profile = \"tencent-cvm\"\n\
         \n\
         [product_profiles]\n\
         {profiles}"
    )
}

/// One account being drawn, with what it will need to pay.
struct SampleAccount<'a> {
    department: Department,
    random: Random,
    dates: &'a Dates,
    need: &'a mut Need,
}

impl SampleAccount<'_> {
    /// The account's instances, and what people do to them.
    fn draw_instances<E, F>(
        &mut self,
        count: u64,
        serials: &mut Serials,
        output: &mut SampleFiles<F>,
    ) -> Result<(), E>
    where
        F: FnMut(&'static str, &[u8]) -> Result<(), E>,
    {
        let (random, dates, department) = (&mut self.random, self.dates, &self.department);
        self.need.clear();
        for number in 1..=count {
            let code = serials.next();
            let instance = DrawnInstance::draw_instance(random, dates, department, number, &code);
            instance.write_instance(&mut output.instances, dates, &department.id);
            self.need.expect(&instance);
            if let Some(action) = actions::by_people(random, dates, &department.id, &instance) {
                self.need.pay(action.day, action.cost);
                action.write_action(&mut output.actions, dates);
            }
            output.pass_on(CHUNK_BYTES)?;
        }
        Ok(())
    }

    /// The account itself and its top-ups, sized by what the instances need.
    fn draw_account<F>(&mut self, output: &mut SampleFiles<F>) {
        let (random, dates, department) = (&mut self.random, self.dates, &self.department);
        let funding = DrawnFunding::draw_funding(random, dates, department, self.need);
        funding.write_funding(&mut output.accounts, department);
        for action in actions::of_account(random, dates, department, &funding) {
            action.write_action(&mut output.actions, dates);
        }
    }
}

/// The rows not yet passed on.
struct SampleFiles<F> {
    append: F,
    instances: Vec<u8>,
    accounts: Vec<u8>,
    actions: Vec<u8>,
}

impl<F> SampleFiles<F> {
    fn with_headings(append: F) -> Self {
        let [instances, accounts, actions] =
            [inventory::COLUMNS, funding::COLUMNS, actions::COLUMNS]
                .map(|columns| format!("{columns}\n").into_bytes());
        Self {
            append,
            instances,
            accounts,
            actions,
        }
    }

    /// Passes on the rows of each file that has more than `bytes` of them.
    fn pass_on<E>(&mut self, bytes: usize) -> Result<(), E>
    where
        F: FnMut(&'static str, &[u8]) -> Result<(), E>,
    {
        let files = [
            (INSTANCES, &mut self.instances),
            (ACCOUNTS, &mut self.accounts),
            (ACTIONS, &mut self.actions),
        ];
        for (name, rows) in files.into_iter().filter(|(_, rows)| rows.len() > bytes) {
            (self.append)(name, rows)?;
            rows.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: u64) -> SampleSpec {
        let from = Day::parse("2026-12-01").expect("a date");
        SampleSpec {
            accounts: 20,
            instances: 3_000,
            seed,
            from,
            days: DEFAULT_DAYS,
        }
    }

    fn lines(bytes: &[u8]) -> usize {
        bytes.iter().filter(|byte| **byte == b'\n').count()
    }

    #[test]
    fn the_same_plan_gives_the_same_bytes() {
        assert_eq!(book(&plan(7)), book(&plan(7)));
    }

    #[test]
    fn another_seed_gives_another_book() {
        for ((name, one), (_, other)) in book(&plan(7)).into_iter().zip(book(&plan(8))) {
            assert_eq!(one == other, name == PRICES, "{name}");
        }
    }

    #[test]
    fn a_book_has_the_rows_that_its_plan_asks_for() {
        for (accounts, instances) in [(1, 1), (1, 100), (20, 3_000), (30, 10), (3, 0)] {
            let files = book(&SampleSpec {
                accounts,
                instances,
                ..plan(7)
            });
            let rows = [&files[1], &files[2]].map(|(_, bytes)| lines(bytes) - 1);
            assert_eq!(
                rows,
                [instances, accounts].map(|count| usize::try_from(count).expect("few"))
            );
        }
    }

    #[test]
    fn an_error_of_the_writer_stops_the_drawing() {
        let mut calls = 0;
        let outcome = write_sample(&plan(7), |name, _| {
            calls += 1;
            if name == INSTANCES {
                Err("disk full")
            } else {
                Ok(())
            }
        });
        assert_eq!((outcome, calls), (Err("disk full"), 3));
    }
}
