//! The program: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;
use renewcast::cli;

fn main() -> ExitCode {
    cli::run(cli::Arguments::parse()).into()
}
