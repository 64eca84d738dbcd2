//! Calls, their legs, what was pressed and where in a flow they were.

use crate::engine::call::CallState;
use crate::engine::cause::Cause;
use crate::engine::fact::{EndedBy, OfferOutcome};
use crate::engine::id::{AgentId, BlockId, CallId, FlowId, LegId};
use crate::engine::leg::{LegRole, LegState};
use crate::engine::text::OutsideText;
use crate::store::AnyConnection;
use crate::store::projection::rows::{Rows, Shape, Table, run};
use crate::store::projection::{BEGUN, HISTORY, Place, Taking};
use crate::store::word::word;
use crate::switch::Digit;
use diesel::QueryResult;
use std::collections::BTreeMap;
use std::rc::Rc;

const CALLS: Table = Table {
    name: "calls",
    shape: Shape {
        first: BEGUN,
        second: &[
            ("call", "TEXT"),
            ("caller_number", "TEXT"),
            ("caller_name", "TEXT"),
            ("dialled", "TEXT"),
            ("state", "TEXT"),
            ("state_since", "BIGINT"),
            ("started", "BIGINT"),
        ],
    },
};

pub(super) const CALL_STATES: Table = Table {
    name: "call_states",
    shape: Shape {
        first: HISTORY,
        second: &[("call", "TEXT"), ("state", "TEXT")],
    },
};

const LEGS: Table = Table {
    name: "legs",
    shape: Shape {
        first: BEGUN,
        second: &[
            ("call", "TEXT"),
            ("channel", "TEXT"),
            ("role", "TEXT"),
            ("agent", "TEXT"),
            ("extension", "TEXT"),
            ("state", "TEXT"),
            ("started", "BIGINT"),
        ],
    },
};

pub(super) const LEG_STATES: Table = Table {
    name: "leg_states",
    shape: Shape {
        first: HISTORY,
        second: &[("call", "TEXT"), ("channel", "TEXT"), ("state", "TEXT")],
    },
};

pub(super) const BLOCK_VISITS: Table = Table {
    name: "block_visits",
    shape: Shape {
        first: HISTORY,
        second: &[("call", "TEXT"), ("flow", "TEXT"), ("block", "TEXT")],
    },
};

pub(super) const DIGITS: Table = Table {
    name: "digits",
    shape: Shape {
        first: HISTORY,
        second: &[
            ("call", "TEXT"),
            ("channel", "TEXT"),
            ("key", "TEXT"),
            ("method", "TEXT"),
        ],
    },
};

const CALL_CHANGE: Shape = Shape {
    first: &[("call", "TEXT")],
    second: &[
        ("state", "TEXT"),
        ("state_since", "BIGINT"),
        ("connected", "BIGINT"),
        ("ended", "BIGINT"),
        ("cause", "TEXT"),
        ("ended_by", "TEXT"),
        ("queue", "TEXT"),
    ],
};

const LEG_CHANGE: Shape = Shape {
    first: &[("call", "TEXT"), ("switch", "TEXT"), ("channel", "TEXT")],
    second: &[
        ("state", "TEXT"),
        ("answered", "BIGINT"),
        ("ended", "BIGINT"),
        ("cause", "TEXT"),
    ],
};

/// Legs that were connected or took over the call, in order.
const MET: Shape = Shape {
    first: &[("call", "TEXT"), ("switch", "TEXT"), ("channel", "TEXT")],
    second: &[("nth", "BIGINT"), ("served", "BOOLEAN")],
};

const CLOSED: Shape = Shape {
    first: &[("call", "TEXT")],
    second: &[("at", "BIGINT")],
};

/// What a batch says of calls and legs.
#[derive(Default)]
pub(super) struct Calls {
    begun: Rows,
    changed: BTreeMap<CallId, CallChange>,
    legs_begun: Rows,
    legs_changed: BTreeMap<(CallId, LegId), LegChange>,
    met: Rows,
    meetings: u64,
    closed: BTreeMap<CallId, i64>,
}

#[derive(Default)]
struct CallChange {
    state: Option<&'static str>,
    state_since: Option<i64>,
    connected: Option<i64>,
    ended: Option<i64>,
    cause: Option<String>,
    ended_by: Option<String>,
    queue: Option<String>,
}

#[derive(Default)]
struct LegChange {
    state: &'static str,
    answered: Option<i64>,
    ended: Option<i64>,
    cause: Option<String>,
}

