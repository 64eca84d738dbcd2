//! Orders to switches: each gets a number, a purpose and a deadline, and is
//! answered exactly once.

use crate::engine::Engine;
use crate::engine::cause::Cause;
use crate::engine::centre::Limits;
use crate::engine::command::{Command, Commands};
use crate::engine::fact::Fact;
use crate::engine::id::{CallId, CommandId, LegId, OfferId, SwitchId};
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::switch::{Failure, Outcome, SwitchCommand, SwitchOrder};
use rand_pcg::rand_core::Rng;
use ulid::Ulid;

/// How long a device may ring for a leg that its switch made after we asked to end it.
const LATE_LEG: Span = Span::seconds(30);

/// An order that still wants its answer.
#[derive(Debug)]
pub(crate) struct Pending {
    call: CallId,
    purpose: Purpose,
}

/// What has to be done when an order fails.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    Answer,
    Play,
    /// Rings an agent's device.
    Ring(LegId),
    Bridge(OfferId),
    Record,
    /// Ends a caller's message.
    EndMessage,
    /// Lights a lamp or puts it out.
    Lamp,
    /// Renews the dead-man's timer of the leg.
    Guard(LegId),
    /// Rings one who is to take part beside caller and agent.
    RingParty(LegId),
    /// Rings an agent's device for a standing leg.
    RingLine(LegId),
    /// Connects them, as their part in the call wants it.
    ConnectParty(LegId),
    /// Ends the leg.
    HangUp(LegId),
    FindRecording(CommandId),
    /// About the switch as a whole.
    Ask,
    /// The call goes on without it; the failure is noted.
    Comfort,
}

impl Engine {
    /// Sends an order and starts its deadline.
    pub(super) fn order(
        &mut self,
        call: CallId,
        switch: &SwitchId,
        command: SwitchCommand,
        purpose: Purpose,
        out: &mut Commands,
    ) -> CommandId {
        self.last_command.0 += 1;
        let id = self.last_command;
        self.timers.set(
            Reason::CommandOverdue(id),
            self.now + self.limits().command_deadline,
        );
        self.pending.insert(id, Pending { call, purpose });
        out.push(Command::Switch(SwitchOrder {
            id,
            call,
            switch: switch.clone(),
            command,
        }));
        id
    }

    /// Asks the switch to end a leg, and watches that it does.
    pub(super) fn end_leg(
        &mut self,
        call: CallId,
        leg: &LegId,
        cause: Cause,
        answered: bool,
        out: &mut Commands,
    ) {
        let channel = leg.channel.clone();
        let command = if answered {
            SwitchCommand::HangUp { channel, cause }
        } else {
            SwitchCommand::Refuse { channel, cause }
        };
        self.timers.set(
            Reason::HangUpOverdue(leg.clone()),
            self.now + self.limits().command_deadline,
        );
        self.order(
            call,
            &leg.switch,
            command,
            Purpose::HangUp(leg.clone()),
            out,
        );
    }

