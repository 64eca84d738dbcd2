//! One channel of the simulated switch.

use crate::engine::id::{CallId, ChannelId, CommandId};
use crate::engine::time::Timestamp;
use crate::switch::simulated::agenda::Ticket;
use crate::switch::{Arrival, ChannelState};

#[derive(Debug)]
pub(super) struct Channel {
    /// What the switch says of the channel, its state and variables included.
    pub(super) told: Arrival,
    pub(super) created: Timestamp,
    pub(super) place: Place,
    pub(super) hears: Hears,
    pub(super) peer: Option<ChannelId>,
    /// The conference it is in.
    pub(super) conference: Option<CallId>,
    /// The channel whose conversation it hears.
    pub(super) supervises: Option<ChannelId>,
    /// From whom the switch took it when its phone asked for a transfer.
    pub(super) referred: Option<ChannelId>,
    /// When the switch sends the channel to the fallback path by itself.
    pub(super) guard: Option<Guard>,
    /// When the switch stops ringing.
    pub(super) ringing_ends: Option<Ticket>,
    /// Recordings that hear this channel.
    pub(super) recordings: Vec<CommandId>,
    /// Came from outside, and so takes a line.
    pub(super) is_caller: bool,
    /// How often the fallback path has offered the call.
    pub(super) fallback_offers: u32,
}

/// Who has the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Controller,
    /// The dialplan's fallback path.
    Fallback,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hears {
    Nothing,
    Prompts {
        playback: CommandId,
        ends: Ticket,
    },
    /// Music, or the tone that a number rings.
    Endless,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Guard {
    pub(super) due: Ticket,
    /// Armed by the dialplan on arrival; any command of the controller disarms it.
    pub(super) adoption: bool,
}

impl Channel {
    pub(super) fn new(told: Arrival, created: Timestamp) -> Self {
        Self {
            told,
            created,
            place: Place::Controller,
            hears: Hears::Nothing,
            peer: None,
            conference: None,
            supervises: None,
            referred: None,
            guard: None,
            ringing_ends: None,
            recordings: Vec::new(),
            is_caller: false,
            fallback_offers: 0,
        }
    }

    pub(super) fn is_answered(&self) -> bool {
        self.told.state == ChannelState::Answered
    }
}
