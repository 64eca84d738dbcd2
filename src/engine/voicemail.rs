//! A caller leaves a message: greeting and tone, then the recording, which ends
//! by silence, by its greatest length, by `#` or with the call. What was
//! recorded is filed like every recording, and then lies in a mailbox.

use crate::engine::Engine;
use crate::engine::call::{Call, CallState};
use crate::engine::cause::Cause;
use crate::engine::centre::VoicemailSettings;
use crate::engine::command::Commands;
use crate::engine::fact::{Dropped, Fact, Stuck};
use crate::engine::id::{CallId, CommandId, LegId, MessageId};
use crate::engine::ivr::interpreter::Input;
use crate::engine::mailbox::Mailbox;
use crate::engine::message::{Envelope, Leaving, Message, MessageState, Then};
use crate::engine::order::Purpose;
use crate::engine::recording::FiledRecording;
use crate::engine::time::{Span, Timestamp};
use crate::engine::timer::Reason;
use crate::switch::{Key, SwitchCommand};

/// From the greatest length of a message until its end must be told.
const MARGIN: Span = Span::seconds(10);

impl Engine {
    /// What the settings say of a message for a mailbox.
    pub(super) fn leaving(&self, mailbox: Mailbox, then: Then) -> Leaving {
        let settings = self.voicemail();
        Leaving {
            mailbox,
            greeting: settings.greeting,
            max: settings.max,
            silence: settings.silence,
            then,
            recording: None,
        }
    }

    fn voicemail(&self) -> VoicemailSettings {
        let centre = self.centre.as_ref();
        centre.map_or_else(VoicemailSettings::default, |c| c.voicemail.clone())
    }

    /// Asks a caller who waits for nothing for a message.
    pub(super) fn ask_for_message(&mut self, call: CallId, leaving: Leaving, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let mailbox = leaving.mailbox.clone();
        known.leaving = Some(leaving.clone());
        self.move_call(call, CallState::Voicemail, out);
        out.note(Fact::MessageAsked { call, leaving });
        let counts = self.messages.counts();
        let new = counts.get(&mailbox).map_or(0, |(new, _)| *new);
        if new >= self.voicemail().max_messages {
            out.note(Fact::MessageDropped {
                call,
                mailbox,
                recording: None,
                why: Dropped::MailboxFull,
            });
            return self.message_over(call, out);
        }
        self.answer_caller(call, out);
        self.greet(call, out);
    }

    /// The caller hears the greeting and the tone.
    fn greet(&mut self, call: CallId, out: &mut Commands) {
        let known = self.calls.get(&call);
        if let Some(leaving) = known.and_then(|call| call.leaving.as_ref()) {
            let greeting = leaving.greeting.clone();
            let tone = self.voicemail().tone;
            self.play(call, vec![greeting, tone], out);
        }
    }

    /// The tone was heard: from here on the caller is recorded.
    pub(super) fn record_message(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let Some(leaving) = known.leaving.clone().filter(|_| known.ending.is_none()) else {
            return;
        };
        let LegId { switch, channel } = known.caller.id.clone();
        let envelope = Envelope {
            mailbox: leaving.mailbox,
            caller_number: known.caller_number.clone(),
            caller_name: known.caller_name.clone(),
        };
        let command = SwitchCommand::RecordMessage {
            channel,
            max: leaving.max,
            silence: leaving.silence,
        };
        let recording = self.begin_recording(call, &switch, command, Some(envelope), out);
        if let Some(leaving) = self.leaving_mut(call) {
            leaving.recording = Some(recording);
        }
        let overdue = self.now + leaving.max + MARGIN;
        self.timers.set(Reason::MessageOverdue(call), overdue);
    }

    fn leaving_mut(&mut self, call: CallId) -> Option<&mut Leaving> {
        self.calls.get_mut(&call)?.leaving.as_mut()
    }

    /// A key ends the greeting or the message.
    pub(super) fn key_in_voicemail(&mut self, call: CallId, key: Key, out: &mut Commands) {
        let Some(known) = self.calls.get(&call).filter(|call| call.ending.is_none()) else {
            return;
        };
        let recording = known.leaving.as_ref().map(|leaving| leaving.recording);
        match recording.filter(|_| key == Key::END) {
            Some(Some(recording)) => self.end_message(call, recording, out),
            Some(None) => {
                let tone = self.voicemail().tone;
                self.play(call, vec![tone], out);
            }
            None => {}
        }
    }

    fn end_message(&mut self, call: CallId, recording: CommandId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let LegId { switch, channel } = known.caller.id.clone();
        let command = SwitchCommand::StopRecording {
            caller: channel,
            recording,
        };
        self.order(call, &switch, command, Purpose::EndMessage, out);
    }

