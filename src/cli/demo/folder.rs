//! Where a demonstration keeps its store, journal and recordings.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A folder that is removed at the end unless the user named it.
pub(super) struct DemoFolder {
    path: PathBuf,
    kept: bool,
}

impl DemoFolder {
    pub(super) fn open(named: Option<&Path>) -> io::Result<Self> {
        let folder = match named {
            Some(path) => Self {
                path: std::path::absolute(path)?,
                kept: true,
            },
            None => {
                let name = format!("switchyard-demo-{}", std::process::id());
                Self {
                    path: std::env::temp_dir().join(name),
                    kept: false,
                }
            }
        };
        fs::create_dir_all(&folder.path)?;
        Ok(folder)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The settings that lead into this folder, as environment variables.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let path = |name: &str| self.path(name).to_string_lossy().into_owned();
        BTreeMap::from([
            ("SWITCHYARD_STORE__URL".to_owned(), self.store_url()),
            ("SWITCHYARD_JOURNAL__PATH".to_owned(), path("journal")),
            (
                "SWITCHYARD_RECORDINGS__FOLDER".to_owned(),
                path("recordings"),
            ),
        ])
    }

    /// Writes the configuration of the demonstration, so that the other
    /// subcommands can look at it.
    pub(super) fn keep_config(&self, text: &str) -> io::Result<()> {
        let value = |name: &str| toml::Value::from(self.path(name).to_string_lossy().as_ref());
        let url = toml::Value::from(self.store_url());
        let places = format!(
            "\n[store]\nurl = {url}\n\n[journal]\npath = {}\n\n[recordings]\nfolder = {}\n",
            value("journal"),
            value("recordings")
        );
        // It may hold the password of a switch.
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options
            .open(self.config_file())?
            .write_all(format!("{text}{places}").as_bytes())
    }

    /// The file of [`DemoFolder::keep_config`].
    pub(super) fn config_file(&self) -> PathBuf {
        self.path("switchyard.toml")
    }

    pub(super) fn store_url(&self) -> String {
        format!("sqlite://{}", self.path("store.db").display())
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, folder = %self.path.display(), "the demonstration's folder stays");
        }
    }
}
