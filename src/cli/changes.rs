//! The arguments that change a book for one run: `--scenario` and `--set`. The files of the book stay as they are.

use clap::Args;

use super::Failure;
use crate::input::{self, Folder};

/// What differs from the book.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Changes {
    /// Apply scenarios/NAME.toml of the book
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Change one value; repeatable: profile.NAME.KEY=VALUE, book.KEY=VALUE, or COLUMN=VALUE [where CONDITION]
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl Changes {
    /// The name of the scenario, if there is one.
    pub(super) fn scenario(&self) -> Option<&str> {
        self.scenario.as_deref()
    }

    /// Adds the changes of `--set` to the files of a book.
    pub(super) fn apply(&self, folder: &mut Folder) -> Result<(), Failure> {
        apply_set(&self.set, folder)
    }

    /// The options as they are typed, each behind a blank: what repeats a command must repeat them.
    pub(super) fn typed(&self) -> String {
        let scenario = self
            .scenario
            .iter()
            .map(|name| format!(" --scenario {}", quoted(name)));
        let set = self
            .set
            .iter()
            .map(|change| format!(" --set {}", quoted(change)));
        scenario.chain(set).collect()
    }

    /// The folder of its results below those of the book, if anything differs.
    pub(super) fn folder(&self) -> Option<String> {
        let set = (!self.set.is_empty()).then(|| "set".to_owned());
        let parts: Vec<String> = self.scenario.iter().cloned().chain(set).collect();
        (!parts.is_empty()).then(|| parts.join("-"))
    }
}

/// Adds changes as `--set` takes them to the files of a book.
pub(super) fn apply_set(set: &[String], folder: &mut Folder) -> Result<(), Failure> {
    if set.is_empty() {
        return Ok(());
    }
    let help = "write it like --set profile.tencent-cvm.suspend_after_days=0 or --set \"renew_months=12 where region = 'eu'\"";
    let text = input::quick_change(set).map_err(|message| Failure::new(message, help))?;
    folder.change(&text);
    Ok(())
}

/// A text that a shell takes as one word.
fn quoted(text: &str) -> String {
    let is_plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.=/".contains(c));
    if is_plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
