//! Plays a day to the real engine in virtual time, with a stand-in for the
//! switches that takes every order and does at once what it says. Nothing is
//! judged and no journal is kept, so that a day passes in seconds.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::call::CallState;
use crate::engine::cause::Cause;
use crate::engine::centre::Centre;
use crate::engine::command::{Command, Commands};
use crate::engine::event::{AgentRequest, Event};
use crate::engine::fact::{Fact, OfferOutcome};
use crate::engine::id::{AgentId, CallId, ChannelId, CommandId, SwitchId};
use crate::engine::leg::LegRole;
use crate::engine::recording::{FiledRecording, FilingOrder};
use crate::engine::time::{Span, Timestamp};
use crate::simulation::what_if::day::{Day, OfferSeen};
use crate::switch::simulated::chance::Chance;
use crate::switch::{
    Arrival, ChannelState, Examination, Outcome, RecordedMedia, Ring, Snapshot, SwitchCommand,
    SwitchEvent, SwitchOrder,
};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

/// Calls may go on for so long after the day.
const DRAIN: Span = Span::seconds(4 * 3_600);
/// Longer than any simulation.
const FOR_EVER: Span = Span::seconds(365 * 24 * 3_600);
/// A prompt that was never heard of.
const PROMPT: Span = Span::seconds(3);
/// How a phone is answered when none was seen.
const ANSWERS_AFTER: Span = Span::seconds(4);

/// Looks at every step.
pub trait Watch {
    /// The engine is about to handle an event.
    fn before(&mut self, _event: &Event) {}

    /// The engine handled an event, which led to these commands.
    fn step(&mut self, at: Timestamp, engine: &Engine, commands: &[Command]);
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Arrives(u32),
    Key(u32, u32),
    HangsUp(u32),
    LosesPatience(u32),
    Played(u32, CommandId),
    PhoneAnswers(ChannelId),
    PhoneGivesUp(ChannelId, Cause),
    TalkEnds(u32, ChannelId),
    Asks(u32),
    WrappedUp(AgentId, u32),
    Recorded(SwitchId, CommandId),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Absent,
    InFlow,
    Waits,
    Talks,
}

#[derive(Clone, Copy, Debug, Default)]
struct Caller {
    stage: Stage,
    plays: u32,
    offers: u32,
    has_queued: bool,
}

pub struct Player<'a> {
    day: &'a Day,
    seed: u64,
    engine: Engine,
    now: Timestamp,
    agenda: BinaryHeap<Reverse<(Timestamp, u64, Due)>>,
    added: u64,
    /// What the engine is told now, in order.
    told: VecDeque<Event>,
    callers: Vec<Caller>,
    calls: HashMap<CallId, u32>,
    /// Phones that ring or talk, with their switch.
    phones: HashMap<ChannelId, SwitchId>,
    wrapping_up: HashMap<AgentId, u32>,
    out: Commands,
}

/// The channel of a day's nth caller.
fn channel_of(nth: u32) -> Option<ChannelId> {
    ChannelId::new(&format!("c{nth}")).ok()
}

/// Which of the day's callers has a channel.
pub fn visit_of(channel: &ChannelId) -> Option<u32> {
    channel.as_str().strip_prefix('c')?.parse().ok()
}

impl<'a> Player<'a> {
    /// A day that meets `centre`. The same seed gives the same course.
    pub fn new(day: &'a Day, centre: &Centre, seed: u64) -> Self {
        let mut player = Self {
            day,
            seed,
            engine: Engine::new(),
            now: day.begins,
            agenda: BinaryHeap::new(),
            added: 0,
            told: VecDeque::new(),
            callers: vec![Caller::default(); day.visits.len()],
            calls: HashMap::new(),
            phones: HashMap::new(),
            wrapping_up: HashMap::new(),
            out: Commands::default(),
        };
        player.told.push_back(Event::Started { seed });
        player.told.push_back(Event::Configured {
            centre: Box::new(centre.clone()),
        });
        for switch in &centre.switches {
            player.told.push_back(Event::Switch {
                switch: switch.clone(),
                event: SwitchEvent::Snapshot(Snapshot::default()),
            });
        }
        player
    }

