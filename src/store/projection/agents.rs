//! Agents: the state each is in, and all they were in.

use crate::engine::agent::AgentState;
use crate::engine::id::{AgentId, CallId};
use crate::engine::time::Timestamp;
use crate::store::AnyConnection;
use crate::store::projection::rows::{Rows, Shape, Table};
use crate::store::projection::{BEGUN, HISTORY, Place, Taking};
use crate::store::schema::agents;
use diesel::prelude::*;
use std::collections::BTreeMap;

pub(super) const AGENT_STATES: Table = Table {
    name: "agent_states",
    shape: Shape {
        first: HISTORY,
        second: &[
            ("agent", "TEXT"),
            ("state", "TEXT"),
            ("reason", "TEXT"),
            ("call", "TEXT"),
            ("until", "BIGINT"),
        ],
    },
};

const AGENTS: Table = Table {
    name: "agents",
    shape: Shape {
        first: BEGUN,
        second: &[
            ("agent", "TEXT"),
            ("state", "TEXT"),
            ("reason", "TEXT"),
            ("since", "BIGINT"),
            ("call", "TEXT"),
            ("until", "BIGINT"),
        ],
    },
};

/// The state each agent of a batch was in last.
#[derive(Default)]
pub(super) struct Agents {
    last: BTreeMap<(String, AgentId), Last>,
    /// New ends of wrap-ups that began in an earlier batch.
    extended: BTreeMap<(String, AgentId), Timestamp>,
}

struct Last {
    place: Place,
    state: AgentState,
    since: i64,
    call: Option<CallId>,
    until: Option<Timestamp>,
}

impl Taking<'_> {
    pub(super) fn agent_moved(
        &mut self,
        agent: &AgentId,
        place: Place,
        state: &AgentState,
        call: Option<CallId>,
        until: Option<Timestamp>,
    ) -> QueryResult<()> {
        let row = (
            agent,
            state.word(),
            reason(state),
            call.map(|call| call.to_string()),
            until,
        );
        self.add(&AGENT_STATES, &place, row)?;
        let key = (place.tenant.clone(), agent.clone());
        let last = Last {
            place,
            state: state.clone(),
            since: self.moment.at,
            call,
            until,
        };
        self.agents.extended.remove(&key);
        self.agents.last.insert(key, last);
        Ok(())
    }

    pub(super) fn wrap_up_extended(&mut self, agent: &AgentId, until: Timestamp) {
        let key = (self.cursor.tenant.clone(), agent.clone());
        match self.agents.last.get_mut(&key) {
            Some(last) => last.until = Some(until),
            None => drop(self.agents.extended.insert(key, until)),
        }
    }
}

impl Agents {
    pub(super) fn write(self, conn: &mut AnyConnection) -> QueryResult<()> {
        let mut rows = Rows::default();
        for ((_, agent), last) in self.last {
            let row = (
                agent,
                last.state.word(),
                reason(&last.state),
                last.since,
                last.call.map(|call| call.to_string()),
                last.until,
            );
            rows.push(last.place.values(), row)?;
        }
        AGENTS.put(conn, rows, &["tenant", "agent"])?;
        for ((tenant, agent), until) in self.extended {
            let row = agents::table.find((tenant, agent.to_string()));
            diesel::update(row)
                .set(agents::until.eq(until.as_millis()))
                .execute(conn)?;
        }
        Ok(())
    }
}

fn reason(state: &AgentState) -> Option<&str> {
    match state {
        AgentState::NotReady { reason } => Some(reason.as_str()),
        _ => None,
    }
}
