//! Callbacks: who is to be called back, and how far that has come.

use crate::engine::callback::{CallbackEnd, CallbackOrder, CallbackProgress, CallbackState};
use crate::engine::id::{AgentId, CallId};
use crate::store::AnyConnection;
use crate::store::projection::rows::{Rows, Shape, Table, run};
use crate::store::projection::{BEGUN, Taking};
use diesel::QueryResult;
use std::collections::BTreeMap;

const CALLBACKS: Table = Table {
    name: "callbacks",
    shape: Shape {
        first: BEGUN,
        second: &[
            ("callback", "TEXT"),
            ("queue", "TEXT"),
            ("number", "TEXT"),
            ("name", "TEXT"),
            ("note", "TEXT"),
            ("language", "TEXT"),
            ("asked", "BIGINT"),
            ("entered", "BIGINT"),
            ("from_call", "TEXT"),
            ("asked_by", "TEXT"),
            ("state", "TEXT"),
            ("state_since", "BIGINT"),
            ("attempts", "BIGINT"),
            ("offers", "BIGINT"),
        ],
    },
};

const MOVED: Shape = Shape {
    first: &[("callback", "TEXT")],
    second: &[
        ("state", "TEXT"),
        ("state_since", "BIGINT"),
        ("until", "BIGINT"),
        ("attempts", "BIGINT"),
        ("offers", "BIGINT"),
        ("call", "TEXT"),
        ("agent", "TEXT"),
    ],
};

const CLOSED: Shape = Shape {
    first: &[("callback", "TEXT")],
    second: &[
        ("closed", "BIGINT"),
        ("why", "TEXT"),
        ("call", "TEXT"),
        ("agent", "TEXT"),
    ],
};

/// When and why one was closed, by which call, and with which agent.
type Closed = (i64, &'static str, Option<String>, Option<String>);

/// What a batch says of callbacks.
#[derive(Default)]
pub(super) struct Callbacks {
    asked: Rows,
    /// The last of each.
    moved: BTreeMap<CallId, (i64, CallbackProgress)>,
    closed: BTreeMap<CallId, Closed>,
}

impl Taking<'_> {
    pub(super) fn callback_requested(
        &mut self,
        callback: CallId,
        order: &CallbackOrder,
    ) -> QueryResult<()> {
        let place = self.centre().on(&order.switch);
        let row = (
            callback.to_string(),
            &order.queue,
            &order.number,
            &order.name,
            &order.note,
            order.language.tag(),
            self.moment.at,
            order.entered.as_millis(),
            order.from.map(|call| call.to_string()),
            order.by.as_ref().map(|by| by.to_string()),
            "asked",
            self.moment.at,
            0,
            0,
        );
        self.callbacks.asked.push(place.values(), row)
    }

    pub(super) fn callback_moved(&mut self, callback: CallId, progress: &CallbackProgress) {
        let moved = (self.moment.at, progress.clone());
        self.callbacks.moved.insert(callback, moved);
    }

    pub(super) fn callback_closed(
        &mut self,
        callback: CallId,
        why: CallbackEnd,
        call: Option<CallId>,
        agent: Option<&AgentId>,
    ) {
        let closed = (
            self.moment.at,
            why.word(),
            call.map(|call| call.to_string()),
            agent.map(AgentId::to_string),
        );
        self.callbacks.closed.insert(callback, closed);
    }
}

impl Callbacks {
    pub(super) fn write(self, conn: &mut AnyConnection) -> QueryResult<()> {
        CALLBACKS.add(conn, self.asked)?;
        let mut rows = Rows::default();
        for (callback, (at, progress)) in self.moved {
            let state = &progress.state;
            let agent = match state {
                CallbackState::Offered { agent, .. } | CallbackState::Dialling { agent, .. } => {
                    Some(agent)
                }
                _ => None,
            };
            let row = (
                state.word(),
                at,
                state.until().map(|until| until.as_millis()),
                progress.attempts,
                progress.offers,
                state.call().map(|call| call.to_string()),
                agent,
            );
            rows.push((callback.to_string(),), row)?;
        }
        run(conn, MOVED, rows, |source| {
            format!(
                "UPDATE callbacks SET state = r.state, state_since = r.state_since, \
                 until = r.until, attempts = r.attempts, offers = r.offers, \
                 call = COALESCE(r.call, callbacks.call), agent = r.agent \
                 FROM {source} WHERE callbacks.callback = r.callback"
            )
        })?;
        let mut rows = Rows::default();
        for (callback, closed) in self.closed {
            rows.push((callback.to_string(),), closed)?;
        }
        run(conn, CLOSED, rows, |source| {
            format!(
                "UPDATE callbacks SET state = 'closed', state_since = r.closed, \
                 until = NULL, closed = r.closed, why = r.why, \
                 call = COALESCE(r.call, callbacks.call), agent = r.agent \
                 FROM {source} WHERE callbacks.callback = r.callback"
            )
        })
    }
}
