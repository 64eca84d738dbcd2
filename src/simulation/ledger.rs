//! What the facts say, kept apart from the engine that told them, and whether
//! they can all be true. It is part of what a crash takes back: the facts that
//! were not durable yet never happened.

mod callbacks;
mod compare;

use crate::engine::agent::AgentState;
use crate::engine::call::CallState;
use crate::engine::centre::Centre;
use crate::engine::fact::{EndedBy, Fact, OfferOutcome, QueueExit};
use crate::engine::id::{
    AgentId, BlockId, CallId, CommandId, FlowId, LegId, OfferId, QueueId, SwitchId,
};
use crate::engine::ivr::flow::Block;
use crate::engine::leg::LegRole;
use crate::engine::time::{Span, Timestamp};
use crate::engine::wishes::AgentSet;
use crate::simulation::parties::Parties;
use crate::simulation::place::{Place, Places, Rank, check_place, places_of, serves};
use crate::simulation::policy::{ends_the_call, rest_after, rings_several};
use crate::simulation::promises::Promises;
use crate::simulation::violation::Violation;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
struct LiveCall {
    began: Timestamp,
    state: CallState,
    caller: LegId,
    dialled: String,
    /// What its caller's list adds to the priority of queues.
    priority: i32,
    /// Agents whom it must not reach.
    never: AgentSet,
    /// In each of its queues.
    places: Vec<Place>,
    /// An overflow of its queue ends it.
    turned_away: bool,
    /// Who is rung for it or being connected.
    offers: BTreeMap<OfferId, AgentId>,
    /// Who talks with the caller.
    agent: Option<AgentId>,
    offered: u32,
    block: Option<(FlowId, BlockId)>,
    /// Its caller's leg is a standing one, and lives on.
    kept: bool,
}

/// An open offer.
#[derive(Clone, Debug)]
struct Offered {
    call: CallId,
    agent: AgentId,
    queue: Option<QueueId>,
}

#[derive(Clone, Debug)]
struct KnownAgent {
    state: AgentState,
    call: Option<CallId>,
    /// Left alone until then after a missed offer.
    rests_until: Option<Timestamp>,
    /// Wraps up until then, unless they ask for something.
    wraps_up_until: Option<Timestamp>,
}

/// One queue's calls so far.
#[derive(Clone, Debug, Default)]
pub struct QueueSums {
    pub entered: u64,
    pub answered: u64,
    pub abandoned: u64,
    pub failed: u64,
    /// Answered by an agent of another queue that the call waited in too, or
    /// gone to another by an overflow.
    pub elsewhere: u64,
    /// How long each answered call waited.
    pub waits: Vec<Span>,
}

/// All facts so far, summed up.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    pub started: u64,
    pub ended: u64,
    pub offers: u64,
    pub offers_ended: BTreeMap<&'static str, u64>,
    pub queues: BTreeMap<QueueId, QueueSums>,
    pub adopted: u64,
    pub closed: u64,
    pub commands_failed: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Ledger {
    calls: BTreeMap<CallId, LiveCall>,
    /// Callers' legs.
    legs: BTreeMap<LegId, CallId>,
    starting: Option<(CallId, String)>,
    offers: BTreeMap<OfferId, Offered>,
    agents: BTreeMap<AgentId, KnownAgent>,
    /// By queue, step and switch.
    waiting: BTreeMap<(QueueId, usize, SwitchId), BTreeSet<(Rank, CallId)>>,
    /// The offer decided about last. One that is told without was made by a run
    /// before, and found ringing.
    decided: Option<OfferId>,
    /// The agents that calls wait for alone in a queue.
    sought: BTreeMap<(CallId, QueueId), AgentSet>,
    /// Legs, and who takes part beside caller and serving agent.
    pub(super) parties: Parties,
    pub(super) promises: Promises,
    pub sums: Sums,
}

