//! A switch without telephony: the same vocabulary as the real ones, driven by
//! a seed.
//!
//! In reading order: [`model`] is the switch itself (channels, playbacks,
//! bridges; `recording`, `company`, `phone` and `fallback` are parts of it), [`people`] are the
//! callers and agents at its far ends ([`crowd`] says who and how, `dialogue` what callers
//! press who are asked about a callback),
//! [`exchange`] lets the two run together, [`wire`] adds delays and faults
//! between the exchange and the controller, and [`simulation`] is all of it
//! behind a few calls. Up to here everything is pure: time is handed in, and
//! the same seed gives the same trace. [`drive`] runs a simulation in real time
//! for `serve`, with [`tape`] writing what was said as WAV files. [`esl`] puts
//! an exchange behind a FreeSWITCH event socket, as a process of its own.

pub(crate) mod agenda;
pub(crate) mod chance;
mod channel;
mod company;
pub mod crowd;
mod dialogue;
pub mod drive;
pub mod esl;
pub mod exchange;
mod fallback;
pub mod folder;
pub mod happening;
pub mod model;
pub mod people;
mod phone;
mod recording;
pub mod refusal;
pub mod simulation;
pub mod tally;
pub mod tape;
pub mod wire;

pub use chance::PerMille;
pub use drive::start;
pub use people::Population;
pub use simulation::{SimOutput, Simulation, SimulationSettings};

#[cfg(test)]
mod tests;
