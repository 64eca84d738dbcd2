//! Searching calls, newest first, page by page.

use crate::engine::call::CallState;
use crate::engine::id::{CallId, QueueId, TenantId};
use crate::engine::time::Timestamp;
use crate::store::moment::Moment;
use crate::store::page;
use crate::store::schema::calls;
use crate::store::{Store, StoreError};
use diesel::prelude::*;
use serde::Serialize;

/// Which calls to list; what is not given does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    pub tenant: Option<TenantId>,
    pub state: Option<CallState>,
    /// Part of the caller's number or of the number dialled.
    pub number: Option<String>,
    /// The queue the call waited in last.
    pub queue: Option<QueueId>,
    /// Begun at this time or later.
    pub from: Option<Timestamp>,
    /// Begun before this time.
    pub until: Option<Timestamp>,
    /// Calls older than this one: [`CallPage::next`] of the page before.
    pub before: Option<CallId>,
    /// Calls on a page, at most [`MAX_PAGE`](page::MAX_PAGE); 50 when not given.
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CallPage {
    pub calls: Vec<CallSummary>,
    /// Give this as `before` to see older ones; absent on the last page.
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CallSummary {
    pub call: String,
    pub tenant: String,
    pub site: String,
    pub switch: String,
    /// Empty when withheld.
    pub caller_number: String,
    pub caller_name: String,
    pub dialled: String,
    /// `arrived`, `in_flow`, `waiting`, `offered`, `connected` or `ended`.
    pub state: String,
    pub state_since: Moment,
    pub started: Moment,
    /// When it was first with an agent.
    pub connected: Option<Moment>,
    pub ended: Option<Moment>,
    /// Why it ended, for example `normal_clearing`.
    pub cause: Option<String>,
    /// `caller`, `agent` or `system`.
    pub ended_by: Option<String>,
    /// The queue it waited in last.
    pub queue: Option<String>,
    /// The agent it was with last.
    pub agent: Option<String>,
}

/// Calls that fit the filter, newest first. A call's id begins with its time,
/// so that the id alone keeps the order and the place in it.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn list(store: &Store, filter: CallFilter) -> Result<CallPage, StoreError> {
    store
        .read(move |conn| {
            let limit = page::size(filter.limit);
            let mut query = calls::table
                .order(calls::call.desc())
                .limit(i64::from(limit) + 1)
                .select(CallRow::as_select())
                .into_boxed();
            if let Some(tenant) = &filter.tenant {
                query = query.filter(calls::tenant.eq(tenant.as_str()));
            }
            if let Some(state) = filter.state {
                query = query.filter(calls::state.eq(state.word()));
            }
            if let Some(number) = &filter.number {
                let part = contains(number);
                query = query.filter(
                    calls::caller_number
                        .like(part.clone())
                        .escape('\\')
                        .or(calls::dialled.like(part).escape('\\')),
                );
            }
            if let Some(queue) = &filter.queue {
                query = query.filter(calls::queue.eq(queue.as_str()));
            }
            if let Some(from) = filter.from {
                query = query.filter(calls::started.ge(from.as_millis()));
            }
            if let Some(until) = filter.until {
                query = query.filter(calls::started.lt(until.as_millis()));
            }
            if let Some(before) = filter.before {
                query = query.filter(calls::call.lt(before.to_string()));
            }
            let mut rows: Vec<CallRow> = query.load(conn)?;
            let more = rows.len() > limit as usize;
            rows.truncate(limit as usize);
            let next = rows.last().filter(|_| more).map(|row| row.call.clone());
            Ok(CallPage {
                calls: rows.into_iter().map(CallSummary::from).collect(),
                next,
            })
        })
        .await
}

/// A pattern that finds `part` anywhere, taking its signs for what they are.
fn contains(part: &str) -> String {
    let mut pattern = String::from("%");
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = calls)]
pub(super) struct CallRow {
    call: String,
    tenant: String,
    site: String,
    switch: String,
    caller_number: String,
    caller_name: String,
    dialled: String,
    state: String,
    state_since: i64,
    started: i64,
    connected: Option<i64>,
    ended: Option<i64>,
    cause: Option<String>,
    ended_by: Option<String>,
    queue: Option<String>,
    agent: Option<String>,
}

impl From<CallRow> for CallSummary {
    fn from(row: CallRow) -> Self {
        Self {
            call: row.call,
            tenant: row.tenant,
            site: row.site,
            switch: row.switch,
            caller_number: row.caller_number,
            caller_name: row.caller_name,
            dialled: row.dialled,
            state: row.state,
            state_since: Moment::from_millis(row.state_since),
            started: Moment::from_millis(row.started),
            connected: row.connected.map(Moment::from_millis),
            ended: row.ended.map(Moment::from_millis),
            cause: row.cause,
            ended_by: row.ended_by,
            queue: row.queue,
            agent: row.agent,
        }
    }
}
