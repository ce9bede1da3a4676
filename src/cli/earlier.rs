//! An earlier result that a report compares with: proven first, then its ledger is added up row by row.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Failure;
use super::contents::prove;
use super::folder::{self, plain_file};
use super::output::HeldFolders;
use crate::input::{self, Folder};
use crate::model::book::Book;
use crate::output::month::{LastMonth, ReportPeriod};

/// An earlier result, which is as its run left it.
pub(super) struct Earlier {
    folder: PathBuf,
    /// It stays where it is while it is read.
    _held: HeldFolders,
    closing: Book,
    run_json: Vec<u8>,
}

impl Earlier {
    /// Proves the result in this folder, and reads its closing book.
    pub(super) fn open_earlier(folder: &Path) -> Result<Self, Failure> {
        let held = HeldFolders::hold_folder(folder);
        let names = prove(folder)?;
        let mut closing = Folder::default();
        for name in input::FILES {
            let inner = format!("closing/{name}");
            if names.contains(&inner) {
                closing.insert(name, folder::read_file(&folder.join(inner))?);
            }
        }
        let (book, problems) = input::read_book(&closing, None);
        Ok(Self {
            folder: folder.to_owned(),
            _held: held,
            closing: book.ok_or(Failure::Input(problems))?,
            run_json: folder::read_file(&folder.join("run.json"))?,
        })
    }

    /// What it says of a month; refused where it has neither the month nor the one before.
    pub(super) fn read_earlier(&self, period: &ReportPeriod) -> Result<LastMonth, Failure> {
        let (shown, path) = (self.folder.display(), self.folder.join("ledger.csv"));
        let ledger = plain_file(&path)
            .and_then(|_| File::open(&path))
            .map_err(|error| Failure::unreadable(&path, &error))?;
        let last = LastMonth::read_last_month(ledger, &self.closing, &self.run_json, period);
        let last = last.ok_or_else(|| {
            let message = format!("`{shown}` is not what this version of renewcast writes");
            Failure::new(message, "run its book again, and name the new folder")
        })?;
        if last.has_month(period) || last.has_month_before(period) {
            return Ok(last);
        }
        let (days, month) = (last.days_of_run(), period.month);
        let message = format!(
            "`{shown}` goes from {} to {}, and has neither the whole month from {month} on nor the one before",
            days.from, days.to
        );
        Err(Failure::new(
            message,
            "name a result that has the month, or leave out --last",
        ))
    }
}