/// What is needed to judge a fact besides the facts before it.
pub struct Circumstances<'a> {
    pub centre: &'a Centre,
    /// The engine's time.
    pub at: Timestamp,
    /// The place each call was given first in a queue, in any run.
    pub places: &'a mut Places,
    /// Whether something was made to fail for the call.
    pub harmed: &'a dyn Fn(CallId) -> bool,
    /// Whether a leg lives on its switch.
    pub alive: &'a dyn Fn(&LegId) -> bool,
    /// Whether the engine ordered the leg to end.
    pub ordered: &'a dyn Fn(&LegId) -> bool,
    /// Whether a finished recording lies on a switch.
    pub taped: &'a dyn Fn(CommandId) -> bool,
}

impl Ledger {
    pub fn live(&self) -> usize {
        self.calls.len()
    }

    /// The live call on a caller's leg.
    pub fn call_on(&self, leg: &LegId) -> Option<CallId> {
        self.legs.get(leg).copied()
    }

    /// When a call was taken on.
    pub fn began(&self, call: CallId) -> Option<Timestamp> {
        Some(self.calls.get(&call)?.began)
    }

    /// Where a call stands.
    pub fn place_of(&self, call: CallId, queue: &QueueId) -> Option<&Place> {
        let mut places = self.calls.get(&call)?.places.iter();
        places.find(|place| place.queue == *queue)
    }

    /// An agent asked for something, which may cut wrap-up and rest short.
    pub fn asked(&mut self, agent: &AgentId) {
        if let Some(known) = self.agents.get_mut(agent) {
            known.wraps_up_until = None;
            known.rests_until = None;
        }
    }

