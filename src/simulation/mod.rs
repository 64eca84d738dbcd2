//! A whole centre in virtual time: the real engine, simulated switches with
//! their callers and agents, a journal that is durable only a little later, and
//! everything that can go wrong between them. The same scenario and seed give
//! the same trace, byte for byte.
//!
//! In reading order: [`scenario`] is what is simulated and [`file`] how it is
//! written down; [`harness`] runs it; [`controller`] is the process that can
//! crash, with [`tail`] as its disk and [`skew`] as its machine's clock; `desk` asks for what
//! agents and supervisors want during calls. After every step [`ledger`] (with [`place`],
//! `policy`, `parties` and `promises`) and [`orders`] judge what the engine said and ordered, beside
//! [`crate::engine::Engine::check`]; [`outcome`] judges the end. [`report`] is
//! what comes out.

mod controller;
mod desk;
pub mod file;
pub mod harness;
pub mod ledger;
pub mod orders;
mod outcome;
mod parties;
pub mod place;
mod policy;
mod promises;
pub mod report;
pub mod scenario;
mod skew;
#[cfg(test)]
mod stated_waits;
mod tail;
pub mod trace;
pub mod violation;
pub mod what_if;
