//! What agents at their desks and supervisors ask for during calls: what fits the
//! moment, and now and then what does not.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::centre::Centre;
use crate::engine::event::{AgentRequest, Event};
use crate::engine::id::{AgentId, CallId, QueueId, RequestId};
use crate::engine::request::{
    CallRequest, CallbackRequest, Destination, Invitee, NewCallback, Principal, Request,
    SupervisorRequest,
};
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::simulation::scenario::DeskPlan;
use crate::switch::simulated::chance::Chance;
use crate::switch::{Key, Language, PhoneNumber, SupervisionMode};
use ulid::Ulid;

/// A kind of request about one's own call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Hold,
    Resume,
    Transfer,
    Consult,
    Complete,
    Return,
    Conference,
    Invite,
    Park,
    Retrieve,
    SendDigits,
    HangUp,
    Dial,
}

const ALL: [Ask; 13] = [
    Ask::Hold,
    Ask::Resume,
    Ask::Transfer,
    Ask::Consult,
    Ask::Complete,
    Ask::Return,
    Ask::Conference,
    Ask::Invite,
    Ask::Park,
    Ask::Retrieve,
    Ask::SendDigits,
    Ask::HangUp,
    Ask::Dial,
];

/// Everybody's desk.
#[derive(Debug)]
pub(super) struct Desk {
    plan: DeskPlan,
    chance: Chance,
    asked: u64,
    /// Nothing new is begun any more.
    closes: bool,
}

impl Desk {
    pub(super) fn new(plan: DeskPlan, seed: u64) -> Self {
        Self {
            plan,
            chance: Chance::new(seed, "desk"),
            asked: 0,
            closes: false,
        }
    }

    /// What is under way is brought to an end, and nothing else is asked for.
    pub(super) fn close(&mut self) {
        self.closes = true;
    }

    /// Until the next request, if there is to be one.
    pub(super) fn next(&mut self) -> Option<Span> {
        Some(self.chance.around(self.plan.every?) + Span::millis(1))
    }

    /// The next request, if anybody wants anything at this moment.
    pub(super) fn ask(&mut self, engine: &Engine, centre: &Centre) -> Option<Event> {
        let (by, what) = if self.closes {
            self.in_call(engine, centre)?
        } else if self.chance.happens(self.plan.supervision) {
            self.of_supervisor(engine)?
        } else if self.chance.happens(self.plan.out_of_turn) {
            self.out_of_turn(centre)?
        } else if self.arranges() {
            self.arrangement(centre)?
        } else {
            self.in_call(engine, centre)?
        };
        self.asked += 1;
        let request = RequestId(self.asked);
        Some(Event::Asked { request, by, what })
    }

    fn arranges(&mut self) -> bool {
        let weights = &self.plan.weights;
        let all = weights.hold + weights.transfer + weights.consult + weights.arrange;
        let drawn = self.chance.number(u64::from(all.max(1)));
        drawn < u64::from(weights.arrange)
    }

    /// Something that fits what one of the agents is doing.
    fn in_call(&mut self, engine: &Engine, centre: &Centre) -> Option<(Principal, Request)> {
        // Who left something open comes first, or nothing would come of it.
        let finishes = self.closes || self.chance.happens(500);
        let idles = self.chance.happens(250);
        let can_ask = |state: &AgentState| match state {
            AgentState::Hold | AgentState::Consult => true,
            AgentState::OnCall => !finishes,
            AgentState::Ready => !finishes && idles,
            _ => false,
        };
        let agents = engine.agents().filter(|agent| can_ask(agent.state));
        let agents: Vec<_> = agents
            .map(|agent| (agent.agent.clone(), agent.state.clone()))
            .collect();
        let (agent, state) = self.chance.pick(&agents)?.clone();
        let ask = self.fitting(&state)?;
        Some(self.own(agent, ask, centre))
    }

    /// What an agent in a state may want, drawn by weight.
    fn fitting(&mut self, state: &AgentState) -> Option<Ask> {
        let own = &self.plan.weights;
        let away = [
            (Ask::Transfer, own.transfer),
            (Ask::Consult, own.consult),
            (Ask::Park, own.park),
        ];
        let mut weighted = match state {
            AgentState::OnCall => vec![
                (Ask::Hold, own.hold),
                (Ask::Invite, own.invite),
                (Ask::SendDigits, own.send_digits),
                (Ask::HangUp, own.hang_up),
            ],
            AgentState::Hold => vec![(Ask::Resume, 8)],
            AgentState::Consult => vec![
                (Ask::Complete, 3),
                (Ask::Return, 3),
                (Ask::Conference, 3),
                (Ask::SendDigits, own.send_digits),
            ],
            AgentState::Ready => vec![(Ask::Dial, own.dial), (Ask::Retrieve, own.park)],
            _ => Vec::new(),
        };
        if matches!(state, AgentState::OnCall | AgentState::Hold) && !self.closes {
            weighted.extend(away);
        }
        let sum: u32 = weighted.iter().map(|(_, weight)| weight).sum();
        let mut drawn = self.chance.number(sum.into());
        let chosen = weighted.into_iter().find(|(_, weight)| {
            let within = drawn < u64::from(*weight);
            drawn = drawn.saturating_sub(u64::from(*weight));
            within
        });
        chosen.map(|(ask, _)| ask)
    }

    /// Anything, asked for by anybody.
    fn out_of_turn(&mut self, centre: &Centre) -> Option<(Principal, Request)> {
        let agents: Vec<&AgentId> = centre.agents.keys().collect();
        let agent = (*self.chance.pick(&agents)?).clone();
        let ask = *self.chance.pick(&ALL)?;
        Some(self.own(agent, ask, centre))
    }