    pub(super) fn completed(&mut self, command: CommandId, outcome: Outcome, out: &mut Commands) {
        self.timers.clear(&Reason::CommandOverdue(command));
        let Some(Pending { call, purpose }) = self.pending.remove(&command) else {
            return;
        };
        if let Purpose::Ask = purpose {
            self.examination_over(command);
            self.question_answered(command, out);
        }
        let (failure, why) = match outcome {
            Outcome::Done => return,
            Outcome::Failed { why, detail } => (Some(why), detail),
            Outcome::Lost => (None, OutsideText::new("the switch did not answer in time")),
        };
        if !self.was_needless(&purpose, failure) {
            out.note(Fact::CommandFailed {
                call: Some(call).filter(|_| !matches!(purpose, Purpose::Ask | Purpose::Lamp)),
                command,
                why: why.clone(),
            });
        }
        match purpose {
            // The list after the outage takes the call up again.
            Purpose::Answer if failure == Some(Failure::LinkDown) => {}
            Purpose::Answer => self.end_call(call, Cause::NetworkFailure, out),
            Purpose::Play => self.playback_ended(command, Some(why), out),
            Purpose::Ring(leg) => self.device_failed(&leg, out),
            Purpose::Bridge(offer) => self.offer_failed(offer, out),
            Purpose::RingParty(leg) | Purpose::ConnectParty(leg) => {
                self.party_order_failed(&leg, out);
            }
            Purpose::RingLine(leg) => self.line_failed(&leg, false, out),
            Purpose::Record => self.recording_lost(command, why, out),
            // It is over already, and its end was not told.
            Purpose::EndMessage if failure != Some(Failure::LinkDown) => {
                self.message_overdue(call, out);
            }
            Purpose::Guard(leg) => self.guard_failed(&leg, failure, out),
            // It has ended, which is told in a moment, or the switch has not made
            // it yet and will ring the device in spite of us.
            Purpose::HangUp(leg) if failure == Some(Failure::NoSuchChannel) => {
                match self.closing.contains_key(&leg) {
                    true => {
                        let at = self.now + LATE_LEG;
                        self.timers.set(Reason::HangUpOverdue(leg), at);
                    }
                    false => self.hung_up(&leg, Cause::NormalClearing, out),
                }
            }
            // It was answered meanwhile and cannot be refused any more.
            Purpose::HangUp(leg) if failure == Some(Failure::WrongState) => {
                let lives = self.closing.contains_key(&leg) || self.call_of(&leg).is_some();
                if lives && self.insist(&leg, 1) {
                    self.end_leg(call, &leg, Cause::NormalClearing, true, out);
                }
            }
            // The watch on the leg, or the next snapshot, settles it.
            Purpose::HangUp(_) | Purpose::Comfort | Purpose::Lamp | Purpose::EndMessage => {}
            Purpose::FindRecording(recording) => {
                self.recording_not_found(recording, failure, why, out);
            }
            // The next audit asks again.
            Purpose::Ask => {}
        }
    }

    /// Whether an order was to end a leg that ended by itself meanwhile: a caller who
    /// hangs up at the end of a message, for example.
    fn was_needless(&self, purpose: &Purpose, failure: Option<Failure>) -> bool {
        matches!(purpose, Purpose::HangUp(leg)
            if failure == Some(Failure::NoSuchChannel) && !self.closing.contains_key(leg))
    }

    /// Whether the bridge of an offer was ordered and is not answered for yet.
    pub(super) fn is_bridging(&self, offer: OfferId) -> bool {
        let mut purposes = self.pending.values().map(|pending| &pending.purpose);
        purposes.any(|purpose| matches!(purpose, Purpose::Bridge(of) if *of == offer))
    }

    /// Whether this party's connection was ordered and is not answered for yet.
    pub(super) fn is_connecting(&self, leg: &LegId) -> bool {
        let mut purposes = self.pending.values().map(|pending| &pending.purpose);
        purposes.any(|purpose| matches!(purpose, Purpose::ConnectParty(of) if of == leg))
    }

    /// Whether an order to end this leg is not answered for yet.
    pub(super) fn is_being_ended(&self, leg: &LegId) -> bool {
        let mut purposes = self.pending.values().map(|pending| &pending.purpose);
        purposes.any(|purpose| matches!(purpose, Purpose::HangUp(of) if of == leg))
    }

    /// Whether the order that makes this leg is not answered for yet.
    pub(super) fn is_being_made(&self, leg: &LegId) -> bool {
        let mut purposes = self.pending.values().map(|pending| &pending.purpose);
        purposes.any(|purpose| match purpose {
            Purpose::Ring(of) | Purpose::RingParty(of) | Purpose::RingLine(of) => of == leg,
            _ => false,
        })
    }

    pub(super) fn limits(&self) -> Limits {
        self.centre
            .as_ref()
            .map_or_else(Limits::default, |centre| centre.limits.clone())
    }

    pub(super) fn new_ulid(&mut self) -> Ulid {
        let random =
            (u128::from(self.generator.next_u64()) << 64) | u128::from(self.generator.next_u64());
        Ulid::from_parts(u64::try_from(self.now.as_millis()).unwrap_or(0), random)
    }

    /// A part of `span` drawn by chance, from nothing to all of it.
    pub(super) fn share_of(&mut self, span: Span) -> Span {
        Span::millis(self.generator.next_u64() % (span.as_millis() + 1))
    }

    /// `span` made shorter by up to a fifth, so that many timers set together
    /// do not come due together.
    pub(super) fn jittered(&mut self, span: Span) -> Span {
        let whole = span.as_millis();
        Span::millis(whole - self.generator.next_u64() % (whole / 5 + 1))
    }
}
