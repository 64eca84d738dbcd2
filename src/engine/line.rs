//! Standing legs. Some agents have their device rung once, when they sign in, and
//! keep the leg: an offer is a short tone on it, and caller and agent are
//! connected at once. When the conversation is over the leg stays, in silence.
//!
//! A call that an agent is offered on a standing leg has this leg as it would
//! have one that rings: ringing while the tone lasts, answered when it has ended.
//! What differs is how it is lit on and how it is let go of: [`Engine::keep_line`].
//!
//! | what happens | what becomes of the agent |
//! |---|---|
//! | the device does not answer | not ready, [`UNANSWERED`] |
//! | the leg ends, by the agent, its switch or an outage | free of the call as by hanging up, then not ready, [`ENDED`] |
//! | they ask for ready without a leg | the device is rung, and then they are ready |
//! | they sign out | the leg is ended |

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::cause::Cause;
use crate::engine::centre::Line;
use crate::engine::command::Commands;
use crate::engine::event::AgentRequest;
use crate::engine::fact::{Fact, Stuck};
use crate::engine::id::{AgentId, CallId, LegId, OfferId, PromptId, SwitchId};
use crate::engine::leg::{LegRole, LegState};
use crate::engine::offer::SETTLING;
use crate::engine::order::Purpose;
use crate::engine::party::Company;
use crate::engine::reconcile::Found;
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::switch::{ChannelState, LegVariable, LegVariables, Ring, SwitchCommand, Target};
use serde::{Deserialize, Serialize};

/// Why an agent is not ready whose standing leg has ended.
pub const ENDED: &str = "line_ended";
/// Why an agent is not ready whose device did not answer for a standing leg.
pub const UNANSWERED: &str = "line_unanswered";
/// Why an agent is not ready whose device is being rung for a standing leg.
pub const RINGING: &str = "line_ringing";
/// What an agent hears before a caller.
const OFFER_TONE: &str = "offer-tone";
/// The tone is short: its end is told by then, or was missed.
const TONE: Span = Span::seconds(2);

/// An agent's standing leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingLeg {
    pub leg: LegId,
    /// Under which its own orders go, beside those of the calls it serves.
    pub lane: CallId,
    pub state: LineState,
    /// The agent is ready when it is open.
    pub then_ready: bool,
}

/// How far a standing leg has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// The device cannot be rung yet: another leg to it is ending, or its switch is out of reach.
    Wanted,
    Ringing,
    Open,
}

impl LineState {
    /// The word used in the API and pages.
    pub fn word(self) -> &'static str {
        match self {
            LineState::Wanted => "wanted",
            LineState::Ringing => "ringing",
            LineState::Open => "open",
        }
    }
}

impl Engine {
    /// The standing leg that an agent can be reached on now.
    pub(super) fn open_line(&self, id: &AgentId) -> Option<LegId> {
        let line = self.agents.get(id)?.line.as_ref()?;
        (line.state == LineState::Open).then(|| line.leg.clone())
    }

    /// The same, for a call on this switch: from another one the device is rung
    /// besides, over a trunk.
    pub(super) fn line_beside(&self, id: &AgentId, switch: &SwitchId) -> Option<LegId> {
        self.open_line(id).filter(|leg| leg.switch == *switch)
    }

    /// Whether the agent needs a standing leg and has none yet.
    pub(super) fn lacks_line(&self, id: &AgentId) -> bool {
        let agent = self.agents.get(id);
        let standing = agent.is_some_and(|agent| agent.settings.line == Line::Standing);
        standing && self.open_line(id).is_none()
    }

    /// Rings the agent's device for a standing leg, unless it rings already.
    pub(super) fn ring_line(&mut self, id: &AgentId, then_ready: bool, out: &mut Commands) {
        let (leg, lane) = (self.new_ulid(), CallId::from_ulid(self.new_ulid()));
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        let leg = LegId {
            switch: agent.settings.switch.clone(),
            channel: OfferId::from_ulid(leg).channel(),
        };
        let line = agent.line.get_or_insert(StandingLeg {
            leg,
            lane,
            state: LineState::Wanted,
            then_ready,
        });
        line.then_ready |= then_ready;
        // What is ordered before the switch has told what lives on it, its list would deny.
        let is_up = self.links.get(&agent.settings.switch) == Some(&true);
        let begins = line.state == LineState::Wanted && agent.closing.is_empty() && is_up;
        if begins {
            line.state = LineState::Ringing;
        }
        let line = line.clone();
        out.note(Fact::LineMoved {
            agent: id.clone(),
            line: line.clone(),
        });
        if begins {
            self.order_line(id, line, out);
        }
    }

