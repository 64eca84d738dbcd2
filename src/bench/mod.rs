//! Measurements of the whole controller, each against a process of its own.

pub mod journal;
pub mod rehearsal;
pub mod routing;
pub mod wire;
