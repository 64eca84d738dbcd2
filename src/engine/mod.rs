//! The pure core: events in, commands out, no clock, no input or output.
//!
//! Reading order: [`event`] and [`command`] (what goes in and out), [`centre`]
//! (what it is told of the centre), the state ([`call`], [`leg`], [`agent`],
//! [`queue`], [`queues`]), then what happens: [`arrival`], [`ivr`] with [`flow_run`],
//! [`waiting`] with [`strategy`] as the planner and [`estimate`] for how long it takes, [`ringing`] and [`offer`], [`conversation`],
//! [`callback`], [`in_call`] with [`talk`], [`parties`] and [`astray`], [`supervision`], [`voicemail`] with [`messages`] and [`lamps`],
//! [`desk`] with [`missed`], [`wrap_up`] and [`line`], [`remember`], [`reconcile`] with [`adopt`], [`audit`], [`watchdog`], [`drain`]; [`why`] answers questions about all this; [`timer`] holds every deadline and [`order`] every
//! command that still wants its answer.

mod adopt;
pub mod agent;
mod announce;
mod arrival;
mod astray;
mod audit;
pub mod calendar;
pub mod call;
pub mod callback;
pub mod caller_list;
pub mod cause;
pub mod centre;
pub mod command;
mod composed;
pub mod condition;
mod conference;
mod configure;
mod confirmation;
pub mod consistency;
mod consult;
mod conversation;
mod desk;
mod dial_out;
mod dialling;
mod drain;
pub mod estimate;
pub mod event;
pub mod explanation;
pub mod fact;
mod flow_run;
mod hold;
pub mod id;
mod idle_order;
mod in_call;
pub mod ivr;
mod lamps;
pub mod leg;
pub mod line;
pub mod mailbox;
pub mod memory;
pub mod message;
mod messages;
mod missed;
mod offer;
mod order;
mod overflow;
mod own_line;
mod park;
mod parties;
pub mod party;
pub mod patrons;
mod prelude;
pub(crate) mod queue;
pub(crate) mod queues;
pub mod recognition;
mod reconcile;
pub mod recording;
mod refer;
mod remember;
pub mod request;
mod ringing;
pub mod say;
mod seeking;
pub mod shift;
pub mod skill;
mod steps;
pub(crate) mod strategy;
mod supervision;
mod talk;
pub(crate) mod terms;
pub mod text;
pub mod time;
pub mod timer;
mod transfer;
pub mod view;
mod voicemail;
mod waiting;
mod watchdog;
pub mod why;
pub mod wishes;
mod wrap_up;

use agent::Agent;
use call::Call;
use callback::Callback;
use centre::Centre;
use command::Commands;
use event::Event;
use fact::Fact;
use id::{AgentId, CallId, CommandId, LegId, OfferId, SwitchId};
use lamps::{Lamp, Phone};
use message::Messages;
use order::Pending;
use patrons::Patrons;
use queues::Queues;
use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng;
use request::{CallRequest, Principal, Request};
use std::collections::{BTreeMap, BTreeSet};
use time::Timestamp;
use timer::{Reason, Timers};

use crate::switch::SwitchEvent;

/// A leg that the switch was asked to end.
#[derive(Debug)]
struct Closing {
    call: CallId,
    /// Whose device it is, when it is an agent's.
    agent: Option<AgentId>,
}

