//! The recordings of a FreeSWITCH, in a folder that this controller sees too.

use crate::switch::link::{MediaError, MediaSource};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Maps the switch's name for a file to ours. Only the last part of the name
/// counts: a switch can't make us read or remove anything else.
pub(super) struct Folder {
    seen_at: PathBuf,
}

impl Folder {
    pub(super) fn new(seen_at: PathBuf) -> Self {
        Self { seen_at }
    }

    fn path(&self, file: &str) -> Result<PathBuf, MediaError> {
        let name = Path::new(file)
            .file_name()
            .ok_or_else(|| MediaError::Missing {
                file: file.to_owned(),
            })?;
        Ok(self.seen_at.join(name))
    }
}

fn explain(file: &str) -> impl Fn(std::io::Error) -> MediaError + '_ {
    move |error| match error.kind() {
        ErrorKind::NotFound => MediaError::Missing {
            file: file.to_owned(),
        },
        _ => MediaError::Unreadable {
            file: file.to_owned(),
            why: error.to_string(),
        },
    }
}

impl MediaSource for Folder {
    fn fetch<'a>(&'a self, file: &'a str, into: &'a Path) -> BoxFuture<'a, Result<(), MediaError>> {
        async move {
            tokio::fs::copy(self.path(file)?, into)
                .await
                .map(drop)
                .map_err(explain(file))
        }
        .boxed()
    }

    fn discard<'a>(&'a self, file: &'a str) -> BoxFuture<'a, Result<(), MediaError>> {
        async move {
            tokio::fs::remove_file(self.path(file)?)
                .await
                .map_err(explain(file))
        }
        .boxed()
    }
}
