//! What rented cloud instances will cost, when, and which will be lost: a replay of renewals, day by day.
//!
//! Without default features the crate is the model, the replay, the questions to it, and books and ledgers as CSV text, for
//! another program to use; the features in `Cargo.toml` say what each adds.
//!
//! ```
//! use renewcast::input::{self, Folder};
//! use renewcast::{engine, output};
//!
//! let mut folder = Folder::default();
//! folder.insert("book.toml", b"from = 2026-12-01\nto = 2026-12-31\n".to_vec());
//! folder.insert("accounts.csv", b"account_id,cash\nshop,100.00\n".to_vec());
//! let instances = "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n\
//!                  web-1,shop,PREPAID,auto,59,2026-12-12\n";
//! folder.insert("instances.csv", instances.into());
//!
//! let (book, problems) = input::read_book(&folder, None);
//! let book = book.expect("this book is right");
//! let replay = engine::replay(&book).expect("it asks for nothing that is refused");
//! let ledger = String::from_utf8(output::csv::ledger(&book, &replay.ledger)).expect("ledgers are UTF-8");
//! assert!(ledger.contains("2026-12-12,shop,web-1,renewed,running,2026-12-12,2027-01-12,1,,-59.00"));
//! assert!(!problems.has_errors());
//! ```

pub mod analysis;
#[cfg(feature = "cli")]
pub mod cli;
pub mod engine;
pub mod input;
pub mod model;
pub mod output;
mod parallel;
#[cfg(feature = "tables")]
pub mod tables;
#[cfg(feature = "reports")]
pub mod verify;
