//! `[log]`: what the program says about itself.

use crate::config::section::section;
use serde::Deserialize;

section! {
    /// What the program says about itself, on standard error.
    pub struct LogConfig {
        /// Least level, also by module: "info", "warn,switchyard::switch=debug".
        default filter: String = "info",
        /// "text" for people, "json" for machines.
        default format: LogFormat = "text",
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}
