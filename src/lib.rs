//! What rented cloud instances will cost, when, and which will be lost: a replay of renewals, day by day.
//!
//! ```
//! use renewcast::source::{self, Folder};
//! use renewcast::{engine, report};
//!
//! let mut folder = Folder::default();
//! folder.insert("book.toml", b"from = 2026-12-01\nto = 2026-12-31\n".to_vec());
//! folder.insert("accounts.csv", b"account_id,cash\nshop,100.00\n".to_vec());
//! let instances = "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n\
//!                  web-1,shop,PREPAID,auto,59,2026-12-12\n";
//! folder.insert("instances.csv", instances.into());
//!
//! let (book, problems) = source::read(&folder, None);
//! let book = book.expect("this book is right");
//! let replay = engine::replay(&book).expect("it asks for nothing that is refused");
//! let ledger = String::from_utf8(report::csv::ledger(&book, &replay.ledger)).expect("ledgers are UTF-8");
//! assert!(ledger.contains("2026-12-12,shop,web-1,renewed,running,2026-12-12,2027-01-12,1,,-59.00"));
//! assert!(!problems.has_errors());
//! ```

pub mod account;
pub mod action;
pub mod amortisation;
pub mod bill;
pub mod book;
pub mod budget;
pub mod calendar;
pub mod cell;
pub mod charge;
pub mod cli;
pub mod compare;
pub mod deadline;
pub mod demand;
pub mod diagnostic;
pub mod engine;
pub mod event;
pub mod explain;
pub mod generate;
pub mod id;
pub mod import;
pub mod instance;
pub mod ledger;
pub mod lifecycle;
pub mod losses;
pub mod lost;
pub mod money;
pub mod order;
pub mod plan;
pub mod prices;
pub mod profile;
pub mod remedy;
pub mod report;
pub mod selector;
pub mod shown;
pub mod source;
pub mod summary;
pub mod tasks;
pub mod terms;
pub mod verify;
pub mod voucher;
