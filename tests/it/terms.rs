//! Cheapest terms: no other choice below the ceiling costs less, and the scenario pays what the answer says.

use std::collections::BTreeMap;
use std::path::Path;

use renewcast::analysis::terms::{self, AccountTerms, Quality, TermsQuestion};
use renewcast::engine;
use renewcast::input::{self, Folder};
use renewcast::model::account::AccountIndex;
use renewcast::model::book::Book;
use renewcast::model::money::Money;
use renewcast::output::terms as files;

use crate::laws::for_each_seed;
use crate::plan::books;
use crate::program::{Place, tree};
use crate::support::{Files, book};

const PERIODS: [u32; 4] = [1, 3, 6, 12];

/// One account with a few instances, cheap enough for every choice to be tried.
fn small_book(seed: u64) -> Files {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = |low: u64, high: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        low + state % (high - low + 1)
    };
    let mut instances =
        "instance_id,account_id,charge_type,renew_flag,renew_months,monthly_price,hourly_price,expires_on\n".to_owned();
    for number in 0..draw(1, 5) {
        let months = PERIODS[usize::try_from(draw(0, 3)).expect("small")];
        let (month, day) = (draw(1, 6), draw(1, 28));
        instances += &format!(
            "i{number},a,PREPAID,auto,{months},{}.{:02},,2027-{month:02}-{day:02}\n",
            draw(5, 60),
            draw(0, 99)
        );
    }
    if draw(0, 2) == 0 {
        instances += "h,a,POSTPAID_BY_HOUR,,,,0.01,\n";
    }
    let profile = "[small]\nextends = \"tencent-cvm\"\nrenew_periods = [1, 3, 6, 12]\n\
                   discounts = { 3 = \"0.95\", 6 = \"0.88\", 12 = \"0.80\" }\n";
    Files::from([
        (
            "book.toml".to_owned(),
            "from = 2027-01-01\nto = 2027-12-31\nprofile = \"small\"\n".to_owned(),
        ),
        ("profiles.toml".to_owned(), profile.to_owned()),
        (
            "accounts.csv".to_owned(),
            "account_id,cash\na,900000.00\n".to_owned(),
        ),
        ("instances.csv".to_owned(), instances),
    ])
}

fn answer(book: &Book, lifetime: u32, ceiling: Option<i64>) -> AccountTerms {
    let ceilings = ceiling
        .map(|ceiling| (AccountIndex(0), Money::from_minor(ceiling)))
        .into_iter()
        .collect();
    let terms =
        terms::cheapest(book, &TermsQuestion { lifetime, ceilings }).expect("no price is missing");
    terms.into_iter().next().expect("the book has an account")
}

/// What a book pays in its dearest month.
fn peak(book: &Book) -> i64 {
    let replay = engine::replay(book).expect("no price is missing");
    let mut months: BTreeMap<String, i64> = BTreeMap::new();
    for entry in &replay.ledger.entries {
        if let Some(movement) = entry.movement {
            *months
                .entry(entry.date.to_string()[..7].to_owned())
                .or_default() -= movement.amount().minor();
        }
    }
    months.into_values().max().unwrap_or(0)
}

/// The cost of a choice, by consumption, from the prices that the answer gives for it alone.
fn cost_of(book: &Book, choice: &[u32], lifetime: u32) -> i64 {
    let mut chosen = book.clone();
    chosen
        .instances
        .iter_mut()
        .zip(choice)
        .for_each(|(instance, months)| instance.renew_months = *months);
    answer(&chosen, lifetime, None)
        .choices
        .iter()
        .map(|choice| choice.present_cost.minor())
        .sum()
}

fn all_choices(instances: usize) -> Vec<Vec<u32>> {
    (0..instances).fold(vec![Vec::new()], |choices, _| {
        let longer =
            |choice: &Vec<u32>| PERIODS.map(|months| [choice.clone(), vec![months]].concat());
        choices.iter().flat_map(longer).collect()
    })
}

