//! Agents: the state each is in, and all they were in.

use crate::engine::agent::AgentState;
use crate::engine::id::{AgentId, CallId};
use crate::engine::time::Timestamp;
use crate::store::projection::{Place, Taking, add};
use crate::store::schema::{agent_states, agents};
use diesel::prelude::*;

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = agents, treat_none_as_null = true)]
struct AgentRow<'a> {
    tenant: &'a str,
    site: &'a str,
    switch: &'a str,
    agent: &'a str,
    state: &'a str,
    reason: Option<&'a str>,
    since: i64,
    call: Option<String>,
    until: Option<i64>,
}

impl Taking<'_> {
    pub(super) fn agent_moved(
        &mut self,
        agent: &AgentId,
        place: &Place,
        state: &AgentState,
        call: Option<CallId>,
        until: Option<Timestamp>,
    ) -> QueryResult<()> {
        let reason = match state {
            AgentState::NotReady { reason } => Some(reason.as_str()),
            _ => None,
        };
        let row = AgentRow {
            tenant: &place.tenant,
            site: &place.site,
            switch: &place.switch,
            agent: agent.as_str(),
            state: state.word(),
            reason,
            since: self.moment.at,
            call: call.map(|call| call.to_string()),
            until: until.map(Timestamp::as_millis),
        };
        add!(
            self,
            place,
            agent_states {
                agent: row.agent,
                state: row.state,
                reason: row.reason,
                call: &row.call,
                until: row.until,
            }
        );
        let changed = diesel::update(agents::table.find((row.tenant, row.agent)))
            .set(&row)
            .execute(self.conn)?;
        if changed == 0 {
            diesel::insert_into(agents::table)
                .values(&row)
                .execute(self.conn)?;
        }
        Ok(())
    }
}
