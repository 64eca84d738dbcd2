//! The planner: who is offered the call whose turn it is, and why.

use crate::engine::centre::{Level, Strategy};
use crate::engine::explanation::{Candidate, Explanation, NEAREST_KEPT, Trigger};
use crate::engine::id::CallId;
use crate::engine::idle_order::Idle;
use crate::engine::queues::{AgentIndex, DemandIndex, Queues, SwitchIndex};
use crate::engine::time::Timestamp;
use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

/// What is to be done: this call is offered to these agents, the one that the
/// explanation names as chosen first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) call: CallId,
    pub(crate) agents: Vec<AgentIndex>,
    pub(crate) explanation: Explanation,
}

/// What candidates are compared by: the smallest is chosen. The level of the
/// seat, the strategy's measure, the position, and then who is idle longer.
type Rank = (u8, u64, u16, Idle);

/// Chooses the agent for the first call of a demand on a switch; no plan when no
/// call waits or nobody can take it.
pub(crate) fn plan(
    queues: &mut Queues,
    demand: DemandIndex,
    switch: SwitchIndex,
    now: Timestamp,
    trigger: Trigger,
    generator: &mut Pcg64,
) -> Option<Plan> {
    let place = *queues.first(demand, switch)?;
    queues.tidy(demand, switch);
    let queues = &*queues;
    let strategy = queues.queue(queues.queue_of(demand)).settings.strategy;
    let ranked = ranked(queues, demand, switch, now, strategy, generator);
    let candidate = |(level, measure, _, (idle_since, agent)): &Rank| Candidate {
        agent: queues.member(*agent).id.clone(),
        idle: now.since(*idle_since),
        level: Some(*level).filter(|level| *level > 1),
        measure: match strategy {
            Strategy::LongestIdle
            | Strategy::InOrder
            | Strategy::Random
            | Strategy::RingAll
            | Strategy::Progressive => None,
            Strategy::RoundRobin => since(now, *measure),
            _ => Some(*measure),
        },
    };
    let (first, nearest) = ranked.split_first()?;
    let explanation = Explanation {
        trigger,
        strategy,
        step: queues.terms(demand).step,
        waited: now.since(place.entered),
        chosen: candidate(first),
        rung: 0,
        beside: 0,
        eligible: queues.eligible(demand, switch),
        nearest: nearest.iter().map(candidate).collect(),
        excluded: queues.excluded_for(demand, switch),
    };
    Some(Plan {
        call: place.call,
        agents: match strategy {
            Strategy::RingAll => everybody(queues, demand, switch, first.3.1),
            _ => vec![first.3.1],
        },
        explanation,
    })
}

/// Everybody who can take the call, the chosen first and then longest idle first.
fn everybody(
    queues: &Queues,
    demand: DemandIndex,
    switch: SwitchIndex,
    chosen: AgentIndex,
) -> Vec<AgentIndex> {
    let idle = queues.idle(demand, switch).map(|(_, agent)| *agent);
    let others = idle.filter(|agent| *agent != chosen);
    std::iter::once(chosen).chain(others).collect()
}

/// How long ago a round-robin measure was, in milliseconds; none if never.
fn since(now: Timestamp, offered: u64) -> Option<u64> {
    let offered = i64::try_from(offered).ok().filter(|at| *at > 0)?;
    Some(now.since(Timestamp::from_millis(offered)).as_millis())
}

/// The best candidates, in order: the chosen one and those kept beside it.
fn ranked(
    queues: &Queues,
    demand: DemandIndex,
    switch: SwitchIndex,
    now: Timestamp,
    strategy: Strategy,
    generator: &mut Pcg64,
) -> Vec<Rank> {
    let idle = queues.idle(demand, switch);
    let by_idleness = matches!(
        strategy,
        Strategy::LongestIdle | Strategy::RingAll | Strategy::Progressive
    );
    if by_idleness && !queues.has_levels(demand) {
        let plain = |idle: &Idle| (1, 0, 1, *idle);
        return idle.take(1 + NEAREST_KEPT).map(plain).collect();
    }
    let mut best: Vec<Rank> = Vec::with_capacity(2 + NEAREST_KEPT);
    for idle in idle {
        let rank = rank(queues, demand, idle, now, strategy, generator);
        let nth = best.partition_point(|other| *other < rank);
        if nth <= NEAREST_KEPT {
            best.truncate(NEAREST_KEPT);
            best.insert(nth, rank);
        }
    }
    best
}

fn rank(
    queues: &Queues,
    demand: DemandIndex,
    idle: &Idle,
    now: Timestamp,
    strategy: Strategy,
    generator: &mut Pcg64,
) -> Rank {
    let queue = queues.queue(queues.queue_of(demand));
    let member = queues.member(idle.1);
    let asked = queue.settings.asked(queues.terms(demand).step);
    let level = asked.level(&queue.id, &member.settings).unwrap_or(u8::MAX);
    // One who helps out from another queue comes after those with a seat.
    let position = member
        .seat(&queue.id)
        .map_or(u16::MAX, |seat| seat.position);
    let served = member.shift.served(&queue.id);
    let calls = u64::from(served.calls);
    let (measure, position) = match strategy {
        Strategy::LongestIdle | Strategy::RingAll | Strategy::Progressive => (0, 0),
        Strategy::RoundRobin => {
            let offered = served.offered.map_or(0, Timestamp::as_millis);
            (u64::try_from(offered).unwrap_or(0), position)
        }
        Strategy::InOrder => (0, position),
        Strategy::FewestCalls => (calls, 0),
        Strategy::LeastTalkTime => (member.shift.talk().as_millis(), 0),
        Strategy::LeastOccupied => (member.shift.occupancy(now), 0),
        Strategy::BestSkill => {
            let level = |skill| {
                member
                    .settings
                    .skills
                    .get(skill)
                    .copied()
                    .map_or(0, Level::get)
            };
            let sum: u64 = asked.requires.keys().map(level).map(u64::from).sum();
            let most = u64::try_from(asked.requires.len()).unwrap_or(0) * 9;
            (most.saturating_sub(sum), 0)
        }
        Strategy::Random => (generator.next_u64(), 0),
        Strategy::WeightedShare => {
            let weight = member.seat(&queue.id).map_or(1, |seat| seat.weight.get());
            (calls * 1_000_000 / u64::from(weight), 0)
        }
    };
    (level, measure, position, *idle)
}
