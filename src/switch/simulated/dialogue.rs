//! What a caller presses who is asked about a callback.

use crate::engine::id::PromptId;
use crate::engine::say::callback as words;
use crate::engine::time::{Span, Timestamp};
use crate::switch::Key;
use crate::switch::simulated::chance::Chance;
use crate::switch::simulated::crowd::{CallbackHabits, CallerHabits};

/// From one key of a number to the next.
const TYPING: Span = Span::millis(180);

/// What prompts ask of the caller who hears them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Press a key to be called back.
    Wanted,
    /// Is this the number?
    Confirm,
    /// Which number?
    Number,
    /// Nothing: the callback is promised.
    Promise,
}

impl Question {
    /// What a list of prompts asks about a callback, if it does.
    pub(super) fn of(prompts: &[PromptId]) -> Option<Self> {
        let has = |word: &str| prompts.iter().any(|prompt| prompt.as_str() == word);
        [
            (words::CONFIRMED, Question::Promise),
            (words::CONFIRM, Question::Confirm),
            (words::ENTER_NUMBER, Question::Number),
            (words::PRESS, Question::Wanted),
        ]
        .into_iter()
        .find_map(|(word, question)| has(word).then_some(question))
    }

    /// The keys by which a caller answers, and when each is pressed.
    pub(super) fn answer(
        self,
        at: Timestamp,
        habits: &CallerHabits,
        chance: &mut Chance,
    ) -> Vec<(Timestamp, Key)> {
        let CallbackHabits {
            share,
            other_number,
            errs,
        } = habits.callback;
        let keys = match self {
            Question::Promise => String::new(),
            Question::Wanted if chance.happens(share) => "1".to_owned(),
            Question::Wanted => String::new(),
            Question::Confirm if chance.happens(errs) => "9".to_owned(),
            Question::Confirm if chance.happens(errs) => "*".to_owned(),
            Question::Confirm if chance.happens(other_number) => "2".to_owned(),
            Question::Confirm => "1".to_owned(),
            Question::Number if chance.happens(errs) => "99#".to_owned(),
            Question::Number => format!("136{:08}#", chance.number(100_000_000)),
        };
        let mut when = at + chance.between(habits.presses_after);
        let keys = keys.chars().filter_map(|key| Key::try_from(key).ok());
        keys.map(|key| {
            when = when + TYPING;
            (when, key)
        })
        .collect()
    }
}
