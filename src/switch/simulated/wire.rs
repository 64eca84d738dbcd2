//! What lies between the exchange and the controller: delays, and faults on
//! request. Events keep their order unless a fault makes one late.

use crate::engine::time::{Span, Timestamp};
use crate::switch::simulated::chance::{Chance, PerMille};

#[derive(Clone, Debug)]
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

/// What goes wrong, and how often.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pub lost_events: PerMille,
    pub duplicated_events: PerMille,
    pub late_events: PerMille,
    /// How late a late event is.
    pub late_by: Span,
    /// Commands refused without a reason of their own.
    pub failed_commands: PerMille,
    /// Commands that neither take effect nor are answered.
    pub lost_commands: PerMille,
    /// The link is cut so often on average, for this long.
    pub link_cuts: Option<LinkCuts>,
}

#[derive(Clone, Copy, Debug)]
pub struct LinkCuts {
    pub every: Span,
    pub last: Span,
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
}

impl Wire {
    pub(super) fn new(settings: WireSettings, seed: u64) -> Self {
        Self {
            settings,
            chance: Chance::new(seed, "wire"),
            last_command: Timestamp::default(),
            last_event: Timestamp::default(),
        }
    }

    /// When a command sent at `at` takes effect: never before an earlier one.
    pub(super) fn command_arrives(&mut self, at: Timestamp) -> Timestamp {
        let delay = self.chance.between(self.settings.command_delay);
        self.last_command = self.last_command.max(at + delay);
        self.last_command
    }

    /// When the answer to a command obeyed at `at` is here.
    pub(super) fn answer_arrives(&mut self, at: Timestamp) -> Timestamp {
        at + self.chance.between(self.settings.command_delay)
    }

    pub(super) fn command_fate(&mut self) -> Fate {
        if self.chance.happens(self.settings.faults.lost_commands) {
            Fate::IsLost
        } else if self.chance.happens(self.settings.faults.failed_commands) {
            Fate::Fails
        } else {
            Fate::Arrives
        }
    }

    /// When, if ever and how often, an event that happened at `at` is here.
    pub(super) fn event_arrives(&mut self, at: Timestamp) -> Vec<Timestamp> {
        if self.chance.happens(self.settings.faults.lost_events) {
            return Vec::new();
        }
        let delay = self.chance.between(self.settings.event_delay);
        let in_order = self.last_event.max(at + delay);
        if self.chance.happens(self.settings.faults.late_events) {
            return vec![in_order + self.settings.faults.late_by];
        }
        self.last_event = in_order;
        let copies = if self.chance.happens(self.settings.faults.duplicated_events) {
            2
        } else {
            1
        };
        vec![in_order; copies]
    }

    /// When the link is cut next, seen from `at`, and how long it stays down.
    pub(super) fn next_cut(&mut self, at: Timestamp) -> Option<(Timestamp, Span)> {
        let cuts = self.settings.faults.link_cuts?;
        Some((at + self.chance.around(cuts.every), cuts.last))
    }
}