    /// Takes in one more fact.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn apply(
        &mut self,
        fact: &Fact,
        circumstances: &mut Circumstances<'_>,
    ) -> Result<(), Violation> {
        let at = circumstances.at;
        self.callback_told(fact, circumstances)?;
        self.parties.apply(fact)?;
        self.promises.apply(fact, circumstances)?;
        self.callback_lines_up(fact, circumstances)?;
        match fact {
            Fact::CallStarted { call, dialled, .. } => {
                if self.calls.contains_key(call) {
                    return Err(Violation::BeganTwice { call: *call });
                }
                self.sums.started += 1;
                self.starting = Some((*call, dialled.to_string()));
            }
            Fact::WrapUpExtended { agent, until, .. } => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.wraps_up_until = Some(*until);
                }
            }
            Fact::LegStarted {
                call,
                leg,
                role: LegRole::Caller,
                ..
            } => self.caller_came(at, *call, leg)?,
            Fact::CallMoved { call, state } => self.moved(*call, *state)?,
            Fact::Recognised { call, recognition } => {
                self.call(*call, "its caller was recognised")?.priority = recognition.priority;
            }
            Fact::Wished { call, wishes } => {
                self.call(*call, "it had wishes")?.never = wishes.never.clone();
            }
            Fact::CallerBlocked { call, flow, .. } => {
                self.call(*call, "its caller was blocked")?.turned_away = flow.is_none();
            }
            Fact::BlockEntered { call, flow, block } => {
                let block = (flow.clone(), block.clone());
                self.call(*call, "it entered a block")?.block = Some(block);
            }
            Fact::CallEnded {
                call,
                cause,
                ended_by,
            } => {
                let known = self.ended(*call)?;
                if (circumstances.alive)(&known.caller) && !known.kept {
                    let (call, leg) = (*call, known.caller);
                    return Err(Violation::EndedAlive { call, leg });
                }
                let lost = *ended_by == EndedBy::System
                    && (circumstances.ordered)(&known.caller)
                    && !known.turned_away
                    && !is_meant(&known, circumstances.centre)
                    && !(circumstances.harmed)(*call);
                if lost {
                    return Err(Violation::CallLost {
                        call: *call,
                        cause: cause.to_string(),
                    });
                }
            }
            Fact::QueueEntered {
                call,
                queue,
                priority,
                entered,
            } => {
                let place = Place {
                    queue: queue.clone(),
                    priority: *priority,
                    entered: *entered,
                    step: 0,
                    worth: circumstances.centre.routing.priority_worth,
                    served: false,
                };
                let own = self.call(*call, "it entered a queue")?.priority;
                check_place(*call, &place, own, circumstances)?;
                self.entered(*call, place)?;
            }
            Fact::QueueLeft {
                call,
                queue,
                reason,
            } => {
                self.left(at, *call, queue, *reason)?;
                let served = matches!(
                    reason,
                    QueueExit::Answered | QueueExit::AnsweredElsewhere | QueueExit::Moved
                );
                for (_, place) in places_of(circumstances.places, *call).filter(|_| served) {
                    place.served = true;
                }
            }
            Fact::StepReached {
                call,
                queue,
                step,
                priority,
            } => self.step_reached(*call, queue, *step, *priority)?,
            Fact::Overflowed { call, to, .. } => {
                let known = self.call(*call, "it overflowed")?;
                known.turned_away = ends_the_call(to);
            }
            Fact::AgentSought {
                call,
                queue,
                agents,
                ..
            } => {
                let key = (*call, queue.clone());
                match agents.is_empty() {
                    false => self.sought.insert(key, agents.clone()),
                    true => self.sought.remove(&key),
                };
            }
            Fact::Decided { offer, .. } => self.decided = Some(*offer),
            Fact::Offered {
                offer,
                call,
                agent,
                queue,
                ..
            } => self.offered(*offer, *call, agent, queue.as_ref(), circumstances)?,
            Fact::OfferEnded {
                offer,
                call,
                agent,
                outcome,
            } => self.offer_ended(*offer, *call, agent, *outcome, circumstances)?,
            Fact::AgentMoved {
                agent,
                state,
                call,
                until,
                ..
            } => self.agent_moved(at, agent, state, *call, *until)?,
            Fact::Reconciled {
                adopted, closed, ..
            } => {
                self.sums.adopted += u64::from(*adopted);
                self.sums.closed += u64::from(*closed);
            }
            Fact::HandedOver { call, agent, .. } => {
                self.call(*call, "it was handed over")?.agent = Some(agent.clone());
            }
            Fact::DialsOn { call, leg } => {
                let known = self.call(*call, "it is dialled from")?;
                let own = std::mem::replace(&mut known.caller, leg.clone());
                self.legs.remove(&own);
                self.legs.insert(leg.clone(), *call);
            }
            Fact::DialledOut { call, dialler } => {
                self.asked(&dialler.agent);
                // It ends when the number is not reached.
                self.call(*call, "it was dialled")?.turned_away = true;
            }
            Fact::PartyAdded { who, .. } => {
                if let Some(agent) = who.agent() {
                    self.asked(agent);
                }
            }
            Fact::LegKept { call, leg } => {
                if let Some(known) = self.calls.get_mut(call)
                    && known.caller == *leg
                {
                    known.kept = true;
                    self.legs.remove(leg);
                }
            }
            Fact::DialAnswered {
                call,
                caller,
                agent,
                ..
            } => {
                let known = self.call(*call, "it was answered")?;
                known.agent = Some(agent.clone());
                known.turned_away = false;
                let own = std::mem::replace(&mut known.caller, caller.clone());
                self.legs.remove(&own);
                self.legs.insert(caller.clone(), *call);
            }
            Fact::CommandFailed { .. } => self.sums.commands_failed += 1,
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self, call: CallId, what: &'static str) -> Result<&mut LiveCall, Violation> {
        self.calls
            .get_mut(&call)
            .ok_or(Violation::DeadCall { call, what })
    }

    fn caller_came(&mut self, at: Timestamp, call: CallId, leg: &LegId) -> Result<(), Violation> {
        let Some((_, dialled)) = self.starting.take_if(|(starting, _)| *starting == call) else {
            let what = "a caller's leg";
            return Err(Violation::DeadCall { call, what });
        };
        if let Some(known) = self.legs.insert(leg.clone(), call) {
            let leg = leg.clone();
            return Err(Violation::TakenForNew { leg, known, call });
        }
        self.calls.insert(
            call,
            LiveCall {
                priority: 0,
                never: AgentSet::default(),
                began: at,
                state: CallState::Arrived,
                caller: leg.clone(),
                dialled,
                places: Vec::new(),
                turned_away: false,
                offers: BTreeMap::new(),
                agent: None,
                offered: 0,
                block: None,
                kept: false,
            },
        );
        Ok(())
    }

    fn moved(&mut self, call: CallId, state: CallState) -> Result<(), Violation> {
        let known = self.call(call, "it moved")?;
        known.state = state;
        if !matches!(state, CallState::Connected | CallState::Ended) {
            known.agent = None;
        }
        if state == CallState::Waiting {
            self.wait(call);
        }
        Ok(())
    }

    fn ended(&mut self, call: CallId) -> Result<LiveCall, Violation> {
        let Some(known) = self.calls.remove(&call) else {
            let what = "it ended";
            return Err(Violation::DeadCall { call, what });
        };
        self.sums.ended += 1;
        if self.legs.get(&known.caller) == Some(&call) {
            self.legs.remove(&known.caller);
        }
        if let Some(place) = known.places.first() {
            let queue = place.queue.clone();
            return Err(Violation::EndedInQueue { call, queue });
        }
        if let Some(offer) = known.offers.keys().next().copied() {
            return Err(Violation::EndedWhileOffered { call, offer });
        }
        Ok(known)
    }

    fn line(&mut self, place: &Place, switch: &SwitchId) -> &mut BTreeSet<(Rank, CallId)> {
        self.waiting
            .entry((place.queue.clone(), place.step, switch.clone()))
            .or_default()
    }

    /// Puts a call that stands in queues without an offer into their order.
    fn wait(&mut self, call: CallId) {
        let Some(known) = self.calls.get(&call).filter(|call| call.offers.is_empty()) else {
            return;
        };
        let switch = known.caller.switch.clone();
        for place in known.places.clone() {
            self.line(&place, &switch).insert((place.rank(), call));
        }
    }

    fn step_aside(&mut self, call: CallId) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let switch = known.caller.switch.clone();
        for place in known.places.clone() {
            self.line(&place, &switch).remove(&(place.rank(), call));
        }
    }

    fn step_reached(
        &mut self,
        call: CallId,
        queue: &QueueId,
        step: usize,
        priority: i32,
    ) -> Result<(), Violation> {
        self.step_aside(call);
        let known = self.call(call, "it came to a step of a queue")?;
        let mut places = known.places.iter_mut();
        let Some(place) = places.find(|place| place.queue == *queue) else {
            let what = "it came to a step of a queue that it is not in";
            return Err(Violation::DeadCall { call, what });
        };
        place.step = step;
        place.priority = priority;
        self.wait(call);
        Ok(())
    }

    fn entered(&mut self, call: CallId, place: Place) -> Result<(), Violation> {
        let known = self.call(call, "it entered a queue")?;
        if known.places.iter().any(|other| other.queue == place.queue) {
            let queue = place.queue;
            return Err(Violation::InQueueTwice { call, queue });
        }
        known.places.push(place.clone());
        let sums = self.sums.queues.entry(place.queue).or_default();
        sums.entered += 1;
        self.wait(call);
        Ok(())
    }

    fn left(
        &mut self,
        at: Timestamp,
        call: CallId,
        queue: &QueueId,
        reason: QueueExit,
    ) -> Result<(), Violation> {
        self.step_aside(call);
        let known = self.call(call, "it left a queue")?;
        let nth = known.places.iter().position(|place| place.queue == *queue);
        let Some(place) = nth.map(|nth| known.places.remove(nth)) else {
            let queue = queue.clone();
            return Err(Violation::LeftWithoutEntering { call, queue });
        };
        self.sought.remove(&(call, queue.clone()));
        let sums = self.sums.queues.entry(queue.clone()).or_default();
        match reason {
            QueueExit::Answered => {
                sums.answered += 1;
                sums.waits.push(at.since(place.entered));
            }
            QueueExit::Abandoned => sums.abandoned += 1,
            QueueExit::Failed | QueueExit::Moved => sums.failed += 1,
            QueueExit::AnsweredElsewhere | QueueExit::Overflowed | QueueExit::CalledBack => {
                sums.elsewhere += 1
            }
        }
        Ok(())
    }

    fn offered(
        &mut self,
        offer: OfferId,
        call: CallId,
        agent: &AgentId,
        queue: Option<&QueueId>,
        circumstances: &Circumstances<'_>,
    ) -> Result<(), Violation> {
        self.sums.offers += 1;
        self.step_aside(call);
        let what = "it was offered";
        let Some(known) = self.calls.get_mut(&call) else {
            return Err(Violation::DeadCall { call, what });
        };
        let open = known.offers.iter().filter(|(other, _)| {
            let queue = self.offers.get(*other).and_then(|open| open.queue.as_ref());
            !rings_several(circumstances.centre, queue)
        });
        let alone = !rings_several(circumstances.centre, queue);
        let holder = open.map(|(_, agent)| agent).find(|_| alone);
        if let Some(other) = holder.or(known.agent.as_ref()) {
            let (agent, other) = (agent.clone(), other.clone());
            return Err(Violation::CallOfferedTwice { call, agent, other });
        }
        known.offers.insert(offer, agent.clone());
        known.offered += 1;
        let (places, switch) = (known.places.clone(), known.caller.switch.clone());
        self.check_agent(call, agent, &places, circumstances)?;
        if let Some(rested) = self.agents.get_mut(agent) {
            // Over, though the next run's clock may show an earlier time again.
            rested.rests_until = None;
        }
        let open = Offered {
            call,
            agent: agent.clone(),
            queue: queue.cloned(),
        };
        self.offers.insert(offer, open);
        let centre = circumstances.centre;
        let mut from = places.iter().filter(|place| Some(&place.queue) == queue);
        let is_found = self.decided.take() != Some(offer);
        match from.next() {
            Some(_) if is_found => Ok(()),
            Some(place) => self.check_order(call, agent, place, &switch, centre),
            None if places.is_empty() => {
                let what = "it was offered outside every queue";
                Err(Violation::DeadCall { call, what })
            }
            None => {
                let what = "it was offered from a queue that it is not in";
                Err(Violation::DeadCall { call, what })
            }
        }
    }

    fn check_agent(
        &self,
        call: CallId,
        agent: &AgentId,
        places: &[Place],
        circumstances: &Circumstances<'_>,
    ) -> Result<(), Violation> {
        let id = agent.clone();
        let busy = self.offers.values().find(|open| open.agent == *agent);
        if let Some(open) = busy {
            return Err(Violation::AgentOfferedTwice {
                agent: id,
                call,
                other: open.call,
            });
        }
        let known = self.agents.get(agent);
        match known.map(|known| &known.state) {
            Some(AgentState::Ready) => {}
            other => {
                return Err(Violation::OfferedUnready {
                    call,
                    agent: id,
                    state: other.map_or("unknown", AgentState::word),
                });
            }
        }
        let rests = known.and_then(|known| known.rests_until);
        if rests.is_some_and(|until| circumstances.at < until) {
            return Err(Violation::NoRest { agent: id });
        }
        let centre = circumstances.centre;
        let can = |place: &Place| {
            let sought = self.sought.get(&(call, place.queue.clone()));
            let is_sought = sought.is_none_or(|sought| sought.contains(agent));
            is_sought && serves(centre, agent, &place.queue, place.step)
        };
        if !places.is_empty() && self.forbids(call, agent) {
            return Err(Violation::OfferedForbidden { call, agent: id });
        }
        match places.is_empty() || places.iter().any(can) {
            false => Err(Violation::OfferedUnqualified { call, agent: id }),
            _ => Ok(()),
        }
    }

    fn forbids(&self, call: CallId, agent: &AgentId) -> bool {
        let own = self.calls.get(&call).map(|known| &known.never);
        let never = own.or_else(|| self.promises.never(call));
        never.is_some_and(|never| never.contains(agent))
    }

    /// Nobody whom this agent could have taken was before the call.
    fn check_order(
        &self,
        call: CallId,
        agent: &AgentId,
        place: &Place,
        switch: &SwitchId,
        centre: &Centre,
    ) -> Result<(), Violation> {
        let Some(settings) = centre.agents.get(agent) else {
            return Ok(());
        };
        for ((queue, step, _), line) in self.waiting.iter().filter(|(line, _)| line.2 == *switch) {
            let may_take = |earlier: &CallId| {
                let sought = self.sought.get(&(*earlier, queue.clone()));
                let is_sought = sought.is_none_or(|sought| sought.contains(agent));
                is_sought && !self.forbids(*earlier, agent)
            };
            let mut before = line.iter().take_while(|(rank, _)| *rank < place.rank());
            let Some((_, earlier)) = before.find(|(_, call)| may_take(call)) else {
                continue;
            };
            if settings.seat(queue).is_some() && serves(centre, agent, queue, *step) {
                return Err(Violation::Overtaken {
                    call,
                    agent: agent.clone(),
                    earlier: *earlier,
                    queue: queue.clone(),
                });
            }
        }
        Ok(())
    }

    fn offer_ended(
        &mut self,
        offer: OfferId,
        call: CallId,
        agent: &AgentId,
        outcome: OfferOutcome,
        circumstances: &Circumstances<'_>,
    ) -> Result<(), Violation> {
        let Some(open) = self.offers.remove(&offer) else {
            return Err(Violation::EndedTwice { offer, outcome });
        };
        *self.sums.offers_ended.entry(word(outcome)).or_default() += 1;
        let known = self.call(call, "its offer ended")?;
        known.offers.remove(&offer);
        let rest = rest_after(circumstances.centre, open.queue.as_ref(), outcome);
        match outcome {
            OfferOutcome::Accepted => known.agent = Some(agent.clone()),
            OfferOutcome::NoAnswer
            | OfferOutcome::Busy
            | OfferOutcome::Rejected
            | OfferOutcome::Unreachable
            | OfferOutcome::Failed => {
                if let Some(missed) = self.agents.get_mut(agent) {
                    missed.rests_until = Some(circumstances.at + rest);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn agent_moved(
        &mut self,
        at: Timestamp,
        agent: &AgentId,
        state: &AgentState,
        call: Option<CallId>,
        until: Option<Timestamp>,
    ) -> Result<(), Violation> {
        let before = self.agents.get(agent).cloned();
        let wraps_up = before.as_ref().and_then(|known| known.wraps_up_until);
        if *state == AgentState::Ready && wraps_up.is_some_and(|until| at < until) {
            let agent = agent.clone();
            return Err(Violation::NoWrapUp { agent });
        }
        if let (AgentState::OnCall, Some(call)) = (state, call)
            && let Some(talks) = self.calls.get_mut(&call)
            && talks.state == CallState::Connected
        {
            talks.agent.get_or_insert_with(|| agent.clone());
        }
        let rests_until = match state {
            AgentState::Ready | AgentState::Offered => before.and_then(|known| known.rests_until),
            _ => None,
        };
        let moved = KnownAgent {
            state: state.clone(),
            call,
            rests_until,
            wraps_up_until: until.filter(|_| *state == AgentState::WrapUp),
        };
        self.agents.insert(agent.clone(), moved);
        Ok(())
    }
}

/// Whether the system ended the call because it was told to: by the flow, by
/// an unknown number or by a limit.
fn is_meant(known: &LiveCall, centre: &Centre) -> bool {
    if !centre.numbers.contains_key(&known.dialled) || known.offered >= centre.limits.max_offers {
        return true;
    }
    let block = known.block.as_ref().and_then(|(flow, block)| {
        let flow = centre.flows.get(flow)?;
        flow.blocks.get(block)
    });
    match block {
        Some(Block::HangUp { .. } | Block::Busy) => true,
        // A full queue without a way on ends the call.
        Some(Block::Queue { full, .. }) => full.is_none(),
        _ => false,
    }
}

fn word(outcome: OfferOutcome) -> &'static str {
    match outcome {
        OfferOutcome::Accepted => "accepted",
        OfferOutcome::NoAnswer => "no_answer",
        OfferOutcome::Busy => "busy",
        OfferOutcome::Rejected => "rejected",
        OfferOutcome::Unreachable => "unreachable",
        OfferOutcome::CallerLeft => "caller_left",
        OfferOutcome::AnsweredElsewhere => "answered_elsewhere",
        OfferOutcome::Failed => "failed",
        OfferOutcome::Withdrawn => "withdrawn",
    }
}
