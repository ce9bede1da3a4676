//! `renewcast licenses`: the licences of the program and of its libraries, as `.ci/licenses` gathers them.

use super::print::say_own;
use super::{Failure, Outcome};

/// The file, as part of the program: wherever the program goes, its notices go too.
const TEXT: &str = include_str!("licenses.txt");

pub(super) fn run() -> Result<Outcome, Failure> {
    say_own(TEXT.trim_end()).map(|()| Outcome::Done)
}
