//! All queues of the centre: the calls that wait in them and what each agent
//! is to them.
//!
//! Names become small numbers whenever the settings change, in the order of
//! the names, so that comparing numbers is comparing names. Calls wait by
//! demand: one for each queue, and one for each other set of [`Terms`] that a
//! call has come to. Which demands an agent meets is settled when the agent or
//! the demand becomes known. A decision after that compares no text and
//! evaluates no condition, and a change of an agent touches only the demands
//! of queues they serve.

use crate::engine::centre::{AgentSettings, QueueSettings, Seat};
use crate::engine::explanation::{Exclusion, Exclusions};
use crate::engine::id::{AgentId, QueueId, SwitchId};
use crate::engine::idle_order::Idle;
use crate::engine::queue::{Line, Place, Queue};
use crate::engine::shift::Shift;
use crate::engine::terms::Terms;
use crate::engine::time::Timestamp;
use std::collections::BTreeMap;

/// Demands besides the queues' own that are kept although nobody waits by them.
const SPARE_DEMANDS: usize = 256;

/// A queue's number. Like all numbers here, good until the settings change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueueIndex(u32);

/// A demand's number; good until the next demand is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DemandIndex(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AgentIndex(u32);

/// A switch, which stands for all that reach each other by trunks where agents
/// are looked for: see [`Queues::pool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SwitchIndex(u32);

/// What an agent is to all their queues now; where a demand asks for what they
/// lack, it says so instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Free { idle_since: Timestamp },
    Excluded(Exclusion),
}

impl Standing {
    /// Why an agent who lacks something cannot take a call.
    fn exclusion(self, lacking: Exclusion) -> Exclusion {
        match self {
            Standing::Free { .. } | Standing::Excluded(Exclusion::SwitchDown) => lacking,
            Standing::Excluded(reason) => reason,
        }
    }
}

/// One agent's part in the queues.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: AgentId,
    pub(crate) settings: AgentSettings,
    /// What strategies compare.
    pub(crate) shift: Shift,
    pool: SwitchIndex,
    /// The demands of their queues whose terms they meet.
    meets: Vec<DemandIndex>,
    /// Those whose terms they do not meet, and why.
    lacks: Vec<(DemandIndex, Exclusion)>,
}

impl Member {
    pub(crate) fn seat(&self, queue: &QueueId) -> Option<&Seat> {
        self.settings.seat(queue)
    }
}

/// How many agents meet a demand and are free, and how many are excluded for what.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Tally {
    eligible: u32,
    excluded: Exclusions,
}

#[derive(Debug)]
struct Demand {
    terms: Terms,
    queue: QueueIndex,
    /// An agent's seat is of another level than the first.
    has_levels: bool,
}

