//! `--config`: which configuration file is meant.

use crate::cli::CliError;
use crate::config::Config;
use crate::config::finding::ConfigErrors;
use clap::Args;
use std::path::{Path, PathBuf};

/// Looked for in this order when `--config` is not given.
pub const PLACES: [&str; 2] = ["switchyard.toml", "/etc/switchyard/switchyard.toml"];

#[derive(Clone, Debug, Default, Args)]
pub struct ConfigFile {
    /// The configuration file [default: ./switchyard.toml, then /etc/switchyard/switchyard.toml]
    #[arg(
        long = "config",
        value_name = "FILE",
        global = true,
        env = "SWITCHYARD_CONFIG"
    )]
    path: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "there is no configuration: neither {} nor {} exists; name one with --config FILE, \
     or write one from `switchyard check --print-example`",
    PLACES[0],
    PLACES[1]
)]
pub struct NoConfigFile;

impl ConfigFile {
    pub fn at(path: &Path) -> Self {
        Self {
            path: Some(path.to_owned()),
        }
    }

    /// The file that was named, if any.
    pub fn named(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// # Errors
    /// [`NoConfigFile`] when none was named and none is in the usual places.
    pub fn path(&self) -> Result<PathBuf, NoConfigFile> {
        match &self.path {
            Some(path) => Ok(path.clone()),
            None => PLACES
                .iter()
                .map(PathBuf::from)
                .find(|path| path.exists())
                .ok_or(NoConfigFile),
        }
    }

    /// Loads it; when it has errors, all of them are in the message.
    ///
    /// # Errors
    /// [`NoConfigFile`], or what [`Config::load`] found.
    pub fn load(&self) -> Result<Config, CliError> {
        Config::load(&self.path()?).map_err(|errors| match errors {
            ConfigErrors::Found(_) => format!("the configuration has errors\n{errors}").into(),
            unreadable => unreadable.into(),
        })
    }
}
