//! Carries out what a call's flow wants.

use crate::engine::Engine;
use crate::engine::call::{Call, CallState};
use crate::engine::cause::Cause;
use crate::engine::centre::Centre;
use crate::engine::command::Commands;
use crate::engine::fact::Fact;
use crate::engine::id::{CallId, CommandId, FlowId, LegId, PromptId};
use crate::engine::ivr::flow::{Flow, VoicemailBlock};
use crate::engine::ivr::interpreter::{Action, Input, Session, Surroundings};
use crate::engine::message::{Leaving, Then};
use crate::engine::order::Purpose;
use crate::engine::recognition::facts_of;
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::engine::watchdog::ANSWERING;
use crate::engine::wishes::Wishes;
use crate::switch::{Digit, SwitchCommand};
use std::num::NonZeroU32;
use std::sync::Arc;

/// The flow that the call goes through: the one it entered, whatever the
/// settings say now. A call taken over from an earlier run has none yet; where
/// the settings no longer have its block, it begins with its number's flow.
fn flow_of(call: &mut Call, centre: &Centre) -> Option<Arc<Flow>> {
    if let Some(flow) = &call.flow {
        return Some(Arc::clone(flow));
    }
    let session = call.session.as_mut()?;
    let known = centre
        .flows
        .get(&session.flow)
        .filter(|flow| flow.blocks.contains_key(&session.block));
    let flow = match known {
        Some(flow) => flow,
        None => {
            let (begin, flow) = flow_of_number(call.dialled.as_str(), centre)?;
            *session = begin;
            flow
        }
    };
    call.flow = Some(Arc::clone(flow));
    call.flow.clone()
}

/// What the block has to say of agents in which the call is.
fn wishes_of_block(call: &Call) -> Option<Wishes> {
    let block = &call.session.as_ref()?.block;
    Some(call.flow.as_ref()?.blocks.get(block)?.wishes())
}

fn flow_of_number<'c>(dialled: &str, centre: &'c Centre) -> Option<(Session, &'c Arc<Flow>)> {
    let number = centre.numbers.get(dialled)?;
    let flow = centre.flows.get(&number.flow)?;
    Some((Session::at(number.flow.clone(), flow.start.clone()), flow))
}

impl Engine {
    /// Lets a call begin with its number's flow as it is now.
    pub(super) fn begin_again(&mut self, call: CallId, out: &mut Commands) {
        let (Some(centre), Some(known)) = (&self.centre, self.calls.get_mut(&call)) else {
            return;
        };
        let Some((session, flow)) = flow_of_number(known.dialled.as_str(), centre) else {
            return self.end_call(call, Cause::Congestion, out);
        };
        known.session = Some(session);
        known.flow = Some(Arc::clone(flow));
        self.advance(call, Input::Enter, out);
    }

    /// Moves a call's flow by one input.
    pub(super) fn advance(&mut self, call: CallId, input: Input, out: &mut Commands) {
        let Some(centre) = &self.centre else { return };
        let Some(known) = self
            .calls
            .get_mut(&call)
            .filter(|call| call.ending.is_none())
        else {
            return;
        };
        if known.session.is_none() {
            return;
        }
        let Some(flow) = flow_of(known, centre) else {
            return self.end_call(call, Cause::Congestion, out);
        };
        let facts = facts_of(known);
        let around = Surroundings {
            answered: known.caller.is_answered(),
            max_steps: centre.limits.max_flow_steps,
            now: self.now,
            calendars: &centre.calendars,
            facts: &facts,
        };
        let Some(session) = &mut known.session else {
            return;
        };
        let moves = session.step(&flow, input, &around);
        let flow_id = session.flow.clone();
        for block in moves.entered {
            out.note(Fact::BlockEntered {
                call,
                flow: flow_id.clone(),
                block,
            });
        }
        if let Some(attempts) = moves.repeated {
            out.note(Fact::BlockRepeated { call, attempts });
        }
        for action in moves.actions {
            self.act(call, action, out);
        }
    }

    /// Goes on with a call's flow after the controller was away. A call that was
    /// found with a place in a queue and has lost it begins its flow anew.
    pub(super) fn resume_flow(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        if known.session.is_some() {
            return self.advance(call, Input::Resume, out);
        }
        let begin = self.centre.as_ref().and_then(|centre| {
            let flow = &centre.numbers.get(known.dialled.as_str())?.flow;
            Some((flow.clone(), centre.flows.get(flow)?.start.clone()))
        });
        match begin {
            Some((flow, start)) => {
                known.session = Some(Session::at(flow, start));
                self.advance(call, Input::Enter, out);
            }
            None => self.end_call(call, Cause::Congestion, out),
        }
    }

    fn act(&mut self, call: CallId, action: Action, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let LegId { switch, channel } = known.caller.id.clone();
        match action {
            Action::Answer => self.answer_caller(call, out),
            Action::Play(prompts) => self.play(call, prompts, out),
            Action::Silence => {
                self.timers.clear(&Reason::KeyAwaited(call));
                self.forget_playback(call);
                self.order(
                    call,
                    &switch,
                    SwitchCommand::Silence { channel },
                    Purpose::Comfort,
                    out,
                );
            }
            Action::AwaitKey(span) => self.timers.set(Reason::KeyAwaited(call), self.now + span),
            Action::TakeMessage(asked) => self.message_block(call, asked, out),
            Action::Queue(queues) => {
                if let Some(wishes) = wishes_of_block(known) {
                    self.add_wishes(call, &wishes, out);
                }
                self.queue_reached(call, queues.as_slice(), out);
            }
            Action::Refuse(cause) | Action::HangUp(cause) => self.end_call(call, cause, out),
        }
    }