    /// Plays the day to its end. Gives how many events the engine handled.
    pub fn play(&mut self, watch: &mut impl Watch) -> u64 {
        self.plan();
        let mut handled = 0;
        let end = self.day.ends + DRAIN;
        loop {
            while let Some(event) = self.told.pop_front() {
                self.handle(event, watch);
                handled += 1;
            }
            let due = self.agenda.peek().map(|Reverse((at, ..))| *at);
            let deadline = self.engine.next_deadline().map(|(at, _)| at);
            let Some(next) = due
                .into_iter()
                .chain(deadline)
                .min()
                .filter(|at| *at <= end)
            else {
                return handled;
            };
            self.now = self.now.max(next);
            if deadline.is_some_and(|at| at <= self.now) {
                self.told.push_back(Event::Due);
            } else if let Some(Reverse((_, _, due))) = self.agenda.pop() {
                self.come_due(due);
            }
        }
    }

    fn plan(&mut self) {
        for (nth, request) in (0..).zip(&self.day.presence) {
            self.add_at(request.at, Due::Asks(nth));
        }
        if !self.day.visits.is_empty() {
            self.add_at(self.day.visits[0].at, Due::Arrives(0));
        }
    }

    fn add(&mut self, after: Span, due: Due) {
        self.add_at(self.now + after, due);
    }

    fn add_at(&mut self, at: Timestamp, due: Due) {
        self.added += 1;
        self.agenda.push(Reverse((at, self.added, due)));
    }

    fn stage(&self, nth: u32) -> Stage {
        self.callers[nth as usize].stage
    }

    fn come_due(&mut self, due: Due) {
        match due {
            Due::Arrives(nth) => self.arrives(nth),
            Due::Key(nth, key) if self.stage(nth) != Stage::Absent => {
                let digit = self.day.visits[nth as usize].keys[key as usize].digit;
                self.tell_caller(nth, |channel| SwitchEvent::Digit { channel, digit });
            }
            Due::HangsUp(nth) if self.stage(nth) == Stage::InFlow => self.hangs_up(nth),
            Due::LosesPatience(nth) if matches!(self.stage(nth), Stage::Waits | Stage::InFlow) => {
                self.hangs_up(nth);
            }
            Due::Played(nth, playback) if self.stage(nth) != Stage::Absent => {
                self.tell_caller(nth, |channel| SwitchEvent::PlaybackFinished {
                    channel,
                    playback,
                });
            }
            Due::PhoneAnswers(channel) => {
                if let Some(switch) = self.phones.get(&channel).cloned() {
                    self.tell(switch, SwitchEvent::Answered { channel });
                }
            }
            Due::PhoneGivesUp(channel, cause) => {
                if let Some(switch) = self.phones.remove(&channel) {
                    self.tell(switch, SwitchEvent::HungUp { channel, cause });
                }
            }
            Due::TalkEnds(nth, phone) => {
                let talks = self.stage(nth) == Stage::Talks && self.phones.contains_key(&phone);
                if talks {
                    self.hangs_up(nth);
                }
            }
            Due::Asks(nth) => {
                let presence = &self.day.presence[nth as usize];
                self.told.push_back(Event::Agent {
                    agent: presence.agent.clone(),
                    request: presence.request.clone(),
                });
            }
            Due::WrappedUp(agent, nth) => {
                if self.wrapping_up.get(&agent) == Some(&nth) {
                    let request = AgentRequest::Ready;
                    self.told.push_back(Event::Agent { agent, request });
                }
            }
            Due::Recorded(switch, recording) => {
                let file = recording.to_string();
                let media = RecordedMedia::Mono { file };
                self.tell(switch, SwitchEvent::RecordingFinished { recording, media });
            }
            Due::Key(..) | Due::HangsUp(_) | Due::LosesPatience(_) | Due::Played(..) => {}
        }
    }

    fn arrives(&mut self, nth: u32) {
        let visit = &self.day.visits[nth as usize];
        if let Some(next) = self.day.visits.get(nth as usize + 1) {
            self.add_at(next.at, Due::Arrives(nth + 1));
        }
        let Some(channel) = channel_of(nth) else {
            return;
        };
        self.callers[nth as usize].stage = Stage::InFlow;
        if let Some(after) = visit.hangs_up {
            self.add(after, Due::HangsUp(nth));
        }
        let arrival = Arrival {
            channel,
            state: ChannelState::Ringing,
            caller_number: visit.caller_number.clone(),
            caller_name: Default::default(),
            dialled: visit.dialled.clone(),
            device: None,
            variables: Default::default(),
        };
        self.tell(visit.switch.clone(), SwitchEvent::Arrived(arrival));
    }

    fn hangs_up(&mut self, nth: u32) {
        self.callers[nth as usize].stage = Stage::Absent;
        let cause = Cause::NormalClearing;
        self.tell_caller(nth, |channel| SwitchEvent::HungUp { channel, cause });
    }

