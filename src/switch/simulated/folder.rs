//! The folder a simulated switch records into, as a [`MediaSource`].

use crate::switch::link::{MediaError, MediaSource};
use futures_util::future::BoxFuture;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

#[derive(Clone, Debug)]
pub struct RecordingsFolder(PathBuf);

impl RecordingsFolder {
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The path of `file`, which must be a plain name.
    pub(super) fn path(&self, file: &str) -> Result<PathBuf, MediaError> {
        let mut parts = Path::new(file).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(_)), None) => Ok(self.0.join(file)),
            _ => Err(MediaError::Missing {
                file: file.to_owned(),
            }),
        }
    }
}

impl MediaSource for RecordingsFolder {
    fn fetch<'a>(&'a self, file: &'a str, into: &'a Path) -> BoxFuture<'a, Result<(), MediaError>> {
        Box::pin(async move {
            let copied = tokio::fs::copy(self.path(file)?, into).await;
            copied.map(drop).map_err(|error| media_error(file, &error))
        })
    }

    fn discard<'a>(&'a self, file: &'a str) -> BoxFuture<'a, Result<(), MediaError>> {
        Box::pin(async move {
            let removed = tokio::fs::remove_file(self.path(file)?).await;
            removed.map_err(|error| media_error(file, &error))
        })
    }
}

fn media_error(file: &str, error: &std::io::Error) -> MediaError {
    match error.kind() {
        ErrorKind::NotFound => MediaError::Missing {
            file: file.to_owned(),
        },
        _ => MediaError::Unreadable {
            file: file.to_owned(),
            why: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let folder = RecordingsFolder::new(PathBuf::from("recordings"));
        assert!(folder.path("a.wav").is_ok());
        for name in ["", ".", "..", "../a.wav", "/etc/passwd", "a/b.wav"] {
            assert!(folder.path(name).is_err(), "{name}");
        }
    }
}
