//! Counts what became of a day's calls and agents, from what was recorded or
//! from what the engine says now.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::command::Command;
use crate::engine::fact::{Fact, OfferOutcome, QueueExit};
use crate::engine::id::{AgentId, CallId, QueueId};
use crate::engine::time::{Span, Timestamp};
use crate::simulation::what_if::player::Watch;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

#[derive(Debug, Default)]
pub(super) struct Tally {
    queues: BTreeMap<QueueId, QueueTally>,
    waiting: HashMap<CallId, Timestamp>,
    calls: u64,
    offers: u64,
    missed: u64,
    agents: HashMap<AgentId, (AgentState, Timestamp)>,
    /// Agents' time with calls (ring, talk, wrap-up), and ready without.
    busy_ms: u64,
    ready_ms: u64,
}

#[derive(Clone, Debug, Default)]
struct QueueTally {
    entered: u64,
    /// Waits of those who were answered, and of those who left, in milliseconds.
    answered: Vec<u64>,
    abandoned: Vec<u64>,
    failed: u64,
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Course {
    pub calls: u64,
    pub total: Figures,
    pub queues: BTreeMap<String, Figures>,
    pub offers: u64,
    /// Offers that nobody answered, or that were refused.
    pub offers_missed: u64,
    /// Agents' time with calls (ring, talk and wrap-up), of their time ready or
    /// with calls, in percent.
    pub occupancy_percent: f64,
}

/// One queue, or all of them. A call that went through several queues counts in each.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    pub entered: u64,
    pub answered: u64,
    pub abandoned: u64,
    /// Left by neither: with the flow, or overflowed.
    pub otherwise: u64,
    /// Of those who entered, answered in time, in percent.
    pub service_level_percent: f64,
    /// Waits of those who were answered.
    pub wait_mean_ms: u64,
    pub wait_p50_ms: u64,
    pub wait_p90_ms: u64,
    pub wait_p99_ms: u64,
    pub wait_max_ms: u64,
}

impl Watch for Tally {
    fn step(&mut self, at: Timestamp, _: &Engine, commands: &[Command]) {
        for command in commands {
            if let Command::Note(fact) = command {
                self.note(at, fact);
            }
        }
    }
}

impl Tally {
    fn note(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::CallStarted { .. } => self.called(),
            Fact::QueueEntered { call, queue, .. } => self.entered(*call, queue, at),
            Fact::QueueLeft {
                call,
                queue,
                reason,
            } => self.left(*call, queue, *reason, at),
            Fact::OfferEnded { outcome, .. } => self.offer_ended(*outcome),
            Fact::AgentMoved { agent, state, .. } => self.agent_moved(agent, state, at),
            _ => {}
        }
    }

    pub(super) fn called(&mut self) {
        self.calls += 1;
    }

    pub(super) fn entered(&mut self, call: CallId, queue: &QueueId, at: Timestamp) {
        self.waiting.insert(call, at);
        self.queues.entry(queue.clone()).or_default().entered += 1;
    }

    pub(super) fn left(&mut self, call: CallId, queue: &QueueId, reason: QueueExit, at: Timestamp) {
        let Some(entered) = self.waiting.remove(&call) else {
            return;
        };
        let waited = at.since(entered).as_millis();
        let tally = self.queues.entry(queue.clone()).or_default();
        match reason {
            QueueExit::Answered => tally.answered.push(waited),
            QueueExit::Abandoned => tally.abandoned.push(waited),
            _ => tally.failed += 1,
        }
    }

    pub(super) fn offer_ended(&mut self, outcome: OfferOutcome) {
        self.offers += 1;
        let is_missed = !matches!(
            outcome,
            OfferOutcome::Accepted
                | OfferOutcome::CallerLeft
                | OfferOutcome::Withdrawn
                | OfferOutcome::AnsweredElsewhere
        );
        self.missed += u64::from(is_missed);
    }

    pub(super) fn agent_moved(&mut self, agent: &AgentId, state: &AgentState, at: Timestamp) {
        match self.agents.get_mut(agent) {
            Some(known) => {
                let (before, since) = std::mem::replace(known, (state.clone(), at));
                self.spend(&before, at.since(since));
            }
            None => {
                self.agents.insert(agent.clone(), (state.clone(), at));
            }
        }
    }

    fn spend(&mut self, state: &AgentState, span: Span) {
        match state {
            AgentState::Ready => self.ready_ms += span.as_millis(),
            AgentState::Offered
            | AgentState::OnCall
            | AgentState::Hold
            | AgentState::Consult
            | AgentState::WrapUp => {
                self.busy_ms += span.as_millis();
            }
            _ => {}
        }
    }

    /// What came out by `end`; a call answered `within` was answered in time.
    pub(super) fn course(mut self, end: Timestamp, within: Span) -> Course {
        let agents = std::mem::take(&mut self.agents);
        let mut last: Vec<_> = agents.into_values().collect();
        last.sort_unstable_by_key(|(_, since)| *since);
        for (state, since) in last {
            self.spend(&state, end.since(since));
        }
        let mut total = QueueTally::default();
        let mut queues = BTreeMap::new();
        for (id, tally) in self.queues {
            total.entered += tally.entered;
            total.failed += tally.failed;
            total.answered.extend(&tally.answered);
            total.abandoned.extend(&tally.abandoned);
            queues.insert(id.to_string(), tally.figures(within));
        }
        Course {
            calls: self.calls,
            total: total.figures(within),
            queues,
            offers: self.offers,
            offers_missed: self.missed,
            occupancy_percent: percent(self.busy_ms, self.busy_ms + self.ready_ms),
        }
    }
}

impl QueueTally {
    fn figures(mut self, within: Span) -> Figures {
        self.answered.sort_unstable();
        let waits = &self.answered;
        let in_time = waits.partition_point(|wait| *wait <= within.as_millis());
        let at = |hundredths: usize| {
            let last = waits.len().saturating_sub(1);
            waits.get(last * hundredths / 100).copied().unwrap_or(0)
        };
        let count = waits.len() as u64;
        Figures {
            entered: self.entered,
            answered: count,
            abandoned: self.abandoned.len() as u64,
            otherwise: self.failed,
            service_level_percent: percent(in_time as u64, self.entered),
            wait_mean_ms: waits.iter().sum::<u64>().checked_div(count).unwrap_or(0),
            wait_p50_ms: at(50),
            wait_p90_ms: at(90),
            wait_p99_ms: at(99),
            wait_max_ms: at(100),
        }
    }
}

/// With one decimal; zero of nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "calls and milliseconds of a day are far below 2^52"
)]
fn percent(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        _ => (part as f64 * 1_000.0 / whole as f64).round() / 10.0,
    }
}
