//! Calls played through the engine in virtual time. The transcripts are
//! golden: a reviewer reads a change of behaviour as a change of these lines.

mod a_call_is_answered;
mod a_crash_at_every_event;
mod agents_are_chosen;
mod agents_choose_their_states;
mod agents_miss_offers;
mod agents_on_standing_legs;
mod agents_rung_together;
mod callbacks_asked_for;
mod callbacks_on_every_device;
mod callbacks_over_a_crash;
mod callbacks_that_are_dialled;
mod callbacks_that_await_their_agent;
mod callers_on_hold;
mod callers_who_are_known;
mod callers_who_leave;
mod calls_go_elsewhere;
mod calls_relax_as_they_wait;
mod calls_that_are_parked;
mod conferences;
mod consultations;
mod controllers_that_leave;
mod events_that_are_lost;
mod messages_are_left;
mod numbers_that_are_dialled;
mod offers_that_fail;
mod overflows_that_leave_the_centre;
mod settings_that_change;
mod supervisors;
mod switches_that_vanish;
mod switches_with_trunks;
mod transfers;
mod transfers_by_phone;
mod what_is_heard_before_the_bridge;
mod what_is_waited_for;

use crate::engine::Engine;
use crate::engine::centre::{
    AccessNumber, AgentSettings, Announcements, CallbackSettings, Centre, GroupSettings,
    InCallSettings, LastAgent, Level, Limits, MissedOffers, OverflowRule, OverflowTo, OverflowWhen,
    QueueSettings, RouteStep, RoutingSettings, Seat, Strategy,
};
use crate::engine::command::{Command, Commands};
use crate::engine::event::{AgentRequest, Event};
use crate::engine::fact::Fact;
use crate::engine::id::*;
use crate::engine::request::{
    CallRequest, Destination, Invitee, Principal, Refusal, Request, SupervisorRequest,
};
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::switch::*;
use std::collections::BTreeMap;

const SWITCH: &str = "sw";

/// A centre with one switch, the queue `desk` (skill `desk`), agents `anna` and
/// `bert` with the skill and `carl` without it.
fn centre() -> Centre {
    let desk = QueueSettings {
        requires: skills(&[("desk", 2)]),
        wrap_up: Span::seconds(30),
        record: true,
        max_waiting: 2,
        ..QueueSettings::new("Desk", "default".parse().unwrap())
    };
    let agent = |name: &str, level: &[(&str, i64)]| AgentSettings {
        name: name.into(),
        extension: Extension::new(name).unwrap(),
        switch: SWITCH.parse().unwrap(),
        devices: Vec::new(),
        skills: skills(level),
        queues: vec![Seat::plain("desk".parse().unwrap())],
        attributes: BTreeMap::new(),
        group: Some("desk".parse().unwrap()),
        supervises: match name {
            "carl" => vec!["desk".parse().unwrap()],
            _ => Vec::new(),
        },
        auto_answer: false,
        number: None,
        language: Default::default(),
        line: Default::default(),
    };
    let flow = r#"{"name":"desk","start":"in","blocks":{
        "in":{"kind":"answer","next":"menu"},
        "menu":{"kind":"menu","prompts":["welcome"],"choices":{"1":"desk"},"attempts":1,"otherwise":"bye"},
        "desk":{"kind":"queue","queue":"desk","full":"bye"},
        "bye":{"kind":"hang_up"}}}"#;
    Centre {
        tenant: "hotel".parse().unwrap(),
        site: "main".parse().unwrap(),
        switches: vec![SWITCH.parse().unwrap()],
        outbound: vec![SWITCH.parse().unwrap()],
        pools: BTreeMap::new(),
        numbers: BTreeMap::from([(
            "4001".to_owned(),
            AccessNumber {
                flow: "desk".parse().unwrap(),
                language: Language::English,
            },
        )]),
        flows: BTreeMap::from([("desk".parse().unwrap(), serde_json::from_str(flow).unwrap())]),
        queues: BTreeMap::from([("desk".parse().unwrap(), desk)]),
        agents: BTreeMap::from([
            ("anna".parse().unwrap(), agent("anna", &[("desk", 2)])),
            ("bert".parse().unwrap(), agent("bert", &[("desk", 5)])),
            ("carl".parse().unwrap(), agent("carl", &[("desk", 1)])),
        ]),
        calendars: Default::default(),
        callers: Default::default(),
        routing: RoutingSettings::default(),
        groups: BTreeMap::from([(
            "desk".parse().unwrap(),
            GroupSettings {
                may_dial: vec!["0".into(), "1".into()],
                may_not_dial: vec!["00".into()],
            },
        )]),
        in_call: InCallSettings::default(),
        not_ready_reasons: BTreeMap::new(),
        missed_offers: MissedOffers::default(),
        voicemail: Default::default(),
        sites: Default::default(),
        limits: Limits {
            max_offers: 3,
            audit_every: Span::ZERO,
            ..Limits::default()
        },
    }
}

