//! The recordings room: brings finished recordings from the switches into the
//! recordings folder, in one form, named, hashed and safe on disk.
//!
//! Reading order: [`filer`] (the work and its order), [`naming`], [`assemble`]
//! (the audio), [`folder`] (the files).

pub mod assemble;
pub mod filer;
pub mod folder;
pub mod naming;

pub use filer::{Filer, FilerSettings};
pub use folder::{FolderError, RecordingsFolder};