/// The whole state of one centre.
#[derive(Debug)]
pub struct Engine {
    centre: Option<Centre>,
    generator: Pcg64,
    /// The latest time handed in; time never goes back.
    now: Timestamp,
    calls: BTreeMap<CallId, Call>,
    /// Open callbacks: they wait in lines as calls do.
    callbacks: BTreeMap<CallId, Callback>,
    /// Which call a live leg belongs to.
    legs: BTreeMap<LegId, CallId>,
    /// Legs that were ordered to end again, and how often: they were answered
    /// before they could be refused, or nothing was heard of the order before.
    insisted: BTreeMap<LegId, u32>,
    /// Legs we asked their switch to end, that no longer take part in anything.
    closing: BTreeMap<LegId, Closing>,
    agents: BTreeMap<AgentId, Agent>,
    queues: Queues,
    patrons: Patrons,
    messages: Messages,
    /// What the lamps of phones were last told, where it is not nothing.
    lamps: BTreeMap<Phone, Lamp>,
    /// Whether each switch can be reached.
    links: BTreeMap<SwitchId, bool>,
    /// Switches that were reached since this run began.
    met: BTreeSet<SwitchId>,
    /// Legs that were examined and are none of ours.
    strangers: BTreeSet<LegId>,
    /// What the last list of each switch showed otherwise than it is believed.
    suspects: BTreeMap<SwitchId, BTreeSet<audit::Suspicion>>,
    /// Legs that are examined because two lists contradicted what is believed.
    doubted: BTreeSet<LegId>,
    /// Examinations under way.
    examinations: BTreeSet<CommandId>,
    /// Legs that ended during them: what they find of these is older.
    ended_meanwhile: BTreeSet<LegId>,
    /// Switches that came back, as long as not everything on them is known.
    outages: BTreeMap<SwitchId, reconcile::Outage>,
    /// Whose leg each standing one is, whether or not it serves a call.
    standing: BTreeMap<LegId, AgentId>,
    /// The tones that are played on standing legs.
    tones: BTreeMap<CommandId, LegId>,
    /// Which call an open offer is for.
    offers: BTreeMap<OfferId, CallId>,
    /// The playbacks whose end moves a call on.
    playbacks: BTreeMap<CommandId, CallId>,
    /// The playbacks that a bridge waits for.
    preludes: BTreeMap<CommandId, CallId>,
    recordings: BTreeMap<CommandId, conversation::Recording>,
    pending: BTreeMap<CommandId, Pending>,
    last_command: CommandId,
    timers: Timers,
    /// The controller is about to leave and makes no new offers.
    draining: bool,
    estimator: estimate::Estimator,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An engine that knows nothing; give it [`Event::Started`] and
    /// [`Event::Configured`] before anything else.
    pub fn new() -> Self {
        Self {
            centre: None,
            generator: Pcg64::seed_from_u64(0),
            now: Timestamp::default(),
            calls: BTreeMap::new(),
            callbacks: BTreeMap::new(),
            legs: BTreeMap::new(),
            insisted: BTreeMap::new(),
            closing: BTreeMap::new(),
            agents: BTreeMap::new(),
            queues: Queues::default(),
            patrons: Patrons::default(),
            messages: Messages::default(),
            lamps: BTreeMap::new(),
            links: BTreeMap::new(),
            met: BTreeSet::new(),
            strangers: BTreeSet::new(),
            suspects: BTreeMap::new(),
            doubted: BTreeSet::new(),
            examinations: BTreeSet::new(),
            ended_meanwhile: BTreeSet::new(),
            outages: BTreeMap::new(),
            standing: BTreeMap::new(),
            tones: BTreeMap::new(),
            offers: BTreeMap::new(),
            playbacks: BTreeMap::new(),
            preludes: BTreeMap::new(),
            recordings: BTreeMap::new(),
            pending: BTreeMap::new(),
            last_command: CommandId::default(),
            timers: Timers::default(),
            draining: false,
            estimator: estimate::Estimator::default(),
        }
    }

    /// Takes one event and adds what has to be done about it to `out`. Due
    /// deadlines are worked off first, so that an event never overtakes them.
    pub fn handle(&mut self, at: Timestamp, event: Event, out: &mut Commands) {
        self.now = self.now.max(at);
        let told = out.as_slice().len();
        while let Some(reason) = self.timers.take_due(self.now) {
            self.due(reason, out);
        }
        match event {
            Event::Started { seed } => self.generator = Pcg64::seed_from_u64(seed),
            Event::Configured { centre } => {
                self.estimator.configure(&centre);
                self.configure(*centre, out);
            }
            Event::Remembered { remembered } => {
                self.estimator.remember(&remembered);
                self.remember(remembered, out);
            }
            Event::Switch { switch, event } => self.on_switch(switch, event, out),
            Event::Completed { command, outcome } => self.completed(command, outcome, out),
            Event::Agent { agent, request } => {
                let by = Principal::Agent(agent.clone());
                let what = Request::State {
                    agent,
                    ask: request,
                };
                // Nobody waits for the answer; a refusal is noted.
                let _ = self.carry_out(by, what, out);
            }
            Event::Asked { request, by, what } => self.asked(request, by, what, out),
            Event::RecordingFiled { recording, filed } => {
                self.recording_filed(recording, filed, out)
            }
            Event::RecordingLost { recording, why } => self.recording_lost(recording, why, out),
            Event::Drain { until } => self.drain(until),
            Event::Due => {}
        }
        self.note_estimates(told, out);
    }

    /// When the engine next has something to do by itself, and why.
    pub fn next_deadline(&self) -> Option<(Timestamp, Reason)> {
        self.timers.next().cloned()
    }

