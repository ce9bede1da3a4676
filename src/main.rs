//! The program: arguments in, exit code out. Everything else is in the library.

use std::process::ExitCode;

use renewcast::cli;

fn main() -> ExitCode {
    cli::run(cli::arguments()).into()
}
