//! Caller and agent are connected: recording, coming apart, and the end.

use crate::engine::call::{CallState, OfferStage};
use crate::engine::cause::Cause;
use crate::engine::command::{Command, Commands};
use crate::engine::explanation::Trigger;
use crate::engine::fact::{EndedBy, Fact, OfferOutcome, QueueExit, RememberedRecording};
use crate::engine::id::{AgentId, CallId, CommandId, LegId, SwitchId};
use crate::engine::leg::LegState;
use crate::engine::message::Envelope;
use crate::engine::order::Purpose;
use crate::engine::party::{Company, Party, Talk};
use crate::engine::recording::{FiledRecording, FilingOrder};
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::engine::timer::Reason;
use crate::engine::watchdog::RECORDING;
use crate::engine::{Closing, Engine};
use crate::switch::{RecordedMedia, SwitchCommand};

/// A recording from its order to its place in the recordings folder.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(super) call: CallId,
    pub(super) switch: SwitchId,
    started: Timestamp,
    /// Whose message it is to become; none for a conversation.
    message: Option<Envelope>,
    /// Its switch was asked where it is.
    pub(super) sought: bool,
    /// Its audio is complete and being filed.
    complete: bool,
}

impl Engine {
    pub(super) fn start_recording(
        &mut self,
        call: CallId,
        caller: &LegId,
        agent: &LegId,
        out: &mut Commands,
    ) {
        let command = SwitchCommand::Record {
            caller: caller.channel.clone(),
            agent: agent.channel.clone(),
        };
        self.begin_recording(call, &caller.switch, command, None, out);
    }

    /// Asks the switch for a recording, which is the call's from here on.
    pub(super) fn begin_recording(
        &mut self,
        call: CallId,
        switch: &SwitchId,
        command: SwitchCommand,
        message: Option<Envelope>,
        out: &mut Commands,
    ) -> CommandId {
        let recording = self.order(call, switch, command, Purpose::Record, out);
        out.note(Fact::RecordingAsked {
            call,
            recording,
            switch: switch.clone(),
            message: message.clone(),
        });
        self.recordings.insert(
            recording,
            Recording {
                call,
                switch: switch.clone(),
                started: self.now,
                message,
                sought: false,
                complete: false,
            },
        );
        let known = self.calls.get_mut(&call);
        let before = known.and_then(|known| known.recording.replace(recording));
        if before.is_some_and(|before| self.is_recording(before)) {
            before.into_iter().for_each(|r| self.expect_recording(r));
        }
        recording
    }

    /// Whether its end was not told yet.
    fn is_recording(&self, recording: CommandId) -> bool {
        let known = self.recordings.get(&recording);
        known.is_some_and(|known| !known.complete)
    }

    pub(super) fn recording_started(&mut self, recording: CommandId, out: &mut Commands) {
        if let Some(known) = self.recordings.get(&recording) {
            out.note(Fact::RecordingStarted {
                call: known.call,
                recording,
            });
        }
    }

    pub(super) fn recording_finished(
        &mut self,
        recording: CommandId,
        media: RecordedMedia,
        out: &mut Commands,
    ) {
        let Some(Recording {
            call,
            switch,
            started,
            complete,
            ..
        }) = self.recordings.get_mut(&recording)
        else {
            return;
        };
        *complete = true;
        self.timers.clear(&Reason::RecordingOverdue(recording));
        let (call, switch, started) = (*call, switch.clone(), *started);
        out.push(Command::File(FilingOrder {
            recording,
            switch,
            call,
            started,
            media,
        }));
        self.message_recorded(call, recording, out);
    }

    /// A recording of a run before this one: filed now if it is complete, or
    /// when the switch says so.
    pub(super) fn remember_recording(&mut self, known: RememberedRecording, out: &mut Commands) {
        let RememberedRecording {
            recording,
            call,
            switch,
            started,
            message,
            media,
        } = known;
        self.recordings.insert(
            recording,
            Recording {
                call,
                switch,
                started,
                message,
                sought: false,
                complete: false,
            },
        );
        if let Some(media) = media {
            return self.recording_finished(recording, media, out);
        }
        match self.calls.get_mut(&call) {
            Some(known) => {
                known.recording = Some(recording);
                self.remember_message(call, recording, started);
            }
            None => self.expect_recording(recording),
        }
    }

