//! Why the simulated switch does not do as it is told.

use crate::switch::Failure;

/// Why a command was not obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub why: Failure,
    pub detail: &'static str,
}

pub(super) const NO_CHANNEL: Refusal = Refusal {
    why: Failure::NoSuchChannel,
    detail: "no such channel on the simulated switch",
};
pub(super) const NOT_ANSWERED: Refusal = Refusal {
    why: Failure::WrongState,
    detail: "the channel is not answered",
};
pub(super) const ONE_CHANNEL: Refusal = Refusal {
    why: Failure::WrongState,
    detail: "a bridge needs two channels",
};
pub(super) const NOT_TOGETHER: Refusal = Refusal {
    why: Failure::WrongState,
    detail: "the two channels are not bridged to each other",
};
pub(super) const NOT_IN_CONFERENCE: Refusal = Refusal {
    why: Failure::WrongState,
    detail: "the channel is not in this conference",
};
pub(super) const NOT_TALKING: Refusal = Refusal {
    why: Failure::WrongState,
    detail: "the channel to hear is in no conversation",
};
pub(super) const ANSWERED: Refusal = Refusal {
    why: Failure::WrongState,
    detail: "the channel is already answered",
};

pub(super) const TOO_MANY_RECORDINGS: Refusal = Refusal {
    why: Failure::Refused,
    detail: "the channel is in too many recordings",
};
pub(super) const CHANNEL_EXISTS: Refusal = Refusal {
    why: Failure::Refused,
    detail: "the channel exists already",
};
pub(super) const FULL: Refusal = Refusal {
    why: Failure::Refused,
    detail: "no channel is free",
};
