//! Tencent Cloud: the answers of its interface, told apart by their shape.

pub(super) mod account;
pub(super) mod book;
pub(super) mod cloud_record;
pub(super) mod cloud_status;
pub(super) mod join;
pub(super) mod listing;
pub(super) mod near_miss;
pub(super) mod not_imported;
pub(super) mod pages;
pub(super) mod response;
