//! A queue: the calls that wait in it, in order, and the agents who serve it.

use crate::engine::centre::QueueSettings;
use crate::engine::explanation::Exclusion;
use crate::engine::id::{AgentId, CallId, SwitchId};
use crate::engine::time::Timestamp;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A call's place: higher priority first, then the earlier entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    priority: Reverse<i32>,
    pub(crate) entered: Timestamp,
    pub(crate) call: CallId,
}

impl Place {
    pub(crate) fn new(priority: i32, entered: Timestamp, call: CallId) -> Self {
        Self {
            priority: Reverse(priority),
            entered,
            call,
        }
    }

    pub(crate) fn priority(&self) -> i32 {
        self.priority.0
    }
}

/// What an agent is to one queue now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Eligible {
        switch: SwitchId,
        idle_since: Timestamp,
    },
    Excluded(Exclusion),
}

/// The agents free for one switch's calls, longest idle first.
pub(crate) type IdleOrder = BTreeSet<(Timestamp, AgentId)>;

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) settings: QueueSettings,
    /// Calls that wait without an offer, by the switch they are on.
    waiting: BTreeMap<SwitchId, BTreeSet<Place>>,
    /// Calls in the queue, those being offered included.
    length: u32,
    standings: BTreeMap<AgentId, Standing>,
    eligible: BTreeMap<SwitchId, IdleOrder>,
    excluded: BTreeMap<Exclusion, u32>,
}

impl Queue {
    pub(crate) fn new(settings: QueueSettings) -> Self {
        Self {
            settings,
            waiting: BTreeMap::new(),
            length: 0,
            standings: BTreeMap::new(),
            eligible: BTreeMap::new(),
            excluded: BTreeMap::new(),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.length >= self.settings.max_waiting
    }

    /// Calls that entered and have neither been answered nor left.
    pub(crate) fn length(&self) -> u32 {
        self.length
    }

    pub(crate) fn enter(&mut self, switch: &SwitchId, place: Place) {
        self.length += 1;
        self.wait(switch, place);
    }

    /// Puts a call whose offer ended back to its place.
    pub(crate) fn wait(&mut self, switch: &SwitchId, place: Place) {
        self.waiting
            .entry(switch.clone())
            .or_default()
            .insert(place);
    }

    /// Takes a call out of the waiting order while an agent rings for it.
    pub(crate) fn set_aside(&mut self, switch: &SwitchId, place: &Place) {
        if let Some(places) = self.waiting.get_mut(switch) {
            places.remove(place);
        }
    }

    pub(crate) fn leave(&mut self, switch: &SwitchId, place: &Place) {
        self.set_aside(switch, place);
        self.length = self.length.saturating_sub(1);
    }

    /// The call on `switch` whose turn it is.
    pub(crate) fn first(&self, switch: &SwitchId) -> Option<&Place> {
        self.waiting.get(switch)?.first()
    }

    #[cfg(test)]
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Place> {
        self.waiting.values().flatten()
    }

    /// Records what the agent is to this queue now.
    pub(crate) fn set_standing(&mut self, agent: &AgentId, standing: Standing) {
        self.drop_standing(agent);
        match &standing {
            Standing::Eligible { switch, idle_since } => {
                self.eligible
                    .entry(switch.clone())
                    .or_default()
                    .insert((*idle_since, agent.clone()));
            }
            Standing::Excluded(reason) => *self.excluded.entry(*reason).or_default() += 1,
        }
        self.standings.insert(agent.clone(), standing);
    }

    /// The agent no longer serves this queue.
    pub(crate) fn drop_standing(&mut self, agent: &AgentId) {
        match self.standings.remove(agent) {
            Some(Standing::Eligible { switch, idle_since }) => {
                if let Some(order) = self.eligible.get_mut(&switch) {
                    order.remove(&(idle_since, agent.clone()));
                }
            }
            Some(Standing::Excluded(reason)) => {
                if let Some(count) = self.excluded.get_mut(&reason) {
                    *count -= 1;
                    if *count == 0 {
                        self.excluded.remove(&reason);
                    }
                }
            }
            None => {}
        }
    }

    pub(crate) fn eligible_on(&self, switch: &SwitchId) -> Option<&IdleOrder> {
        self.eligible.get(switch)
    }

    /// Agents excluded by reason, for a call on `switch`.
    pub(crate) fn excluded_for(&self, switch: &SwitchId) -> BTreeMap<Exclusion, u32> {
        let elsewhere: usize = self
            .eligible
            .iter()
            .filter(|(other, _)| *other != switch)
            .map(|(_, order)| order.len())
            .sum();
        let mut excluded = self.excluded.clone();
        if elsewhere > 0 {
            excluded.insert(
                Exclusion::OtherSwitch,
                u32::try_from(elsewhere).unwrap_or(u32::MAX),
            );
        }
        excluded
    }
}
