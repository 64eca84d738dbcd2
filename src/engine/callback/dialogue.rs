//! What a caller presses to be called back: the key, the number, the
//! confirmation. Meanwhile the call keeps its place, and an agent who becomes
//! free ends the dialogue.

use crate::engine::Engine;
use crate::engine::call::{Call, CallState};
use crate::engine::callback::ask::Promise;
use crate::engine::cause::Cause;
use crate::engine::centre::CallbackSettings;
use crate::engine::command::Commands;
use crate::engine::fact::{OfferOutcome, QueueExit};
use crate::engine::id::{CallId, PromptId, QueueId};
use crate::engine::order::Purpose;
use crate::engine::say::{self, callback as words};
use crate::engine::time::{Span, Timestamp};
use crate::engine::timer::Reason;
use crate::switch::{Key, PhoneNumber, SwitchCommand};

/// How long a key is awaited.
const KEY: Span = Span::seconds(10);
/// How often the caller is asked the same in vain.
const MOST_TRIES: u8 = 3;
/// Digits that are listened to; more make no number.
const MOST_DIGITS: usize = 33;

/// How far a caller has come to being called back.
#[derive(Debug)]
pub(crate) struct Dialogue {
    stage: Stage,
    tries: u8,
    /// The place of a call that its queue has turned away.
    turned_away: Option<Turned>,
}

#[derive(Debug)]
enum Stage {
    /// Told of the key.
    Told,
    /// Asked whether this is the number.
    Confirm { number: PhoneNumber },
    /// Pressing a number.
    Enter { digits: String },
    /// It is promised: hears so, and then the call ends.
    Farewell,
}

/// The place of a call that is in no queue.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Turned {
    pub(in crate::engine) queue: QueueId,
    pub(in crate::engine) priority: i32,
    pub(in crate::engine) entered: Timestamp,
}

impl Dialogue {
    fn at(stage: Stage, turned_away: Option<Turned>) -> Self {
        Self {
            stage,
            tries: 0,
            turned_away,
        }
    }

    /// The callback is promised, and the call is about to end.
    pub(crate) fn farewell() -> Self {
        Self::at(Stage::Farewell, None)
    }

    fn is_farewell(&self) -> bool {
        matches!(self.stage, Stage::Farewell)
    }

    /// Whether the caller is being asked something, so that nothing else is played.
    fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Confirm { .. } | Stage::Enter { .. })
    }
}

impl Call {
    /// Whether the caller is being asked about a callback.
    pub(crate) fn is_asked(&self) -> bool {
        let dialogue = self.callback.as_ref();
        dialogue.is_some_and(Dialogue::is_under_way)
    }

    /// Whether the caller was promised a callback, so that the call only ends.
    pub(crate) fn is_promised(&self) -> bool {
        self.callback.as_ref().is_some_and(Dialogue::is_farewell)
    }
}

impl Engine {
    /// The first of a call's queues that calls back, and its settings.
    fn calling_back(&self, call: &Call) -> Option<(QueueId, &CallbackSettings)> {
        let turned = call.callback.as_ref().and_then(|d| d.turned_away.as_ref());
        let waits = call.visits.iter().map(|visit| visit.queue());
        let mut queues = turned.map(|turned| &turned.queue).into_iter().chain(waits);
        queues.find_map(|queue| Some((queue.clone(), self.callback_settings(queue)?)))
    }

