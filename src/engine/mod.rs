//! The pure core: events in, commands out, no clock, no input or output.
//!
//! Reading order: [`event`] and [`command`] (what goes in and out), [`centre`]
//! (what it is told of the centre), then the state: [`call`], [`leg`],
//! [`agent`], [`queue`], [`offer`], with [`strategy`] as the planner, [`ivr`]
//! for flows and [`timer`] for every deadline.

pub mod agent;
pub mod call;
pub mod cause;
pub mod centre;
pub mod command;
pub mod event;
pub mod explanation;
pub mod fact;
pub mod id;
pub mod ivr;
pub mod leg;
pub mod recording;
pub mod text;
pub mod time;
