//! How far behind the engine is, and what is left out because of it: first
//! what only counts and shows, then reading, then agents' requests, calls never.

use crate::runtime::driver::EVENT_QUEUE;

/// In order: each level leaves out what the one before does, and more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    #[default]
    Normal,
    /// Statistics wait: the live page is refreshed rarely, and the store lags.
    Busy,
    /// No new page, stream or read of the API.
    Strained,
    /// No new request of an agent. Calls are still taken.
    Overloaded,
}

impl Load {
    pub const ALL: [Load; 4] = [Load::Normal, Load::Busy, Load::Strained, Load::Overloaded];

    /// The word used in logs.
    pub fn word(self) -> &'static str {
        match self {
            Load::Normal => "normal",
            Load::Busy => "busy",
            Load::Strained => "strained",
            Load::Overloaded => "overloaded",
        }
    }

    /// 0 to 3, as the metric tells it.
    pub fn level(self) -> u8 {
        self as u8
    }

    /// Events waiting for the engine from which on this level holds.
    pub const fn begins_at(self) -> usize {
        match self {
            Load::Normal => 0,
            Load::Busy => EVENT_QUEUE / 32,
            Load::Strained => EVENT_QUEUE / 8,
            Load::Overloaded => EVENT_QUEUE / 2,
        }
    }

    /// The level while `waiting` events wait. It is left when half of what
    /// began it is worked off, so that it does not flicker.
    pub fn after(self, waiting: usize) -> Load {
        let holds = |level: &Load| match *level > self {
            true => waiting >= level.begins_at(),
            false => waiting >= level.begins_at() / 2,
        };
        let level = Load::ALL.into_iter().rev().find(holds);
        level.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_come_in_order_and_go_when_half_is_worked_off() {
        let mut load = Load::Normal;
        let mut seen = Vec::new();
        for waiting in [0, 511, 512, 2_048, 8_192, 4_097, 4_095, 1_023, 255, 0] {
            load = load.after(waiting);
            seen.push(load);
        }
        use Load::{Busy, Normal, Overloaded, Strained};
        assert_eq!(
            seen,
            [
                Normal, Normal, Busy, Strained, Overloaded, Overloaded, Strained, Busy, Normal,
                Normal
            ]
        );
    }
}
