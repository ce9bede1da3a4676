//! `renewcast diff`: two written results side by side, as two versions of the program or two forecasts give them.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use super::compare::ComparedRuns;
use super::contents::{no_result, open_watched};
use super::folder::plain_file;
use super::ink::HEAD;
use super::output::{HeldFolders, OutputArguments};
use super::print::say;
use super::progress::ReadProgress;
use super::words::visible;
use super::{Failure, Outcome};
use crate::analysis::compare::{ComparedRun, RunNames};
use crate::input::diagnostic::Diagnostics;
use crate::input::{IdRegister, RESULT_FILES, WrittenResult};
use crate::model::calendar::DayRange;

const OUT: &str = "Write into this folder [default: reports/diff]";
const EXAMPLES: &str = "\
Examples:
  renewcast diff reports/november reports/december
  renewcast diff before after --out reports/diff

Only days that both results have are compared. Exit codes: 0 nothing differs; 1 something does; 2 one cannot be read.";

/// Compare two written results: what the second comes to more or less than the first, and the events that differ
#[derive(Args)]
#[command(after_help = EXAMPLES, mut_arg("out", |out| out.help(OUT)))]
pub(super) struct Arguments {
    /// The folder of a result
    #[arg(value_name = "RESULT")]
    first: PathBuf,
    /// The folder of another one
    #[arg(value_name = "OTHER")]
    second: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let default = Path::new("reports").join("diff");
    let target = arguments.output.target(default, "diff.json")?;
    let paths = [&arguments.first, &arguments.second];
    let names = paths.map(|path| path.display().to_string().trim_end_matches('/').to_owned());
    let ResultPair {
        days,
        common,
        ids,
        runs,
    } = read_results(paths, &short_names(&names))?;
    let DayRange { from, to } = common;
    for (name, own) in names.iter().zip(&days).filter(|(_, own)| **own != common) {
        let name = visible(name);
        say(format!(
            "{name} goes from {} to {}; only {from} to {to} is compared",
            own.from, own.to
        ))?;
    }
    let title = format!("{} against {}", names[1], names[0]);
    let head = format!("{HEAD}{}, {from} to {to}{HEAD:#}", visible(&title));
    let charts = (!arguments.no_charts).then_some(title.as_str());
    let comparison = ComparedRuns {
        names: &ids,
        runs: &runs,
    };
    Ok(Outcome::found_if(comparison.show(&head, charts, &target)?))
}

/// Two results that have been read.
struct ResultPair {
    days: Vec<DayRange>,
    /// The days that both have.
    common: DayRange,
    ids: RunNames,
    runs: [ComparedRun; 2],
}

/// Reads two results side by side, under these names.
fn read_results(paths: [&PathBuf; 2], names: &[String; 2]) -> Result<ResultPair, Failure> {
    let _held = paths.map(|path| HeldFolders::hold_folder(path));
    let bytes = size_of_result(paths[0])? + size_of_result(paths[1])?;
    let reading = ReadProgress::for_bytes(bytes);
    let [open_first, open_second] =
        paths.map(|folder| |name: &str| open_watched(&folder.join(name), &reading));
    let first = WrittenResult {
        name: &names[0],
        open: &open_first,
    };
    let second = WrittenResult {
        name: &names[1],
        open: &open_second,
    };
    let mut register = IdRegister::default();
    let mut days = Vec::new();
    for (path, result) in paths.iter().zip([&first, &second]) {
        let mut problems = Diagnostics::default();
        register.add_accounts(result, &mut problems);
        let run = result
            .days_of_run(&mut problems)
            .filter(|_| !problems.has_errors());
        days.push(run.ok_or_else(|| problems_of_result(path, &problems))?);
    }
    let common = DayRange {
        from: days[0].from.max(days[1].from),
        to: days[0].to.min(days[1].to),
    };
    if common.to < common.from {
        let [first, second] = paths.map(|path| path.display());
        let message = format!("`{first}` and `{second}` share no day");
        return Err(Failure::new(
            message,
            "compare results of ranges that overlap",
        ));
    }
    let mut problems = [Diagnostics::default(), Diagnostics::default()];
    let read = register.cases([&first, &second], common, &mut problems);
    for (path, problems) in paths.iter().zip(&problems) {
        if problems.has_errors() {
            return Err(problems_of_result(path, problems));
        }
    }
    let (ids, runs) = read.expect("what cannot be read has been reported");
    Ok(ResultPair {
        days,
        common,
        ids,
        runs,
    })
}

/// The last parts of two paths, or the whole ones where those are equal.
fn short_names(paths: &[String; 2]) -> [String; 2] {
    let [first, second] = paths
        .each_ref()
        .map(|path| path.rsplit('/').next().unwrap_or(path).to_owned());
    if first == second {
        paths.clone()
    } else {
        [first, second]
    }
}

/// Looks for the files of a result that are needed; how many bytes they have.
fn size_of_result(path: &Path) -> Result<u64, Failure> {
    let mut sizes = Vec::new();
    for name in RESULT_FILES {
        let file = path.join(name);
        match plain_file(&file).and_then(|known| File::open(&file).map(|_| known.len())) {
            Ok(size) => sizes.push(size),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::unreadable(&file, &error)),
        }
    }
    if sizes.is_empty() {
        Err(no_result(path))
    } else {
        Ok(sizes.iter().sum())
    }
}

/// What is wrong with a result, with its path.
fn problems_of_result(path: &Path, problems: &Diagnostics) -> Failure {
    let mut shown = Diagnostics::default();
    for one in problems.iter() {
        let mut place = one.place.clone();
        place.file = path.join(&place.file).display().to_string();
        shown.push(one.code, place, one.message.as_str(), one.help.as_str());
    }
    Failure::Input(shown)
}
