//! `renewcast diff`: two written results side by side, as two versions of the program or two forecasts give them.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::compare::show;
use super::diagnostics::visible;
use super::folder::plain_file;
use super::output::{HeldFolders, OutputTarget};
use super::print::say;
use super::progress::ReadProgress;
use super::{Failure, Outcome};
use crate::analysis::compare::{ComparedRun, RunNames};
use crate::input::diagnostic::Diagnostics;
use crate::input::{IdRegister, RESULT_FILES, WrittenResult};
use crate::model::calendar::DayRange;

const EXAMPLES: &str = "\
Examples:
  renewcast diff reports/november reports/december
  renewcast diff before after --out reports/diff

Only days that both results have are compared. Exit codes: 0 nothing differs; 1 something does; 2 one cannot be read.";

/// Compare two written results: what the second comes to more or less than the first, and the events that differ
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of a result
    #[arg(value_name = "RESULT")]
    first: PathBuf,
    /// The folder of another one
    #[arg(value_name = "OTHER")]
    second: PathBuf,
    /// Write into this folder [default: reports/diff]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds other files; none of them is touched
    #[arg(long)]
    force: bool,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| Path::new("reports").join("diff"));
    let target = OutputTarget::of_result((&out, arguments.force), "diff.json")?;
    let paths = [&arguments.first, &arguments.second];
    let names = paths.map(|path| path.display().to_string().trim_end_matches('/').to_owned());
    let ResultPair {
        days,
        common,
        ids,
        cases,
    } = read_results(paths, &short_names(&names))?;
    for (name, own) in names.iter().zip(&days).filter(|(_, own)| **own != common) {
        let (DayRange { from, to }, name) = (common, visible(name));
        say(format!(
            "{name} goes from {} to {}; only {from} to {to} is compared",
            own.from, own.to
        ))?;
    }
    let title = format!(
        "{} against {}, {} to {}",
        names[1], names[0], common.from, common.to
    );
    let charts = format!("{} against {}", names[1], names[0]);
    let charts = (!arguments.no_charts).then_some(charts.as_str());
    let differs = show((&title, charts), &ids, &cases, &target)?;
    Ok(if differs {
        Outcome::Found
    } else {
        Outcome::Done
    })
}

/// Two results that have been read.
struct ResultPair {
    days: Vec<DayRange>,
    /// The days that both have.
    common: DayRange,
    ids: RunNames,
    cases: [ComparedRun; 2],
}

/// Reads two results side by side, under these names.
fn read_results(paths: [&PathBuf; 2], names: &[String; 2]) -> Result<ResultPair, Failure> {
    let _kept = paths.map(|path| HeldFolders::folder(path));
    let bytes = [look_at(paths[0])?, look_at(paths[1])?];
    let reading = ReadProgress::for_bytes(bytes.iter().sum());
    let [open_first, open_second] = paths.map(|path| open_in(path, &reading));
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
        days.push(told(path, |problems| {
            register.add_accounts(result, problems);
            result.days_of_run(problems)
        })?);
    }
    let common = DayRange {
        from: days[0].from.max(days[1].from),
        to: days[0].to.min(days[1].to),
    };
    if common.to < common.from {
        let message = format!(
            "`{}` and `{}` share no day",
            paths[0].display(),
            paths[1].display()
        );
        return Err(Failure::new(
            message,
            "compare results of ranges that overlap",
        ));
    }
    let mut problems = [Diagnostics::default(), Diagnostics::default()];
    let read = register.cases([&first, &second], common, &mut problems);
    if let Some((path, found)) = paths
        .iter()
        .zip(&problems)
        .find(|(_, found)| found.has_errors())
    {
        return Err(of_result(path, found));
    }
    let (ids, cases) = read.expect("what cannot be read has been reported");
    Ok(ResultPair {
        days,
        common,
        ids,
        cases,
    })
}

/// The last parts of two paths, or the whole ones where those are equal.
fn short_names(paths: &[String; 2]) -> [String; 2] {
    let last = |path: &String| path.rsplit('/').next().unwrap_or(path).to_owned();
    let short = [last(&paths[0]), last(&paths[1])];
    if short[0] == short[1] {
        paths.clone()
    } else {
        short
    }
}

/// Looks for the files of a result that are needed; how many bytes they have.
fn look_at(path: &Path) -> Result<u64, Failure> {
    let mut sizes = Vec::new();
    for name in RESULT_FILES {
        let file = path.join(name);
        match plain_file(&file).and_then(|known| File::open(&file).map(|_| known.len())) {
            Ok(size) => sizes.push(size),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", file.display());
                return Err(Failure::new(message, "check that you may read the folder"));
            }
        }
    }
    if sizes.is_empty() {
        let message = format!("there is no result in `{}`", path.display());
        return Err(Failure::new(
            message,
            "name a folder that `renewcast run` wrote; `reports/example` is one",
        ));
    }
    Ok(sizes.iter().sum())
}

/// Opens the files of a result, whose reading counts.
fn open_in<'r>(
    path: &'r Path,
    reading: &'r ReadProgress,
) -> impl Fn(&str) -> io::Result<Box<dyn Read + 'r>> + use<'r> {
    move |name| {
        let file = path.join(name);
        plain_file(&file)?;
        Ok(Box::new(reading.watch(File::open(file)?)))
    }
}

/// Reads something of a result; what is wrong with it is told with its path.
fn told<T>(path: &Path, read: impl FnOnce(&mut Diagnostics) -> Option<T>) -> Result<T, Failure> {
    let mut problems = Diagnostics::default();
    let found = read(&mut problems).filter(|_| !problems.has_errors());
    found.ok_or_else(|| of_result(path, &problems))
}

/// What is wrong with a result, with its path.
fn of_result(path: &Path, problems: &Diagnostics) -> Failure {
    let mut shown = Diagnostics::default();
    for one in problems.iter() {
        let mut place = one.place.clone();
        place.file = path.join(&place.file).display().to_string();
        shown.push(one.code, place, one.message.clone(), one.help.clone());
    }
    Failure::Input(shown)
}
