//! What tests against a real switch share: SIP phones driven by SIPp, with
//! their audio in our hands so that it can be measured.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test crate uses its own part of this module"
)]

pub mod asterisk;
pub mod audio;
pub mod centre;
pub mod chaos;
pub mod controller;
pub mod desk;
pub mod fixture;
pub mod freeswitch;
pub mod hearing;
pub mod phone;
pub mod recorder;
pub mod rtp;
pub mod scene;
pub mod session;
pub mod settings;
pub mod socket;
pub mod switch;
pub mod tracks;
pub mod wire;