    /// The conversation is over: the end of its recording should be told soon.
    pub(super) fn expect_recording(&mut self, recording: CommandId) {
        let overdue = Reason::RecordingOverdue(recording);
        self.timers.set(overdue, self.now + RECORDING);
    }

    pub(super) fn recording_filed(
        &mut self,
        recording: CommandId,
        filed: FiledRecording,
        out: &mut Commands,
    ) {
        let Some(known) = self.recordings.remove(&recording) else {
            return;
        };
        let (call, started) = (known.call, known.started);
        out.note(Fact::RecordingFiled {
            call,
            recording,
            filed: filed.clone(),
        });
        if let Some(envelope) = known.message {
            self.message_filed(call, recording, started, envelope, &filed, out);
        }
    }

    pub(super) fn recording_lost(
        &mut self,
        recording: CommandId,
        why: OutsideText,
        out: &mut Commands,
    ) {
        self.timers.clear(&Reason::RecordingOverdue(recording));
        if let Some(Recording { call, .. }) = self.recordings.remove(&recording) {
            out.note(Fact::RecordingLost {
                call,
                recording,
                why,
            });
            self.message_lost(call, recording, out);
        }
    }

    /// The two sides came apart. Whoever hung up is told by `HungUp`; until
    /// then the caller must not be left in silence for ever.
    pub(super) fn unbridged(&mut self, one: &LegId, other: &LegId, out: &mut Commands) {
        let Some(call) = self.call_of(one).or_else(|| self.call_of(other)) else {
            return;
        };
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let caller = &known.caller.id;
        let company = known.company(caller);
        let with = |peer: &LegId| company == Company::With(peer.clone());
        // Two who parted because of us are not in each other's company any more.
        if one == other || (one == caller && with(other)) || (other == caller && with(one)) {
            return self.came_apart(call, out);
        }
        let serves = |leg: &LegId| known.offer.as_ref().is_some_and(|o| o.leg.id == *leg);
        let consulted = known.consulted().map(|party| party.leg.id.clone());
        let asks =
            |party: &LegId| (one == party && serves(other)) || (other == party && serves(one));
        if let Some(party) = consulted.filter(|party| known.talk == Talk::Consulting && asks(party))
        {
            self.party_strays(call, &party, out);
        }
    }

    /// The caller, who should talk to somebody, does not.
    pub(super) fn came_apart(&mut self, call: CallId, out: &mut Commands) {
        let known = self.calls.get(&call);
        let Some(known) = known.filter(|call| call.is_talking() && call.ending.is_none()) else {
            return;
        };
        if !known.is_together() {
            return;
        }
        self.caller_is(call, LegState::Answered, out);
        self.expect_company(call);
    }

    /// A leg is gone, whoever ended it.
    pub(super) fn hung_up(&mut self, leg: &LegId, cause: Cause, out: &mut Commands) {
        self.timers.clear(&Reason::HangUpOverdue(leg.clone()));
        self.insisted.remove(leg);
        self.timers.clear(&Reason::GuardRenewal(leg.clone()));
        if let Some(Closing { call, agent }) = self.closing.remove(leg) {
            out.note(Fact::LegEnded {
                call,
                leg: leg.clone(),
                cause,
            });
            if let Some(agent) = agent {
                self.device_freed(&agent, leg, out);
            }
            return;
        }
        self.line_ended(leg, out);
        let Some(call) = self.legs.remove(leg) else {
            return;
        };
        out.note(Fact::LegEnded {
            call,
            leg: leg.clone(),
            cause,
        });
        match self.calls.get(&call) {
            Some(known) if known.is_dialled_from(leg) && !known.devices.is_empty() => {
                self.dialling_device_gone(call, leg, cause, out);
            }
            Some(known) if known.caller.id == *leg => self.caller_gone(call, cause, out),
            Some(known) if known.party(leg).is_some() => self.party_gone(call, leg, cause, out),
            Some(known) if known.is_connected() => self.agent_hung_up(call, cause, out),
            Some(_) => self.offer_leg_ended(call, leg, cause, out),
            None => {}
        }
    }

    fn agent_hung_up(&mut self, call: CallId, cause: Cause, out: &mut Commands) {
        let known = self.calls.get(&call).filter(|call| call.ending.is_none());
        match known.map(|call| call.talk) {
            Some(Talk::Consulting) => {
                if let Ok((leg, answered)) = self.consultation(call) {
                    return self.consulted_takes_over(call, &leg, answered, out);
                }
            }
            Some(Talk::Conference) => {
                self.finish_with_agent(call, out);
                return self.conference_goes_on(call, out);
            }
            _ => {}
        }
        self.finish_with_agent(call, out);
        self.end_call_by(call, cause, EndedBy::Agent, out);
    }