/// The settings of a queue or agent there is.
fn queue<'c>(centre: &'c mut Centre, name: &str) -> &'c mut QueueSettings {
    centre.queues.get_mut(&name.parse().unwrap()).unwrap()
}

fn agent<'c>(centre: &'c mut Centre, name: &str) -> &'c mut AgentSettings {
    centre.agents.get_mut(&name.parse().unwrap()).unwrap()
}

/// Callbacks of numbers that begin with 1 or 0 and not with 00, tried twice.
fn callbacks() -> CallbackSettings {
    CallbackSettings {
        key: Key::try_from('1').ok(),
        prompt: None,
        offer_after: Span::seconds(30),
        offer_every: Span::seconds(60),
        offer_over: None,
        may_dial: vec!["1".into(), "0".into()],
        may_not_dial: vec!["00".into()],
        digits: (3, 15),
        shown: None,
        attempts: 2,
        retry_after: Span::seconds(300),
        wrap_up_unreached: false,
        max: 5,
        ahead: Span::seconds(7 * 86_400),
        keep: Span::seconds(86_400),
    }
}

/// The centre whose desk calls back.
fn calls_back() -> Play {
    Play::with(|centre| queue(centre, "desk").callback = Some(callbacks()))
}

fn skills(list: &[(&str, i64)]) -> BTreeMap<SkillId, Level> {
    list.iter()
        .map(|(name, level)| (name.parse().unwrap(), Level::new(*level).unwrap()))
        .collect()
}

/// Plays one centre by hand and keeps what it did.
struct Play {
    engine: Engine,
    at: Timestamp,
    transcript: Vec<String>,
    orders: Vec<SwitchOrder>,
    facts: Vec<Fact>,
    /// The same with their times, until somebody takes them.
    dated: Vec<(Timestamp, Fact)>,
    /// The last answer to a request.
    answer: Option<Result<(), Refusal>>,
    /// Every fact with its time.
    all: Vec<(Timestamp, Fact)>,
    /// The switch accepts every order before time passes.
    accepts: bool,
    /// What each run is told of.
    settings: Centre,
}

impl Play {
    /// A configured centre whose switch is connected and empty.
    fn begin() -> Self {
        let mut play = Self::unconnected();
        play.on_switch(SwitchEvent::Snapshot(Snapshot::default()));
        play.transcript.clear();
        play
    }

    fn unconnected() -> Self {
        Self::told_of(centre())
    }

    /// The same with other settings.
    fn with(change: impl FnOnce(&mut Centre)) -> Self {
        let mut centre = centre();
        change(&mut centre);
        let mut play = Self::told_of(centre);
        play.accepts = true;
        play.on_switch(SwitchEvent::Snapshot(Snapshot::default()));
        play.transcript.clear();
        play
    }

    fn told_of(centre: Centre) -> Self {
        let mut play = Self {
            engine: Engine::new(),
            at: Timestamp::from_millis(1_000_000),
            transcript: Vec::new(),
            orders: Vec::new(),
            facts: Vec::new(),
            dated: Vec::new(),
            answer: None,
            all: Vec::new(),
            accepts: false,
            settings: centre.clone(),
        };
        play.event(Event::Started { seed: 7 });
        play.event(Event::Configured {
            centre: Box::new(centre),
        });
        play
    }

