//! Why a call still waits, and why an agent gets nothing: what the present
//! state answers, read without changing it.

use crate::engine::Engine;
use crate::engine::call::{Call, CallState, Visit};
use crate::engine::estimate::Estimate;
use crate::engine::explanation::{Exclusion, Exclusions};
use crate::engine::id::{AgentId, CallId, QueueId, SwitchId};
use crate::engine::queues::Standing;
use crate::engine::time::{Span, Timestamp};
use crate::engine::timer::Reason;
use serde::{Deserialize, Serialize};

/// Why a call has no agent at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyWaiting {
    pub call: CallId,
    pub state: CallState,
    /// What stands above all queues in its way, if anything does.
    pub obstacle: Option<CallObstacle>,
    /// The queues it waits in, the one it came to first in front.
    pub queues: Vec<WhyInQueue>,
}

/// What keeps a call from every agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum CallObstacle {
    /// It is in a flow, with an agent, parked or has ended: `state` says which.
    NotWaiting,
    /// These ring for it now.
    Ringing { agents: Vec<AgentId> },
    /// Its switch cannot be reached.
    SwitchDown { switch: SwitchId },
    /// The controller is about to leave and makes no new offers.
    Draining,
}

/// Why a call has no agent from one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyInQueue {
    pub queue: QueueId,
    pub because: QueueObstacle,
    pub priority: i32,
    pub waited: Span,
    /// Calls of the queue whose turn comes before, whatever agents they want.
    pub ahead: usize,
    /// Which of the queue's steps it has come to; 0 before the first.
    pub step: usize,
    /// When the next one begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<Timestamp>,
    /// When it will have waited too long, and goes elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overflows: Option<Timestamp>,
    /// The agents it waits for alone, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sought: Option<Sought>,
    /// Agents who may take it, by why they cannot now.
    pub suited: Exclusions,
    /// Agents who may take it and could now.
    pub free: u32,
    /// Agents of the queue who may not take it, by what they lack.
    pub unsuited: Exclusions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sought {
    pub agents: Vec<AgentId>,
    pub until: Option<Timestamp>,
}

/// The one reason that counts most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueObstacle {
    /// No agent has a seat there.
    NobodyServes,
    /// Nobody with a seat there has what the call asks for.
    NobodySuited,
    /// All who may take it are signed out.
    NobodySignedIn,
    /// All who may take it and are signed in are not ready.
    NobodyReady,
    /// It waits for certain agents alone.
    SoughtBusy,
    /// All who may take it have a call or its wrap-up, ring, or rest.
    EverybodyBusy,
    /// Somebody is free, and it is another call's turn.
    OthersFirst,
}

/// Why an agent gets no call at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyIdle {
    pub agent: AgentId,
    /// The word of the agent's state.
    pub state: String,
    pub because: AgentObstacle,
    /// When the rest after a missed offer, or the wrap-up, ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    pub idle: Span,
    /// The queues the agent serves.
    pub queues: Vec<WhyFromQueue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum AgentObstacle {
    /// The agent can take no call at all.
    Unavailable { reason: Exclusion },
    /// The agent serves no queue.
    NoQueue,
    /// No call waits in the agent's queues.
    NothingWaits,
    /// Calls wait, and the agent may take none of them.
    NoneSuited,
    /// The controller is about to leave and makes no new offers.
    Draining,
    /// A call that the agent may take waits: its offer is a matter of the moment.
    Soon,
}

/// What of one queue an agent can take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyFromQueue {
    pub queue: QueueId,
    /// The level of the agent's seat.
    pub level: u8,
    /// Calls that wait there without an offer and that the agent may take.
    pub suited: u32,
    /// Those that the agent may not, by what the agent lacks.
    pub unsuited: Exclusions,
    /// Others who are free for this queue, idle for longer.
    pub idle_longer: u32,
}

impl Engine {
    /// Why a call has no agent yet at this time; none when there is no such
    /// call. Looks at every agent once.
    pub fn why_waiting(&self, call: CallId, at: Timestamp) -> Option<WhyWaiting> {
        let known = self.calls.get(&call)?;
        let visits = known.visits.iter();
        Some(WhyWaiting {
            call,
            state: known.state,
            obstacle: self.obstacle_of(known),
            queues: visits
                .map(|visit| self.why_in_queue(call, known, visit, at))
                .collect(),
        })
    }

