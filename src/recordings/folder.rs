//! The recordings folder: a file appears in it whole, under its name, or not at all.

use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where files lie while they are fetched and assembled.
const INCOMING: &str = ".incoming";

/// The folder, known to be writable when it was opened.
#[derive(Clone, Debug)]
pub struct RecordingsFolder {
    path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("the recordings folder {} cannot be made: {why}; create it, or change [recordings] folder", .path.display())]
    NotMade { path: PathBuf, why: io::Error },
    #[error("the recordings folder {} cannot be written: {why}; give this user the right to, or change [recordings] folder", .path.display())]
    NotWritable { path: PathBuf, why: io::Error },
    #[error("the recording {} cannot be put into its place: {why}", .path.display())]
    NotPlaced { path: PathBuf, why: io::Error },
}

/// A file as it lies on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigest {
    pub bytes: u64,
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl RecordingsFolder {
    /// Opens the folder, makes it if it is missing, and tries to write into it.
    ///
    /// # Errors
    /// [`FolderError`] when it can't be made or written.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let incoming = path.join(INCOMING);
        fs::create_dir_all(&incoming).map_err(|why| FolderError::NotMade {
            path: path.to_owned(),
            why,
        })?;
        let trial = incoming.join(format!("trial-{}", std::process::id()));
        fs::write(&trial, b"trial")
            .and_then(|()| fs::remove_file(&trial))
            .map_err(|why| FolderError::NotWritable {
                path: path.to_owned(),
                why,
            })?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The place of a recording by its name (see [`super::naming::name`]).
    pub fn place(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A file to work on, removed when this is dropped.
    pub fn working_file(&self, name: &str) -> WorkingFile {
        WorkingFile(self.path.join(INCOMING).join(name))
    }

    /// Moves a finished file to its place. When this returns the file and its
    /// name are on disk. Blocks.
    ///
    /// # Errors
    /// [`FolderError::NotPlaced`]; then nothing is at its place.
    pub fn settle(&self, file: &WorkingFile, name: &str) -> Result<FileDigest, FolderError> {
        let place = self.place(name);
        let folder = place.parent().unwrap_or(&self.path);
        let settle = || -> io::Result<FileDigest> {
            fs::create_dir_all(folder)?;
            let digest = digest(file.path())?;
            File::open(file.path())?.sync_all()?;
            fs::rename(file.path(), &place)?;
            // The name is in the folder, and new folders are in theirs.
            for folder in folder
                .ancestors()
                .take_while(|above| above.starts_with(&self.path))
            {
                File::open(folder)?.sync_all()?;
            }
            Ok(digest)
        };
        settle().map_err(|why| FolderError::NotPlaced {
            path: place.clone(),
            why,
        })
    }
}

/// Size and hash of a file, read piece by piece. Blocks.
///
/// # Errors
/// Whatever reading gives.
pub fn digest(path: &Path) -> io::Result<FileDigest> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 64 * 1_024];
    let mut bytes = 0;
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => {
                hasher.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
    Ok(FileDigest {
        bytes,
        sha256: hex::encode(hasher.finalize()),
    })
}

/// A file among those being worked on.
#[derive(Debug)]
pub struct WorkingFile(PathBuf);

impl WorkingFile {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for WorkingFile {
    fn drop(&mut self) {
        match fs::remove_file(&self.0) {
            Ok(()) => {}
            // Moved to its place, or never written.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(file = %self.0.display(), %error, "a working file stays behind")
            }
        }
    }
}
