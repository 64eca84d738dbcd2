//! The runtime: the one task that owns the engine, what it hands out, and the
//! live view made from what the engine says. [`assembly`] puts it together.

pub mod answers;
pub mod assembly;
pub mod board;
pub mod condition;
pub mod control;
mod count;
pub mod driver;
pub mod executor;
pub mod handle;
mod links;
pub mod load;
pub mod serve;
mod systemd;
