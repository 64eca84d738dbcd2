//! Callbacks as the store has them.

use crate::engine::id::TenantId;
use crate::store::moment::Moment;
use crate::store::schema::callbacks;
use crate::store::{Store, StoreError};
use diesel::prelude::*;
use serde::Serialize;

/// Most callbacks in one answer.
pub const MOST: i64 = 200;

/// A callback that is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ClosedCallback {
    pub id: String,
    pub queue: String,
    pub number: String,
    pub name: String,
    pub note: String,
    pub asked: Moment,
    /// The call whose caller pressed the key.
    pub from_call: Option<String>,
    /// Who asked for it in the customer's stead.
    pub asked_by: Option<String>,
    /// How often the number was dialled.
    pub attempts: i64,
    /// The call in which they talked, or that took the place over.
    pub call: Option<String>,
    /// Who talked to the customer.
    pub agent: Option<String>,
    pub closed: Moment,
    /// `reached`, `unreached`, `cancelled`, `called_again`, `replaced`,
    /// `unserved`, `expired` or `queue_gone`.
    pub why: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = callbacks)]
struct Row {
    callback: String,
    queue: String,
    number: String,
    name: String,
    note: String,
    asked: i64,
    from_call: Option<String>,
    asked_by: Option<String>,
    attempts: i64,
    call: Option<String>,
    agent: Option<String>,
    closed: Option<i64>,
    why: Option<String>,
}

/// Those that were closed, the last asked for in front; at most [`MOST`].
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn closed(store: &Store, tenant: TenantId) -> Result<Vec<ClosedCallback>, StoreError> {
    store
        .read(move |conn| {
            let rows: Vec<Row> = callbacks::table
                .filter(callbacks::tenant.eq(tenant.as_str()))
                .filter(callbacks::closed.is_not_null())
                .order(callbacks::asked.desc())
                .limit(MOST)
                .select(Row::as_select())
                .load(conn)?;
            Ok(rows.into_iter().map(ClosedCallback::from).collect())
        })
        .await
}

impl From<Row> for ClosedCallback {
    fn from(row: Row) -> Self {
        Self {
            id: row.callback,
            queue: row.queue,
            number: row.number,
            name: row.name,
            note: row.note,
            asked: Moment::from_millis(row.asked),
            from_call: row.from_call,
            asked_by: row.asked_by,
            attempts: row.attempts,
            call: row.call,
            agent: row.agent,
            closed: Moment::from_millis(row.closed.unwrap_or_default()),
            why: row.why.unwrap_or_default(),
        }
    }
}
