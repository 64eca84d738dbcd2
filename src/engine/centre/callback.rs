//! What a queue promises to callers who do not want to wait on the line.

use crate::engine::id::PromptId;
use crate::engine::time::Span;
use crate::switch::{Key, PhoneNumber};
use serde::{Deserialize, Serialize};

/// Callbacks of one queue: a caller hangs up, keeps the place, and is dialled
/// when an agent is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackSettings {
    /// What a waiting caller presses; without it only overflows and requests
    /// from outside make callbacks.
    pub key: Option<Key>,
    /// Tells the caller of the key; without one, the common one.
    pub prompt: Option<PromptId>,
    /// How long a caller has waited when first told of it, and how often after that.
    pub offer_after: Span,
    pub offer_every: Span,
    /// Told only while the median of the estimated wait is longer.
    pub offer_over: Option<Span>,
    /// Beginnings of the numbers that may be dialled; "" is every number.
    pub may_dial: Vec<String>,
    /// Beginnings that may not, though a shorter one is allowed.
    pub may_not_dial: Vec<String>,
    /// Digits that a number has, at least and at most.
    pub digits: (u32, u32),
    /// The number that whom we call back is shown; without it, the one they called.
    pub shown: Option<PhoneNumber>,
    /// How often a number is dialled that is not reached, and how long after
    /// the last time.
    pub attempts: u32,
    pub retry_after: Span,
    /// Whether the agent has wrap-up after an attempt that reached nobody.
    pub wrap_up_unreached: bool,
    /// Callbacks that are open at most; no more are promised then.
    pub max: u32,
    /// How far ahead one can be arranged.
    pub ahead: Span,
    /// How long one is tried for, from when its turn could first come.
    pub keep: Span,
}

impl CallbackSettings {
    /// Whether a number may be called back: its length fits, and the longest
    /// beginning that fits it is an allowed one.
    pub fn permits(&self, number: &PhoneNumber) -> bool {
        let digits = number.as_str().strip_prefix('+').unwrap_or(number.as_str());
        let length = u32::try_from(digits.len()).unwrap_or(u32::MAX);
        let fits = (self.digits.0..=self.digits.1).contains(&length);
        // A star or hash would be a service of the carrier, not a person.
        fits && digits.bytes().all(|c| c.is_ascii_digit())
            && number.begins_as_allowed(&self.may_dial, &self.may_not_dial)
    }
}