    fn order_line(&mut self, id: &AgentId, line: StandingLeg, out: &mut Commands) {
        let timeout = self.in_call().ring;
        let Some(agent) = self.agents.get(id) else {
            return;
        };
        let ring = Ring {
            channel: line.leg.channel.clone(),
            to: Target::Extension(agent.settings.extension.clone()),
            auto_answer: agent.settings.auto_answer,
            caller_number: OutsideText::new(agent.settings.extension.as_str()),
            caller_name: OutsideText::new(&agent.settings.name),
            timeout,
            variables: LegVariables::default()
                .with(LegVariable::Call, line.lane)
                .with(LegVariable::Role, LegRole::Standing.word())
                .with(LegVariable::Agent, id),
            originator: None,
        };
        let purpose = Purpose::RingLine(line.leg.clone());
        let ring = SwitchCommand::Ring(ring);
        self.order(line.lane, &line.leg.switch, ring, purpose, out);
        let overdue = Reason::LineOverdue(line.leg.clone());
        self.timers.set(overdue, self.now + timeout + SETTLING);
        self.standing.insert(line.leg, id.clone());
    }

    /// The device answered. True when the leg is one that stands.
    pub(super) fn line_answered(&mut self, leg: &LegId, out: &mut Commands) -> bool {
        let Some(id) = self.standing.get(leg).cloned() else {
            return false;
        };
        self.timers.clear(&Reason::LineOverdue(leg.clone()));
        let line = self.agents.get_mut(&id).and_then(|a| a.line.as_mut());
        let Some(line) = line.filter(|line| line.state == LineState::Ringing) else {
            return true;
        };
        line.state = LineState::Open;
        let then_ready = std::mem::take(&mut line.then_ready);
        out.note(Fact::LineMoved {
            agent: id.clone(),
            line: line.clone(),
        });
        let waits = self.agents.get(&id).is_some_and(|agent| !agent.is_busy());
        if then_ready && waits {
            self.grant(&id, AgentRequest::Ready, out);
        } else if waits {
            let reason = OutsideText::default();
            self.move_agent(&id, AgentState::NotReady { reason }, None, None, out);
        }
        true
    }

    /// A standing leg is gone, or will never be: the agent is not ready any more.
    /// Called before what follows for the call that the leg served.
    pub(super) fn line_ended(&mut self, leg: &LegId, out: &mut Commands) {
        let Some((id, line)) = self.forget_line(leg, out) else {
            return;
        };
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let reason = match line.state {
            LineState::Open => ENDED,
            LineState::Wanted | LineState::Ringing => UNANSWERED,
        };
        let request = AgentRequest::NotReady {
            reason: OutsideText::new(reason),
        };
        match &agent.state {
            AgentState::SignedOut => {}
            AgentState::NotReady { .. } if line.state == LineState::Open => {}
            AgentState::Ready | AgentState::NotReady { .. } => self.grant(&id, request, out),
            _ => {
                let request = Some(agent.next.get_or_insert(request).clone());
                out.note(Fact::AgentAsked { agent: id, request });
            }
        }
    }

    /// Takes a standing leg off its agent.
    fn forget_line(&mut self, leg: &LegId, out: &mut Commands) -> Option<(AgentId, StandingLeg)> {
        let id = self.standing.remove(leg)?;
        self.forget_tone(leg);
        self.timers.clear(&Reason::LineOverdue(leg.clone()));
        let line = self.agents.get_mut(&id)?.line.take()?;
        out.note(Fact::LineEnded {
            agent: id.clone(),
            leg: leg.clone(),
        });
        Some((id, line))
    }

    /// Nobody answered, or the order was refused or lost.
    pub(super) fn line_failed(&mut self, leg: &LegId, overdue: bool, out: &mut Commands) {
        let Some(id) = self.standing.get(leg).cloned() else {
            return;
        };
        if overdue {
            out.note(Fact::Overdue {
                stuck: Stuck::Line,
                call: None,
                agent: Some(id.clone()),
            });
        }
        let line = self.agents.get(&id).and_then(|agent| agent.line.clone());
        self.line_ended(leg, out);
        if let Some(StandingLeg { lane, .. }) = line {
            let cause = Cause::OriginatorCancel;
            self.end_device(lane, leg, Some(&id), cause, false, out);
        }
    }

