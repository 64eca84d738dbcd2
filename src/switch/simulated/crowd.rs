//! Who is at the far ends and how they behave: crowds of callers, and the
//! agents' devices.

use crate::engine::centre::Centre;
use crate::engine::ivr::flow::Block;
use crate::engine::time::Span;
use crate::switch::simulated::chance::PerMille;
use crate::switch::{Extension, Key, NotAnExtension};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The first extension of devices that are only counted; the others follow.
pub const FIRST_EXTENSION: u32 = 1_001;

/// Everybody at the far ends of one switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleSettings {
    pub crowds: Vec<Crowd>,
    /// How devices behave that are not named in `particular`.
    pub devices: DeviceHabits,
    pub particular: BTreeMap<Extension, DeviceHabits>,
    /// How numbers outside behave; as devices do, without.
    #[serde(default)]
    pub outside: Option<DeviceHabits>,
    #[serde(default)]
    pub phones: PhoneHabits,
    /// Share of bridges and conferences that the switch takes a leg out of by itself.
    #[serde(default)]
    pub strays: PerMille,
}

/// What agents do by the keys of their own phones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneHabits {
    /// Share of conversations in which the hold key is pressed.
    pub holds: PerMille,
    pub holds_for: (Span, Span),
    /// Share of conversations that the phone's own key transfers.
    pub refers: PerMille,
    /// What is dialled then.
    pub refers_to: Vec<String>,
}

/// Callers of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crowd {
    /// Names their stream of draws, so that one crowd does not shift another's.
    pub name: String,
    pub population: Population,
    pub arrivals: Arrivals,
    pub habits: CallerHabits,
}

/// Whom callers call and which keys they know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Population {
    /// Access numbers, called equally often.
    pub numbers: Vec<String>,
    /// Keys that lead somewhere; without any, callers press none.
    pub keys: Vec<Key>,
}

/// How calls come in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrivals {
    /// Mean number a minute, exponentially spaced; 0 for none.
    pub per_minute: u32,
    /// In place of `per_minute`: how many come from when on, in order of time.
    pub rates: Vec<Rate>,
    /// Calls that come first, one every `burst_gap`, besides the others.
    pub burst: u32,
    pub burst_gap: Span,
    /// No call comes after this many, calling again not counted.
    pub at_most: Option<u64>,
    /// No call comes after this much time, calling again included.
    pub until: Option<Span>,
}

/// A rate of arrivals from some time after the beginning on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    pub from: Span,
    pub per_hour: u32,
}

/// How callers behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerHabits {
    /// Mean time a caller listens to music before giving up; endless without.
    pub patience: Option<Span>,
    /// Mean length of a conversation.
    pub talk: Span,
    /// From the begin of a prompt to the key.
    pub presses_after: (Span, Span),
    /// Share of prompts that are answered by no key.
    pub presses_nothing: PerMille,
    /// Share of conversations that the caller ends; the agent ends the others.
    pub hangs_up_first: PerMille,
    pub redials: Redials,
    #[serde(default)]
    pub callback: CallbackHabits,
}

/// How callers take it that they can be called back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackHabits {
    /// Share of those who are told of the key and press it.
    pub share: PerMille,
    /// Share of those who name another number than their own.
    pub other_number: PerMille,
    /// Share of answers that make no sense or take it back.
    pub errs: PerMille,
}

/// Callers who met no agent and call again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redials {
    /// Share of unanswered calls after which the caller calls again.
    pub share: PerMille,
    pub after: (Span, Span),
    pub at_most: u32,
}

/// How an agent's device and the agent behind it behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceHabits {
    pub answers_after: (Span, Span),
    pub no_answer: PerMille,
    pub busy: PerMille,
    pub rejects: PerMille,
    /// The devices that are reachable; all without.
    pub registered: Option<BTreeSet<Extension>>,
    /// Mean length of a conversation with this agent, in place of the caller's.
    pub talk: Option<Span>,
}

impl Population {
    /// Callers of all access numbers of a centre, who press the keys of its menus.
    pub fn of(centre: &Centre) -> Self {
        let choices = |block: &Block| match block {
            Block::Menu { choices, .. } => choices.keys().map(|key| key.0).collect(),
            _ => Vec::new(),
        };
        let blocks = centre.flows.values().flat_map(|flow| flow.blocks.values());
        let keys: BTreeSet<Key> = blocks.flat_map(choices).collect();
        Self {
            numbers: centre.numbers.keys().cloned().collect(),
            keys: keys.into_iter().collect(),
        }
    }
}

impl PeopleSettings {
    /// These callers, and devices that are answered within seconds.
    pub fn of(crowds: Vec<Crowd>) -> Self {
        Self {
            crowds,
            devices: DeviceHabits::default(),
            particular: BTreeMap::new(),
            outside: None,
            phones: PhoneHabits::default(),
            strays: 0,
        }
    }

    /// Nobody calls by themselves; devices are answered within seconds.
    pub fn quiet(population: Population) -> Self {
        Self::of(vec![Crowd::quiet(population)])
    }
}

impl DeviceHabits {
    /// Lets only so many devices be reachable, those from [`FIRST_EXTENSION`] on.
    ///
    /// # Errors
    /// Never: a number is an extension.
    pub fn register(&mut self, devices: u32) -> Result<(), NotAnExtension> {
        let extensions = (0..devices).map(|nth| (FIRST_EXTENSION + nth).to_string());
        let extensions: Result<_, _> = extensions.map(|digits| Extension::new(&digits)).collect();
        self.registered = Some(extensions?);
        Ok(())
    }
}

impl Crowd {
    /// Nobody calls by themselves.
    pub fn quiet(population: Population) -> Self {
        Self {
            name: "callers".to_owned(),
            population,
            arrivals: Arrivals {
                burst_gap: Span::millis(20),
                ..Arrivals::default()
            },
            habits: CallerHabits::default(),
        }
    }
}

impl Default for CallerHabits {
    fn default() -> Self {
        Self {
            patience: Some(Span::seconds(120)),
            talk: Span::seconds(30),
            presses_after: (Span::millis(500), Span::seconds(3)),
            presses_nothing: 0,
            hangs_up_first: 500,
            redials: Redials::default(),
            callback: CallbackHabits::default(),
        }
    }
}

impl Default for DeviceHabits {
    fn default() -> Self {
        Self {
            answers_after: (Span::seconds(1), Span::seconds(6)),
            no_answer: 0,
            busy: 0,
            rejects: 0,
            registered: None,
            talk: None,
        }
    }
}

impl Arrivals {
    /// The rate at some time after the beginning, and until when it holds.
    pub(super) fn rate_at(&self, since: Span) -> (u32, Option<Span>) {
        if self.rates.is_empty() {
            return (self.per_minute.saturating_mul(60), None);
        }
        let now = self.rates.iter().rev().find(|rate| rate.from <= since);
        let next = self.rates.iter().find(|rate| rate.from > since);
        (
            now.map_or(0, |rate| rate.per_hour),
            next.map(|rate| rate.from),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_holds_until_the_next_one_begins() {
        let rate = |minute: u32, per_hour| Rate {
            from: Span::seconds(minute * 60),
            per_hour,
        };
        let arrivals = Arrivals {
            rates: vec![rate(10, 60), rate(20, 0)],
            ..Arrivals::default()
        };
        let at = |minute: u32| arrivals.rate_at(Span::seconds(minute * 60));
        assert_eq!(at(0), (0, Some(Span::seconds(600))));
        assert_eq!(at(10), (60, Some(Span::seconds(1_200))));
        assert_eq!(at(25), (0, None));
    }
}
