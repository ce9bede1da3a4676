//! What the caller of an import gives: the files' bytes, the days and the zone of the book, the known profiles.
//!
//! Nothing here is read from a response.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;

use super::pricing::Pricing;
use super::tencent::profiles;
pub use super::tencent::profiles::DEFAULT_PROFILE;
use crate::engine::lifecycle;
use crate::model::calendar::Day;
use crate::model::id::AccountId;
use crate::model::money::{Currency, Rounding};
use crate::model::profile::Profile;

/// The bytes of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that diagnostics show.
    pub name: String,
    /// Its content: a table, one response, several after each other, or an array of them.
    pub bytes: Vec<u8>,
}

/// The settings of the book, and what is known beside its files.
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
    /// The currency of all amounts; the responses' small unit is its hundredth.
    pub currency: Currency,
    /// The day on which the bills were downloaded.
    pub as_of: Day,
    /// Whether bills without totals are whole.
    pub complete: bool,
    /// The profiles that a book can name; [`DEFAULT_PROFILE`] should be among them.
    pub profiles: Vec<KnownProfile>,
    /// What the products of an existing book follow.
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
    pub(crate) fn pricing(&self, product: &str) -> Pricing {
        match self.profile(product) {
            Some(profile) => profile.pricing.clone(),
            None => Pricing {
                discounts: Vec::new(),
                rounding: Rounding::HalfUp,
            },
        }
    }

    /// The profile of the product's own, or none.
    pub(crate) fn own_profile(&self, product: &str) -> Option<&KnownProfile> {
        let names = profiles::profile_names(product);
        names.iter().find_map(|name| self.named_profile(name))
    }

    fn named_profile(&self, name: &str) -> Option<&KnownProfile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// The profile that the product follows in the book.
    pub(crate) fn profile(&self, product: &str) -> Option<&KnownProfile> {
        if let Some(followed) = &self.followed {
            return Some(followed.products.get(product).unwrap_or(&followed.default));
        }
        let own = self.own_profile(product);
        own.or_else(|| self.named_profile(DEFAULT_PROFILE))
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
