//! The one integration test binary: the program as its users see it.

mod amortisation;
mod books;
mod calendar;
mod cases;
mod cli;
mod compare;
mod crash;
mod diff;
mod docs;
mod errors;
mod example;
mod formulas;
mod import;
mod laws;
mod memory;
mod oracle;
mod plan;
mod program;
mod reading;
mod report;
mod support;
mod sweep;
mod tidy;
mod vectors;
mod verify;