    fn obstacle_of(&self, known: &Call) -> Option<CallObstacle> {
        let switch = &known.caller.id.switch;
        let agents: Vec<AgentId> = known
            .open_offers()
            .map(|(_, agent)| agent.clone())
            .collect();
        match known.state {
            CallState::Waiting if self.draining => Some(CallObstacle::Draining),
            CallState::Waiting if self.links.get(switch) != Some(&true) => {
                Some(CallObstacle::SwitchDown {
                    switch: switch.clone(),
                })
            }
            CallState::Waiting => None,
            CallState::Offered => Some(CallObstacle::Ringing { agents }),
            _ => Some(CallObstacle::NotWaiting),
        }
    }

    fn why_in_queue(&self, call: CallId, known: &Call, visit: &Visit, at: Timestamp) -> WhyInQueue {
        let queue = visit.queue();
        let switch = &known.caller.id.switch;
        let staff = self.queues.staff_for(&visit.terms, switch);
        let due = |reason| self.timers.get(&reason);
        let only = &visit.terms.only;
        let sought = (!only.is_empty()).then(|| Sought {
            agents: only.iter().cloned().collect(),
            until: due(Reason::SearchEnds(call, queue.clone())),
        });
        WhyInQueue {
            because: staff.obstacle(sought.is_some()),
            priority: visit.place.priority(),
            waited: at.since(visit.place.entered),
            ahead: self.estimator.ahead(queue, &visit.place),
            step: visit.steps_done,
            next_step: due(Reason::StepDue(call, queue.clone())),
            overflows: due(Reason::OverflowDue(call, queue.clone())),
            sought,
            suited: staff.suited,
            free: staff.free,
            unsuited: staff.unsuited,
            estimate: self.estimate(call).filter(|_| known.visits.len() == 1),
            queue: queue.clone(),
        }
    }

    /// Why an agent gets no call at this time; none when there is no such agent.
    /// Looks at every agent and every line of waiting calls once.
    pub fn why_idle(&self, agent: &AgentId, at: Timestamp) -> Option<WhyIdle> {
        let known = self.agents.get(agent)?;
        let index = self.queues.agent_index(agent)?;
        let seats = known.settings.queues.iter();
        let queues: Vec<WhyFromQueue> = seats
            .filter_map(|seat| self.queues.offers_of(index, &seat.queue))
            .collect();
        let unavailable = match self.queues.standing(index) {
            Standing::Excluded(reason) => Some(reason),
            Standing::Free { .. } => None,
        };
        let due = |reason| self.timers.get(&reason);
        Some(WhyIdle {
            agent: agent.clone(),
            state: known.state.word().to_owned(),
            because: match unavailable {
                Some(reason) => AgentObstacle::Unavailable { reason },
                None => self.nothing_for(&queues),
            },
            until: due(Reason::WrapUpEnds(agent.clone()))
                .or_else(|| due(Reason::RestEnds(agent.clone()))),
            idle: at.since(known.idle_since),
            queues,
        })
    }

    /// What keeps calls from an agent who is free.
    fn nothing_for(&self, queues: &[WhyFromQueue]) -> AgentObstacle {
        let waits = |queue: &WhyFromQueue| queue.suited > 0 || !queue.unsuited.is_empty();
        match queues {
            [] => AgentObstacle::NoQueue,
            _ if !queues.iter().any(waits) => AgentObstacle::NothingWaits,
            _ if queues.iter().all(|queue| queue.suited == 0) => AgentObstacle::NoneSuited,
            _ if self.draining => AgentObstacle::Draining,
            _ => AgentObstacle::Soon,
        }
    }
}

/// The agents of a queue, as one call sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Staff {
    pub(crate) free: u32,
    pub(crate) suited: Exclusions,
    pub(crate) unsuited: Exclusions,
}

impl Staff {
    fn obstacle(&self, is_sought: bool) -> QueueObstacle {
        let suited: u32 = self.suited.iter().map(|(_, count)| count).sum();
        let signed_in = suited - self.suited.count(Exclusion::SignedOut);
        let ready = signed_in - self.suited.count(Exclusion::NotReady);
        match (self.free, suited) {
            (1.., _) => QueueObstacle::OthersFirst,
            (0, 0) if self.unsuited.is_empty() => QueueObstacle::NobodyServes,
            (0, 0) => QueueObstacle::NobodySuited,
            _ if is_sought => QueueObstacle::SoughtBusy,
            _ if signed_in == 0 => QueueObstacle::NobodySignedIn,
            _ if ready == 0 => QueueObstacle::NobodyReady,
            _ => QueueObstacle::EverybodyBusy,
        }
    }
}
