//! What people asked for about calls and agents, newest first, page by page:
//! the audit of who did what.

use crate::engine::id::TenantId;
use crate::store::moment::Moment;
use crate::store::page;
use crate::store::schema::call_steps;
use crate::store::{Store, StoreError};
use diesel::prelude::*;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// Which requests to list; what is not given does not narrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFilter {
    pub tenant: TenantId,
    /// Who asked: an agent's id or a login.
    pub by: Option<String>,
    /// The agent it was about.
    pub agent: Option<String>,
    /// Requests older than this one: [`RequestPage::next`] of the page before.
    pub before: Option<Cursor>,
    /// Requests on a page, at most [`MAX_PAGE`](page::MAX_PAGE).
    pub limit: Option<u32>,
}

/// A request's place in the order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    at: i64,
    journal: String,
    seq: i64,
    nth: i32,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.at, self.seq, self.nth, self.journal)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the `next` of a page")]
pub struct NotACursor;

impl FromStr for Cursor {
    type Err = NotACursor;
    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let mut parts = text.splitn(4, '.');
        let mut part = || parts.next().ok_or(NotACursor);
        let number = |text: &str| text.parse::<i64>().map_err(|_| NotACursor);
        Ok(Self {
            at: number(part()?)?,
            seq: number(part()?)?,
            nth: part()?.parse().map_err(|_| NotACursor)?,
            journal: part()?.to_owned(),
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RequestPage {
    pub requests: Vec<PastRequest>,
    /// Give this as `before` to see older ones; absent on the last page.
    pub next: Option<String>,
}

/// What was asked for, by whom, and whether it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PastRequest {
    pub at: Moment,
    /// An agent's id or a login.
    pub by: String,
    /// For example `hold`, `transfer`, `listen` or `force_state`.
    pub asked: String,
    /// Whom or what it named; empty when it named nobody.
    pub object: String,
    /// The agent it was about.
    pub agent: Option<String>,
    /// The call it was about.
    pub call: Option<String>,
    /// Why it was not done.
    pub refused: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = call_steps)]
struct Row {
    journal: String,
    seq: i64,
    nth: i32,
    call: Option<String>,
    word: String,
    subject: String,
    agent: Option<String>,
    asked_by: Option<String>,
    refused: Option<String>,
    at: i64,
}

/// Requests that fit the filter, newest first.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn list(store: &Store, filter: RequestFilter) -> Result<RequestPage, StoreError> {
    use call_steps::{agent, asked_by, at, journal, kind, nth, seq, tenant};
    store
        .read(move |conn| {
            let limit = page::size(filter.limit);
            let mut query = call_steps::table
                .filter(kind.eq("asked").and(tenant.eq(filter.tenant.as_str())))
                .order((at.desc(), journal.desc(), seq.desc(), nth.desc()))
                .limit(i64::from(limit) + 1)
                .select(Row::as_select())
                .into_boxed();
            if let Some(who) = &filter.by {
                query = query.filter(asked_by.eq(who));
            }
            if let Some(whose) = &filter.agent {
                query = query.filter(agent.eq(whose));
            }
            if let Some(before) = &filter.before {
                let earlier = nth.lt(before.nth);
                let earlier = seq.lt(before.seq).or(seq.eq(before.seq).and(earlier));
                let same = journal.eq(before.journal.clone());
                let earlier = journal.lt(before.journal.clone()).or(same.and(earlier));
                query = query.filter(at.lt(before.at).or(at.eq(before.at).and(earlier)));
            }
            let mut rows: Vec<Row> = query.load(conn)?;
            let more = rows.len() > limit as usize;
            rows.truncate(limit as usize);
            let next = rows.last().filter(|_| more).map(Row::cursor);
            Ok(RequestPage {
                requests: rows.into_iter().map(PastRequest::from).collect(),
                next: next.map(|next| next.to_string()),
            })
        })
        .await
}

impl Row {
    fn cursor(&self) -> Cursor {
        Cursor {
            at: self.at,
            journal: self.journal.clone(),
            seq: self.seq,
            nth: self.nth,
        }
    }
}

impl From<Row> for PastRequest {
    fn from(row: Row) -> Self {
        Self {
            at: Moment::from_millis(row.at),
            by: row.asked_by.unwrap_or_default(),
            asked: row.word,
            object: row.subject,
            agent: row.agent,
            call: row.call,
            refused: row.refused,
        }
    }
}
