//! What the responses of all files say, in no cloud's words and not yet joined.

use super::accounts::AccountBalance;
use super::bills::Bills;
use super::inventory::pages::SeenPages;
use super::inventory::record::CloudRecord;

/// What was read.
#[derive(Default)]
pub(crate) struct ReadResponses<'s> {
    /// How many responses were recognised, those that give nothing to a book included.
    pub(crate) count: usize,
    pub(crate) records: Vec<CloudRecord<'s>>,
    pub(crate) balances: Vec<AccountBalance<'s>>,
    pub(crate) pages: SeenPages<'s>,
    pub(crate) bills: Bills<'s>,
}
