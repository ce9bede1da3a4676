//! Reads the files of a book into memory.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::Failure;
use super::changes::Changes;
use super::diagnostics::visible;
use super::output::HeldFolders;
use super::print::warn;
use crate::engine::Refusal;
use crate::input::diagnostic::{Code, Diagnostics, Place};
use crate::input::{self, Folder};
use crate::model::book::Book;

/// The most bytes of a file: a book of ten million instances fits.
const LARGEST: usize = 1 << 31;
/// So many bytes are read at once; no row is longer.
const PIECE: usize = input::LONGEST_ROW;
/// So many pieces are read side by side.
const WAVE: usize = 8;

/// The most bytes of a character in UTF-8.
const LONGEST_CHARACTER: usize = 4;

/// A book with the files that it was read from.
pub(super) struct Loaded {
    pub folder: Folder,
    pub book: Book,
    pub warnings: Diagnostics,
}

impl Loaded {
    /// Why the book cannot be replayed, at the line of the action that is to blame.
    pub(super) fn refused(&self, scenario: Option<&str>, refusal: Refusal) -> Failure {
        refused((&self.folder, scenario), &self.book, refusal)
    }
}

/// Why a book that was read from these files, with this scenario, cannot be replayed.
pub(super) fn refused(
    (folder, scenario): (&Folder, Option<&str>),
    book: &Book,
    refusal: Refusal,
) -> Failure {
    let mut diagnostics = Diagnostics::default();
    tell_refusal((folder, scenario), book, refusal, &mut diagnostics);
    Failure::Input(diagnostics)
}

/// Adds why a book cannot be replayed to what is wrong with it.
pub(super) fn tell_refusal(
    (folder, scenario): (&Folder, Option<&str>),
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
    match input::read_book(&folder, changes.scenario()) {
        (Some(book), warnings) => {
            tell_changes(&warnings);
            Ok(Loaded {
                folder,
                book,
                warnings,
            })
        }
        (None, problems) => Err(Failure::Input(problems)),
    }
}

/// Says what each change of a scenario or of the command line reached.
pub(super) fn tell_changes(read: &Diagnostics) {
    read.notes()
        .iter()
        .for_each(|sentence| warn(visible(sentence)));
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
    let _kept = HeldFolders::folder(path);
    let mut folder = Folder::default();
    let mut problems = Diagnostics::default();
    let scenarios = scenario_files(path, &mut problems);
    for name in input::FILES
        .iter()
        .map(|name| (*name).to_owned())
        .chain(scenarios)
    {
        match bytes(&path.join(&name)) {
            Ok(bytes) => folder.insert(&name, bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => report(&name, &error, &mut problems),
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
        .map(|name| (*name).to_owned())
        .chain(scenarios);
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
    let entries = entries.unwrap_or_else(|error| {
        report(input::SCENARIO_FOLDER, &error, problems);
        Vec::new()
    });
    let names = entries
        .into_iter()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let names = names.filter_map(|name| name.strip_suffix(".toml").map(Folder::scenario_file));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The bytes of a file; a folder, pipe or device is refused.
pub(super) fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    bytes(path).map_err(|error| {
        let mut problems = Diagnostics::default();
        report(&path.display().to_string(), &error, &mut problems);
        Failure::Input(problems)
    })
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    match usize::try_from(plain_file(path)?.len()) {
        Ok(length) if length <= LARGEST => bytes_of(path, length),
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
            File::open(path)?
                .take(input::LARGEST_TOML as u64 + 1)
                .read_to_end(&mut bytes)?;
            bytes
        }
        _ if length < PIECE => fs::read(path)?,
        _ => pieces(path, length, ending == "csv")?,
    };
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// The bytes of a large file, read on all processors. A table ends behind the first piece without a line end: it is in a row
/// that is too long.
fn pieces(path: &Path, length: usize, is_table: bool) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    for (wave, pieces) in bytes.chunks_mut(WAVE * PIECE).enumerate() {
        pieces
            .par_chunks_mut(PIECE)
            .enumerate()
            .try_for_each(|(number, piece)| {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(((wave * WAVE + number) * PIECE) as u64))?;
                file.read_exact(piece)
            })?;
        let mut whole = pieces.chunks_exact(PIECE);
        if let Some(long) =
            whole.position(|piece| is_table && memchr::memchr2(b'\n', b'\r', piece).is_none())
        {
            bytes.truncate((wave * WAVE + long + 1) * PIECE);
            return Ok(cut(bytes));
        }
    }
    Ok(bytes)
}

/// Text that was cut anywhere, without the beginning of a last character.
fn cut(mut bytes: Vec<u8>) -> Vec<u8> {
    let begins = bytes
        .iter()
        .rposition(|byte| byte & 0b1100_0000 != 0b1000_0000)
        .unwrap_or(0);
    if bytes.len() - begins < LONGEST_CHARACTER && std::str::from_utf8(&bytes[begins..]).is_err() {
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

fn report(name: &str, error: &io::Error, problems: &mut Diagnostics) {
    let help = match error.kind() {
        ErrorKind::Other => format!("put a plain file in the place of `{name}`"),
        ErrorKind::FileTooLarge => {
            "make a book for each account: accounts do not depend on each other".to_owned()
        }
        _ => format!("check that you may read `{name}`"),
    };
    problems.push(
        Code::Unreadable,
        Place::of_file(name),
        format!("cannot read `{name}`: {error}"),
        help,
    );
}

/// The last part of a book's path, which names its reports.
pub(super) fn name_of(path: &Path) -> PathBuf {
    let absolute = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    absolute
        .file_name()
        .map_or_else(|| PathBuf::from("book"), PathBuf::from)
}
