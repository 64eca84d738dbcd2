//! The runtime: the one task that owns the engine, what it hands out, and the
//! live view made from what the engine says.

pub mod board;
pub mod handle;