impl Taking<'_> {
    pub(super) fn call_started(
        &mut self,
        call: CallId,
        place: Place,
        caller_number: &OutsideText,
        caller_name: &OutsideText,
        dialled: &OutsideText,
    ) -> QueryResult<()> {
        let at = self.moment.at;
        let row = (
            call.to_string(),
            caller_number,
            caller_name,
            dialled,
            CallState::Arrived.word(),
            at,
            at,
        );
        self.calls.begun.push(place.values(), row)?;
        self.places.insert(call, Rc::new(place));
        Ok(())
    }

    pub(super) fn call_moved(&mut self, call: CallId, state: CallState) -> QueryResult<()> {
        let (place, at) = (self.place_of(call), self.moment.at);
        self.add(&CALL_STATES, &place, (call.to_string(), state.word()))?;
        let change = self.calls.changed.entry(call).or_default();
        change.state = Some(state.word());
        change.state_since = Some(at);
        if state == CallState::Connected {
            change.connected.get_or_insert(at);
        }
        Ok(())
    }

    /// Nothing of a call outlives it. What is still open was lost sight of, in
    /// a crash for example; a word of its end that comes later says it better.
    pub(super) fn call_ended(&mut self, call: CallId, cause: Cause, ended_by: EndedBy) {
        let change = self.calls.changed.entry(call).or_default();
        change.state = Some(CallState::Ended.word());
        change.ended = Some(self.moment.at);
        change.cause = Some(cause.to_string());
        change.ended_by = Some(word(&ended_by));
        self.calls.closed.insert(call, self.moment.at);
    }

    pub(super) fn call_entered_queue(&mut self, call: CallId, queue: &str) {
        let change = self.calls.changed.entry(call).or_default();
        change.queue = Some(queue.to_owned());
    }

    pub(super) fn block_entered(
        &mut self,
        call: CallId,
        flow: &FlowId,
        block: &BlockId,
    ) -> QueryResult<()> {
        let place = self.place_of(call);
        self.add(&BLOCK_VISITS, &place, (call.to_string(), flow, block))
    }

    pub(super) fn digit_pressed(
        &mut self,
        call: CallId,
        leg: &LegId,
        digit: Digit,
    ) -> QueryResult<()> {
        let place = self.place_of(call).on(&leg.switch);
        let row = (
            call.to_string(),
            &leg.channel,
            digit.key.to_string(),
            word(&digit.method),
        );
        self.add(&DIGITS, &place, row)
    }

    pub(super) fn leg_started(
        &mut self,
        call: CallId,
        leg: &LegId,
        role: LegRole,
        agent: Option<&AgentId>,
        extension: Option<&str>,
    ) -> QueryResult<()> {
        let place = self.place_of(call).on(&leg.switch);
        let row = (
            call.to_string(),
            &leg.channel,
            role.word(),
            agent,
            extension,
            LegState::Ringing.word(),
            self.moment.at,
        );
        self.calls.legs_begun.push(place.values(), row)
    }

    pub(super) fn leg_moved(
        &mut self,
        call: CallId,
        leg: &LegId,
        state: LegState,
    ) -> QueryResult<()> {
        self.add_leg_state(call, leg, state)?;
        let at = self.moment.at;
        let change = self.leg_change(call, leg);
        change.state = state.word();
        if matches!(state, LegState::Answered | LegState::Bridged) {
            change.answered.get_or_insert(at);
        }
        if state == LegState::Bridged {
            self.calls.met(call, leg, false)?;
        }
        Ok(())
    }

    /// A party serves the call from here on.
    pub(super) fn handed_over(&mut self, call: CallId, leg: &LegId) -> QueryResult<()> {
        self.calls.met(call, leg, true)
    }

    pub(super) fn leg_ended(&mut self, call: CallId, leg: &LegId, cause: Cause) -> QueryResult<()> {
        self.add_leg_state(call, leg, LegState::Ended)?;
        let at = self.moment.at;
        let change = self.leg_change(call, leg);
        change.state = LegState::Ended.word();
        change.ended = Some(at);
        change.cause = Some(cause.to_string());
        Ok(())
    }

    fn leg_change(&mut self, call: CallId, leg: &LegId) -> &mut LegChange {
        self.calls
            .legs_changed
            .entry((call, leg.clone()))
            .or_default()
    }

    fn add_leg_state(&mut self, call: CallId, leg: &LegId, state: LegState) -> QueryResult<()> {
        let place = self.place_of(call).on(&leg.switch);
        let row = (call.to_string(), &leg.channel, state.word());
        self.add(&LEG_STATES, &place, row)
    }
}

