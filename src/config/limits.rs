//! `[limits]`: bounds on everything that could otherwise grow without end.

use crate::config::section::section;
use crate::engine::centre::Limits;
use crate::engine::time::Span;
use std::num::NonZeroU32;

section! {
    /// Bounds on everything that could otherwise grow without end.
    pub struct LimitsConfig {
        /// Live calls; more are refused with congestion.
        default max_calls: NonZeroU32 = 10000,
        /// Blocks one call may run through without waiting for anything.
        default max_flow_steps: NonZeroU32 = 100,
        /// Seconds after which the switch takes a waiting call back to its
        /// fallback path when it hears nothing from the controller.
        default dead_man_s: NonZeroU32 = 60,
        /// Milliseconds after which a command without an answer counts as lost.
        default command_deadline_ms: NonZeroU32 = 10000,
        /// Seconds that a stopping controller leaves ringing agents to answer
        /// before it calls the ringing off and ends.
        default drain_s: u32 = 10,
        /// Seconds an agent who missed a call rests before the next one.
        default missed_offer_rest_s: u32 = 5,
        /// Agents rung for one call before it is given up.
        default max_offers: NonZeroU32 = 100,
        /// Seconds after which a prompt whose end was not told counts as ended;
        /// no announcement may last longer.
        default max_prompt_s: NonZeroU32 = 120,
        /// Seconds between two comparisons of what the controller believes with
        /// what each switch lists; 0 for none.
        default audit_s: u32 = 30,
    }
}

impl From<&LimitsConfig> for Limits {
    fn from(limits: &LimitsConfig) -> Self {
        Self {
            max_calls: limits.max_calls.get(),
            max_flow_steps: limits.max_flow_steps.get(),
            dead_man: Span::seconds(limits.dead_man_s.get()),
            command_deadline: Span::millis(u64::from(limits.command_deadline_ms.get())),
            missed_offer_rest: Span::seconds(limits.missed_offer_rest_s),
            max_offers: limits.max_offers.get(),
            max_prompt: Span::seconds(limits.max_prompt_s.get()),
            audit_every: Span::seconds(limits.audit_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::section::Section;

    #[test]
    fn the_defaults_are_those_of_the_engine() {
        assert_eq!(
            Limits::from(&LimitsConfig::parse("").unwrap()),
            Limits::default()
        );
    }
}
