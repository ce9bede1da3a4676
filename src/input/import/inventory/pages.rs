//! Whether all pages of a list were imported: a forgotten page is a book with too few instances.
//!
//! A list says how many entries it has in all (of its region), or that a further page follows.
//!
//! Rule **all-pages** of docs/spec.

use std::collections::{BTreeMap, BTreeSet};

use super::record::CloudRecord;
use crate::input::diagnostic::Code;
use crate::input::import::context::Context;
use crate::input::import::field::SourcedValue;
use crate::input::import::json::Node;

/// What a page says of the further ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageEnd<'s> {
    /// How many entries all pages have together.
    pub(crate) total: Option<SourcedValue<'s, usize>>,
    /// Whether the list names its next page instead of a total.
    pub(crate) has_tokens: bool,
    /// The name of the next page.
    pub(crate) next: Option<Node<'s>>,
}

/// The pages seen until here.
#[derive(Default)]
pub(crate) struct SeenPages<'s> {
    counted: BTreeMap<(String, String), CountedPages<'s>>,
    continued: Option<Node<'s>>,
    ended: bool,
}

/// The pages of one product in one region.
struct CountedPages<'s> {
    ids: BTreeSet<String>,
    total: SourcedValue<'s, usize>,
}

impl<'s> SeenPages<'s> {
    /// Adds a page with what was read of it.
    pub(crate) fn see_page(&mut self, end: &PageEnd<'s>, records: &[CloudRecord<'s>]) {
        if end.has_tokens {
            self.ended |= end.next.is_none();
            self.continued = self.continued.or(end.next);
        }
        let (Some(total), Some(first)) = (&end.total, records.first()) else {
            return;
        };
        let region = first.facts.region.as_ref();
        let region = region.map_or_else(String::new, |region| region.value.clone());
        let key = (first.product.value.clone(), region);
        let list = self.counted.entry(key).or_insert_with(|| CountedPages {
            ids: BTreeSet::new(),
            total: total.clone(),
        });
        list.ids
            .extend(records.iter().map(|one| one.id.value.clone()));
        if total.value > list.total.value {
            list.total = total.clone();
        }
    }

    /// Warns of lists that are not complete.
    pub(crate) fn check_complete(&self, cx: &mut Context<'_>) {
        for ((product, region), CountedPages { ids, total }) in &self.counted {
            let (seen, all) = (ids.len(), total.value);
            if all > seen {
                let message = format!("found {seen} of {all} `{product}` in `{region}`");
                let help = "import the further pages as well";
                total.node.report(Code::LeftOut, &message, help, cx);
            }
        }
        if let Some(token) = self.continued.filter(|_| !self.ended) {
            let message = "a list of renewable instances without its last page";
            let help = "call again with this `NextToken` and import that as well";
            token.report(Code::LeftOut, message, help, cx);
        }
    }
}
