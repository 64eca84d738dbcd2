//! Messages that callers left: what a message is, and those that wait to be
//! handled.

use crate::engine::id::{CallId, CommandId, MessageId, PromptId};
use crate::engine::mailbox::Mailbox;
use crate::engine::request::Principal;
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Handled messages that are still known, so that they can be deleted; of more,
/// the oldest stay in the tables as they are.
pub const HANDLED_KNOWN: usize = 1_000;

/// A caller is asked for a message, and leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    pub mailbox: Mailbox,
    /// What the caller hears before the tone.
    pub greeting: PromptId,
    /// The longest message.
    pub max: Span,
    /// Silence that ends it.
    pub silence: Span,
    pub then: Then,
    /// Once it is being recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<CommandId>,
}

/// What becomes of the call when the message is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The flow goes on.
    GoOn,
    /// The call ends.
    End,
}

/// Whose message a recording is to become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub mailbox: Mailbox,
    pub caller_number: OutsideText,
    pub caller_name: OutsideText,
}

/// One message that a caller left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub mailbox: Mailbox,
    pub call: CallId,
    pub recording: CommandId,
    pub caller_number: OutsideText,
    pub caller_name: OutsideText,
    /// When the caller began to speak.
    pub left: Timestamp,
    pub length_ms: u64,
    pub state: MessageState,
}

/// How far the handling of a message has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MessageState {
    New,
    /// Somebody looks after it.
    Taken {
        by: Principal,
    },
    Handled,
}

impl MessageState {
    /// The word used in tables, the API and pages.
    pub fn word(&self) -> &'static str {
        match self {
            MessageState::New => "new",
            MessageState::Taken { .. } => "taken",
            MessageState::Handled => "handled",
        }
    }
}

/// How far a call back to who left a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalledBack {
    /// The agent is rung, and then the number.
    Dialling,
    /// They talk.
    Reached,
    /// It ended before they did.
    Unreached,
}

impl CalledBack {
    /// The word used in tables, the API and pages.
    pub fn word(self) -> &'static str {
        match self {
            CalledBack::Dialling => "dialling",
            CalledBack::Reached => "reached",
            CalledBack::Unreached => "unreached",
        }
    }
}

/// The messages that can still be asked for something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Message>", into = "Vec<Message>")]
pub struct Messages(BTreeMap<MessageId, Message>);

impl Messages {
    pub fn add(&mut self, message: Message) {
        self.0.insert(message.id, message);
    }

    pub fn get(&self, id: MessageId) -> Option<&Message> {
        self.0.get(&id)
    }

    pub fn remove(&mut self, id: MessageId) {
        self.0.remove(&id);
    }

    /// Moves a message to a state. Of the handled ones too many, the oldest is forgotten.
    pub fn move_to(&mut self, id: MessageId, state: MessageState) {
        let Some(message) = self.0.get_mut(&id) else {
            return;
        };
        message.state = state;
        let handled = |message: &&Message| message.state == MessageState::Handled;
        if self.0.values().filter(handled).count() > HANDLED_KNOWN {
            let oldest = self.0.values().find(handled).map(|message| message.id);
            oldest.into_iter().for_each(|oldest| self.remove(oldest));
        }
    }

    /// How many are new and how many taken, by mailbox; those with none are left out.
    pub fn counts(&self) -> BTreeMap<&Mailbox, (u32, u32)> {
        let mut counts = BTreeMap::new();
        for message in self.0.values() {
            let step = match message.state {
                MessageState::New => (1, 0),
                MessageState::Taken { .. } => (0, 1),
                MessageState::Handled => continue,
            };
            let (new, taken) = counts.entry(&message.mailbox).or_insert((0, 0));
            *new += step.0;
            *taken += step.1;
        }
        counts
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Message> {
        self.0.values()
    }
}

impl From<Vec<Message>> for Messages {
    fn from(list: Vec<Message>) -> Self {
        Self(
            list.into_iter()
                .map(|message| (message.id, message))
                .collect(),
        )
    }
}

impl From<Messages> for Vec<Message> {
    fn from(messages: Messages) -> Self {
        messages.0.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::id::CallId;
    use ulid::Ulid;

    fn message(n: u64) -> Message {
        Message {
            id: MessageId::from_ulid(Ulid::from_parts(n, 0)),
            mailbox: "queue:desk".parse().unwrap(),
            call: CallId::from_ulid(Ulid::nil()),
            recording: CommandId(n),
            caller_number: OutsideText::default(),
            caller_name: OutsideText::default(),
            left: Timestamp::default(),
            length_ms: 3_000,
            state: MessageState::New,
        }
    }

    #[test]
    fn handled_messages_are_forgotten_when_there_are_many_and_others_never() {
        let mut messages = Messages::default();
        let most = u64::try_from(HANDLED_KNOWN).unwrap();
        for n in 0..=most + 1 {
            messages.add(message(n));
        }
        for n in 1..=most + 1 {
            messages.move_to(message(n).id, MessageState::Handled);
        }
        assert!(messages.get(message(0).id).is_some());
        assert!(messages.get(message(1).id).is_none());
        assert!(messages.get(message(2).id).is_some());
        let desk: Mailbox = "queue:desk".parse().unwrap();
        assert_eq!(messages.counts().get(&desk), Some(&(1, 0)));
        let kept = serde_json::to_string(&messages).unwrap();
        assert_eq!(serde_json::from_str::<Messages>(&kept).unwrap(), messages);
    }
}