impl Demand {
    fn new(terms: Terms, queue: QueueIndex) -> Self {
        Self {
            terms,
            queue,
            has_levels: false,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Queues {
    switches: Vec<SwitchId>,
    /// Which switch stands for which others, and itself, by their ids.
    pools: BTreeMap<SwitchId, SwitchId>,
    /// The one that stands for each switch, and those each stands for.
    pool_of: Vec<SwitchIndex>,
    pooled: Vec<Vec<SwitchIndex>>,
    /// Whether calls on the switch can be served now.
    reachable: Vec<bool>,
    /// The switches in the order of their ids.
    switch_order: Vec<SwitchIndex>,
    /// In the order of their ids.
    queues: Vec<Queue>,
    /// The queues' own, in their order, and then the others.
    demands: Vec<Demand>,
    /// Those that are not a queue's own.
    others: BTreeMap<Terms, DemandIndex>,
    /// One for each demand.
    tallies: Vec<Tally>,
    /// One for each demand on each switch, demand by demand.
    lines: Vec<Line>,
    /// In the order of their ids.
    members: Vec<Member>,
    /// One for each member.
    standings: Vec<Standing>,
}

impl Queues {
    /// Takes new settings. All queues are empty then, and all agents signed
    /// out, until [`Queues::enter`] and [`Queues::set_standing`] say more. What
    /// agents have done since they signed in is kept.
    pub(crate) fn configure<'a>(
        &mut self,
        settings: &BTreeMap<QueueId, QueueSettings>,
        agents: impl Iterator<Item = (&'a AgentId, &'a AgentSettings)>,
    ) {
        let before = std::mem::take(self);
        self.switches = before.switches;
        self.switch_order = before.switch_order;
        self.reachable = before.reachable;
        self.pool_of = before.pool_of;
        self.pooled = before.pooled;
        self.pools = before.pools;
        self.pool_switches();
        for (id, settings) in settings {
            self.queues.push(Queue::new(id.clone(), settings.clone()));
        }
        for queue in self.indices() {
            let terms = Terms::plain(self.queue(queue).id.clone());
            self.demands.push(Demand::new(terms, queue));
        }
        self.tallies = vec![Tally::default(); self.demands.len()];
        self.lines
            .resize_with(self.demands.len() * self.switches.len(), Line::default);
        let mut shifts: BTreeMap<AgentId, Shift> = before
            .members
            .into_iter()
            .map(|member| (member.id, member.shift))
            .collect();
        for (id, settings) in agents {
            let shift = shifts.remove(id).unwrap_or_default();
            self.admit(id, settings, shift);
        }
    }

    /// Adds an agent, signed out. They come in the order of their ids.
    fn admit(&mut self, id: &AgentId, settings: &AgentSettings, shift: Shift) {
        let pool = self.pool(&settings.switch);
        let mut member = Member {
            id: id.clone(),
            settings: settings.clone(),
            shift,
            pool,
            meets: Vec::new(),
            lacks: Vec::new(),
        };
        let mut seats: Vec<QueueIndex> = settings
            .queues
            .iter()
            .filter_map(|seat| self.index(&seat.queue))
            .collect();
        seats.sort_unstable();
        seats.dedup();
        for queue in seats {
            self.settle(&mut member, self.own_demand(queue));
        }
        let standing = Standing::Excluded(Exclusion::SignedOut);
        self.join_tallies(&member, standing);
        self.members.push(member);
        self.standings.push(standing);
    }

    /// Whether a member belongs to a demand's queues, and meets its terms or not.
    fn settle(&mut self, member: &mut Member, demand: DemandIndex) -> bool {
        let Demand { terms, queue, .. } = &self.demands[demand.0 as usize];
        let asked = self.queue(*queue).settings.asked(terms.step);
        let Some(level) = asked.level(&terms.queue, &member.settings) else {
            return false;
        };
        let is_higher = level > 1;
        match asked.lacking(terms, &member.id, &member.settings, level) {
            None => member.meets.push(demand),
            Some(reason) => member.lacks.push((demand, reason)),
        }
        self.demands[demand.0 as usize].has_levels |= is_higher;
        true
    }

    fn join_tallies(&mut self, member: &Member, standing: Standing) {
        let first = member
            .lacks
            .iter()
            .map(|(demand, lack)| (*demand, standing.exclusion(*lack)));
        for (demand, reason) in first {
            self.tallies[demand.0 as usize].excluded.add(reason);
        }
        if let Standing::Excluded(reason) = standing {
            for demand in &member.meets {
                self.tallies[demand.0 as usize].excluded.add(reason);
            }
        }
    }

    /// The demand of these terms; one not heard of before is made. None when
    /// there is no such queue.
    pub(crate) fn demand(&mut self, terms: &Terms) -> Option<DemandIndex> {
        let queue = self.index(&terms.queue)?;
        if terms.is_plain() {
            return Some(self.own_demand(queue));
        }
        if let Some(known) = self.others.get(terms) {
            return Some(*known);
        }
        if self.others.len() >= SPARE_DEMANDS {
            self.clear_away();
        }
        let demand = DemandIndex(number(self.demands.len()));
        self.demands.push(Demand::new(terms.clone(), queue));
        self.others.insert(terms.clone(), demand);
        self.tallies.push(Tally::default());
        let lines = self.demands.len() * self.switches.len();
        self.lines.resize_with(lines, Line::default);
        let mut members = std::mem::take(&mut self.members);
        for (index, member) in members.iter_mut().enumerate() {
            if self.settle(member, demand) {
                self.stand_for(AgentIndex(number(index)), member, demand);
            }
        }
        self.members = members;
        Some(demand)
    }

    /// Counts a member for a demand that was made just now.
    fn stand_for(&mut self, agent: AgentIndex, member: &Member, demand: DemandIndex) {
        let standing = self.standings[agent.0 as usize];
        let lacking = member.lacks.last().filter(|(of, _)| *of == demand);
        let tally = &mut self.tallies[demand.0 as usize];
        match (lacking, standing) {
            (Some((_, lack)), _) => tally.excluded.add(standing.exclusion(*lack)),
            (None, Standing::Excluded(reason)) => tally.excluded.add(reason),
            (None, Standing::Free { idle_since }) => {
                tally.eligible += 1;
                let position = self.position(demand, member.pool);
                let is_free = is_free(&self.standings);
                self.lines[position].idle.add((idle_since, agent), is_free);
            }
        }
    }

    /// Forgets the demands that nobody waits by, except the queues' own. A call
    /// that is being offered finds its demand made anew.
    fn clear_away(&mut self) {
        let own = self.queues.len();
        let switches = self.switches.len();
        let mut kept: Vec<Option<DemandIndex>> = Vec::with_capacity(self.demands.len());
        let mut next = 0;
        for (index, lines) in (0..self.demands.len()).map(|index| {
            let first = index * switches;
            (index, &self.lines[first..first + switches])
        }) {
            let waits = lines.iter().any(|line| !line.waiting.is_empty());
            kept.push((index < own || waits).then(|| {
                next += 1;
                DemandIndex(next - 1)
            }));
        }
        let stays = |index: usize| kept[index].is_some();
        retain_indexed(&mut self.demands, stays);
        retain_indexed(&mut self.tallies, stays);
        retain_indexed(&mut self.lines, |line| stays(line / switches.max(1)));
        let renumbered = |demand: DemandIndex| kept[demand.0 as usize];
        for member in &mut self.members {
            member.meets = member
                .meets
                .iter()
                .filter_map(|demand| renumbered(*demand))
                .collect();
            member.lacks = member
                .lacks
                .iter()
                .filter_map(|(demand, lack)| Some((renumbered(*demand)?, *lack)))
                .collect();
        }
        self.others = std::mem::take(&mut self.others)
            .into_iter()
            .filter_map(|(terms, demand)| Some((terms, renumbered(demand)?)))
            .collect();
    }

    pub(crate) fn index(&self, id: &QueueId) -> Option<QueueIndex> {
        let found = self.queues.binary_search_by(|queue| queue.id.cmp(id));
        found.ok().map(|index| QueueIndex(number(index)))
    }

    pub(crate) fn agent_index(&self, id: &AgentId) -> Option<AgentIndex> {
        let found = self.members.binary_search_by(|member| member.id.cmp(id));
        found.ok().map(|index| AgentIndex(number(index)))
    }

    pub(crate) fn member(&self, agent: AgentIndex) -> &Member {
        &self.members[agent.0 as usize]
    }

    pub(crate) fn shift_mut(&mut self, agent: AgentIndex) -> &mut Shift {
        &mut self.members[agent.0 as usize].shift
    }

    /// Whose calls the agent serves.
    pub(crate) fn pool_of(&self, agent: AgentIndex) -> SwitchIndex {
        self.members[agent.0 as usize].pool
    }

    /// Says which switches reach each other, each with the one that stands for
    /// them; it counts from the next [`Queues::configure`] on.
    pub(crate) fn set_pools(&mut self, pools: &BTreeMap<SwitchId, SwitchId>) {
        self.pools.clone_from(pools);
    }

    fn pool_switches(&mut self) {
        for id in self.pools.clone().into_values() {
            self.switch(&id);
        }
        let stands_for = |id: &SwitchId| self.pools.get(id).unwrap_or(id).clone();
        let pools: Vec<SwitchId> = self.switches.iter().map(stands_for).collect();
        let pool_of: Vec<SwitchIndex> = pools.iter().map(|id| self.switch(id)).collect();
        self.pool_of = pool_of;
        self.pooled = vec![Vec::new(); self.switches.len()];
        for (switch, pool) in self.pool_of.iter().enumerate() {
            self.pooled[pool.0 as usize].push(SwitchIndex(number(switch)));
        }
    }

    /// The switch that stands for this one and all that it reaches.
    pub(crate) fn pool(&mut self, id: &SwitchId) -> SwitchIndex {
        let switch = self.switch(id);
        self.pool_of[switch.0 as usize]
    }

    /// Whether a switch is one of this pool.
    fn is_pooled(&self, id: &SwitchId, pool: SwitchIndex) -> bool {
        let mut switches = self.switches.iter().zip(&self.pool_of);
        switches.any(|(switch, of)| switch == id && *of == pool)
    }

    /// Says whether calls on a switch can be served.
    pub(crate) fn set_reachable(&mut self, id: &SwitchId, reachable: bool) {
        let switch = self.switch(id);
        self.reachable[switch.0 as usize] = reachable;
    }

    /// The number of a switch; one not heard of before gets the next.
    pub(crate) fn switch(&mut self, id: &SwitchId) -> SwitchIndex {
        if let Some(known) = self.switches.iter().position(|known| known == id) {
            return SwitchIndex(number(known));
        }
        let before = self.switches.len();
        let switch = SwitchIndex(number(before));
        let rank = self
            .switch_order
            .partition_point(|index| self.switch_id(*index) < id);
        self.switch_order.insert(rank, switch);
        self.switches.push(id.clone());
        self.reachable.push(true);
        self.pooled.push(Vec::new());
        let pool = self.pools.get(id).filter(|pool| *pool != id).cloned();
        self.pool_of.push(switch);
        let mut lines = std::mem::take(&mut self.lines).into_iter();
        for _ in 0..self.demands.len() {
            self.lines.extend(lines.by_ref().take(before));
            self.lines.push(Line::default());
        }
        let pool = pool.map_or(switch, |pool| self.switch(&pool));
        self.pool_of[before] = pool;
        self.pooled[pool.0 as usize].push(switch);
        switch
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

    /// All demands, the queues' own first.
    pub(crate) fn demands(&self) -> impl Iterator<Item = DemandIndex> + use<> {
        (0..number(self.demands.len())).map(DemandIndex)
    }

    /// What a queue asks for every call at first.
    pub(crate) fn own_demand(&self, queue: QueueIndex) -> DemandIndex {
        DemandIndex(queue.0)
    }

    pub(crate) fn queue_of(&self, demand: DemandIndex) -> QueueIndex {
        self.demands[demand.0 as usize].queue
    }

    pub(crate) fn terms(&self, demand: DemandIndex) -> &Terms {
        &self.demands[demand.0 as usize].terms
    }

    /// A call comes to a queue; [`Queues::wait`] gives it its place.
    pub(crate) fn enter(&mut self, queue: QueueIndex) {
        self.queues[queue.0 as usize].entered();
    }

    /// A call is in a queue no more; [`Queues::set_aside`] took it out of its place.
    pub(crate) fn leave(&mut self, queue: QueueIndex) {
        self.queues[queue.0 as usize].left();
    }

    /// Puts a call to its place.
    pub(crate) fn wait(&mut self, demand: DemandIndex, switch: &SwitchId, place: Place) {
        let switch = self.switch(switch);
        let line = self.position(demand, switch);
        self.lines[line].waiting.insert(place);
    }

    /// Takes a call out of its place.
    pub(crate) fn set_aside(&mut self, demand: DemandIndex, switch: &SwitchId, place: &Place) {
        let switch = self.switch(switch);
        let line = self.position(demand, switch);
        self.lines[line].waiting.remove(place);
    }

    /// Records what the agent is to their queues now.
    pub(crate) fn set_standing(&mut self, agent: AgentIndex, standing: Standing) {
        let member = &self.members[agent.0 as usize];
        let old = std::mem::replace(&mut self.standings[agent.0 as usize], standing);
        if old == standing {
            return;
        }
        let (switches, switch) = (self.switches.len(), member.pool.0 as usize);
        let is_free = is_free(&self.standings);
        for demand in &member.meets {
            let idle = &mut self.lines[demand.0 as usize * switches + switch].idle;
            let tally = &mut self.tallies[demand.0 as usize];
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
        for (demand, lack) in &member.lacks {
            let (old, new) = (old.exclusion(*lack), standing.exclusion(*lack));
            if old != new {
                let excluded = &mut self.tallies[demand.0 as usize].excluded;
                excluded.remove(old);
                excluded.add(new);
            }
        }
    }

    pub(crate) fn is_free(&self, agent: AgentIndex) -> bool {
        matches!(self.standings[agent.0 as usize], Standing::Free { .. })
    }

    /// The demand whose first call is the most urgent of those that this agent
    /// can take now.
    pub(crate) fn most_urgent(&self, agent: AgentIndex) -> Option<DemandIndex> {
        let member = &self.members[agent.0 as usize];
        if !self.is_free(agent) {
            return None;
        }
        let first = |demand: &DemandIndex| Some((*self.first(*demand, member.pool)?, *demand));
        let urgent = member.meets.iter().filter_map(first).min();
        urgent.map(|(_, demand)| demand)
    }

    /// The demand whose first call is the most urgent of those in a pool that
    /// somebody can take now.
    pub(crate) fn most_urgent_in(&self, pool: SwitchIndex) -> Option<DemandIndex> {
        let offered = |demand: DemandIndex| {
            let free = self.eligible(demand, pool) > 0;
            Some((*self.first(demand, pool).filter(|_| free)?, demand))
        };
        let urgent = self.demands().filter_map(offered).min();
        urgent.map(|(_, demand)| demand)
    }

    /// The call in a pool whose turn it is, on a switch that can be reached.
    pub(crate) fn first(&self, demand: DemandIndex, pool: SwitchIndex) -> Option<&Place> {
        let switches = self.pooled[pool.0 as usize].iter();
        let reachable = switches.filter(|switch| self.reachable[switch.0 as usize]);
        let first =
            |switch: &SwitchIndex| self.lines[self.position(demand, *switch)].waiting.first();
        reachable.filter_map(first).min()
    }

    /// Whether agents' seats with this demand's queue are of different levels.
    pub(crate) fn has_levels(&self, demand: DemandIndex) -> bool {
        self.demands[demand.0 as usize].has_levels
    }

    /// How many agents can take a call in a pool now.
    pub(crate) fn eligible(&self, demand: DemandIndex, pool: SwitchIndex) -> u32 {
        self.lines[self.position(demand, pool)].idle.len()
    }

    /// Makes ready for [`Queues::idle`].
    pub(crate) fn tidy(&mut self, demand: DemandIndex, pool: SwitchIndex) {
        let position = self.position(demand, pool);
        self.lines[position].idle.tidy(is_free(&self.standings));
    }

    /// The agents who can take a call in a pool now, longest idle first, when
    /// the order is tidy.
    pub(crate) fn idle(
        &self,
        demand: DemandIndex,
        pool: SwitchIndex,
    ) -> impl Iterator<Item = &Idle> {
        let order = self.lines[self.position(demand, pool)].idle.iter();
        let is_free = is_free(&self.standings);
        order.filter(move |idle| is_free(idle))
    }

    /// Agents excluded by reason, for a call in a pool.
    pub(crate) fn excluded_for(&self, demand: DemandIndex, pool: SwitchIndex) -> Exclusions {
        let tally = &self.tallies[demand.0 as usize];
        let elsewhere = tally.eligible - self.eligible(demand, pool);
        tally.excluded.with(Exclusion::OtherSwitch, elsewhere)
    }

    /// Agents of a queue by why they cannot take its calls, wherever they are,
    /// and how many can.
    pub(crate) fn staff(&self, queue: QueueIndex) -> (u32, Exclusions) {
        let tally = &self.tallies[self.own_demand(queue).0 as usize];
        (tally.eligible, tally.excluded)
    }

    /// The calls that wait by a demand without an offer.
    pub(crate) fn waiting(&self, demand: DemandIndex) -> impl Iterator<Item = &Place> {
        let first = demand.0 as usize * self.switches.len();
        let lines = self.lines.iter().skip(first).take(self.switches.len());
        lines.flat_map(|line| line.waiting.iter())
    }

    fn position(&self, demand: DemandIndex, switch: SwitchIndex) -> usize {
        demand.0 as usize * self.switches.len() + switch.0 as usize
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

fn retain_indexed<T>(items: &mut Vec<T>, stays: impl Fn(usize) -> bool) {
    let mut index = 0;
    items.retain(|_| {
        index += 1;
        stays(index - 1)
    });
}

/// Queues, agents and switches are far fewer than fit into 32 bits.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
mod why;