    fn due(&mut self, reason: Reason, out: &mut Commands) {
        match reason {
            Reason::KeyAwaited(call) => self.key_not_pressed(call, out),
            Reason::OfferOverdue(offer) => self.offer_overdue(offer, out),
            Reason::ProgressDue(call, queue) => self.progress_due(call, &queue, out),
            Reason::StepDue(call, queue) => self.step_due(call, &queue, out),
            Reason::OverflowDue(call, queue) => self.overflow_due(call, &queue, out),
            Reason::ConfirmationEnds(leg) => self.not_confirmed(&leg, out),
            Reason::BriefingEnds(call) => self.briefing_ended(call, out),
            Reason::SearchEnds(call, queue) => self.search_ended(call, &queue, out),
            Reason::AnnouncementDue(call) => self.announcement_due(call, out),
            Reason::WrapUpEnds(agent) => self.wrap_up_ended(&agent, out),
            Reason::RestEnds(agent) => self.rest_ended(&agent, out),
            Reason::GuardRenewal(leg) => self.renew_guard(&leg, out),
            Reason::Resumption(call) => self.resumption_due(call, out),
            Reason::CommandOverdue(command) => {
                self.completed(command, crate::switch::Outcome::Lost, out);
            }
            Reason::ApartOverdue(call) => self.still_apart(call, out),
            Reason::HangUpOverdue(leg) => self.hang_up_overdue(leg, out),
            Reason::AnswerOverdue(call) => self.answer_overdue(call, out),
            Reason::PromptOverdue(call) => self.prompt_overdue(call, out),
            Reason::RecordingOverdue(recording) => self.recording_overdue(recording, out),
            Reason::AuditDue(switch) => self.audit_due(&switch, out),
            Reason::PartyOverdue(leg) => self.party_overdue(&leg, out),
            Reason::LineOverdue(leg) => self.line_failed(&leg, true, out),
            Reason::ToneOverdue(leg) => self.tone_ended(&leg, out),
            Reason::ParkingEnds(call) => self.parking_ended(call, out),
            Reason::CallbackOfferDue(call) => self.callback_offer_due(call, out),
            Reason::CallbackKeyAwaited(call) => self.callback_key_missing(call, out),
            Reason::CallbackDue(callback) => self.callback_due(callback, out),
            Reason::CallbackExpires(callback) => self.callback_expired(callback, out),
            Reason::MessageOverdue(call) => self.message_overdue(call, out),
            Reason::DrainEnds => self.drain_ended(out),
        }
    }

    fn on_switch(&mut self, switch: SwitchId, event: SwitchEvent, out: &mut Commands) {
        let leg = |channel| LegId {
            switch: switch.clone(),
            channel,
        };
        match event {
            SwitchEvent::Arrived(arrival) => self.arrived(switch, arrival, out),
            SwitchEvent::Ringing { channel } => self.leg_rings(&leg(channel), out),
            SwitchEvent::Answered { channel } => self.leg_answered(&leg(channel), out),
            SwitchEvent::Digit { channel, digit } => self.digit_pressed(&leg(channel), digit, out),
            SwitchEvent::PlaybackFinished { playback, .. } => {
                self.playback_ended(playback, None, out)
            }
            SwitchEvent::PlaybackFailed { playback, why, .. } => {
                self.playback_ended(playback, Some(why), out);
            }
            SwitchEvent::Bridged { channel, peer } => self.bridged(&leg(channel), &leg(peer), out),
            SwitchEvent::Unbridged { channel, peer } => {
                self.unbridged(&leg(channel), &leg(peer), out)
            }
            SwitchEvent::Joined {
                channel,
                conference,
            } => self.joined(&leg(channel), conference, out),
            SwitchEvent::Left {
                channel,
                conference,
            } => self.left_conference(&leg(channel), conference, out),
            SwitchEvent::Held { channel } => {
                self.hold_key(&leg(channel), CallRequest::Hold, out);
            }
            SwitchEvent::Unheld { channel } => {
                self.hold_key(&leg(channel), CallRequest::Resume, out);
            }
            SwitchEvent::TransferAsked {
                channel,
                to,
                replaces,
            } => self.transfer_asked(&leg(channel), &to, replaces.map(leg), out),
            SwitchEvent::RecordingStarted { recording } => self.recording_started(recording, out),
            SwitchEvent::RecordingFinished { recording, media } => {
                self.recording_finished(recording, media, out);
            }
            SwitchEvent::RecordingFailed { recording, why } => {
                self.recording_lost(recording, why, out)
            }
            SwitchEvent::HungUp { channel, cause } => {
                let leg = leg(channel);
                if !self.examinations.is_empty() {
                    self.ended_meanwhile.insert(leg.clone());
                }
                self.hung_up(&leg, cause, out);
            }
            SwitchEvent::Snapshot(snapshot) => self.reconcile(switch, snapshot, out),
            SwitchEvent::Listed(snapshot) => self.audit(switch, snapshot, out),
            SwitchEvent::Examined(found) => self.examined(&switch, found, out),
            SwitchEvent::LinkLost { why } => self.link_changed(switch, false, why, out),
        }
    }

    /// The call a live leg belongs to.
    fn call_of(&self, leg: &LegId) -> Option<CallId> {
        self.legs.get(leg).copied()
    }

    /// Moves a call to a state, once.
    fn move_call(&mut self, call: CallId, state: call::CallState, out: &mut Commands) {
        if let Some(known) = self.calls.get_mut(&call)
            && known.state != state
        {
            known.state = state;
            known
                .leaving
                .take_if(|_| state != call::CallState::Voicemail);
            known
                .diverted
                .take_if(|_| state != call::CallState::Transferring);
            out.note(Fact::CallMoved { call, state });
        }
    }
}

#[cfg(test)]
mod scenarios;
