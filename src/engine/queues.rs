//! All queues of the centre: the calls that wait in them and what each agent
//! is to them.
//!
//! Names become small numbers whenever the settings change, in the order of
//! the names, so that comparing numbers is comparing names. Which queues an
//! agent serves, and whose requirements they meet, is settled then too. A
//! decision after that compares no text, and a change of an agent touches only
//! the queues they serve.

use crate::engine::centre::{AgentSettings, QueueSettings};
use crate::engine::explanation::{Exclusion, Exclusions};
use crate::engine::id::{AgentId, QueueId, SwitchId};
use crate::engine::idle_order::Idle;
use crate::engine::queue::{Line, Place, Queue};
use crate::engine::skill;
use crate::engine::time::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;

/// A queue's number. Like all numbers here, good until the settings change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueueIndex(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AgentIndex(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SwitchIndex(u32);

/// What an agent is to all their queues now; where a queue requires skills
/// that they lack, it says so instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Free { idle_since: Timestamp },
    Excluded(Exclusion),
}

impl Standing {
    /// Why the agent cannot take a call of a queue, whose requirements they
    /// meet or not; none when they can.
    fn exclusion(self, qualified: bool) -> Option<Exclusion> {
        match self {
            Standing::Free { .. } | Standing::Excluded(Exclusion::SwitchDown) if !qualified => {
                Some(Exclusion::Skill)
            }
            Standing::Free { .. } => None,
            Standing::Excluded(reason) => Some(reason),
        }
    }
}

/// One agent's part in the queues.
#[derive(Debug)]
struct Member {
    id: AgentId,
    switch: SwitchIndex,
    /// The queues they serve, in [`Queues::served`]; those whose requirements
    /// they meet come first.
    serves: Range<u32>,
    qualified: u32,
}

/// How many agents of a queue are eligible, and how many are excluded for what.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Tally {
    eligible: u32,
    excluded: Exclusions,
}

#[derive(Debug, Default)]
pub(crate) struct Queues {
    switches: Vec<SwitchId>,
    /// The switches in the order of their ids.
    switch_order: Vec<SwitchIndex>,
    /// In the order of their ids, like the tallies.
    queues: Vec<Queue>,
    tallies: Vec<Tally>,
    /// One for each queue on each switch, switch by switch.
    lines: Vec<Line>,
    /// In the order of their ids.
    members: Vec<Member>,
    /// One for each member.
    standings: Vec<Standing>,
    served: Vec<QueueIndex>,
}

