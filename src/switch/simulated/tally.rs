//! What the people of a simulation lived through, counted.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Calls that entered the switch.
    pub calls: u64,
    /// Of them, callers who called again after meeting no agent.
    #[serde(default)]
    pub redials: u64,
    /// Calls turned away because every line was taken.
    pub blocked: u64,
    /// Callers who talked with an agent.
    pub answered: u64,
    /// Callers who hung up before an agent answered.
    pub abandoned: u64,
    /// Callers hung up on by the switch or the controller before an agent answered.
    pub dropped: u64,
    /// Devices that were rung.
    pub rung: u64,
    /// Devices rung while they already rang or talked.
    pub double_offered: u64,
    /// Times a dead-man's timer expired.
    pub fallbacks: u64,
    /// Callers who were promised a callback.
    #[serde(default)]
    pub promised: u64,
    /// Callers who heard nobody and nothing in a call, and hung up.
    #[serde(default)]
    pub left_alone: u64,
    /// Legs that the switch took away from the others by itself.
    #[serde(default)]
    pub strayed: u64,
}

impl Tally {
    /// Calls that met no agent through no choice of the caller.
    pub fn lost(&self) -> u64 {
        self.blocked + self.dropped
    }

    /// What was added after `earlier`.
    pub fn since(&self, earlier: &Tally) -> Tally {
        Tally {
            calls: self.calls.saturating_sub(earlier.calls),
            redials: self.redials.saturating_sub(earlier.redials),
            blocked: self.blocked.saturating_sub(earlier.blocked),
            answered: self.answered.saturating_sub(earlier.answered),
            abandoned: self.abandoned.saturating_sub(earlier.abandoned),
            dropped: self.dropped.saturating_sub(earlier.dropped),
            rung: self.rung.saturating_sub(earlier.rung),
            double_offered: self.double_offered.saturating_sub(earlier.double_offered),
            fallbacks: self.fallbacks.saturating_sub(earlier.fallbacks),
            promised: self.promised.saturating_sub(earlier.promised),
            left_alone: self.left_alone.saturating_sub(earlier.left_alone),
            strayed: self.strayed.saturating_sub(earlier.strayed),
        }
    }
}
