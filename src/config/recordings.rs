//! `[recordings]`: where finished recordings are kept.

use crate::config::section::section;
use std::path::PathBuf;

section! {
    /// Where finished recordings are kept, brought here from the switches.
    pub struct RecordingsConfig {
        /// The folder; made if it does not exist.
        default folder: PathBuf = "/var/lib/switchyard/recordings",
    }
}
