//! Whether all pages of a list were imported: answers come in pages of at most 100 entries, and a forgotten page is a
//! book with too few instances.
//!
//! A list says how many entries it has in all (of its region), or that a further page follows.
//!
//! Rule **all-pages** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use super::cloud_record::CloudRecord;
use super::response::{ListKind, ResponsePage};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::field::SourcedValue;
use crate::input::import::json::{Node, one_line};

/// The pages seen so far.
#[derive(Default)]
pub(in crate::input::import) struct SeenPages<'s> {
    counted: BTreeMap<(String, String), Counted<'s>>,
    continued: Option<Node<'s>>,
    ended: bool,
}

/// The pages of one product in one region.
struct Counted<'s> {
    seen: BTreeSet<String>,
    total: SourcedValue<'s, usize>,
}

impl<'s> SeenPages<'s> {
    /// Adds a page with what was read of it.
    pub(in crate::input::import) fn see_page(
        &mut self,
        list: &ResponsePage<'s>,
        sightings: &[CloudRecord<'s>],
    ) {
        if list.kind == ListKind::Renewals {
            match list.next {
                Some(Some(token)) => self.continued = self.continued.or(Some(token)),
                Some(None) | None => self.ended = true,
            }
        }
        let (Some(total), Some(first)) = (&list.total, sightings.first()) else {
            return;
        };
        let region = first
            .region
            .as_ref()
            .map(|region| region.value.clone())
            .unwrap_or_default();
        let empty = Counted {
            seen: BTreeSet::new(),
            total: total.clone(),
        };
        let counted = self
            .counted
            .entry((first.product.value.clone(), region))
            .or_insert(empty);
        counted
            .seen
            .extend(sightings.iter().map(|one| one.id.value.clone()));
        if total.value > counted.total.value {
            counted.total = total.clone();
        }
    }

    /// Warns of lists that are not complete.
    pub(in crate::input::import) fn check_complete(&self, found: &mut Diagnostics) {
        for ((product, region), Counted { seen, total }) in &self.counted {
            if total.value > seen.len() {
                let message = format!(
                    "{} of {} `{product}` in `{region}` are there",
                    seen.len(),
                    total.value
                );
                found.push(
                    Code::LeftOut,
                    total.node.place(),
                    one_line(&message),
                    "import the further pages as well",
                );
            }
        }
        if let Some(token) = self.continued.filter(|_| !self.ended) {
            let message = "a list of renewable instances without its last page";
            found.push(
                Code::LeftOut,
                token.place(),
                message,
                "call again with this `NextToken` and import that as well",
            );
        }
    }
}
