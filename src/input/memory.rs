//! What was read of the same files before: rows that no scenario changed are the same again under the same rules.

use std::sync::{Arc, Mutex, PoisonError};

use super::instances::UnchangedRows;
use super::settings::Settings;
use crate::model::id::Labels;
use crate::model::profile::Profile;

/// The settings, with the profiles that they name, that are remembered.
const MAX_REMEMBERED: usize = 64;

/// What was read under some settings.
pub(super) struct RememberedRead {
    pub settings: Settings,
    pub profiles: Vec<Profile>,
    pub tag_keys: Vec<String>,
    pub labels: Labels,
    pub rows: UnchangedRows,
}

/// What was read of the files of one book before. It is for one folder: only scenarios may differ.
#[derive(Default)]
pub struct ReadMemory(Mutex<Vec<Arc<RememberedRead>>>);

impl ReadMemory {
    /// What was read under these rules.
    pub(super) fn find(
        &self,
        settings: &Settings,
        profiles: &[Profile],
    ) -> Option<Arc<RememberedRead>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .find(|read| read.settings == *settings && read.profiles == profiles)
            .cloned()
    }

    pub(super) fn keep(&self, read: RememberedRead) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MAX_REMEMBERED {
            known.push(Arc::new(read));
        }
    }
}
