//! What exists and what people plan: values that cannot be wrong, without policy.

pub mod account;
pub mod action;
pub mod bill;
pub mod book;
pub mod budget;
pub mod calendar;
pub mod id;
pub mod instance;
pub mod money;
pub mod order;
pub mod prices;
pub mod profile;
pub mod selector;
pub mod voucher;
pub mod words;
