//! switchyard: a call-centre control plane that attaches to FreeSWITCH and
//! Asterisk. The modules in reading order; `docs/architecture.md` walks a call
//! through them.

pub mod bench;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dialplan;
pub mod doctor;
pub mod engine;
pub mod import;
pub mod nearest;
pub mod recordings;
pub mod replay;
pub mod runtime;
pub mod simulation;
pub mod store;
pub mod switch;
pub mod telemetry;
pub mod web;
