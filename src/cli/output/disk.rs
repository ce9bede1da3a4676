//! What is asked of a disk besides files: durable names, and mounts.

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes the names in a folder durable, where the system can.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    if cfg!(unix) { synced } else { Ok(()) }
}

/// Whether something is mounted on a folder.
#[cfg(target_os = "linux")]
pub(super) fn is_mount(folder: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let status = statx(CWD, folder, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    status.is_ok_and(|status| status.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_mount(_: &Path) -> bool {
    false
}