impl Calls {
    fn met(&mut self, call: CallId, leg: &LegId, served: bool) -> QueryResult<()> {
        self.meetings += 1;
        let key = (call.to_string(), &leg.switch, &leg.channel);
        self.met.push(key, (self.meetings, served))
    }

    pub(super) fn write(self, conn: &mut AnyConnection) -> QueryResult<()> {
        CALLS.add(conn, self.begun)?;
        LEGS.add(conn, self.legs_begun)?;
        write_calls(conn, self.changed)?;
        write_legs(conn, self.legs_changed)?;
        // The agent who served the caller last, and not who was only asked or listened.
        run(conn, MET, self.met, |source| {
            let party = LegRole::Party.word();
            let met = format!(
                "{source} JOIN legs ON legs.call = r.call AND legs.switch = r.switch \
                 AND legs.channel = r.channel AND legs.agent IS NOT NULL \
                 AND (r.served OR legs.role <> '{party}')"
            );
            format!(
                "UPDATE calls SET agent = (SELECT legs.agent FROM {met} \
                 WHERE r.call = calls.call ORDER BY r.nth DESC LIMIT 1) \
                 WHERE calls.call IN (SELECT r.call FROM {met})"
            )
        })
    }

    /// Calls that ended in this batch, and when.
    pub(super) fn closed(&mut self) -> BTreeMap<CallId, i64> {
        std::mem::take(&mut self.closed)
    }
}

/// Closes what is still open of calls that ended.
pub(super) fn close_what_is_open(
    conn: &mut AnyConnection,
    closed: &BTreeMap<CallId, i64>,
) -> QueryResult<()> {
    let rows = || {
        let mut rows = Rows::default();
        for (call, at) in closed {
            rows.push((call.to_string(),), (at,))?;
        }
        QueryResult::Ok(rows)
    };
    let ended = LegState::Ended.word();
    run(conn, CLOSED, rows()?, |source| {
        format!(
            "UPDATE legs SET state = '{ended}', ended = r.at FROM {source} \
             WHERE legs.call = r.call AND legs.ended IS NULL"
        )
    })?;
    let failed = word(&OfferOutcome::Failed);
    run(conn, CLOSED, rows()?, |source| {
        format!(
            "UPDATE offers SET outcome = '{failed}', ended = r.at FROM {source} \
             WHERE offers.call = r.call AND offers.ended IS NULL"
        )
    })
}

fn write_calls(conn: &mut AnyConnection, changed: BTreeMap<CallId, CallChange>) -> QueryResult<()> {
    let mut rows = Rows::default();
    for (call, change) in changed {
        let values = (
            change.state,
            change.state_since,
            change.connected,
            change.ended,
            change.cause,
            change.ended_by,
            change.queue,
        );
        rows.push((call.to_string(),), values)?;
    }
    run(conn, CALL_CHANGE, rows, |source| {
        format!(
            "UPDATE calls SET state = COALESCE(r.state, calls.state), \
             state_since = COALESCE(r.state_since, calls.state_since), \
             connected = COALESCE(calls.connected, r.connected), \
             ended = COALESCE(r.ended, calls.ended), \
             cause = COALESCE(r.cause, calls.cause), \
             ended_by = COALESCE(r.ended_by, calls.ended_by), \
             queue = COALESCE(r.queue, calls.queue) \
             FROM {source} WHERE calls.call = r.call"
        )
    })
}

fn write_legs(
    conn: &mut AnyConnection,
    changed: BTreeMap<(CallId, LegId), LegChange>,
) -> QueryResult<()> {
    let mut rows = Rows::default();
    for ((call, leg), change) in changed {
        let values = (change.state, change.answered, change.ended, change.cause);
        rows.push((call.to_string(), leg.switch, leg.channel), values)?;
    }
    run(conn, LEG_CHANGE, rows, |source| {
        format!(
            "UPDATE legs SET state = r.state, \
             answered = COALESCE(legs.answered, r.answered), \
             ended = COALESCE(r.ended, legs.ended), cause = COALESCE(r.cause, legs.cause) \
             FROM {source} WHERE legs.call = r.call AND legs.switch = r.switch \
             AND legs.channel = r.channel"
        )
    })
}
