//! What tells a file from the one that was at its path before.

use std::io;
use std::path::Path;

/// What changes when a file is written anew or replaced, symbolic links followed: where it lies on the disk, its size and its
/// times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp {
    place: [u64; 2],
    size: u64,
    times: [i128; 2],
}

impl FileStamp {
    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;

        const NANOS_PER_SEC: i128 = 1_000_000_000;
        let file = std::fs::metadata(path)?;
        let nanos = |secs: i64, nanos: i64| i128::from(secs) * NANOS_PER_SEC + i128::from(nanos);
        Ok(Self {
            place: [file.dev(), file.ino()],
            size: file.size(),
            times: [nanos(file.mtime(), file.mtime_nsec()), nanos(file.ctime(), file.ctime_nsec())],
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        use std::time::{SystemTime, UNIX_EPOCH};

        let file = std::fs::metadata(path)?;
        let nanos = |time: io::Result<SystemTime>| {
            let since_epoch = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            since_epoch.and_then(|time| i128::try_from(time.as_nanos()).ok()).unwrap_or_default()
        };
        Ok(Self { place: [0; 2], size: file.len(), times: [nanos(file.modified()), nanos(file.created())] })
    }
}
