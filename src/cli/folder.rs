//! Reads the files of a book into memory. It follows no link that leads nowhere, and never waits for a pipe.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::Failure;
use super::changes::Changes;
use super::output::HeldFolders;
use super::print::warn;
use super::progress::Progress;
use super::words::visible;
use crate::engine::{self, Refusal, RunningReplay, Window};
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::input::{self, Folder};
use crate::model::book::Book;

/// The most bytes of a file: a book of ten million instances fits.
const MAX_FILE_BYTES: usize = 1 << 31;
/// No row is longer than what is read at once.
const READ_CHUNK_BYTES: usize = input::LONGEST_ROW;
/// Chunks that are read side by side.
const CHUNKS_AT_ONCE: usize = 8;
/// The most bytes of a character in UTF-8.
const MAX_CHARACTER_BYTES: usize = 4;

/// A book with the files that it was read from, and the scenario that was applied.
pub(super) struct Loaded {
    pub folder: Folder,
    pub scenario: Option<String>,
    pub book: Book,
    pub warnings: Diagnostics,
}

impl Loaded {
    /// Why the book cannot be replayed, at the line of the action that is to blame.
    pub(super) fn refused(&self, refusal: Refusal) -> Failure {
        refused(&self.folder, self.scenario.as_deref(), &self.book, refusal)
    }

    /// Replays the book, window by window.
    pub(super) fn replay(
        &self,
        mut fold: impl FnMut(&Window),
    ) -> Result<RunningReplay<'_>, Failure> {
        let (mut replay, mut window) = (engine::start(&self.book), Window::default());
        let progress = Progress::new(self.book.days);
        while replay
            .advance(&mut window)
            .map_err(|refusal| self.refused(refusal))?
        {
            fold(&window);
            if let Some(day) = window.last() {
                progress.reach(day);
            }
        }
        Ok(replay)
    }
}

/// Why a book that was read from these files, with this scenario, cannot be replayed.
pub(super) fn refused(
    folder: &Folder,
    scenario: Option<&str>,
    book: &Book,
    refusal: Refusal,
) -> Failure {
    let mut diagnostics = Diagnostics::default();
    report_refusal(folder, scenario, book, refusal, &mut diagnostics);
    Failure::Input(diagnostics)
}

/// Adds why a book cannot be replayed to what is wrong with it.
pub(super) fn report_refusal(
    folder: &Folder,
    scenario: Option<&str>,
    book: &Book,
    refusal: Refusal,
    diagnostics: &mut Diagnostics,
) {
    let Refusal::PriceMissing {
        action,
        instance,
        date,
        kind,
    } = refusal;
    let (id, column) = (&book.instance(instance).id, kind.column());
    let message = format!("on {date} this action needs the `{column}` of `{id}`, which has none");
    let help = format!("fill in `{column}` in `instances.csv`, or add it to `prices.csv`");
    let place = input::place_of_action(folder, scenario, action);
    diagnostics.push(Code::MissingPrice, place, message, help);
}

/// Reads and checks a book with its changes.
pub(super) fn load(path: &Path, changes: &Changes) -> Result<Loaded, Failure> {
    let (folder, ()) = rayon::join(|| read_folder(path), input::prepare);
    let mut folder = folder?;
    changes.apply(&mut folder)?;
    let (book, warnings) = input::read_book(&folder, changes.scenario());
    let Some(book) = book else {
        return Err(Failure::Input(warnings));
    };
    report_notes(&warnings);
    Ok(Loaded {
        folder,
        scenario: changes.scenario.clone(),
        book,
        warnings,
    })
}

/// Prints what each change of a scenario or of the command line reached.
pub(super) fn report_notes(read: &Diagnostics) {
    for sentence in read.notes() {
        warn(visible(sentence));
    }
}

/// The files of a book that are there; those that cannot be read are reported together.
pub(super) fn read_folder(path: &Path) -> Result<Folder, Failure> {
    if !path.is_dir() {
        let message = format!("there is no folder `{}`", path.display());
        return Err(Failure::new(
            message,
            "name the folder of a book; `data/example` is one",
        ));
    }
    let _held = HeldFolders::hold_folder(path);
    let mut folder = Folder::default();
    let mut problems = Diagnostics::default();
    let scenarios = scenario_files(path, &mut problems);
    for name in input::FILES
        .iter()
        .copied()
        .chain(scenarios.iter().map(String::as_str))
    {
        match read_limited(&path.join(name)) {
            Ok(bytes) => folder.insert(name, bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => report_unreadable(name, &error, &mut problems),
        }
    }
    if problems.has_errors() {
        Err(Failure::Input(problems))
    } else {
        Ok(folder)
    }
}

/// The names of the files of a book that are there and plain files.
pub(super) fn book_files(path: &Path) -> Vec<String> {
    let scenarios = scenario_files(path, &mut Diagnostics::default());
    let names = input::FILES
        .iter()
        .chain(&[input::bills::FILE])
        .map(|name| (*name).to_owned());
    let names = names.chain(scenarios);
    names
        .filter(|name| plain_file(&path.join(name)).is_ok())
        .collect()
}

/// The files of scenarios; none where there is no folder of them.
fn scenario_files(path: &Path, problems: &mut Diagnostics) -> Vec<String> {
    let scenarios = path.join(input::SCENARIO_FOLDER);
    if !scenarios.is_dir() {
        return Vec::new();
    }
    let entries = fs::read_dir(&scenarios).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries
        .inspect_err(|error| report_unreadable(input::SCENARIO_FOLDER, error, problems))
        .unwrap_or_default();
    let names = entries
        .into_iter()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut files: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".toml").map(Folder::scenario_file))
        .collect();
    files.sort();
    files
}

