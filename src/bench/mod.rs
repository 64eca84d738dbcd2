//! Measurements of the controller and of its parts, one noun per file.

mod centre;
pub mod engine;
pub mod events;
pub mod journal;
pub mod process;
pub mod recovery;
pub mod rehearsal;
pub mod routing;
pub mod wire;
