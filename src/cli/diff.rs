//! `renewcast diff`: two written results side by side, as two versions of the program or two forecasts give them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use super::compare::show;
use super::diagnostics::visible;
use super::folder::{bytes_of, plain_file};
use super::output::{Kept, Target};
use super::say::say;
use super::{Failure, Outcome};
use crate::calendar::DayRange;
use crate::diagnostic::Diagnostics;
use crate::source::{Folder, RESULT_FILES, Register, result_days};

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
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("reports").join("diff"));
    let target = Target::of_result((&out, arguments.force), "diff.json")?;
    let paths = [&arguments.first, &arguments.second];
    let folders = [read(paths[0])?, read(paths[1])?];
    let mut register = Register::default();
    let mut days = Vec::new();
    for (path, folder) in paths.iter().zip(&folders) {
        days.push(told(path, |problems| {
            register.add_accounts(folder, problems);
            result_days(folder, problems)
        })?);
    }
    let common = DayRange { from: days[0].from.max(days[1].from), to: days[0].to.min(days[1].to) };
    if common.to < common.from {
        let message = format!("`{}` and `{}` share no day", paths[0].display(), paths[1].display());
        return Err(Failure::new(message, "compare results of ranges that overlap"));
    }
    let names = paths.map(|path| path.display().to_string().trim_end_matches('/').to_owned());
    let mut cases = Vec::new();
    for ((path, folder), name) in paths.iter().zip(&folders).zip(short_names(&names)) {
        cases.push(told(path, |problems| register.case(&name, (folder, common), problems))?);
    }
    for (name, own) in names.iter().zip(&days).filter(|(_, own)| **own != common) {
        let (DayRange { from, to }, name) = (common, visible(name));
        say(format!("{name} goes from {} to {}; only {from} to {to} is compared", own.from, own.to))?;
    }
    let title = format!("{} against {}, {} to {}", names[1], names[0], common.from, common.to);
    let charts = format!("{} against {}", names[1], names[0]);
    let charts = (!arguments.no_charts).then_some(charts.as_str());
    let differs = show((&title, charts), register.names(), &cases, &target)?;
    Ok(if differs { Outcome::Found } else { Outcome::Done })
}

/// The last parts of two paths, or the whole ones where those are equal.
fn short_names(paths: &[String; 2]) -> [String; 2] {
    let last = |path: &String| path.rsplit('/').next().unwrap_or(path).to_owned();
    let short = [last(&paths[0]), last(&paths[1])];
    if short[0] == short[1] { paths.clone() } else { short }
}

/// The files of a result that are needed.
fn read(path: &Path) -> Result<Folder, Failure> {
    let _kept = Kept::folder(path);
    let mut folder = Folder::default();
    for name in RESULT_FILES {
        let file = path.join(name);
        let length = plain_file(&file).map(|known| usize::try_from(known.len()).unwrap_or(usize::MAX));
        match length.and_then(|length| bytes_of(&file, length)) {
            Ok(bytes) => folder.insert(name, bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", file.display());
                return Err(Failure::new(message, "check that you may read the folder"));
            }
        }
    }
    if folder.iter().next().is_none() {
        let message = format!("there is no result in `{}`", path.display());
        return Err(Failure::new(message, "name a folder that `renewcast run` wrote; `reports/example` is one"));
    }
    Ok(folder)
}

/// Reads something of a result; what is wrong with it is told with its path.
fn told<T>(path: &Path, read: impl FnOnce(&mut Diagnostics) -> Option<T>) -> Result<T, Failure> {
    let mut problems = Diagnostics::default();
    let found = read(&mut problems);
    if let Some(found) = found.filter(|_| !problems.has_errors()) {
        return Ok(found);
    }
    let mut shown = Diagnostics::default();
    for one in problems.iter() {
        let mut place = one.place.clone();
        place.file = path.join(&place.file).display().to_string();
        shown.push(one.code, place, one.message.clone(), one.help.clone());
    }
    Err(Failure::Input(shown))
}
