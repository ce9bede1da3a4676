//! What a cloud's lists of instances say → rows of `instances.csv`. Which members say it is known by the cloud's own
//! reader; nothing here reads a file.

pub(crate) mod join;
pub(crate) mod listing;
pub(crate) mod pages;
pub(crate) mod record;
pub(crate) mod status;