    fn event(&mut self, event: Event) {
        let mut out = Commands::default();
        self.engine.handle(self.at, event, &mut out);
        self.engine.assert_consistent();
        for command in out.drain() {
            if let Some(line) = describe(&command) {
                self.transcript
                    .push(format!("{:<7}{line}", self.at.as_millis() - 1_000_000));
            }
            match command {
                Command::Switch(order) => self.orders.push(order),
                Command::Note(fact) => {
                    self.dated.push((self.at, fact.clone()));
                    self.all.push((self.at, fact.clone()));
                    self.facts.push(fact);
                }
                Command::Answer { outcome, .. } => self.answer = Some(outcome),
                Command::File(_) => {}
            }
        }
    }

    fn on_switch(&mut self, event: SwitchEvent) {
        self.event(Event::Switch {
            switch: SWITCH.parse().unwrap(),
            event,
        });
    }

    /// Lets time pass, working off each deadline at its own time.
    fn pass(&mut self, span: Span) {
        let until = self.at + span;
        for _ in 0..10_000 {
            if self.accepts {
                self.accept_orders();
            }
            match self.engine.next_deadline() {
                Some((due, _)) if due <= until => {
                    self.at = self.at.max(due);
                    self.event(Event::Due);
                }
                _ => {
                    self.at = until;
                    return;
                }
            }
        }
        panic!(
            "the engine keeps waking itself: {:?}",
            self.engine.next_deadline()
        );
    }

    /// Answers every order so far with `Done`, as a healthy switch does.
    fn accept_orders(&mut self) {
        for order in std::mem::take(&mut self.orders) {
            self.event(Event::Completed {
                command: order.id,
                outcome: Outcome::Done,
            });
        }
    }

    fn agent(&mut self, agent: &str, request: AgentRequest) {
        self.event(Event::Agent {
            agent: agent.parse().unwrap(),
            request,
        });
    }

    /// Asks for something about the agent's call, and gives the answer.
    fn asks(&mut self, agent: &str, ask: CallRequest) -> Result<(), Refusal> {
        let agent: AgentId = agent.parse().unwrap();
        let by = Principal::Agent(agent.clone());
        self.request(by, Request::InCall { agent, ask })
    }

    fn supervises(&mut self, by: &str, ask: SupervisorRequest) -> Result<(), Refusal> {
        let by = Principal::Agent(by.parse().unwrap());
        self.request(by, Request::Supervision { ask })
    }

    fn request(&mut self, by: Principal, what: Request) -> Result<(), Refusal> {
        let request = RequestId(1);
        self.answer = None;
        self.event(Event::Asked { request, by, what });
        self.answer.expect("each request is answered")
    }

    /// `anna` talks to the caller on `c1`, and nobody else is ready. Gives her leg.
    fn talks() -> (Self, String) {
        let mut play = Self::begin();
        play.ready("anna");
        play.queues_up("c1");
        let agent = play.rung("anna");
        play.answered(&agent);
        play.bridged("c1", &agent);
        play.accept_orders();
        play.told();
        (play, agent)
    }

    /// The same with `bert` and `carl` ready too.
    fn talks_among_others() -> (Self, String) {
        let (mut play, agent) = Self::talks();
        play.ready("bert");
        play.ready("carl");
        play.told();
        (play, agent)
    }

    fn unbridged(&mut self, channel: &str, peer: &str) {
        let (channel, peer) = (channel.parse().unwrap(), peer.parse().unwrap());
        self.on_switch(SwitchEvent::Unbridged { channel, peer });
    }

    /// The leg is in the conference of the one live call.
    fn joined(&mut self, channel: &str) {
        let channel = channel.parse().unwrap();
        let conference = self.call();
        self.on_switch(SwitchEvent::Joined {
            channel,
            conference,
        });
    }