/// The bytes of a file; a folder, pipe or device is refused.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    read_limited(path).map_err(|error| {
        let mut problems = Diagnostics::default();
        report_unreadable(&path.display().to_string(), &error, &mut problems);
        Failure::Input(problems)
    })
}

fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    match usize::try_from(plain_file(path)?.len()) {
        Ok(length) if length <= MAX_FILE_BYTES => bytes_of(path, length),
        _ => Err(io::Error::new(
            ErrorKind::FileTooLarge,
            "it is larger than 2 GiB",
        )),
    }
}

/// The bytes of a plain file of any length. Of a table with a row that is too long, and of settings that are too long, no more
/// than it takes to refuse them.
pub(super) fn bytes_of(path: &Path, length: usize) -> io::Result<Vec<u8>> {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or("");
    let mut bytes = match ending {
        "toml" if length > input::LARGEST_TOML => {
            let mut bytes = Vec::new();
            let refused = input::LARGEST_TOML as u64 + 1;
            File::open(path)?.take(refused).read_to_end(&mut bytes)?;
            bytes
        }
        _ if length < READ_CHUNK_BYTES => fs::read(path)?,
        _ => read_chunks(path, length, ending == "csv")?,
    };
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// The bytes of a large file, read on all processors. A table ends behind the first chunk without a line end: it is in a row
/// that is too long.
fn read_chunks(path: &Path, length: usize, is_table: bool) -> io::Result<Vec<u8>> {
    const WAVE_BYTES: usize = CHUNKS_AT_ONCE * READ_CHUNK_BYTES;
    let mut bytes = vec![0; length];
    for (number, wave) in bytes.chunks_mut(WAVE_BYTES).enumerate() {
        let start = number * WAVE_BYTES;
        let chunks = wave.par_chunks_mut(READ_CHUNK_BYTES).enumerate();
        chunks.try_for_each(|(number, chunk)| {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start((start + number * READ_CHUNK_BYTES) as u64))?;
            file.read_exact(chunk)
        })?;
        let mut whole = wave.chunks_exact(READ_CHUNK_BYTES);
        let long = whole.position(|chunk| memchr::memchr2(b'\n', b'\r', chunk).is_none());
        if let Some(long) = long.filter(|_| is_table) {
            bytes.truncate(start + (long + 1) * READ_CHUNK_BYTES);
            return Ok(without_cut_character(bytes));
        }
    }
    Ok(bytes)
}

/// Text that was cut anywhere, without the beginning of a last character.
fn without_cut_character(mut bytes: Vec<u8>) -> Vec<u8> {
    let begins = bytes
        .iter()
        .rposition(|byte| byte & 0b1100_0000 != 0b1000_0000)
        .unwrap_or(0);
    let is_short = bytes.len() - begins < MAX_CHARACTER_BYTES;
    if is_short && std::str::from_utf8(&bytes[begins..]).is_err() {
        bytes.truncate(begins);
    }
    bytes
}

/// What is known of a plain file; a folder, pipe or device is refused, and never waited for.
pub(super) fn plain_file(path: &Path) -> io::Result<fs::Metadata> {
    let metadata = fs::metadata(path).map_err(|error| {
        // A file that may be absent would else be taken for one that nobody wrote.
        if path.is_symlink() {
            io::Error::other("it is a link that leads nowhere")
        } else {
            error
        }
    })?;
    if metadata.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("it is a pipe or a device"));
    }
    Ok(metadata)
}

fn report_unreadable(name: &str, error: &io::Error, problems: &mut Diagnostics) {
    let help = match error.kind() {
        ErrorKind::Other => format!("put a plain file in the place of `{name}`"),
        ErrorKind::FileTooLarge => {
            "make a book for each account: accounts do not depend on each other".to_owned()
        }
        _ => format!("check that you may read `{name}`"),
    };
    let message = format!("cannot read `{name}`: {error}");
    problems.push(Code::Unreadable, Place::of_file(name), message, help);
}

/// The last part of a book's path, which names its reports.
pub(super) fn name_of(path: &Path) -> PathBuf {
    let absolute = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    absolute
        .file_name()
        .map_or_else(|| PathBuf::from("book"), PathBuf::from)
}

/// The folder for what is written of a book unless the command line names another.
pub(super) fn reports_folder(book: &Path, below: &[&str]) -> PathBuf {
    let reports = Path::new("reports").join(name_of(book));
    below.iter().fold(reports, |folder, part| folder.join(part))
}

/// The same for results of a book with changes.
pub(super) fn results_folder(book: &Path, changes: &Changes) -> PathBuf {
    let folder = changes.folder();
    reports_folder(book, folder.as_deref().as_slice())
}
