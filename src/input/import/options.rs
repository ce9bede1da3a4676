//! What an import is told by its caller: the files' bytes, the days and the zone of the book, the profiles there are.
//!
//! Nothing here is read from an answer.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;

use super::pricing::Pricing;
use crate::engine::lifecycle;
use crate::model::calendar::Day;
use crate::model::id::AccountId;
use crate::model::money::{Currency, Rounding};
use crate::model::profile::Profile;

/// The profile of products that have none of their own.
pub const DEFAULT_PROFILE: &str = "tencent-cvm";

/// Products whose name in the interface is not that of their profile. What billing lists of cos are its packages.
const PROFILE_ALIASES: &[(&str, &str)] = &[
    ("cdb", "mysql"),
    ("cos", "cos-package"),
    ("postgres", "postgresql"),
];

/// The bytes of one file of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that diagnostics show.
    pub name: String,
    /// Its content: one answer, several after each other, or an array of them.
    pub bytes: Vec<u8>,
}

/// What the book is to be like.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the book.
    pub name: String,
    /// The zone that the book's dates are in; times without a zone are in it already.
    pub zone: Tz,
    /// The first day of the run.
    pub from: Day,
    /// The last day of the run, not before `from`.
    pub to: Day,
    /// The account of the instances, unless balances of exactly one account are imported: then it is that one.
    pub account: AccountId,
    /// The currency of all amounts; the answers' small unit is its hundredth.
    pub currency: Currency,
    /// The day on which the sources of bills said what they say.
    pub as_of: Day,
    /// Whether bills without totals are whole.
    pub complete: bool,
    /// The profiles that a book can name; [`DEFAULT_PROFILE`] should be among them.
    pub profiles: Vec<KnownProfile>,
    /// What the products of a book that is there follow.
    pub followed: Option<LifecycleRules>,
}

/// The profiles that the products of a book follow.
#[derive(Clone, Debug)]
pub struct LifecycleRules {
    /// That of products that have none of their own.
    pub default: KnownProfile,
    /// Those of products.
    pub products: BTreeMap<String, KnownProfile>,
}

impl Options {
    /// How terms of a product are priced.
    pub(super) fn pricing(&self, product: &str) -> Pricing {
        let none = || Pricing {
            discounts: Vec::new(),
            rounding: Rounding::HalfUp,
        };
        self.profile(product)
            .map_or_else(none, |profile| profile.pricing.clone())
    }

    /// The profile of the product's own, or none.
    pub(super) fn own_profile(&self, product: &str) -> Option<&KnownProfile> {
        let alias = PROFILE_ALIASES
            .iter()
            .find(|(known, _)| *known == product)
            .map(|(_, name)| *name);
        let named = |name| {
            self.profiles
                .iter()
                .find(|profile| profile.name.strip_prefix("tencent-") == Some(name))
        };
        alias.and_then(named).or_else(|| named(product))
    }

    /// The profile that the product follows in the book.
    pub(super) fn profile(&self, product: &str) -> Option<&KnownProfile> {
        if let Some(followed) = &self.followed {
            return Some(followed.products.get(product).unwrap_or(&followed.default));
        }
        self.own_profile(product).or_else(|| {
            self.profiles
                .iter()
                .find(|profile| profile.name == DEFAULT_PROFILE)
        })
    }
}

/// What an import must know of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownProfile {
    /// Its name.
    pub name: String,
    /// Days from expiry to reclaiming.
    pub suspend_after_days: i32,
    /// Days from expiry to the release of an instance that nobody renews.
    pub released_after_days: i32,
    /// The months that a renewal may have.
    pub renew_periods: BTreeSet<u32>,
    /// How its terms are priced.
    pub pricing: Pricing,
}

impl From<&Profile> for KnownProfile {
    fn from(profile: &Profile) -> Self {
        let expiry = Day::FIRST;
        let suspended = lifecycle::suspension_of(profile, expiry);
        let release = lifecycle::release_of_unpaid(profile, expiry, suspended);
        Self {
            name: profile.name.to_string(),
            suspend_after_days: suspended.days_since(expiry),
            released_after_days: release.days_since(expiry),
            renew_periods: profile.renew_periods.clone(),
            pricing: Pricing {
                discounts: profile.discounts.clone(),
                rounding: profile.rounding,
            },
        }
    }
}
