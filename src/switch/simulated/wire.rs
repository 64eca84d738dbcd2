//! What lies between the exchange and the controller: delays, and faults on
//! request. Events keep their order unless a fault makes one late.

use crate::engine::time::{Span, Timestamp};
use crate::switch::simulated::chance::{Chance, PerMille};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireSettings {
    /// From a command's sending to its taking effect, and again to its answer.
    pub command_delay: (Span, Span),
    /// From a happening to its event.
    pub event_delay: (Span, Span),
    pub faults: Faults,
}

impl Default for WireSettings {
    fn default() -> Self {
        Self {
            command_delay: (Span::millis(1), Span::millis(4)),
            event_delay: (Span::millis(1), Span::millis(6)),
            faults: Faults::default(),
        }
    }
}

/// How much later an event comes that others overtake.
pub const OVERTAKEN_BY: (Span, Span) = (Span::millis(1), Span::millis(60));

/// What goes wrong, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    pub lost_events: PerMille,
    pub duplicated_events: PerMille,
    /// Events that those after them overtake within [`OVERTAKEN_BY`].
    pub reordered_events: PerMille,
    pub late_events: PerMille,
    /// Answers to commands that are late.
    pub late_answers: PerMille,
    /// How late a late event or answer is.
    pub late_by: Span,
    /// Commands refused without a reason of their own.
    pub failed_commands: PerMille,
    /// Commands that neither take effect nor are answered.
    pub lost_commands: PerMille,
    /// The link is cut so often on average, for this long.
    pub link_cuts: Option<LinkCuts>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCuts {
    pub every: Span,
    pub last: Span,
}

/// What went wrong so far, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    pub lost_events: u64,
    pub duplicated_events: u64,
    pub reordered_events: u64,
    pub late_events: u64,
    pub late_answers: u64,
    pub failed_commands: u64,
    pub lost_commands: u64,
    pub link_cuts: u64,
    pub switch_restarts: u64,
}

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Arrives,
    Fails,
    IsLost,
}

#[derive(Debug)]
pub(super) struct Wire {
    settings: WireSettings,
    chance: Chance,
    last_command: Timestamp,
    last_event: Timestamp,
    pub(super) injected: Injected,
}

impl Wire {
    pub(super) fn new(settings: WireSettings, seed: u64) -> Self {
        Self {
            settings,
            chance: Chance::new(seed, "wire"),
            last_command: Timestamp::default(),
            last_event: Timestamp::default(),
            injected: Injected::default(),
        }
    }

    /// Nothing goes wrong from here on.
    pub(super) fn mend(&mut self) {
        self.settings.faults = Faults::default();
    }

    /// When a command sent at `at` takes effect: never before an earlier one.
    pub(super) fn command_arrives(&mut self, at: Timestamp) -> Timestamp {
        let delay = self.chance.between(self.settings.command_delay);
        self.last_command = self.last_command.max(at + delay);
        self.last_command
    }

    /// When the answer to a command obeyed at `at` is here.
    pub(super) fn answer_arrives(&mut self, at: Timestamp) -> Timestamp {
        let arrives = at + self.chance.between(self.settings.command_delay);
        if self.chance.happens(self.settings.faults.late_answers) {
            self.injected.late_answers += 1;
            return arrives + self.settings.faults.late_by;
        }
        arrives
    }

    pub(super) fn command_fate(&mut self) -> Fate {
        if self.chance.happens(self.settings.faults.lost_commands) {
            self.injected.lost_commands += 1;
            Fate::IsLost
        } else if self.chance.happens(self.settings.faults.failed_commands) {
            self.injected.failed_commands += 1;
            Fate::Fails
        } else {
            Fate::Arrives
        }
    }

    /// Whether the switch reads one more of the commands that were under way
    /// when the link was cut.
    pub(super) fn read_before_the_cut(&mut self) -> bool {
        self.chance.happens(500)
    }

    /// When, if ever and how often, an event that happened at `at` is here.
    pub(super) fn event_arrives(&mut self, at: Timestamp) -> Vec<Timestamp> {
        let faults = &self.settings.faults;
        if self.chance.happens(faults.lost_events) {
            self.injected.lost_events += 1;
            return Vec::new();
        }
        let delay = self.chance.between(self.settings.event_delay);
        let in_order = self.last_event.max(at + delay);
        if self.chance.happens(faults.late_events) {
            self.injected.late_events += 1;
            return vec![in_order + faults.late_by];
        }
        if self.chance.happens(faults.reordered_events) {
            self.injected.reordered_events += 1;
            return vec![in_order + self.chance.between(OVERTAKEN_BY)];
        }
        self.last_event = in_order;
        if self.chance.happens(faults.duplicated_events) {
            self.injected.duplicated_events += 1;
            return vec![in_order; 2];
        }
        vec![in_order]
    }

    /// When the link is cut next, seen from `at`, and how long it stays down.
    pub(super) fn next_cut(&mut self, at: Timestamp) -> Option<(Timestamp, Span)> {
        let cuts = self.settings.faults.link_cuts?;
        Some((at + self.chance.around(cuts.every), cuts.last))
    }
}