/// Rule **terms-proof**.
#[test]
fn no_choice_below_the_ceiling_is_cheaper() {
    for_each_seed(books() / 40, |seed| {
        let files = small_book(seed);
        let book = book(&files);
        let prepaid = book
            .instances
            .iter()
            .filter(|one| one.expires_on.is_some())
            .count();
        let listed: Vec<usize> = (0..book.instances.len())
            .filter(|at| book.instances[*at].expires_on.is_some())
            .collect();
        let choices = all_choices(prepaid);
        let run = |choice: &Vec<u32>| {
            let mut chosen = book.clone();
            listed
                .iter()
                .zip(choice)
                .for_each(|(at, months)| chosen.instances[*at].renew_months = *months);
            (cost_of_listed(&book, &listed, choice), peak(&chosen))
        };
        let tried: Vec<(i64, i64)> = choices.iter().map(run).collect();
        let unlimited = answer(&book, 12, None);
        let cost = |terms: &AccountTerms| {
            terms
                .choices
                .iter()
                .map(|choice| choice.cost.minor())
                .sum::<i64>()
        };
        assert_eq!(
            Some(cost(&unlimited)),
            tried.iter().map(|(cost, _)| *cost).min(),
            "seed {seed}\n{files:#?}"
        );
        let (least, most) = (
            tried.iter().map(|(_, peak)| *peak).min(),
            tried.iter().map(|(_, peak)| *peak).max(),
        );
        let (least, most) = (least.expect("a choice"), most.expect("a choice"));
        for ceiling in [
            least - 1,
            least,
            (3 * least + most) / 4,
            (least + most) / 2,
            most - 1,
        ] {
            let below = answer(&book, 12, Some(ceiling));
            let best = tried
                .iter()
                .filter(|(_, peak)| *peak <= ceiling)
                .map(|(cost, _)| *cost)
                .min();
            let what = format!("seed {seed}, ceiling {ceiling}: {below:#?}\n{files:#?}");
            match best {
                None => assert!(
                    matches!(below.quality, Quality::Impossible(..) | Quality::NotFound),
                    "{what}"
                ),
                Some(best) => {
                    assert_eq!(
                        (below.quality, cost(&below)),
                        (Quality::Cheapest, best),
                        "{what}"
                    );
                    assert!(
                        below.peak.expect("the run has months").1.minor() <= ceiling,
                        "{what}"
                    );
                }
            }
        }
    });
}

fn cost_of_listed(book: &Book, listed: &[usize], choice: &[u32]) -> i64 {
    let mut months: Vec<u32> = book
        .instances
        .iter()
        .map(|instance| instance.renew_months)
        .collect();
    listed
        .iter()
        .zip(choice)
        .for_each(|(at, chosen)| months[*at] = *chosen);
    cost_of(book, &months, 12)
}

/// Three hundred instances are too many to try: the sums are held against the bound that comes with them.
#[test]
fn a_large_account_is_chosen_nearly_best() {
    let mut instances =
        "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n".to_owned();
    for number in 0..300_u32 {
        let (price, month, day) = (
            7 + number * 37 % 91,
            1 + number * 7 % 12,
            1 + number * 11 % 28,
        );
        instances += &format!(
            "i-{number:03},a,PREPAID,auto,{price}.{:02},2027-{month:02}-{day:02}\n",
            number % 100
        );
    }
    let files = Files::from([
        (
            "book.toml".to_owned(),
            "from = 2027-01-01\nto = 2027-12-31\n".to_owned(),
        ),
        (
            "accounts.csv".to_owned(),
            "account_id,cash\na,1000000.00\n".to_owned(),
        ),
        ("instances.csv".to_owned(), instances),
    ]);
    let book = book(&files);
    let ceiling = 2_500_000;
    let terms = answer(&book, 12, Some(ceiling));
    let (present, cost) = terms
        .choices
        .iter()
        .fold((0, 0), |(present, cost), choice| {
            (
                present + choice.present_cost.minor(),
                cost + choice.cost.minor(),
            )
        });
    assert!(
        terms.peak.expect("the run has months").1.minor() <= ceiling && cost < present,
        "{:?}",
        terms.peak
    );
    let gap = match terms.quality {
        Quality::Within(gap) => gap.minor(),
        Quality::Cheapest => 0,
        other => panic!("{other:?}"),
    };
    assert!(gap * 100 <= cost, "{gap} of {cost}");
}