    /// The agent signs out, or is to be rung for each call from here on.
    pub(super) fn end_line(&mut self, id: &AgentId, out: &mut Commands) {
        let Some(line) = self.agents.get_mut(id).and_then(|a| a.line.take()) else {
            return;
        };
        let leg = &line.leg;
        self.standing.remove(leg);
        self.timers.clear(&Reason::LineOverdue(leg.clone()));
        out.note(Fact::LineEnded {
            agent: id.clone(),
            leg: leg.clone(),
        });
        let (cause, answered) = match line.state {
            LineState::Wanted => return,
            LineState::Ringing => (Cause::OriginatorCancel, false),
            LineState::Open => (Cause::NormalClearing, true),
        };
        self.end_device(line.lane, leg, Some(id), cause, answered, out);
    }

    /// Plays the tone of an offer; when it has ended the leg counts as answered.
    pub(super) fn sound_tone(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        let agent = self.standing.get(leg).and_then(|id| self.agents.get(id));
        let language = agent.map(|agent| agent.settings.language);
        let command = SwitchCommand::Play {
            channel: leg.channel.clone(),
            prompts: vec![PromptId::of_word(OFFER_TONE)],
            language: language.unwrap_or_default(),
        };
        let tone = self.order(call, &leg.switch, command, Purpose::Play, out);
        self.tones.insert(tone, leg.clone());
        let overdue = Reason::ToneOverdue(leg.clone());
        self.timers.set(overdue, self.now + TONE);
    }

    /// The tone ended, could not be played, or its end was not told.
    pub(super) fn tone_ended(&mut self, leg: &LegId, out: &mut Commands) {
        if self.forget_tone(leg) {
            self.leg_answered(leg, out);
        }
    }

    fn forget_tone(&mut self, leg: &LegId) -> bool {
        self.timers.clear(&Reason::ToneOverdue(leg.clone()));
        let before = self.tones.len();
        self.tones.retain(|_, heard_on| heard_on != leg);
        self.tones.len() < before
    }

    /// A standing leg takes part in its call no more: it is not ended, but goes
    /// back into silence. False when the leg is none of these.
    pub(super) fn keep_line(&mut self, call: CallId, leg: &LegId, out: &mut Commands) -> bool {
        let Some(id) = self.standing.get(leg).cloned() else {
            return false;
        };
        let hears_tone = self.forget_tone(leg);
        let agent = self.agents.get(&id);
        if agent.is_none_or(|agent| agent.settings.line != Line::Standing) {
            self.forget_line(leg, out);
            return false;
        }
        self.set_apart(call, leg, hears_tone, out);
        self.legs.remove(leg);
        out.note(Fact::LegKept {
            call,
            leg: leg.clone(),
        });
        true
    }

    /// Takes a leg away from whoever it is with, and ends what it hears.
    fn set_apart(&mut self, call: CallId, leg: &LegId, hears_tone: bool, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let caller = known.caller.id.clone();
        let caller_lives = self.legs.contains_key(&caller);
        let serves = known
            .offer
            .as_ref()
            .is_some_and(|offer| offer.leg.id == *leg);
        let supervises = known.party(leg).is_some_and(|party| party.is_supervisor());
        let is_bridged = known
            .leg(leg)
            .is_some_and(|leg| leg.state == LegState::Bridged);
        let briefed = serves && known.briefing.is_some();
        let dials = known.dialler.is_some() && caller == *leg && known.caller.is_answered();
        let connecting = serves && !known.is_connected() && !hears_tone && !briefed;
        let channel = leg.channel.clone();
        let recording = known.recording.filter(|_| serves && caller_lives);
        let command = match known.company(leg) {
            Company::Conference if is_bridged => Some(SwitchCommand::Leave {
                channel,
                conference: call,
            }),
            Company::With(peer) if peer == caller => {
                (caller_lives && known.is_together()).then(|| SwitchCommand::Part {
                    channel,
                    peer: caller.channel.clone(),
                })
            }
            Company::With(peer) if self.legs.contains_key(&peer) && is_bridged => {
                Some(SwitchCommand::Part {
                    channel,
                    peer: peer.channel,
                })
            }
            _ if connecting && caller_lives => Some(SwitchCommand::Part {
                channel,
                peer: caller.channel.clone(),
            }),
            _ if hears_tone || supervises || briefed || dials => {
                Some(SwitchCommand::Silence { channel })
            }
            _ => None,
        };
        if let Some(command) = command {
            self.order(call, &leg.switch, command, Purpose::Comfort, out);
        }
        if let Some(recording) = recording {
            let stop = SwitchCommand::StopRecording {
                caller: caller.channel,
                recording,
            };
            self.order(call, &leg.switch, stop, Purpose::Comfort, out);
        }
    }