    /// The flow asks for a message; what its block does not say, the settings do.
    fn message_block(&mut self, call: CallId, asked: VoicemailBlock, out: &mut Commands) {
        let usual = self.leaving(asked.to, Then::GoOn);
        let seconds = |given: NonZeroU32| Span::seconds(given.get());
        let leaving = Leaving {
            greeting: asked.prompt.unwrap_or(usual.greeting),
            max: asked.max_s.map_or(usual.max, seconds),
            silence: asked.silence_s.map_or(usual.silence, seconds),
            ..usual
        };
        self.ask_for_message(call, leaving, out);
    }

    /// Answers a caller who is not answered yet.
    pub(super) fn answer_caller(&mut self, call: CallId, out: &mut Commands) {
        let known = self.calls.get(&call).filter(|c| !c.caller.is_answered());
        let Some(LegId { switch, channel }) = known.map(|call| call.caller.id.clone()) else {
            return;
        };
        let overdue = Reason::AnswerOverdue(call);
        self.timers.set(overdue, self.now + ANSWERING);
        let command = SwitchCommand::Answer { channel };
        self.order(call, &switch, command, Purpose::Answer, out);
    }

    /// Leads a call that is in no queue, and in our hands, into a flow.
    pub(super) fn enter_flow(&mut self, call: CallId, id: &FlowId, out: &mut Commands) {
        let flow = self.centre.as_ref().and_then(|centre| centre.flows.get(id));
        let (Some(flow), Some(known)) = (flow.map(Arc::clone), self.calls.get_mut(&call)) else {
            return self.begin_again(call, out);
        };
        known.session = Some(Session::at(id.clone(), flow.start.clone()));
        known.flow = Some(flow);
        let has_waited = known.served.is_some();
        self.move_call(call, CallState::InFlow, out);
        if has_waited {
            self.drop_place(call, out);
        }
        self.advance(call, Input::Enter, out);
    }

    /// Plays prompts to the caller; their end moves the call on.
    pub(super) fn play(&mut self, call: CallId, prompts: Vec<PromptId>, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let LegId { switch, channel } = known.caller.id.clone();
        let command = SwitchCommand::Play {
            channel,
            prompts,
            language: known.language,
        };
        let playback = self.order(call, &switch, command, Purpose::Play, out);
        self.forget_playback(call);
        self.playbacks.insert(playback, call);
        if let Some(known) = self.calls.get_mut(&call) {
            known.playback = Some(playback);
        }
        let longest = self.limits().max_prompt;
        self.timers
            .set(Reason::PromptOverdue(call), self.now + longest);
    }

    /// What the caller heard so far no longer moves the call.
    pub(super) fn forget_playback(&mut self, call: CallId) {
        if let Some(playback) = self
            .calls
            .get_mut(&call)
            .and_then(|call| call.playback.take())
        {
            self.playbacks.remove(&playback);
            self.timers.clear(&Reason::PromptOverdue(call));
        }
    }

    /// A playback ended or could not be played; one that was replaced moves nothing.
    pub(super) fn playback_ended(
        &mut self,
        playback: CommandId,
        why: Option<OutsideText>,
        out: &mut Commands,
    ) {
        if self.briefing_heard(playback, why.as_ref(), out) {
            return;
        }
        if let Some(leg) = self.tones.get(&playback).cloned() {
            if let (Some(why), call) = (why, self.call_of(&leg)) {
                let command = playback;
                out.note(Fact::CommandFailed { call, command, why });
            }
            return self.tone_ended(&leg, out);
        }
        let Some(call) = self.playbacks.remove(&playback) else {
            return;
        };
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        known.playback = None;
        self.timers.clear(&Reason::PromptOverdue(call));
        if let Some(why) = why {
            out.note(Fact::CommandFailed {
                call: Some(call),
                command: playback,
                why,
            });
        }
        if self.callback_prompt_ended(call, out) {
            return;
        }
        let known = self.calls.get(&call);
        if known.is_some_and(Call::is_waiting) {
            self.start_music(call, out);
        } else if known.is_some_and(Call::is_leaving_message) {
            self.record_message(call, out);
        } else {
            self.advance(call, Input::PlaybackEnded, out);
        }
    }

    pub(super) fn digit_pressed(&mut self, leg: &LegId, digit: Digit, out: &mut Commands) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        out.note(Fact::DigitPressed {
            call,
            leg: leg.clone(),
            digit,
        });
        if self.cuts_briefing(call, leg) {
            return self.briefing_ended(call, out);
        }
        let known = self.calls.get(&call);
        if known.is_some_and(|call| call.is_confirming(leg)) {
            return self.confirmed_by(call, leg, digit.key, out);
        }
        let is_caller = known.is_some_and(|call| call.caller.id == *leg);
        if is_caller && self.callback_key(call, digit.key, out) {
            return;
        }
        let known = self.calls.get(&call);
        let Some(known) = known.filter(|call| call.caller.id == *leg) else {
            return;
        };
        if known.is_in_flow() {
            self.advance(call, Input::Key(digit.key), out);
        } else if known.is_leaving_message() {
            self.key_in_voicemail(call, digit.key, out);
        }
    }

    pub(super) fn key_not_pressed(&mut self, call: CallId, out: &mut Commands) {
        self.advance(call, Input::TimedOut, out);
    }
}
