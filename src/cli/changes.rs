//! The arguments that say what differs from the book as it is written.

use clap::Args;

use super::Failure;
use crate::input::{self, Folder};

/// What differs from the book.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Changes {
    /// Apply scenarios/NAME.toml of the book
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Change one key, as often as needed: profile.NAME.KEY=VALUE, book.KEY=VALUE, or COLUMN=VALUE [where CONDITION]
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl Changes {
    /// The name of the scenario, if there is one.
    pub(super) fn scenario(&self) -> Option<&str> {
        self.scenario.as_deref()
    }

    /// Adds the quick changes to the files of a book.
    pub(super) fn apply(&self, folder: &mut Folder) -> Result<(), Failure> {
        if self.set.is_empty() {
            return Ok(());
        }
        let help = "write it like --set profile.tencent-cvm.suspend_after_days=0 or --set \"renew_months=12 where region = 'eu'\"";
        let text = input::quick_change(&self.set).map_err(|message| Failure::new(message, help))?;
        folder.change(&text);
        Ok(())
    }

    /// The options as they are typed, each behind a blank: what repeats a command must repeat them.
    pub(super) fn typed(&self) -> String {
        let quoted = |text: &str| match text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.=/".contains(c))
        {
            true => text.to_owned(),
            false => format!("'{}'", text.replace('\'', "'\\''")),
        };
        let scenario = self
            .scenario
            .iter()
            .map(|name| format!(" --scenario {}", quoted(name)));
        scenario
            .chain(
                self.set
                    .iter()
                    .map(|change| format!(" --set {}", quoted(change))),
            )
            .collect()
    }

    /// The folder of its results below those of the book, if anything differs.
    pub(super) fn folder(&self) -> Option<String> {
        match (&self.scenario, self.set.is_empty()) {
            (None, true) => None,
            (Some(scenario), true) => Some(scenario.clone()),
            (None, false) => Some("set".to_owned()),
            (Some(scenario), false) => Some(format!("{scenario}-set")),
        }
    }
}
