//! `[journal]`: the local record of every event and command.

use crate::config::section::section;
use std::path::PathBuf;

section! {
    /// The local record of every event and command, written before anything that
    /// cannot be taken back. Always a file of its own on this machine.
    pub struct JournalConfig {
        /// The journal's file.
        default path: PathBuf = "/var/lib/switchyard/journal.db",
        /// Days after which entries that the store has are removed.
        default keep_days: u32 = 30,
    }
}