impl Queues {
    /// Takes new settings. Calls keep their places; a queue that is gone from
    /// the settings stays until its last call is over. All agents are signed
    /// out until [`Queues::set_standing`] says more.
    pub(crate) fn configure<'a>(
        &mut self,
        settings: &BTreeMap<QueueId, QueueSettings>,
        agents: impl Iterator<Item = (&'a AgentId, &'a AgentSettings)>,
    ) {
        let mut before = std::mem::take(self);
        let mut kept: BTreeMap<QueueId, (Queue, Option<QueueIndex>)> = BTreeMap::new();
        for (index, queue) in std::mem::take(&mut before.queues).into_iter().enumerate() {
            if settings.contains_key(&queue.id) || queue.length() > 0 {
                kept.insert(queue.id.clone(), (queue, Some(QueueIndex(number(index)))));
            }
        }
        for (id, settings) in settings {
            match kept.get_mut(id) {
                Some((queue, _)) => queue.settings = settings.clone(),
                None => {
                    let queue = Queue::new(id.clone(), settings.clone());
                    kept.insert(id.clone(), (queue, None));
                }
            }
        }
        let old_count = before.tallies.len();
        let mut old_numbers = Vec::with_capacity(kept.len());
        for (queue, old) in kept.into_values() {
            self.queues.push(queue);
            old_numbers.push(old);
        }
        self.tallies = vec![Tally::default(); self.queues.len()];
        self.switches = before.switches;
        self.switch_order = before.switch_order;
        for switch in 0..self.switches.len() {
            self.lines.extend(old_numbers.iter().map(|old| {
                let old = old.and_then(|old| {
                    let line = before.lines.get_mut(switch * old_count + old.0 as usize)?;
                    Some(line.without_agents())
                });
                old.unwrap_or_default()
            }));
        }
        for (id, settings) in agents {
            self.admit(id, settings);
        }
    }

    /// Adds an agent, signed out. They come in the order of their ids.
    fn admit(&mut self, id: &AgentId, settings: &AgentSettings) {
        let mut serves: Vec<(bool, QueueIndex)> = settings
            .queues
            .iter()
            .filter_map(|queue| {
                let index = self.index(queue)?;
                let requires = &self.queue(index).settings.requires;
                Some((!skill::meets(&settings.skills, requires), index))
            })
            .collect();
        serves.sort_unstable();
        serves.dedup();
        let start = number(self.served.len());
        let qualified = serves.iter().filter(|(lacking, _)| !lacking).count();
        for (_, queue) in serves {
            self.tallies[queue.0 as usize]
                .excluded
                .add(Exclusion::SignedOut);
            self.served.push(queue);
        }
        let switch = self.switch(&settings.switch);
        self.members.push(Member {
            id: id.clone(),
            switch,
            serves: start..number(self.served.len()),
            qualified: number(qualified),
        });
        self.standings
            .push(Standing::Excluded(Exclusion::SignedOut));
    }

    pub(crate) fn index(&self, id: &QueueId) -> Option<QueueIndex> {
        let found = self.queues.binary_search_by(|queue| queue.id.cmp(id));
        found.ok().map(|index| QueueIndex(number(index)))
    }

    pub(crate) fn agent_index(&self, id: &AgentId) -> Option<AgentIndex> {
        let found = self.members.binary_search_by(|member| member.id.cmp(id));
        found.ok().map(|index| AgentIndex(number(index)))
    }

    pub(crate) fn agent_id(&self, agent: AgentIndex) -> &AgentId {
        &self.members[agent.0 as usize].id
    }

    pub(crate) fn switch_of(&self, agent: AgentIndex) -> SwitchIndex {
        self.members[agent.0 as usize].switch
    }

    /// The number of a switch; one not heard of before gets the next.
    pub(crate) fn switch(&mut self, id: &SwitchId) -> SwitchIndex {
        let known = self.switches.iter().position(|known| known == id);
        let index = known.unwrap_or_else(|| {
            let rank = self
                .switch_order
                .partition_point(|index| self.switch_id(*index) < id);
            self.switch_order
                .insert(rank, SwitchIndex(number(self.switches.len())));
            self.switches.push(id.clone());
            let lines = self.switches.len() * self.queues.len();
            self.lines.resize_with(lines, Line::default);
            self.switches.len() - 1
        });
        SwitchIndex(number(index))
    }

    fn switch_id(&self, switch: SwitchIndex) -> &SwitchId {
        &self.switches[switch.0 as usize]
    }

    /// The switch at this rank in the order of their ids.
    pub(crate) fn switch_at(&self, rank: usize) -> Option<SwitchIndex> {
        self.switch_order.get(rank).copied()
    }

    pub(crate) fn queue(&self, queue: QueueIndex) -> &Queue {
        &self.queues[queue.0 as usize]
    }

    pub(crate) fn get(&self, id: &QueueId) -> Option<&Queue> {
        self.index(id).map(|index| self.queue(index))
    }

    pub(crate) fn contains_key(&self, id: &QueueId) -> bool {
        self.index(id).is_some()
    }

    /// All queues, in the order of their ids.
    pub(crate) fn indices(&self) -> impl Iterator<Item = QueueIndex> + use<> {
        (0..number(self.queues.len())).map(QueueIndex)
    }

    pub(crate) fn enter(&mut self, queue: QueueIndex, switch: &SwitchId, place: Place) {
        self.queues[queue.0 as usize].entered();
        self.wait(queue, switch, place);
    }

    /// Puts a call whose offer ended back to its place.
    pub(crate) fn wait(&mut self, queue: QueueIndex, switch: &SwitchId, place: Place) {
        let switch = self.switch(switch);
        let line = self.position(queue, switch);
        self.lines[line].waiting.insert(place);
    }

    /// Takes a call out of the waiting order while an agent rings for it.
    pub(crate) fn set_aside(&mut self, queue: QueueIndex, switch: &SwitchId, place: &Place) {
        let switch = self.switch(switch);
        let line = self.position(queue, switch);
        self.lines[line].waiting.remove(place);
    }

    pub(crate) fn leave(&mut self, queue: QueueIndex, switch: &SwitchId, place: &Place) {
        self.set_aside(queue, switch, place);
        self.queues[queue.0 as usize].left();
    }

    /// Records what the agent is to their queues now.
    pub(crate) fn set_standing(&mut self, agent: AgentIndex, standing: Standing) {
        let member = &self.members[agent.0 as usize];
        let old = std::mem::replace(&mut self.standings[agent.0 as usize], standing);
        if old == standing {
            return;
        }
        let serves = &self.served[member.serves.start as usize..member.serves.end as usize];
        let (qualified, unqualified) = serves.split_at(member.qualified as usize);
        let first = member.switch.0 as usize * self.queues.len();
        let is_free = is_free(&self.standings);
        for queue in qualified {
            let idle = &mut self.lines[first + queue.0 as usize].idle;
            let tally = &mut self.tallies[queue.0 as usize];
            match old {
                Standing::Free { .. } => {
                    idle.drop_one();
                    tally.eligible -= 1;
                }
                Standing::Excluded(reason) => tally.excluded.remove(reason),
            }
            match standing {
                Standing::Free { idle_since } => {
                    idle.add((idle_since, agent), &is_free);
                    tally.eligible += 1;
                }
                Standing::Excluded(reason) => tally.excluded.add(reason),
            }
        }
        let (old, new) = (old.exclusion(false), standing.exclusion(false));
        if old != new {
            for queue in unqualified {
                let excluded = &mut self.tallies[queue.0 as usize].excluded;
                old.into_iter().for_each(|reason| excluded.remove(reason));
                new.into_iter().for_each(|reason| excluded.add(reason));
            }
        }
    }

    pub(crate) fn is_free(&self, agent: AgentIndex) -> bool {
        matches!(self.standings[agent.0 as usize], Standing::Free { .. })
    }

    /// The queue whose first call is the most urgent of those that this agent
    /// can take now.
    pub(crate) fn most_urgent(&self, agent: AgentIndex) -> Option<QueueIndex> {
        let member = &self.members[agent.0 as usize];
        if !self.is_free(agent) {
            return None;
        }
        let start = member.serves.start as usize;
        let qualified = &self.served[start..start + member.qualified as usize];
        let first = |queue: &QueueIndex| {
            let line = &self.lines[self.position(*queue, member.switch)];
            Some((*line.waiting.first()?, *queue))
        };
        let urgent = qualified.iter().filter_map(first).min();
        urgent.map(|(_, queue)| queue)
    }

    /// The queue whose first call is the most urgent of those on a switch that
    /// somebody can take now.
    pub(crate) fn most_urgent_on(&self, switch: SwitchIndex) -> Option<QueueIndex> {
        let offered = |queue: QueueIndex| {
            let free = self.idle(queue, switch).next().is_some();
            Some((*self.first(queue, switch).filter(|_| free)?, queue))
        };
        let urgent = self.indices().filter_map(offered).min();
        urgent.map(|(_, queue)| queue)
    }

    /// The call on `switch` whose turn it is.
    pub(crate) fn first(&self, queue: QueueIndex, switch: SwitchIndex) -> Option<&Place> {
        self.lines[self.position(queue, switch)].waiting.first()
    }

    /// How many agents can take a call on `switch` now.
    pub(crate) fn eligible(&self, queue: QueueIndex, switch: SwitchIndex) -> u32 {
        self.lines[self.position(queue, switch)].idle.len()
    }

    /// Makes ready for [`Queues::idle`].
    pub(crate) fn tidy(&mut self, queue: QueueIndex, switch: SwitchIndex) {
        let position = self.position(queue, switch);
        self.lines[position].idle.tidy(is_free(&self.standings));
    }

    /// The agents who can take a call on `switch` now, longest idle first, when
    /// the order is tidy.
    pub(crate) fn idle(
        &self,
        queue: QueueIndex,
        switch: SwitchIndex,
    ) -> impl Iterator<Item = &Idle> {
        let order = self.lines[self.position(queue, switch)].idle.iter();
        let is_free = is_free(&self.standings);
        order.filter(move |idle| is_free(idle))
    }

    /// Agents excluded by reason, for a call on `switch`.
    pub(crate) fn excluded_for(&self, queue: QueueIndex, switch: SwitchIndex) -> Exclusions {
        let tally = &self.tallies[queue.0 as usize];
        let elsewhere = tally.eligible - self.eligible(queue, switch);
        tally.excluded.with(Exclusion::OtherSwitch, elsewhere)
    }

    /// The calls that wait in a queue without an offer.
    pub(crate) fn waiting(&self, queue: QueueIndex) -> impl Iterator<Item = &Place> {
        let count = self.queues.len().max(1);
        let lines = self.lines.iter().skip(queue.0 as usize).step_by(count);
        lines.flat_map(|line| line.waiting.iter())
    }

    fn position(&self, queue: QueueIndex, switch: SwitchIndex) -> usize {
        switch.0 as usize * self.queues.len() + queue.0 as usize
    }
}

fn is_free(standings: &[Standing]) -> impl Fn(&Idle) -> bool {
    move |(idle_since, agent)| {
        let free = Standing::Free {
            idle_since: *idle_since,
        };
        standings[agent.0 as usize] == free
    }
}

/// Queues, agents and switches are far fewer than fit into 32 bits.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