    /// The one live call.
    fn call(&self) -> CallId {
        self.engine.calls().next().expect("there is a call").call
    }

    /// The channel that was rung last beside caller and serving agent.
    fn party(&self) -> String {
        let rung = self.facts.iter().rev().find_map(|fact| match fact {
            Fact::PartyAdded { leg, .. } => Some(leg.channel.to_string()),
            _ => None,
        });
        rung.unwrap_or_else(|| panic!("nobody was rung:\n{}", self.transcript.join("\n")))
    }

    /// This run is killed, and the next one begins with what its facts keep and
    /// what the switch shows.
    fn killed(&mut self, legs: Vec<LiveLeg>) {
        let mut memory = crate::engine::memory::Memory::default();
        for (at, fact) in &self.all {
            memory.apply(*at, fact);
        }
        let last = self.orders.iter().map(|order| order.id).max();
        memory.saw(last.unwrap_or(CommandId(1_000)));
        self.engine = Engine::new();
        self.orders.clear();
        self.event(Event::Started { seed: 8 });
        self.event(Event::Configured {
            centre: Box::new(self.settings.clone()),
        });
        let remembered = memory.remembered();
        self.event(Event::Remembered { remembered });
        self.told();
        self.on_switch(SwitchEvent::Snapshot(Snapshot {
            legs,
            ..Snapshot::default()
        }));
    }

    /// The leg to the agent who was rung last to dial a number; of several, the first.
    fn rung_last(&self) -> String {
        let rung = self.rung_to_dial().into_iter().next();
        rung.unwrap_or_else(|| panic!("nobody was rung:\n{}", self.transcript.join("\n")))
    }

    /// All of them.
    fn rung_to_dial(&self) -> Vec<String> {
        let mut legs: BTreeMap<CallId, Vec<String>> = BTreeMap::new();
        let mut dials = None;
        for fact in &self.facts {
            match fact {
                Fact::LegStarted {
                    call, leg, role, ..
                } if *role != crate::engine::leg::LegRole::Party => {
                    legs.entry(*call).or_default().push(leg.channel.to_string());
                }
                Fact::DialledOut { call, .. } => dials = Some(*call),
                _ => {}
            }
        }
        dials
            .and_then(|call| legs.remove(&call))
            .unwrap_or_default()
    }

    /// The caller on `channel` waits, presses the key, confirms, and hangs up.
    fn asks_to_be_called_back(&mut self, channel: &str) {
        self.queues_up(channel);
        self.pass(Span::seconds(30));
        self.key(channel, '1');
        self.key(channel, '1');
        self.accept_orders();
        self.hangs_up(channel, crate::engine::cause::Cause::NormalClearing);
    }

    fn ready(&mut self, agent: &str) {
        self.agent(agent, AgentRequest::Ready);
    }

    fn arrives(&mut self, channel: &str, dialled: &str) {
        self.on_switch(SwitchEvent::Arrived(arrival(channel, dialled)));
    }

    /// A call from its arrival until it stands in the queue.
    fn queues_up(&mut self, channel: &str) {
        self.arrives(channel, "4001");
        self.answered(channel);
        self.key(channel, '1');
        self.accept_orders();
    }

    fn answered(&mut self, channel: &str) {
        self.on_switch(SwitchEvent::Answered {
            channel: channel.parse().unwrap(),
        });
    }

    fn key(&mut self, channel: &str, key: char) {
        let digit = Digit {
            key: Key::try_from(key).unwrap(),
            method: DigitMethod::Rfc4733,
        };
        self.on_switch(SwitchEvent::Digit {
            channel: channel.parse().unwrap(),
            digit,
        });
    }

    fn hangs_up(&mut self, channel: &str, cause: crate::engine::cause::Cause) {
        self.on_switch(SwitchEvent::HungUp {
            channel: channel.parse().unwrap(),
            cause,
        });
    }

    fn bridged(&mut self, channel: &str, peer: &str) {
        let (channel, peer) = (channel.parse().unwrap(), peer.parse().unwrap());
        self.on_switch(SwitchEvent::Bridged { channel, peer });
    }

