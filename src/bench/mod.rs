//! Measurements of the controller and of its parts, one per file. They share
//! [`rehearsal`] (calls in virtual time), `centre` and `simulator` (calls over a
//! real connection), and [`process`] (what the system says was used).

mod centre;
pub mod engine;
pub mod events;
pub mod journal;
pub mod process;
pub mod recovery;
pub mod rehearsal;
pub mod routing;
mod simulator;
pub mod what_if;
pub mod wire;
