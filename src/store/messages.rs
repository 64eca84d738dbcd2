//! Searching the messages that callers left, newest first, page by page.

use crate::engine::id::{CallId, MessageId, TenantId};
use crate::engine::mailbox::Mailbox;
use crate::store::moment::Moment;
use crate::store::page;
use crate::store::schema::{messages, recordings};
use crate::store::{Store, StoreError};
use diesel::prelude::*;
use serde::Serialize;

/// The state of a message that is in no mailbox any more.
pub const DELETED: &str = "deleted";

/// Which messages to list; what is not given does not narrow. Deleted ones are
/// never listed.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    pub tenant: Option<TenantId>,
    /// In one of these mailboxes.
    pub mailboxes: Option<Vec<Mailbox>>,
    /// `new`, `taken` or `handled`.
    pub state: Option<&'static str>,
    /// Left in this call.
    pub call: Option<CallId>,
    /// Older than this one: [`MessagePage::next`] of the page before.
    pub before: Option<MessageId>,
    /// Messages on a page, at most [`MAX_PAGE`](page::MAX_PAGE); 50 when not given.
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MessagePage {
    pub messages: Vec<MessageSummary>,
    /// Give this as `before` to see older ones; absent on the last page.
    pub next: Option<String>,
}

/// A message in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MessageSummary {
    pub message: String,
    /// `agent:<id>`, `group:<id>` or `queue:<id>`.
    pub mailbox: String,
    /// The call it was left in.
    pub call: String,
    /// Empty when withheld.
    pub caller_number: String,
    pub caller_name: String,
    pub left: Moment,
    pub length_ms: i64,
    /// `new`, `taken` or `handled`.
    pub state: String,
    pub changed: Moment,
    /// Who took, released or handled it last.
    pub by: Option<String>,
    /// What came of it.
    pub note: Option<String>,
    /// The last time that who left it was called back.
    pub called: Option<CallBack>,
    /// Its file, below the recordings folder.
    #[serde(skip)]
    pub file: Option<String>,
}

/// A call back to who left a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CallBack {
    /// `dialling`, `reached` or `unreached`.
    pub came: String,
    /// When it came to that.
    pub at: Moment,
    /// The agent who called.
    pub by: Option<String>,
    pub call: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
struct MessageRow {
    message: String,
    mailbox: String,
    call: String,
    caller_number: String,
    caller_name: String,
    left_at: i64,
    length_ms: i64,
    state: String,
    changed_at: i64,
    changed_by: Option<String>,
    note: Option<String>,
    called: Option<String>,
    called_at: Option<i64>,
    called_by: Option<String>,
    called_in: Option<String>,
}

impl MessageSummary {
    fn of((row, file): (MessageRow, Option<String>)) -> Self {
        Self {
            message: row.message,
            mailbox: row.mailbox,
            call: row.call,
            caller_number: row.caller_number,
            caller_name: row.caller_name,
            left: Moment::from_millis(row.left_at),
            length_ms: row.length_ms,
            state: row.state,
            changed: Moment::from_millis(row.changed_at),
            by: row.changed_by,
            note: row.note,
            called: row.called.zip(row.called_at).map(|(came, at)| CallBack {
                came,
                at: Moment::from_millis(at),
                by: row.called_by,
                call: row.called_in,
            }),
            file,
        }
    }
}

/// Messages that fit the filter, newest first.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn list(store: &Store, filter: MessageFilter) -> Result<MessagePage, StoreError> {
    store
        .read(move |conn| {
            let limit = page::size(filter.limit);
            let mut query = messages::table
                .left_join(
                    recordings::table.on(recordings::call
                        .eq(messages::call)
                        .and(recordings::recording.eq(messages::recording))),
                )
                .filter(messages::state.ne(DELETED))
                .order(messages::message.desc())
                .limit(i64::from(limit) + 1)
                .select((MessageRow::as_select(), recordings::name.nullable()))
                .into_boxed();
            if let Some(tenant) = &filter.tenant {
                query = query.filter(messages::tenant.eq(tenant.as_str().to_owned()));
            }
            if let Some(mailboxes) = &filter.mailboxes {
                let names: Vec<String> = mailboxes.iter().map(Mailbox::to_string).collect();
                query = query.filter(messages::mailbox.eq_any(names));
            }
            if let Some(state) = filter.state {
                query = query.filter(messages::state.eq(state));
            }
            if let Some(call) = filter.call {
                query = query.filter(messages::call.eq(call.to_string()));
            }
            if let Some(before) = filter.before {
                query = query.filter(messages::message.lt(before.to_string()));
            }
            let mut rows: Vec<(MessageRow, Option<String>)> = query.load(conn)?;
            let more = rows.len() > limit as usize;
            rows.truncate(limit as usize);
            let next = rows.last().filter(|_| more);
            let next = next.map(|(row, _)| row.message.clone());
            Ok(MessagePage {
                messages: rows.into_iter().map(MessageSummary::of).collect(),
                next,
            })
        })
        .await
}

/// One message, unless it was deleted.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn find(
    store: &Store,
    tenant: &TenantId,
    id: MessageId,
) -> Result<Option<MessageSummary>, StoreError> {
    let tenant = tenant.to_string();
    store
        .read(move |conn| {
            let found: Option<(MessageRow, Option<String>)> = messages::table
                .left_join(
                    recordings::table.on(recordings::call
                        .eq(messages::call)
                        .and(recordings::recording.eq(messages::recording))),
                )
                .filter(messages::message.eq(id.to_string()))
                .filter(messages::tenant.eq(tenant))
                .filter(messages::state.ne(DELETED))
                .select((MessageRow::as_select(), recordings::name.nullable()))
                .first(conn)
                .optional()?;
            Ok(found.map(MessageSummary::of))
        })
        .await
}
