//! The program: arguments in, exit code out.

use std::process::ExitCode;

use renewcast::cli;

fn main() -> ExitCode {
    cli::run(cli::arguments()).into()
}