    /// The channel of the latest leg rung for `agent`.
    fn rung(&self, agent: &str) -> String {
        let rung = self.facts.iter().rev().find_map(|fact| match fact {
            Fact::Offered {
                agent: offered,
                leg,
                ..
            } if offered.as_str() == agent => Some(leg.channel.to_string()),
            _ => None,
        });
        rung.unwrap_or_else(|| panic!("{agent} was not rung:\n{}", self.transcript.join("\n")))
    }

    /// The channel of an agent's latest standing leg.
    fn line(&self, agent: &str) -> String {
        let line = self.all.iter().rev().find_map(|(_, fact)| match fact {
            Fact::LineMoved { agent: of, line } if of.as_str() == agent => {
                Some(line.leg.channel.to_string())
            }
            _ => None,
        });
        line.unwrap_or_else(|| panic!("{agent} has no line:\n{}", self.transcript.join("\n")))
    }

    /// The tone on a standing leg has been heard.
    fn tone_ends(&mut self) {
        let (playback, leg) = self.engine.tones.iter().next().expect("a tone is played");
        let (playback, channel) = (*playback, leg.channel.clone());
        self.on_switch(SwitchEvent::PlaybackFinished { channel, playback });
    }

    /// The transcript since the last look, one line per thing done.
    fn told(&mut self) -> String {
        std::mem::take(&mut self.transcript).join("\n")
    }
}

fn arrival(channel: &str, dialled: &str) -> Arrival {
    Arrival {
        channel: channel.parse().unwrap(),
        state: ChannelState::Ringing,
        caller_number: OutsideText::new("13800138000"),
        caller_name: OutsideText::new("张三"),
        dialled: OutsideText::new(dialled),
        device: None,
        variables: LegVariables::default(),
    }
}

/// A leg as a switch shows it, with the one it is together with.
fn shown(channel: &str, state: ChannelState, peer: Option<&str>) -> LiveLeg {
    LiveLeg {
        arrival: Arrival {
            state,
            ..arrival(channel, "4001")
        },
        peer: peer.map(|peer| peer.parse().unwrap()),
        conference: None,
        created: None,
    }
}

/// The same, answered.
fn up(channel: &str, peer: Option<&str>) -> LiveLeg {
    shown(channel, ChannelState::Answered, peer)
}

/// An agent's device that rings for a call, as a switch shows it.
fn ringing_for(call: CallId, agent: &str, channel: &ChannelId) -> LiveLeg {
    let mut device = shown(channel.as_str(), ChannelState::Ringing, None);
    device.arrival.variables = LegVariables::default()
        .with(LegVariable::Call, call)
        .with(LegVariable::Role, "agent")
        .with(LegVariable::Agent, agent);
    device
}

/// What the leg of a call carries that entered the queue `desk` then.
fn place_at_desk(call: CallId, entered: Timestamp) -> LegVariables {
    LegVariables::default()
        .with(LegVariable::Call, call)
        .with(LegVariable::Queue, "desk")
        .with(LegVariable::Priority, 0)
        .with(LegVariable::Entered, entered.as_millis())
}

/// A first list that may be older than the events around it.
fn lagging_snapshot(legs: &[(&str, ChannelState)]) -> SwitchEvent {
    let listed = legs.iter().map(|(channel, state)| ListedLeg {
        channel: channel.parse().unwrap(),
        state: *state,
        peer: None,
    });
    SwitchEvent::Snapshot(Snapshot {
        listed: listed.collect(),
        lags: true,
        ..Snapshot::default()
    })
}

/// What was found of legs that were looked at one by one.
fn examined(legs: Vec<LiveLeg>) -> SwitchEvent {
    SwitchEvent::Examined(Examination {
        legs,
        strangers: Vec::new(),
    })
}

fn link_lost() -> SwitchEvent {
    SwitchEvent::LinkLost {
        why: OutsideText::new("reset"),
    }
}