    fn own(&mut self, agent: AgentId, ask: Ask, centre: &Centre) -> (Principal, Request) {
        let ask = match ask {
            Ask::Hold => CallRequest::Hold,
            Ask::Resume => CallRequest::Resume,
            Ask::Transfer => CallRequest::Transfer {
                to: self.destination(centre),
            },
            Ask::Consult => CallRequest::Consult {
                to: self.invitee(centre),
            },
            Ask::Complete => CallRequest::Complete,
            Ask::Return => CallRequest::Return,
            Ask::Conference => CallRequest::Conference,
            Ask::Invite => CallRequest::Invite {
                to: self.invitee(centre),
            },
            Ask::Park => CallRequest::Park,
            Ask::Retrieve => CallRequest::Retrieve {
                slot: centre.in_call.slots.0,
            },
            Ask::SendDigits => CallRequest::SendDigits {
                digits: "12#"
                    .chars()
                    .filter_map(|key| Key::try_from(key).ok())
                    .collect(),
            },
            Ask::HangUp => CallRequest::HangUp,
            Ask::Dial => CallRequest::Dial { to: self.number() },
        };
        let by = Principal::Agent(agent.clone());
        (by, Request::InCall { agent, ask })
    }

    /// A number outside that nobody else has.
    fn number(&mut self) -> PhoneNumber {
        let digits = format!("137{:08}", self.chance.number(100_000_000));
        PhoneNumber::new(&digits).unwrap_or_else(|_| unreachable!("digits are a number"))
    }

    fn destination(&mut self, centre: &Centre) -> Destination {
        let queues: Vec<_> = centre.queues.keys().collect();
        let flows: Vec<_> = centre.flows.keys().collect();
        match self.chance.number(4) {
            0 => Destination::Number(self.number()),
            1 if !queues.is_empty() => {
                let nth = self.chance.number(queues.len() as u64);
                Destination::Queue(queues[usize::try_from(nth).unwrap_or(0)].clone())
            }
            2 if !flows.is_empty() => {
                let nth = self.chance.number(flows.len() as u64);
                Destination::Flow(flows[usize::try_from(nth).unwrap_or(0)].clone())
            }
            _ => match self.invitee(centre) {
                Invitee::Agent(agent) => Destination::Agent(agent),
                Invitee::Number(number) => Destination::Number(number),
            },
        }
    }

    fn invitee(&mut self, centre: &Centre) -> Invitee {
        let agents: Vec<&AgentId> = centre.agents.keys().collect();
        match self.chance.pick(&agents).copied().cloned() {
            Some(agent) if self.chance.happens(750) => Invitee::Agent(agent),
            _ => Invitee::Number(self.number()),
        }
    }

    /// What a supervisor asks for about somebody else's call.
    fn of_supervisor(&mut self, engine: &Engine) -> Option<(Principal, Request)> {
        let own = self.chance.pick(&self.plan.supervisors)?.clone();
        let talking = |state: &AgentState| {
            matches!(
                state,
                AgentState::OnCall | AgentState::Hold | AgentState::Consult
            )
        };
        let heard = engine.calls().find(|call| {
            let mut parties = call.parties();
            parties.any(|(_, who)| who.agent() == Some(&own))
        });
        let heard = heard.and_then(|call| call.agent.map(|(agent, _)| agent.clone()));
        let agents = engine.agents().filter(|agent| talking(agent.state));
        let agents = agents.map(|agent| agent.agent.clone());
        let agents: Vec<AgentId> = match heard {
            Some(heard) => vec![heard],
            None => agents.filter(|agent| *agent != own).collect(),
        };
        let calls: Vec<CallId> = engine.calls().map(|call| call.call).collect();
        let agent = self.chance.pick(&agents)?.clone();
        let call = *self.chance.pick(&calls)?;
        let ask = match self.chance.number(12) {
            0..=4 => SupervisorRequest::Listen {
                agent,
                mode: match self.chance.number(3) {
                    0 => SupervisionMode::Listen,
                    1 => SupervisionMode::Whisper,
                    _ => SupervisionMode::Barge,
                },
            },
            5 => SupervisorRequest::StopListening,
            6..=8 => SupervisorRequest::TakeOver { agent },
            9 => SupervisorRequest::HangUp { call },
            10 => SupervisorRequest::Pull { call },
            _ => SupervisorRequest::SetState {
                agent,
                state: AgentRequest::Ready,
            },
        };
        Some((Principal::Agent(own), Request::Supervision { ask }))
    }

    /// A callback in a customer's stead, by a queue that calls back.
    fn arrangement(&mut self, centre: &Centre) -> Option<(Principal, Request)> {
        let queues = centre
            .queues
            .iter()
            .filter(|(_, queue)| queue.callback.is_some());
        let queues: Vec<&QueueId> = queues.map(|(id, _)| id).collect();
        let queue = (*self.chance.pick(&queues)?).clone();
        let high = u128::from(self.chance.number(u64::MAX));
        let callback = CallId::from_ulid(Ulid(high << 64 | u128::from(self.asked)));
        let new = NewCallback {
            queue,
            number: self.number(),
            language: Language::default(),
            at: None,
            name: OutsideText::default(),
            note: OutsideText::default(),
        };
        let by = Principal::User(OutsideText::new("web"));
        let ask = CallbackRequest::Arrange { callback, new };
        Some((by, Request::Callback { ask }))
    }
}
