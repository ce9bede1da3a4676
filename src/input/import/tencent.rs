//! Tencent Cloud: the answers of its interface, told apart by their shape.

pub(super) mod account;
pub(super) mod answer;
pub(super) mod book;
pub(super) mod join;
pub(super) mod left_out;
pub(super) mod listing;
pub(super) mod near_miss;
pub(super) mod pages;
pub(super) mod sighting;
pub(super) mod standing;