    /// Sets the deadline at which a waiting caller is told of the key.
    pub(in crate::engine) fn expect_callback_offer(&mut self, call: CallId, first: bool) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let can_dial =
            |centre: &crate::engine::centre::Centre| centre.has_way_out(&known.caller.id.switch);
        let settings = self.calling_back(known).map(|(_, settings)| settings);
        let settings = settings.filter(|settings| settings.key.is_some());
        let due = Reason::CallbackOfferDue(call);
        let after = settings.map(|settings| match first {
            true => settings.offer_after,
            false => settings.offer_every,
        });
        match after.filter(|_| self.centre.as_ref().is_some_and(can_dial)) {
            Some(after) => self.timers.set(due, self.now + after),
            None => self.timers.clear(&due),
        }
    }

    /// A waiting caller is told that they can be called back.
    pub(in crate::engine) fn callback_offer_due(&mut self, call: CallId, out: &mut Commands) {
        self.expect_callback_offer(call, false);
        let Some(known) = self.calls.get(&call).filter(|call| call.is_waiting()) else {
            return;
        };
        let hears = !known.is_offered() && known.playback.is_none() && !known.is_asked();
        let Some((queue, settings)) = self.calling_back(known) else {
            return;
        };
        let long = settings.offer_over.is_none_or(|over| {
            let estimate = self.estimate(call);
            estimate.is_none_or(|estimate| estimate.median > over)
        });
        if !hears || !long || !self.takes_callbacks(&queue) {
            return;
        }
        let common = || say::word(words::PRESS);
        let prompt = settings.prompt.clone().unwrap_or_else(common);
        self.set_dialogue(call, Dialogue::at(Stage::Told, None));
        self.play(call, vec![prompt], out);
    }

    fn set_dialogue(&mut self, call: CallId, dialogue: Dialogue) {
        if let Some(known) = self.calls.get_mut(&call) {
            known.callback = Some(dialogue);
        }
    }

    /// A queue does not take a call and offers to call back.
    pub(in crate::engine) fn overflow_to_callback(
        &mut self,
        call: CallId,
        turned: Turned,
        out: &mut Commands,
    ) {
        let dials = self.calls.get(&call).is_some_and(|known| {
            let centre = self.centre.as_ref();
            centre.is_some_and(|centre| centre.has_way_out(&known.caller.id.switch))
        });
        if !dials || !self.takes_callbacks(&turned.queue) {
            return self.end_call(call, Cause::UserBusy, out);
        }
        self.move_call(call, CallState::InFlow, out);
        self.set_dialogue(call, Dialogue::at(Stage::Told, Some(turned)));
        self.begin_dialogue(call, vec![say::word(words::ALL_BUSY)], out);
    }

    /// The caller's own number is asked about, if it can be dialled.
    fn begin_dialogue(&mut self, call: CallId, before: Vec<PromptId>, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let own = PhoneNumber::new(known.caller_number.as_str()).ok();
        let Some((_, settings)) = self
            .calls
            .get(&call)
            .and_then(|known| self.calling_back(known))
        else {
            return;
        };
        let stage = match own.filter(|number| settings.permits(number)) {
            Some(number) => Stage::Confirm { number },
            None => enter(),
        };
        self.ask_caller(call, stage, before, out);
    }

    /// Asks the caller for what the stage wants to know.
    fn ask_caller(
        &mut self,
        call: CallId,
        stage: Stage,
        before: Vec<PromptId>,
        out: &mut Commands,
    ) {
        let mut prompts = before;
        match &stage {
            Stage::Confirm { number } => {
                prompts.push(say::word(words::NUMBER_IS));
                prompts.extend(say::digits(number.as_str()));
                prompts.push(say::word(words::CONFIRM));
            }
            Stage::Enter { .. } => prompts.push(say::word(words::ENTER_NUMBER)),
            Stage::Told | Stage::Farewell => {}
        }
        let known = self.calls.get_mut(&call);
        if let Some(dialogue) = known.and_then(|known| known.callback.as_mut()) {
            dialogue.stage = stage;
        }
        self.timers.clear(&Reason::CallbackKeyAwaited(call));
        self.play(call, prompts, out);
    }

    /// A key of a caller who waits, or is asked. False when it means nothing here.
    pub(in crate::engine) fn callback_key(
        &mut self,
        call: CallId,
        key: Key,
        out: &mut Commands,
    ) -> bool {
        let Some(known) = self.calls.get(&call).filter(|call| call.ending.is_none()) else {
            return false;
        };
        let Some(dialogue) = &known.callback else {
            return false;
        };
        match (&dialogue.stage, char::from(key)) {
            (Stage::Told, _) => {
                let settings = self.calling_back(known).map(|(_, settings)| settings);
                if settings.is_none_or(|settings| settings.key != Some(key)) {
                    return false;
                }
                self.begin_dialogue(call, Vec::new(), out);
            }
            (Stage::Confirm { number }, '1') => {
                let number = number.clone();
                self.promise_to_caller(call, number, out);
            }
            (Stage::Confirm { .. }, '2') => self.ask_caller(call, enter(), Vec::new(), out),
            (Stage::Confirm { .. }, '*') => self.back_to_waiting(call, out),
            (Stage::Confirm { .. }, _) => self.not_understood(call, out),
            (Stage::Enter { .. }, '#') => self.number_entered(call, out),
            (Stage::Enter { .. }, '*') => self.ask_caller(call, enter(), Vec::new(), out),
            (Stage::Enter { .. }, digit) => self.digit_entered(call, digit, out),
            (Stage::Farewell, _) => {}
        }
        true
    }

    fn digit_entered(&mut self, call: CallId, digit: char, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        if let Some(Dialogue {
            stage: Stage::Enter { digits },
            ..
        }) = &mut known.callback
            && digits.len() < MOST_DIGITS
        {
            digits.push(digit);
        }
        let leg = known.caller.id.clone();
        if known.playback.is_some() {
            self.forget_playback(call);
            let channel = leg.channel;
            let command = SwitchCommand::Silence { channel };
            self.order(call, &leg.switch, command, Purpose::Comfort, out);
        }
        self.expect_key(call);
    }

    fn number_entered(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let Some(Dialogue {
            stage: Stage::Enter { digits },
            ..
        }) = &known.callback
        else {
            return;
        };
        let settings = self.calling_back(known).map(|(_, settings)| settings);
        let number = PhoneNumber::new(digits).ok();
        let number = number.filter(|number| settings.is_some_and(|s| s.permits(number)));
        match number {
            Some(number) => self.ask_caller(call, Stage::Confirm { number }, Vec::new(), out),
            None => {
                let invalid = vec![say::word(words::NUMBER_INVALID)];
                self.ask_again(call, enter(), invalid, out);
            }
        }
    }

    /// What was played to a caller who is asked, or who was promised, has ended.
    /// False when it was something else.
    pub(in crate::engine) fn callback_prompt_ended(
        &mut self,
        call: CallId,
        out: &mut Commands,
    ) -> bool {
        let Some(known) = self.calls.get(&call) else {
            return false;
        };
        if known.is_promised() {
            self.end_call(call, Cause::NormalClearing, out);
            return true;
        }
        let asked = known.is_asked();
        if asked {
            self.expect_key(call);
        }
        asked
    }

    fn expect_key(&mut self, call: CallId) {
        let due = Reason::CallbackKeyAwaited(call);
        self.timers.set(due, self.now + KEY);
    }

    pub(in crate::engine) fn callback_key_missing(&mut self, call: CallId, out: &mut Commands) {
        let asked = self.calls.get(&call).is_some_and(Call::is_asked);
        if asked {
            self.not_understood(call, out);
        }
    }

    fn not_understood(&mut self, call: CallId, out: &mut Commands) {
        let known = self.calls.get(&call);
        let stage = match known.and_then(|known| known.callback.as_ref()) {
            Some(Dialogue {
                stage: Stage::Confirm { number },
                ..
            }) => Stage::Confirm {
                number: number.clone(),
            },
            _ => enter(),
        };
        self.ask_again(call, stage, Vec::new(), out);
    }

    fn ask_again(&mut self, call: CallId, stage: Stage, before: Vec<PromptId>, out: &mut Commands) {
        let known = self.calls.get_mut(&call);
        let Some(dialogue) = known.and_then(|known| known.callback.as_mut()) else {
            return;
        };
        dialogue.tries += 1;
        match dialogue.tries < MOST_TRIES {
            true => self.ask_caller(call, stage, before, out),
            false => self.back_to_waiting(call, out),
        }
    }

    /// Nothing was arranged: the caller waits on, or, turned away, is let go.
    fn back_to_waiting(&mut self, call: CallId, out: &mut Commands) {
        self.timers.clear(&Reason::CallbackKeyAwaited(call));
        self.forget_playback(call);
        let waits = self.calls.get(&call).is_some_and(Call::is_waiting);
        if !waits {
            return self.end_call(call, Cause::NormalClearing, out);
        }
        self.set_dialogue(call, Dialogue::at(Stage::Told, None));
        self.start_music(call, out);
    }

    /// The caller confirmed: the callback has the place, and the call ends.
    fn promise_to_caller(&mut self, call: CallId, number: PhoneNumber, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let Some((queue, _)) = self.calling_back(known) else {
            return self.back_to_waiting(call, out);
        };
        if !self.takes_callbacks(&queue) {
            let stage = Stage::Told;
            let sorry = vec![say::word(words::NOT_POSSIBLE)];
            return match known.is_waiting() {
                true => self.ask_caller(call, stage, sorry, out),
                false => self.end_call(call, Cause::NormalClearing, out),
            };
        }
        let turned = known.callback.as_ref().and_then(|d| d.turned_away.clone());
        let visit = known.visit(&queue);
        let (entered, priority, step) = match (visit, turned) {
            (Some(visit), _) => (
                visit.place.entered,
                visit.place.priority(),
                visit.terms.step,
            ),
            (None, Some(turned)) => (turned.entered, turned.priority, 0),
            (None, None) => (self.now, 0, 0),
        };
        let promise = Promise {
            queue,
            number,
            entered,
            priority,
            step,
        };
        if known.is_offered() {
            self.withdraw_offers(call, OfferOutcome::CallerLeft, out);
        }
        self.leave_queues(call, QueueExit::CalledBack, out);
        self.timers.clear(&Reason::CallbackKeyAwaited(call));
        self.promise(call, promise, out);
        self.set_dialogue(call, Dialogue::farewell());
        self.move_call(call, CallState::InFlow, out);
        self.play(call, vec![say::word(words::CONFIRMED)], out);
    }

    /// The caller is an agent's, or waits no more: nothing is asked any longer.
    pub(in crate::engine) fn end_dialogue(&mut self, call: CallId) {
        self.timers.clear(&Reason::CallbackKeyAwaited(call));
        self.timers.clear(&Reason::CallbackOfferDue(call));
        if let Some(known) = self.calls.get_mut(&call) {
            known.callback.take_if(|dialogue| !dialogue.is_farewell());
        }
    }
}

fn enter() -> Stage {
    Stage::Enter {
        digits: String::new(),
    }
}
