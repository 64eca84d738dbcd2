//! `[journal]`: the local record of every event and command.

use crate::config::section::section;
use std::path::PathBuf;

section! {
    /// The local record of every event and command, written before anything that
    /// cannot be taken back. Always on a disk of this machine.
    pub struct JournalConfig {
        /// The folder of the journal; made at the first start.
        default path: PathBuf = "/var/lib/switchyard/journal",
        /// Days after which entries that the store has are removed.
        default keep_days: u32 = 30,
    }
}