    /// A standing leg that serves no call, as its switch shows it.
    pub(super) fn confirm_line(&mut self, leg: &LegId, found: &Found, out: &mut Commands) {
        if found.state == ChannelState::Answered {
            self.line_answered(leg, out);
        }
        let Some(peer) = &found.peer else { return };
        let Some(agent) = self.standing.get(leg).cloned() else {
            return;
        };
        // They were put together in the last instant of a run that could not keep it.
        let call = self.call_of(peer);
        if call.is_some_and(|call| self.adopt_serving(call, peer, agent, leg, out)) {
            return;
        }
        let lane = call.unwrap_or_else(|| CallId::from_ulid(self.new_ulid()));
        let part = SwitchCommand::Part {
            channel: leg.channel.clone(),
            peer: peer.channel.clone(),
        };
        self.order(lane, &leg.switch, part, Purpose::Comfort, out);
        if let Some(call) = call {
            self.resume(call, out);
        }
    }

    /// Whether a list shows of a standing leg that serves no call what is not
    /// believed of it.
    pub(super) fn is_odd_line(&self, leg: &LegId, found: &Found) -> bool {
        let agent = self.standing.get(leg).and_then(|id| self.agents.get(id));
        let line = agent.and_then(|agent| agent.line.as_ref());
        let rings = line.is_some_and(|line| line.state == LineState::Ringing);
        found.peer.is_some() || (rings && found.state == ChannelState::Answered)
    }

    /// A standing leg that nobody knows is found: it is the agent's again, if they
    /// are signed in without one.
    pub(super) fn adopt_line(
        &mut self,
        leg: &LegId,
        id: &AgentId,
        lane: CallId,
        out: &mut Commands,
    ) -> bool {
        let Some(agent) = self.agents.get_mut(id) else {
            return false;
        };
        let fits = agent.settings.line == Line::Standing
            && agent.settings.switch == leg.switch
            && agent.line.is_none()
            && agent.state != AgentState::SignedOut;
        if !fits {
            return false;
        }
        let line = StandingLeg {
            leg: leg.clone(),
            lane,
            state: LineState::Open,
            then_ready: false,
        };
        agent.line = Some(line.clone());
        self.standing.insert(leg.clone(), id.clone());
        out.note(Fact::LineMoved {
            agent: id.clone(),
            line,
        });
        true
    }

    /// A new run is told of a standing leg of the one before.
    pub(super) fn remember_line(&mut self, id: &AgentId, line: StandingLeg) {
        if line.state == LineState::Ringing {
            let overdue = self.now + self.in_call().ring + SETTLING;
            let reason = Reason::LineOverdue(line.leg.clone());
            self.timers.set(reason, overdue);
        }
        if line.state != LineState::Wanted {
            self.standing.insert(line.leg.clone(), id.clone());
        }
        if let Some(agent) = self.agents.get_mut(id) {
            agent.line = Some(line);
        }
    }

    /// The agent's device has become free: a standing leg that waits for it is rung.
    pub(super) fn line_wanted(&mut self, id: &AgentId, out: &mut Commands) {
        let line = self.agents.get(id).and_then(|agent| agent.line.as_ref());
        if line.is_some_and(|line| line.state == LineState::Wanted) {
            self.ring_line(id, false, out);
        }
    }

    /// Agents who stand and are to be rung for each call now, outside of calls.
    pub(super) fn end_needless_lines(&mut self, out: &mut Commands) {
        let needless = self.standing.iter().filter(|(leg, id)| {
            let agent = self.agents.get(*id);
            let stands = agent.is_some_and(|agent| agent.settings.line == Line::Standing);
            !stands && !self.legs.contains_key(*leg)
        });
        let needless: Vec<AgentId> = needless.map(|(_, id)| id.clone()).collect();
        for id in needless {
            self.end_line(&id, out);
        }
    }
}