    /// Frees the agent of a connected call, into wrap-up. Who listened to them is
    /// let go.
    pub(super) fn finish_with_agent(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let Some(offer) = known.offer.take() else {
            return;
        };
        known.talk = Talk::Together;
        self.offers.remove(&offer.id);
        self.timers.clear(&Reason::ApartOverdue(call));
        self.wrap_up(&offer.agent, call, out);
        self.dismiss_all(call, Party::is_supervisor, out);
    }

    pub(super) fn caller_gone(&mut self, call: CallId, cause: Cause, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let ended_by = match cause {
            Cause::Unseen => EndedBy::System,
            _ if known.dialler.is_some() => EndedBy::Agent,
            _ => EndedBy::Caller,
        };
        let (cause, ended_by) = known.ending.unwrap_or((cause, ended_by));
        let abandoned = known.ending.is_none();
        match known
            .offer
            .as_ref()
            .map(|offer| (offer.stage, offer.leg.clone(), offer.agent.clone()))
        {
            Some((OfferStage::Connected, leg, agent)) => {
                if leg.is_alive() {
                    let agent = Some(&agent);
                    self.close_leg(call, &leg.id, agent, Cause::NormalClearing, true, out);
                }
                self.finish_with_agent(call, out);
            }
            _ => self.withdraw_offers(call, OfferOutcome::CallerLeft, out),
        }
        self.dialler_gone(call, cause, out);
        self.dismiss_all(call, |_| true, out);
        self.timers.clear(&Reason::ParkingEnds(call));
        self.timers.clear(&Reason::MessageOverdue(call));
        let exit = if abandoned {
            QueueExit::Abandoned
        } else {
            QueueExit::Failed
        };
        self.leave_queues(call, exit, out);
        self.timers.clear(&Reason::AnswerOverdue(call));
        self.timers.clear(&Reason::KeyAwaited(call));
        self.end_dialogue(call);
        self.timers.clear(&Reason::ApartOverdue(call));
        self.forget_playback(call);
        self.timers.clear(&Reason::Resumption(call));
        self.move_call(call, CallState::Ended, out);
        out.note(Fact::CallEnded {
            call,
            cause,
            ended_by,
        });
        let ended = self.calls.remove(&call);
        if let Some(recording) = ended.and_then(|call| call.recording)
            && self.is_recording(recording)
        {
            self.expect_recording(recording);
        }
        self.line_is_free(call, out);
    }

    /// The last leg to an agent's device has ended.
    fn device_freed(&mut self, id: &AgentId, leg: &LegId, out: &mut Commands) {
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        if agent.closing.remove(leg) && agent.closing.is_empty() {
            self.refresh_standing(id);
            self.line_wanted(id, out);
            self.agent_freed(id, Trigger::AgentFreed, out);
        }
    }

    /// A leg takes part in its call no more. It is ended, unless it stands.
    pub(super) fn close_leg(
        &mut self,
        call: CallId,
        leg: &LegId,
        agent: Option<&AgentId>,
        cause: Cause,
        answered: bool,
        out: &mut Commands,
    ) {
        if !self.keep_line(call, leg, out) {
            self.end_device(call, leg, agent, cause, answered, out);
        }
    }

    /// Asks the switch to end a leg that no longer takes part in anything. The
    /// agent whose device it is can be rung again only when it has ended.
    pub(super) fn end_device(
        &mut self,
        call: CallId,
        leg: &LegId,
        agent: Option<&AgentId>,
        cause: Cause,
        answered: bool,
        out: &mut Commands,
    ) {
        self.legs.remove(leg);
        if let Some(agent) = agent.and_then(|id| self.agents.get_mut(id)) {
            agent.closing.insert(leg.clone());
        }
        if let Some(agent) = agent {
            self.refresh_standing(agent);
        }
        let agent = agent.cloned();
        out.note(Fact::LegClosing {
            call,
            leg: leg.clone(),
            agent: agent.clone(),
        });
        self.closing.insert(leg.clone(), Closing { call, agent });
        self.end_leg(call, leg, cause, answered, out);
    }
}