    fn tell_caller(&mut self, nth: u32, event: impl FnOnce(ChannelId) -> SwitchEvent) {
        let switch = self.day.visits[nth as usize].switch.clone();
        if let Some(channel) = channel_of(nth) {
            self.tell(switch, event(channel));
        }
    }

    fn tell(&mut self, switch: SwitchId, event: SwitchEvent) {
        self.told.push_back(Event::Switch { switch, event });
    }

    fn handle(&mut self, event: Event, watch: &mut impl Watch) {
        let mut out = std::mem::take(&mut self.out);
        watch.before(&event);
        self.engine.handle(self.now, event, &mut out);
        watch.step(self.now, &self.engine, out.as_slice());
        for command in out.drain() {
            match command {
                Command::Switch(order) => self.order(order),
                Command::File(order) => self.told.push_back(filed(&order)),
                Command::Note(fact) => self.note(&fact),
                Command::Answer { .. } => {}
            }
        }
        self.out = out;
    }

    /// Keeps what the stand-in has to know.
    fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::LegStarted {
                call,
                leg,
                role: LegRole::Caller,
                ..
            } => {
                if let Some(nth) = visit_of(&leg.channel) {
                    self.calls.insert(*call, nth);
                }
            }
            Fact::CallMoved { call, state } => {
                if let Some(nth) = self.calls.get(call) {
                    self.moved(*nth, *state);
                }
            }
            Fact::CallEnded { call, .. } => {
                self.calls.remove(call);
            }
            Fact::AgentMoved {
                agent, state, call, ..
            } => {
                let call = call.filter(|_| *state == AgentState::WrapUp);
                let Some(nth) = call.and_then(|call| self.calls.get(&call)).copied() else {
                    self.wrapping_up.remove(agent);
                    return;
                };
                self.wrapping_up.insert(agent.clone(), nth);
                if let Some(after) = self.day.visits[nth as usize].wrap_up {
                    self.add(after, Due::WrappedUp(agent.clone(), nth));
                }
            }
            _ => {}
        }
    }

    fn moved(&mut self, nth: u32, state: CallState) {
        let caller = &mut self.callers[nth as usize];
        if caller.stage == Stage::Absent {
            return;
        }
        match state {
            CallState::Waiting | CallState::Offered => {
                caller.stage = Stage::Waits;
                let patience = self.day.visits[nth as usize].patience;
                if !std::mem::replace(&mut caller.has_queued, true)
                    && let Some(patience) = patience
                {
                    self.add(patience, Due::LosesPatience(nth));
                }
            }
            CallState::Connected => caller.stage = Stage::Talks,
            CallState::InFlow => caller.stage = Stage::InFlow,
            _ => {}
        }
    }

    /// Does what an order says.
    fn order(&mut self, order: SwitchOrder) {
        let SwitchOrder {
            id,
            call,
            switch,
            command,
        } = order;
        self.told.push_back(Event::Completed {
            command: id,
            outcome: Outcome::Done,
        });
        match command {
            SwitchCommand::Answer { channel } => {
                self.tell(switch, SwitchEvent::Answered { channel });
            }
            SwitchCommand::Refuse { channel, cause } | SwitchCommand::HangUp { channel, cause } => {
                self.end(switch, channel, cause);
            }
            SwitchCommand::Play {
                channel, prompts, ..
            } => {
                let names: Vec<&str> = prompts.iter().map(|prompt| prompt.as_str()).collect();
                self.plays(switch, channel, id, &names.join(" "));
            }
            SwitchCommand::Ring(ring) => self.rings(call, switch, ring),
            SwitchCommand::Bridge { channel, peer } => self.bridges(switch, channel, peer),
            SwitchCommand::Part { channel, peer } => {
                self.tell(switch, SwitchEvent::Unbridged { channel, peer });
            }
            SwitchCommand::Join {
                channel,
                conference,
            } => self.tell(
                switch,
                SwitchEvent::Joined {
                    channel,
                    conference,
                },
            ),
            SwitchCommand::Leave {
                channel,
                conference,
            } => self.tell(
                switch,
                SwitchEvent::Left {
                    channel,
                    conference,
                },
            ),
            SwitchCommand::RecordMessage { max, .. } => {
                self.add(max, Due::Recorded(switch, id));
            }
            SwitchCommand::Record { .. } => {
                self.tell(switch, SwitchEvent::RecordingStarted { recording: id });
            }
            SwitchCommand::StopRecording { recording, .. }
            | SwitchCommand::FindRecording { recording } => {
                self.add(Span::ZERO, Due::Recorded(switch, recording));
            }
            SwitchCommand::List => self.tell(switch, SwitchEvent::Listed(Snapshot::default())),
            SwitchCommand::Examine { channels } => {
                let found = Examination {
                    legs: Vec::new(),
                    strangers: channels,
                };
                self.tell(switch, SwitchEvent::Examined(found));
            }
            SwitchCommand::Music { .. }
            | SwitchCommand::RingBack { .. }
            | SwitchCommand::Silence { .. }
            | SwitchCommand::Supervise { .. }
            | SwitchCommand::SendDigits { .. }
            | SwitchCommand::AnswerTransfer { .. }
            | SwitchCommand::SetLamp { .. }
            | SwitchCommand::Guard { .. }
            | SwitchCommand::SetVariables { .. } => {}
        }
    }

    fn end(&mut self, switch: SwitchId, channel: ChannelId, cause: Cause) {
        let lived = match visit_of(&channel) {
            Some(nth) => {
                let caller = &mut self.callers[nth as usize];
                std::mem::take(&mut caller.stage) != Stage::Absent
            }
            None => self.phones.remove(&channel).is_some(),
        };
        if lived {
            self.tell(switch, SwitchEvent::HungUp { channel, cause });
        }
    }

    fn plays(&mut self, switch: SwitchId, channel: ChannelId, id: CommandId, prompts: &str) {
        let lasts = self.day.prompts.get(prompts).copied().unwrap_or(PROMPT);
        let Some(nth) = visit_of(&channel) else {
            let playback = id;
            return self.tell(switch, SwitchEvent::PlaybackFinished { channel, playback });
        };
        let plays = self.callers[nth as usize].plays;
        self.callers[nth as usize].plays += 1;
        let day = self.day;
        let keys = day.visits[nth as usize].keys.iter();
        for (key, press) in (0..).zip(keys).filter(|(_, press)| press.nth == plays) {
            self.add(press.after, Due::Key(nth, key));
        }
        self.add(lasts, Due::Played(nth, id));
    }

    /// A phone is answered, or not, as one that was seen.
    fn rings(&mut self, call: CallId, switch: SwitchId, ring: Ring) {
        let answers = OfferSeen {
            outcome: OfferOutcome::Accepted,
            after: ANSWERS_AFTER,
        };
        let Some(nth) = self.calls.get(&call).copied() else {
            // A standing leg: who signs in answers.
            let channel = ring.channel;
            self.phones.insert(channel.clone(), switch.clone());
            return self.tell(switch, SwitchEvent::Answered { channel });
        };
        let caller = &mut self.callers[nth as usize];
        caller.offers += 1;
        let offer = u64::from(nth) << 16 | u64::from(caller.offers & 0xffff);
        let mut chance = Chance::new(
            self.seed ^ offer.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            "rings",
        );
        let seen = chance.pick(&self.day.offers).copied().unwrap_or(answers);
        self.phones.insert(ring.channel.clone(), switch);
        let gives_up = |cause| Due::PhoneGivesUp(ring.channel.clone(), cause);
        let due = match seen.outcome {
            OfferOutcome::Accepted if seen.after < ring.timeout => {
                Due::PhoneAnswers(ring.channel.clone())
            }
            OfferOutcome::Busy => gives_up(Cause::UserBusy),
            OfferOutcome::Rejected => gives_up(Cause::Rejected),
            OfferOutcome::Unreachable => gives_up(Cause::NotReachable),
            OfferOutcome::Failed => gives_up(Cause::NetworkFailure),
            _ => return self.add(ring.timeout, gives_up(Cause::NoAnswer)),
        };
        self.add(seen.after, due);
    }

    fn bridges(&mut self, switch: SwitchId, channel: ChannelId, peer: ChannelId) {
        if let Some(nth) = visit_of(&channel) {
            let talk = self.day.visits[nth as usize].talk;
            self.add(talk, Due::TalkEnds(nth, peer.clone()));
        }
        self.tell(switch, SwitchEvent::Bridged { channel, peer });
    }
}

/// The centre without what costs time and decides nothing: recordings, audits,
/// the renewal of timers in the switch.
pub fn lean(centre: &Centre) -> Centre {
    let mut centre = centre.clone();
    for queue in centre.queues.values_mut() {
        queue.record = false;
    }
    centre.limits.audit_every = Span::ZERO;
    centre.limits.dead_man = FOR_EVER;
    centre
}

fn filed(order: &FilingOrder) -> Event {
    Event::RecordingFiled {
        recording: order.recording,
        filed: FiledRecording {
            name: order.recording.to_string(),
            length_ms: 0,
            heard_ms: None,
            bytes: 0,
            sha256: String::new(),
        },
    }
}
