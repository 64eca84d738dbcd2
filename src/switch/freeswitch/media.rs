//! The recordings of a FreeSWITCH, in a folder that this controller sees too.

use crate::config::switch::FreeswitchConfig;
use crate::switch::RecordedMedia;
use crate::switch::link::{MediaError, MediaSource};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tokio::io::AsyncReadExt;

/// Maps the switch's name for a file to ours. Only the last part of the name
/// counts: a switch can't make us read or remove anything else.
pub(super) struct Folder {
    seen_at: PathBuf,
}

impl Folder {
    pub(super) fn new(settings: &FreeswitchConfig) -> Self {
        let seen_at = settings.recordings_seen_at.as_ref();
        Self {
            seen_at: seen_at.unwrap_or(&settings.recordings).clone(),
        }
    }

    /// What a file of this name is: a message when it has one track, else (also
    /// when it can't be read, which shows when it is fetched) a conversation.
    pub(super) async fn describe(&self, file: String) -> RecordedMedia {
        match self.tracks(&file).await {
            Some(1) => RecordedMedia::Mono { file },
            _ => RecordedMedia::Stereo { file },
        }
    }

    /// The tracks of a WAV file as its head says, at the place where libsndfile
    /// and all others write it.
    async fn tracks(&self, file: &str) -> Option<u16> {
        let mut head = [0; 24];
        let mut file = tokio::fs::File::open(self.path(file).ok()?).await.ok()?;
        file.read_exact(&mut head).await.ok()?;
        let is_wav = head.starts_with(b"RIFF") && head[8..16] == *b"WAVEfmt ";
        is_wav.then(|| u16::from_le_bytes([head[22], head[23]]))
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
