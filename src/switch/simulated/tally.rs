//! What the people of a simulation lived through, counted.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Calls that entered the switch.
    pub calls: u64,
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
}