#[test]
fn the_scenario_pays_what_the_answer_says() {
    for_each_seed(books() / 10, |seed| {
        let files = small_book(seed);
        let book = book(&files);
        let terms = terms::cheapest(
            &book,
            &TermsQuestion {
                lifetime: 12,
                ceilings: BTreeMap::new(),
            },
        )
        .expect("no price is missing");
        let mut folder = Folder::default();
        files
            .iter()
            .for_each(|(name, text)| folder.insert(name, text.clone().into_bytes()));
        for (name, bytes) in files::files(&book, &terms, None) {
            folder.insert(&name, bytes);
        }
        let (planned, problems) = input::read_book(&folder, Some("terms"));
        let planned = planned
            .unwrap_or_else(|| panic!("seed {seed}: {:#?}", problems.iter().collect::<Vec<_>>()));
        for choice in &terms[0].choices {
            assert_eq!(
                planned.instance(choice.instance).renew_months,
                choice.months,
                "seed {seed}"
            );
        }
        assert_eq!(
            terms[0].peak.map(|(_, sum)| sum.minor()),
            Some(peak(&planned)),
            "seed {seed}\n{files:#?}"
        );
    });
}

#[test]
fn the_verb_answers_and_refuses() {
    let place = Place::new();
    for (name, bytes) in tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/example")) {
        place.write(&Path::new("book").join(name), &bytes);
    }
    place
        .run("terms book --out out")
        .done()
        .says("The cheapest terms of Lantern Tea")
        .says("no choice is cheaper");
    assert!(
        place
            .text("out/terms.csv")
            .contains("shop,shop-web-1,CNY,1,12,1224.00,1015.92,208.08")
    );
    place
        .run("terms book --no-ceiling --out out")
        .done()
        .says("no choice is cheaper");
    place
        .run("terms book --ceiling shop=1 --out out")
        .found()
        .says("too much in 2026-12");
    place
        .run("terms book --ceiling 1")
        .refused()
        .complains("names no account");
    place
        .run("terms book --ceiling nobody=1")
        .refused()
        .complains("no account `nobody`");
    place.run("terms book --lifetime 0").exits_with(2);
}

/// 12 months at 0.83 are the cheapest terms, and cost 996.00 on 10 December: there are 300.00, or what is planned to come by
/// the end of that month.
#[test]
fn the_money_of_an_account_is_its_ceiling_unless_people_say_otherwise() {
    let place = |actions: &str| {
        Place::new()
            .file("book/book.toml", "from = 2026-12-01\nto = 2027-11-30\n")
            .file("book/accounts.csv", "account_id,cash\nshop,300.00\n")
            .file(
                "book/instances.csv",
                "instance_id,account_id,charge_type,renew_flag,renew_months,monthly_price,expires_on\n\
                 web,shop,PREPAID,auto,1,100.00,2026-12-10\n",
            )
            .file("book/actions.csv", &format!("date,action,account_id,amount\n{actions}"))
    };
    let short = place("2027-01-01,topup,shop,5000.00\n");
    short
        .run("terms book --out out")
        .done()
        .says(
            "shop: the cheapest terms pay CNY 996.00 in 2026-12, but by then there is only 300.00",
        )
        .says("a month pays at most CNY 100.00 in 2026-12");
    let free = short.run("terms book --no-ceiling --out out").done();
    assert!(
        !free.out.contains("by then") && free.out.contains("996.00 in 2026-12"),
        "{}",
        free.out
    );
    let told = short.run("terms book --ceiling shop=2000 --out out").done();
    assert!(
        !told.out.contains("by then") && told.out.contains("996.00 in 2026-12"),
        "{}",
        told.out
    );
    let rich = place("2026-12-31,topup,shop,696.00\n")
        .run("terms book --out out")
        .done();
    assert!(
        !rich.out.contains("by then") && rich.out.contains("996.00 in 2026-12"),
        "{}",
        rich.out
    );
    place("2026-12-31,topup,shop,695.99\n")
        .run("terms book --out out")
        .done()
        .says("there is only 995.99");
}
