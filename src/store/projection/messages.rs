//! Messages that callers left, and what people did about them.

use crate::engine::id::{AgentId, CallId, MessageId};
use crate::engine::message::{CalledBack, Message, MessageState};
use crate::engine::request::Principal;
use crate::engine::text::OutsideText;
use crate::store::AnyConnection;
use crate::store::messages::DELETED;
use crate::store::projection::rows::{Rows, Shape, Table, run};
use crate::store::projection::{BEGUN, Taking};
use diesel::QueryResult;
use std::collections::BTreeMap;

const MESSAGES: Table = Table {
    name: "messages",
    shape: Shape {
        first: BEGUN,
        second: &[
            ("message", "TEXT"),
            ("mailbox", "TEXT"),
            ("call", "TEXT"),
            ("recording", "BIGINT"),
            ("caller_number", "TEXT"),
            ("caller_name", "TEXT"),
            ("left_at", "BIGINT"),
            ("length_ms", "BIGINT"),
            ("state", "TEXT"),
            ("changed_at", "BIGINT"),
        ],
    },
};

const MOVED: Shape = Shape {
    first: &[("message", "TEXT")],
    second: &[
        ("state", "TEXT"),
        ("changed_at", "BIGINT"),
        ("changed_by", "TEXT"),
        ("note", "TEXT"),
    ],
};

const CALLED: Shape = Shape {
    first: &[("message", "TEXT")],
    second: &[
        ("called", "TEXT"),
        ("called_at", "BIGINT"),
        ("called_by", "TEXT"),
        ("called_in", "TEXT"),
    ],
};

/// What a batch says of messages: the last word on each counts.
#[derive(Default)]
pub(super) struct Messages {
    left: Rows,
    moved: BTreeMap<MessageId, Moved>,
    called: BTreeMap<MessageId, Called>,
}

struct Called {
    came: CalledBack,
    at: i64,
    by: AgentId,
    call: CallId,
}

struct Moved {
    state: &'static str,
    at: i64,
    by: String,
    note: Option<OutsideText>,
}

impl Taking<'_> {
    pub(super) fn message_left(&mut self, message: &Message) -> QueryResult<()> {
        let place = self.place_of(message.call);
        let row = (
            message.id,
            &message.mailbox,
            message.call,
            message.recording,
            &message.caller_number,
            &message.caller_name,
            message.left.as_millis(),
            message.length_ms,
            message.state.word(),
            self.moment.at,
        );
        self.messages.left.push(place.values(), row)
    }

    pub(super) fn message_moved(
        &mut self,
        message: MessageId,
        state: &MessageState,
        by: &Principal,
        note: &OutsideText,
    ) {
        let moved = Moved {
            state: state.word(),
            at: self.moment.at,
            // Who looks after it counts, whoever decided that.
            by: match state {
                MessageState::Taken { by } => by.to_string(),
                MessageState::New | MessageState::Handled => by.to_string(),
            },
            note: Some(note.clone()).filter(|note| !note.is_empty()),
        };
        self.messages.moved.insert(message, moved);
    }

    pub(super) fn message_called(
        &mut self,
        message: MessageId,
        came: CalledBack,
        by: &AgentId,
        call: CallId,
    ) {
        let called = Called {
            came,
            at: self.moment.at,
            by: by.clone(),
            call,
        };
        self.messages.called.insert(message, called);
    }

    pub(super) fn message_deleted(&mut self, message: MessageId, by: &Principal) {
        let moved = Moved {
            state: DELETED,
            at: self.moment.at,
            by: by.to_string(),
            note: None,
        };
        self.messages.moved.insert(message, moved);
    }
}

impl Messages {
    pub(super) fn write(self, conn: &mut AnyConnection) -> QueryResult<()> {
        MESSAGES.add(conn, self.left)?;
        let mut rows = Rows::default();
        for (message, moved) in self.moved {
            let row = (moved.state, moved.at, moved.by, moved.note);
            rows.push((message,), row)?;
        }
        run(conn, MOVED, rows, |source| {
            format!(
                "UPDATE messages SET state = r.state, changed_at = r.changed_at, \
                 changed_by = r.changed_by, note = COALESCE(r.note, messages.note) \
                 FROM {source} WHERE messages.message = r.message"
            )
        })?;
        let mut rows = Rows::default();
        for (message, called) in self.called {
            let row = (called.came.word(), called.at, called.by, called.call);
            rows.push((message,), row)?;
        }
        run(conn, CALLED, rows, |source| {
            format!(
                "UPDATE messages SET called = r.called, called_at = r.called_at, \
                 called_by = r.called_by, called_in = r.called_in \
                 FROM {source} WHERE messages.message = r.message"
            )
        })
    }
}
