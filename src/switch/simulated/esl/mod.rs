//! The simulated switch as a FreeSWITCH event socket: the protocol of
//! `mod_event_socket`, event types, header sets and sizes as captured from
//! FreeSWITCH 1.10.12, so that a real ESL client can be tried and loaded without
//! one. Media, SIP and the dialplan are not there: a call is parked as soon as
//! it comes, with the variables a dialplan would set.
//!
//! In reading order: [`frame`] (what clients send), [`shape`] (what events look
//! like), [`leg`] (a channel with its variables and applications), [`face`]
//! (the one task that owns the exchange), with [`commands`], [`company`] and [`telling`] as
//! its directions and [`judge`] watching the order, and [`connection`] (sockets).

mod answers;
mod commands;
mod company;
mod connection;
mod dial_string;
mod face;
mod frame;
mod judge;
mod leg;
mod listing;
mod pace;
mod shape;
mod stopwatch;
mod subscriber;
mod telling;

pub use connection::{EslObserver, EslReport, EslServer, EslSettings};
pub use judge::OrderRecord;
pub use stopwatch::{Latencies, Latency};

#[cfg(test)]
mod tests;
