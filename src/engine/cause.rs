//! Why a leg or a call ended: the causes this product distinguishes, each with
//! its Q.850 number and the word each switch uses.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The end of a leg.
///
/// The numbers are those of ITU-T Q.850 (table 1), which both switches report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Hung up after a normal conversation.
    NormalClearing,
    UserBusy,
    /// Rang, nobody answered in time.
    NoAnswer,
    /// The far end refused the call.
    Rejected,
    /// The number is not in service or not assigned.
    UnallocatedNumber,
    /// The device is not registered or not reachable.
    NotReachable,
    /// The caller gave up before an answer.
    OriginatorCancel,
    /// Another device answered first: phones do not show it as missed.
    AnsweredElsewhere,
    /// The switch or the network has no free line.
    Congestion,
    /// Something on the network failed.
    NetworkFailure,
    /// The dead-man's timer or another limit expired.
    Timeout,
    /// It ended while nobody was there to be told: why is not known, and the
    /// time is that of noticing.
    Unseen,
    /// The switch said something we have no word for; the number is kept.
    Other(u16),
}

impl Cause {
    /// The cause for a Q.850 number.
    pub fn from_q850(number: u16) -> Cause {
        match number {
            1 => Cause::UnallocatedNumber,
            16 => Cause::NormalClearing,
            17 => Cause::UserBusy,
            18 | 19 => Cause::NoAnswer,
            20 | 27 => Cause::NotReachable,
            // Asterisk's number of it, and FreeSWITCH's own LOSE_RACE.
            26 | 702 => Cause::AnsweredElsewhere,
            21 => Cause::Rejected,
            34 | 42 => Cause::Congestion,
            38 | 41 => Cause::NetworkFailure,
            102 => Cause::Timeout,
            // FreeSWITCH's own ORIGINATOR_CANCEL.
            487 => Cause::OriginatorCancel,
            other => Cause::Other(other),
        }
    }

    /// The Q.850 number to send for this cause.
    pub fn q850(self) -> u16 {
        match self {
            Cause::UnallocatedNumber => 1,
            Cause::NormalClearing => 16,
            Cause::UserBusy => 17,
            Cause::NoAnswer => 19,
            Cause::NotReachable => 20,
            Cause::Rejected => 21,
            Cause::Congestion => 42,
            Cause::NetworkFailure => 38,
            Cause::Timeout => 102,
            Cause::OriginatorCancel => 487,
            Cause::AnsweredElsewhere => 26,
            // Normal, unspecified.
            Cause::Unseen => 31,
            Cause::Other(number) => number,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Cause::NormalClearing => "normal_clearing",
            Cause::UserBusy => "user_busy",
            Cause::NoAnswer => "no_answer",
            Cause::Rejected => "rejected",
            Cause::UnallocatedNumber => "unallocated_number",
            Cause::NotReachable => "not_reachable",
            Cause::OriginatorCancel => "originator_cancel",
            Cause::AnsweredElsewhere => "answered_elsewhere",
            Cause::Congestion => "congestion",
            Cause::NetworkFailure => "network_failure",
            Cause::Timeout => "timeout",
            Cause::Unseen => "unseen",
            Cause::Other(number) => return write!(f, "q850_{number}"),
        };
        f.write_str(word)
    }
}
