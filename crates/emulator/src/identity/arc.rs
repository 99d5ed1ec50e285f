//! The keys of Azure Arc's agent: who can read a file that only the machine's own accounts can read may have a token.
//!
//! The first request is answered with 401 and the path of a key file that has just been written; the second shows what
//! is in it. A key is good for one request, and its file goes with it.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::identity::reply::Fault;
use crate::message::Request;
use crate::random;

/// Keys that wait to be shown; beyond these the file of any other goes.
const MOST_KEPT: usize = 1000;

/// The folder of the keys, and those that have not been shown yet with their files.
pub(crate) struct ArcKeys {
    folder: Option<PathBuf>,
    waiting: Mutex<HashMap<String, PathBuf>>,
}

impl ArcKeys {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, waiting: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, PathBuf>> {
        // Whole even if a thread panicked while it held the lock: every change is made in one go.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets pass who shows a key; anybody else is told where one lies.
    pub(super) fn check(&self, request: &Request) -> Result<(), Fault> {
        let Some(folder) = &self.folder else {
            return Err(Fault::new(
                404,
                "not_found",
                "the machine is not one of Azure Arc's: no arcKeyFolder",
            ));
        };
        let shown = request.header("authorization").and_then(|value| value.split_once(' '));
        if let Some((_, key)) = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")) {
            let file = self.waiting().remove(key.trim());
            let file =
                file.ok_or_else(|| Fault::new(401, "unauthorized", "this is not the content of a key file"))?;
            let _ = fs::remove_file(file);
            return Ok(());
        }
        let file = folder.join(format!("{}.key", random::guid()));
        let key = STANDARD.encode(random::bytes::<48>());
        write_new(&file, &key)
            .map_err(|fault| Fault::internal(&format!("no key file can be written: {fault}")))?;
        let challenge = format!("Basic realm={}", file.display());
        let mut waiting = self.waiting();
        if waiting.len() >= MOST_KEPT
            && let Some(any) = waiting.keys().next().cloned()
            && let Some(file) = waiting.remove(&any)
        {
            let _ = fs::remove_file(file);
        }
        waiting.insert(key, file);
        Err(Fault::challenged(challenge))
    }
}

/// A file of this user's alone, where the system has such a thing.
fn write_new(path: &PathBuf, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

impl Drop for ArcKeys {
    fn drop(&mut self) {
        for file in self.waiting().values() {
            let _ = fs::remove_file(file);
        }
    }
}
