//! The one integration test binary: the program as its users see it.

mod books;
mod import;
mod laws;
mod oracle;
mod support;
