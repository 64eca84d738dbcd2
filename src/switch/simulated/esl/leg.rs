//! A channel as FreeSWITCH would describe it: its variables, and the
//! applications that run and wait on it.

use crate::engine::cause::Cause;
use crate::engine::id::ChannelId;
use crate::engine::time::Timestamp;
use crate::switch::Extension;
use crate::switch::simulated::esl::shape::{Phase, Slot, Slots, encode};
use std::collections::{BTreeMap, VecDeque};

/// Variables one leg may carry.
pub(super) const MAX_VARIABLES: usize = 500;
/// Applications that may wait on one leg.
pub(super) const MAX_WAITING: usize = 64;

#[derive(Debug)]
pub(super) struct Leg {
    pub(super) channel: ChannelId,
    /// Set on legs we dialled: whom they called.
    pub(super) extension: Option<Extension>,
    pub(super) caller_number: String,
    pub(super) caller_name: String,
    pub(super) dialled: String,
    pub(super) created: Timestamp,
    pub(super) state: ChannelPhase,
    pub(super) peer: Option<ChannelId>,
    pub(super) was_bridged: bool,
    /// Is in a conference.
    pub(super) confers: bool,
    /// Told as the first leg of its bridge.
    pub(super) leads: bool,
    pub(super) was_answered: bool,
    pub(super) cause: Option<Cause>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) running: Option<Application>,
    pub(super) waiting: VecDeque<Application>,
    /// A break was asked for, so that what ends now was not torn off.
    pub(super) breaking: bool,
}

/// The states of FreeSWITCH's channel machine that this simulation shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChannelPhase {
    Init,
    ConsumeMedia,
    Execute,
    SoftExecute,
    ExchangeMedia,
    Park,
    Reporting,
}

/// One application executed on a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Application {
    pub(super) name: String,
    pub(super) data: String,
    pub(super) uuid: String,
}

impl ChannelPhase {
    fn name_and_number(self) -> (&'static str, u8) {
        match self {
            ChannelPhase::Init => ("CS_INIT", 1),
            ChannelPhase::SoftExecute => ("CS_SOFT_EXECUTE", 3),
            ChannelPhase::Execute => ("CS_EXECUTE", 4),
            ChannelPhase::ExchangeMedia => ("CS_EXCHANGE_MEDIA", 5),
            ChannelPhase::Park => ("CS_PARK", 6),
            ChannelPhase::ConsumeMedia => ("CS_CONSUME_MEDIA", 7),
            ChannelPhase::Reporting => ("CS_REPORTING", 11),
        }
    }
}

impl Application {
    /// Whether it plays its file again and again, even after a break.
    pub(super) fn is_endless(&self) -> bool {
        self.name == "endless_playback"
    }
}

impl Leg {
    pub(super) fn is_inbound(&self) -> bool {
        self.extension.is_none()
    }

    pub(super) fn state_name(&self) -> &'static str {
        self.state.name_and_number().0
    }

    pub(super) fn channel_name(&self) -> String {
        match &self.extension {
            Some(extension) => format!("sofia/internal/{extension}@127.0.0.1:5095"),
            None => format!("sofia/internal/{}@127.0.0.1:5096", self.caller_number),
        }
    }

    pub(super) fn call_state(&self) -> &'static str {
        match self.answer_state() {
            "answered" => "ACTIVE",
            "hangup" => "HANGUP",
            _ => "RINGING",
        }
    }

    pub(super) fn phase(&self, event: &str) -> Phase {
        match event {
            "CHANNEL_HANGUP_COMPLETE" | "CHANNEL_DESTROY" if self.was_answered => Phase::Ended,
            "CHANNEL_HANGUP_COMPLETE" | "CHANNEL_DESTROY" => Phase::Failed,
            _ if self.was_bridged => Phase::Bridged,
            _ if self.was_answered => Phase::Answered,
            _ => Phase::Ringing,
        }
    }

    fn answer_state(&self) -> &'static str {
        match (self.cause, self.was_answered) {
            (Some(_), _) => "hangup",
            (None, true) => "answered",
            (None, false) => "ringing",
        }
    }

    /// Sets a variable; none with an empty value, as on the real switch.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.variables.remove(name);
        } else if self.variables.len() < MAX_VARIABLES || self.variables.contains_key(name) {
            self.variables.insert(name.to_owned(), value.to_owned());
        }
    }

    pub(super) fn parks_after_bridge(&self) -> bool {
        self.variables
            .get("park_after_bridge")
            .is_some_and(|value| value == "true")
    }

    /// What fills the slots of a shape, but for what belongs to the event itself.
    pub(super) fn slots<'a>(&'a self, peer_number: &'a str) -> Slots<'a> {
        let (state, number) = self.state.name_and_number();
        let mut slots = Slots::default();
        slots.set(Slot::Uuid, self.channel.as_str());
        if let Some(peer) = &self.peer {
            slots.set(Slot::Peer, peer.as_str());
        }
        slots.set(Slot::PeerNumber, encode(peer_number));
        slots.set(Slot::CallerNumber, encode(&self.caller_number));
        slots.set(Slot::CallerName, encode(&self.caller_name));
        slots.set(Slot::Dialled, encode(&self.dialled));
        let created_us = self.created.as_millis() * 1_000;
        slots.set(Slot::CreatedMicros, created_us.to_string());
        slots.set(Slot::ChannelState, state);
        slots.set(Slot::ChannelStateNumber, number.to_string());
        slots.set(Slot::CallState, self.call_state());
        slots.set(Slot::AnswerState, self.answer_state());
        if let Some(cause) = self.cause {
            slots.set(Slot::Cause, cause_name(cause));
            slots.set(Slot::Q850, cause.q850().to_string());
        }
        slots
    }
}

/// FreeSWITCH's word for a cause.
pub(super) fn cause_name(cause: Cause) -> &'static str {
    match cause {
        Cause::NormalClearing => "NORMAL_CLEARING",
        Cause::UserBusy => "USER_BUSY",
        Cause::NoAnswer => "NO_ANSWER",
        Cause::Rejected => "CALL_REJECTED",
        Cause::UnallocatedNumber => "UNALLOCATED_NUMBER",
        Cause::NotReachable => "USER_NOT_REGISTERED",
        Cause::OriginatorCancel => "ORIGINATOR_CANCEL",
        Cause::AnsweredElsewhere => "LOSE_RACE",
        Cause::Congestion => "NORMAL_CIRCUIT_CONGESTION",
        Cause::NetworkFailure => "NORMAL_TEMPORARY_FAILURE",
        Cause::Timeout => "RECOVERY_ON_TIMER_EXPIRE",
        Cause::Unseen | Cause::Other(_) => "NORMAL_UNSPECIFIED",
    }
}

/// The cause for FreeSWITCH's word or its number; normal clearing when it is neither.
pub(super) fn cause_named(text: &str) -> Cause {
    const CAUSES: [Cause; 11] = [
        Cause::NormalClearing,
        Cause::UserBusy,
        Cause::NoAnswer,
        Cause::Rejected,
        Cause::UnallocatedNumber,
        Cause::NotReachable,
        Cause::OriginatorCancel,
        Cause::AnsweredElsewhere,
        Cause::Congestion,
        Cause::NetworkFailure,
        Cause::Timeout,
    ];
    match text.parse() {
        Ok(number) => Cause::from_q850(number),
        Err(_) => {
            let named = CAUSES
                .into_iter()
                .find(|c| cause_name(*c).eq_ignore_ascii_case(text));
            named.unwrap_or(Cause::NormalClearing)
        }
    }
}