    /// The message's end is told, or can't be expected any more.
    pub(super) fn message_recorded(
        &mut self,
        call: CallId,
        recording: CommandId,
        out: &mut Commands,
    ) {
        let known = self.calls.get(&call);
        let leaving = known.and_then(|call| call.leaving.as_ref());
        if leaving.is_some_and(|leaving| leaving.recording == Some(recording)) {
            self.message_over(call, out);
        }
    }

    /// The message could not be recorded. While the switch is out of reach its
    /// next list takes the call up, and the caller is greeted again.
    pub(super) fn message_lost(&mut self, call: CallId, recording: CommandId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let reachable = self.links.get(&known.caller.id.switch) == Some(&true);
        let Some(leaving) = self.leaving_mut(call) else {
            return;
        };
        if leaving.recording != Some(recording) {
            return;
        }
        leaving.recording = None;
        self.timers.clear(&Reason::MessageOverdue(call));
        if reachable {
            self.message_over(call, out);
        }
    }

    /// The message's end was not told: it is looked for, and the call goes on.
    pub(super) fn message_overdue(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let Some(recording) = known.leaving.as_ref().and_then(|l| l.recording) else {
            return;
        };
        if self.links.get(&known.caller.id.switch) != Some(&true) {
            let again = Reason::MessageOverdue(call);
            return self.timers.set(again, self.now + MARGIN);
        }
        self.stuck(Stuck::Message, Some(call), out);
        self.expect_recording(recording);
        self.message_over(call, out);
    }

    /// The caller is asked for nothing any more.
    fn message_over(&mut self, call: CallId, out: &mut Commands) {
        let known = self.calls.get(&call).filter(|call| call.ending.is_none());
        let Some(then) = known.and_then(|call| call.leaving.as_ref()).map(|l| l.then) else {
            return;
        };
        self.forget_message(call);
        match then {
            Then::GoOn => {
                self.move_call(call, CallState::InFlow, out);
                self.advance(call, Input::MessageLeft, out);
            }
            Then::End => self.end_call(call, Cause::NormalClearing, out),
        }
    }

    /// Nothing is awaited of a caller's message any more.
    pub(super) fn forget_message(&mut self, call: CallId) {
        self.timers.clear(&Reason::MessageOverdue(call));
        self.forget_playback(call);
    }

    /// The controller was away. What is being recorded goes on being so; a caller
    /// who was still being greeted is greeted again.
    pub(super) fn resume_message(&mut self, call: CallId, out: &mut Commands) {
        let known = self.calls.get(&call);
        let leaving = known.and_then(|call| call.leaving.as_ref());
        if leaving.is_some_and(|leaving| leaving.recording.is_none()) {
            self.greet(call, out);
        }
    }

    /// A recording of the run before is a message that its caller may still be leaving.
    pub(super) fn remember_message(
        &mut self,
        call: CallId,
        recording: CommandId,
        began: Timestamp,
    ) {
        let known = self.calls.get(&call).filter(|call| call.ending.is_none());
        let leaving = known.and_then(|call| call.leaving.as_ref());
        if let Some(leaving) = leaving.filter(|l| l.recording == Some(recording)) {
            let overdue = (began + leaving.max + MARGIN).max(self.now);
            self.timers.set(Reason::MessageOverdue(call), overdue);
        }
    }

    /// What a caller said is safe: it lies in its mailbox from now on.
    pub(super) fn message_filed(
        &mut self,
        call: CallId,
        recording: CommandId,
        began: Timestamp,
        envelope: Envelope,
        filed: &FiledRecording,
        out: &mut Commands,
    ) {
        let Envelope {
            mailbox,
            caller_number,
            caller_name,
        } = envelope;
        let heard_ms = filed.heard_ms.unwrap_or(filed.length_ms);
        if heard_ms < self.voicemail().min.as_millis() {
            return out.note(Fact::MessageDropped {
                call,
                mailbox,
                recording: Some(recording),
                why: Dropped::TooShort,
            });
        }
        let message = Message {
            id: MessageId::from_ulid(self.new_ulid()),
            mailbox,
            call,
            recording,
            caller_number,
            caller_name,
            left: began,
            length_ms: filed.length_ms,
            state: MessageState::New,
        };
        self.messages.add(message.clone());
        out.note(Fact::MessageLeft { message });
        self.refresh_lamps(out);
    }
}

impl Call {
    /// Whether the caller is asked for a message, or is just leaving it.
    pub(crate) fn is_leaving_message(&self) -> bool {
        self.state == CallState::Voicemail
    }
}
