//! A file in the making, which goes to the disk while it grows, so that nobody waits for the disk at the end.
//!
//! A second handle of the same open file syncs what is there; writing goes on meanwhile. The system reports a broken disk only
//! once for both handles, so an error of either is an error of the file.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// A file is synced in the background each time that it has grown by this.
const SYNC_STEP_BYTES: usize = 8 << 20;
/// This much at the end is worth a thread.
const LARGE_REST_BYTES: usize = 1 << 20;

/// A file in the making.
pub(super) struct SyncedFile {
    file: Arc<File>,
    /// The bytes since the last sync began.
    unsynced: usize,
    /// The sync under way, or its outcome.
    sync: Option<JoinHandle<io::Result<()>>>,
}

impl SyncedFile {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: Arc::new(File::create_new(path)?),
            unsynced: 0,
            sync: None,
        })
    }

    /// Adds bytes to the end.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (&*self.file).write_all(bytes)?;
        self.unsynced += bytes.len();
        if self.unsynced >= SYNC_STEP_BYTES
            && self.sync.as_ref().is_none_or(JoinHandle::is_finished)
        {
            self.begin_sync()?;
        }
        Ok(())
    }

    /// Says that nothing more comes, before many files are made durable: large ones then share the wait.
    pub(super) fn complete(&mut self) -> io::Result<()> {
        if self.unsynced >= LARGE_REST_BYTES {
            self.begin_sync()
        } else {
            Ok(())
        }
    }

    /// Makes everything durable.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.end_sync()?;
        self.file.sync_all()
    }

    /// Syncs in the background what is there. Where there is no thread for that, the end does it.
    fn begin_sync(&mut self) -> io::Result<()> {
        self.end_sync()?;
        let file = Arc::clone(&self.file);
        self.sync = thread::Builder::new().spawn(move || file.sync_data()).ok();
        self.unsynced = 0;
        Ok(())
    }

    fn end_sync(&mut self) -> io::Result<()> {
        self.sync.take().map_or(Ok(()), |sync| {
            sync.join()
                .expect("a sync gives an error and does not panic")
        })
    }
}