/// One line for what matters to a reader; upkeep (variables, timers) is left out.
fn describe(command: &Command) -> Option<String> {
    let line = match command {
        Command::Switch(order) => match &order.command {
            SwitchCommand::SetVariables { .. }
            | SwitchCommand::Guard { .. }
            | SwitchCommand::List => return None,
            SwitchCommand::Examine { channels } => {
                let names: Vec<&str> = channels.iter().map(short).collect();
                format!("> examine {}", names.join(", "))
            }
            SwitchCommand::FindRecording { .. } => "> find the recording".to_owned(),
            SwitchCommand::Answer { channel } => format!("> answer {channel}"),
            SwitchCommand::Refuse { channel, cause } => {
                format!("> refuse {} with {cause}", short(channel))
            }
            SwitchCommand::Play {
                channel, prompts, ..
            } => {
                let names: Vec<&str> = prompts.iter().map(PromptId::as_str).collect();
                format!("> play {} to {}", names.join(", "), short(channel))
            }
            SwitchCommand::Music { channel, class } => format!("> music {class} to {channel}"),
            SwitchCommand::RingBack { channel } => format!("> ring tone to {}", short(channel)),
            SwitchCommand::Silence { channel } => format!("> silence {}", short(channel)),
            SwitchCommand::Ring(ring) => format!("> ring {}", ring.to),
            SwitchCommand::Bridge { channel, peer } => {
                format!("> bridge {channel} and {}", short(peer))
            }
            SwitchCommand::Record { caller, agent } => {
                format!("> record {caller} and {}", short(agent))
            }
            SwitchCommand::StopRecording { caller, .. } => format!("> stop recording {caller}"),
            SwitchCommand::Part { channel, peer } => {
                format!("> part {} and {}", short(channel), short(peer))
            }
            SwitchCommand::Join { channel, .. } => {
                format!("> join {} to the conference", short(channel))
            }
            SwitchCommand::Leave { channel, .. } => {
                format!("> take {} out of the conference", short(channel))
            }
            SwitchCommand::Supervise {
                channel,
                target,
                mode,
            } => format!("> {mode:?} {} to {}", short(channel), short(target)),
            SwitchCommand::SendDigits { channel, digits } => {
                let digits: String = digits.iter().map(Key::to_string).collect();
                format!("> send {digits} to {}", short(channel))
            }
            SwitchCommand::AnswerTransfer {
                channel,
                peer,
                granted,
            } => {
                let said = if *granted { "grant" } else { "refuse" };
                let peer = peer.as_ref().map_or("nobody", |peer| short(peer));
                format!("> {said} the transfer of {} with {peer}", short(channel))
            }
            SwitchCommand::RecordMessage { channel, .. } => {
                format!("> record a message of {}", short(channel))
            }
            SwitchCommand::SetLamp { mailbox, new, old } => {
                format!("> lamp {mailbox} {new}/{old}")
            }
            SwitchCommand::HangUp { channel, cause } => {
                format!("> hang up {} with {cause}", short(channel))
            }
        },
        Command::Answer { .. } => return None,
        Command::File(_) => "> file the recording".to_owned(),
        Command::Note(fact) => match fact {
            Fact::CallMoved { state, .. } => format!("call {}", state.word()),
            Fact::CallEnded {
                cause, ended_by, ..
            } => format!("call ended with {cause} by {ended_by:?}"),
            Fact::QueueLeft { queue, reason, .. } => format!("left {queue}: {reason:?}"),
            Fact::StepReached { queue, step, .. } => format!("step {step} of {queue}"),
            Fact::Overflowed { queue, why, to, .. } => {
                format!("overflow of {queue}: {why:?} to {to:?}")
            }
            Fact::AgentSought { agents, .. } if agents.is_empty() => "waits for anybody".to_owned(),
            Fact::AgentSought { agents, .. } => format!("waits for {}", agents.names()),
            Fact::MessageAsked { leaving, .. } => format!("message for {}", leaving.mailbox),
            Fact::MessageDropped { mailbox, why, .. } => {
                format!("no message for {mailbox}: {}", why.word())
            }
            Fact::MessageLeft { message } => {
                format!(
                    "message left in {}, {} ms",
                    message.mailbox, message.length_ms
                )
            }
            Fact::MessageMoved { state, by, .. } => format!("message {} by {by}", state.word()),
            Fact::MessageDeleted { by, .. } => format!("message deleted by {by}"),
            Fact::Diverted { from, .. } => format!("diverted from {}", from.queue),
            Fact::Recognised { recognition, .. } => match recognition.listed().as_str() {
                "" => return None,
                listed => format!("{} on {listed}", recognition.familiarity.word()),
            },
            Fact::Wished { wishes, .. } if !wishes.never.is_empty() => {
                format!("never to {}", wishes.never.names())
            }
            Fact::Confirmed { agent, .. } => format!("{agent} confirms"),
            Fact::Briefed { agent, .. } => format!("{agent} is briefed"),
            Fact::CallerBlocked { list, flow, .. } => match flow {
                None => format!("blocked by {list}"),
                Some(flow) => format!("blocked by {list}, led to {flow}"),
            },
            Fact::OfferEnded { agent, outcome, .. } => format!("offer to {agent}: {outcome:?}"),
            Fact::AgentMoved { agent, state, .. } => format!("{agent} {}", state.word()),
            // The first one of a row changes nothing by itself.
            Fact::OfferMissed {
                in_a_row: 1,
                then: None,
                notify: false,
                ..
            } => return None,
            Fact::OfferMissed {
                agent,
                missed,
                in_a_row,
                then,
                notify,
                ..
            } => {
                let then = then.as_ref().map(|then| format!(", then {then}"));
                let told = if *notify {
                    ", supervisors are told"
                } else {
                    ""
                };
                format!(
                    "{agent} missed {in_a_row} by {}{}{told}",
                    missed.word(),
                    then.unwrap_or_default()
                )
            }
            Fact::LineMoved { agent, line } => format!("{agent}'s line {}", line.state.word()),
            Fact::LineEnded { agent, .. } => format!("{agent}'s line ended"),
            Fact::LegKept { .. } => "the leg is kept".to_owned(),
            Fact::WrapUpExtended { extensions, .. } => format!("wrap-up extended: {extensions}"),
            Fact::Asked {
                by, ask, refused, ..
            } => match refused {
                Some(refused) => format!("{by} asks: {ask}, refused: {refused}"),
                None => format!("{by} asks: {ask}"),
            },
            Fact::CallbackRequested { order, .. } => {
                format!("callback of {} by {}", order.number, order.queue)
            }
            Fact::CallbackMoved { progress, .. } => {
                format!(
                    "callback {} after {}",
                    progress.state.word(),
                    progress.attempts
                )
            }
            Fact::CallbackClosed { why, .. } => format!("callback closed: {}", why.word()),
            Fact::TalkMoved { talk, .. } => format!("talk {}", talk.word()),
            Fact::PartyLeft { who, outcome, .. } => format!("{who} {}", outcome.word()),
            Fact::HandedOver { agent, .. } => format!("{agent} serves"),
            Fact::Parked { parking, .. } => format!("parked in {}", parking.slot),
            Fact::RecordingFiled { filed, .. } => format!("recorded {}", filed.name),
            Fact::RecordingLost { why, .. } => format!("recording lost: {why}"),
            Fact::CommandFailed { why, .. } => format!("command failed: {why}"),
            Fact::LinkChanged { switch, up, .. } => {
                format!("link {switch} {}", if *up { "up" } else { "down" })
            }
            Fact::Reconciled {
                adopted, closed, ..
            } => format!("reconciled: {adopted} adopted, {closed} closed"),
            Fact::Drift { kind, .. } => format!("drift: {}", kind.word()),
            Fact::Overdue { stuck, .. } => format!("overdue: {}", stuck.word()),
            _ => return None,
        },
    };
    Some(line)
}

/// Agents' legs have generated names; a transcript says only that it is one.
fn short(channel: &ChannelId) -> &str {
    if channel.as_str().len() == 36 {
        "the agent's leg"
    } else {
        channel.as_str()
    }
}
