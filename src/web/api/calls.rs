//! Calls, live and stored.

use crate::engine::call::CallState;
use crate::engine::id::{CallId, QueueId};
use crate::engine::time::Timestamp;
use crate::runtime::board::view::CallView;
use crate::store::calls::{self, CallDetail, CallFilter, CallPage};
use crate::web::Web;
use crate::web::api::{Refusals, page_limit};
use crate::web::error::{Problem, WebError};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which stored calls to list; what is not given does not narrow.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallQuery {
    /// Calls older than this one: `next` of the page before.
    pub before: Option<String>,
    /// Calls on a page, 1 to 500; 50 when not given.
    pub limit: Option<u32>,
    /// Part of the caller's number or of the number dialled.
    pub number: Option<String>,
    /// The queue the call waited in last.
    pub queue: Option<String>,
    /// `arrived`, `in_flow`, `waiting`, `offered`, `connected` or `ended`.
    pub state: Option<String>,
    /// Begun at this time or later; milliseconds since the epoch, UTC.
    pub from: Option<i64>,
    /// Begun before this time; milliseconds since the epoch, UTC.
    pub until: Option<i64>,
}

impl CallQuery {
    /// # Errors
    /// [`WebError::BadInput`] that names the parameter.
    pub fn filter(self, web: &Web) -> Result<CallFilter, WebError> {
        let state = self.state.filter(|state| !state.is_empty());
        let queue = self.queue.filter(|queue| !queue.is_empty());
        Ok(CallFilter {
            tenant: Some(web.tenant.clone()),
            state: state.as_deref().map(call_state).transpose()?,
            number: self.number.filter(|number| !number.is_empty()),
            queue: queue
                .map(|queue| QueueId::new(&queue))
                .transpose()
                .map_err(|error| WebError::BadInput {
                    place: "the query's queue",
                    what: error.to_string(),
                })?,
            from: self.from.map(Timestamp::from_millis),
            until: self.until.map(Timestamp::from_millis),
            before: self.before.as_deref().map(cursor).transpose()?,
            limit: page_limit(self.limit)?,
        })
    }
}

fn cursor(text: &str) -> Result<CallId, WebError> {
    text.parse().map_err(|_| WebError::BadInput {
        place: "the query's before",
        what: "before is the `next` of a page".to_owned(),
    })
}

fn call_state(word: &str) -> Result<CallState, WebError> {
    let known = [
        CallState::Arrived,
        CallState::InFlow,
        CallState::Waiting,
        CallState::Offered,
        CallState::Connected,
        CallState::Parked,
        CallState::Transferring,
        CallState::Outside,
        CallState::Voicemail,
        CallState::Ended,
    ];
    known
        .into_iter()
        .find(|state| state.word() == word)
        .ok_or_else(|| WebError::BadInput {
            place: "the query's state",
            what: format!(
                "a state is one of {}",
                known.map(CallState::word).join(", ")
            ),
        })
}

/// One call: as it is now while it lives, and as the store has it. The store
/// follows what happens with a short delay.
#[derive(Serialize, ToSchema)]
pub struct Call {
    pub live: Option<CallView>,
    pub stored: Option<CallDetail>,
}

/// Stored calls, newest first, page by page.
#[utoipa::path(get, path = "/api/calls", tag = "calls", params(CallQuery),
    responses(
        (status = 200, body = CallPage),
        (status = 422, body = Problem, description = "a parameter is wrong; `where` names it"),
        (status = 503, body = Problem, description = "the store is away"),
        Refusals,
    ))]
pub async fn list(
    State(web): State<Web>,
    query: Result<Query<CallQuery>, QueryRejection>,
) -> Result<Json<CallPage>, WebError> {
    let Query(query) = query?;
    Ok(Json(calls::list(&web.store, query.filter(&web)?).await?))
}

/// Every live call, the oldest first.
#[utoipa::path(get, path = "/api/calls/live", tag = "live",
    responses((status = 200, body = [CallView]), Refusals))]
pub async fn live(State(web): State<Web>) -> Json<Vec<CallView>> {
    Json(web.handle.read(|board| board.calls()))
}

/// One call with everything that happened to it and the reasons of each decision.
#[utoipa::path(get, path = "/api/calls/{id}", tag = "calls",
    params(("id" = String, Path, description = "the call's id")),
    responses(
        (status = 200, body = Call),
        (status = 404, body = Problem, description = "no such call"),
        (status = 503, body = Problem, description = "the store is away"),
        Refusals,
    ))]
pub async fn show(State(web): State<Web>, Path(id): Path<String>) -> Result<Json<Call>, WebError> {
    find(&web, &id).await.map(Json)
}

/// # Errors
/// [`WebError::Missing`] when neither the board nor the store has the call.
pub async fn find(web: &Web, id: &str) -> Result<Call, WebError> {
    let call = call_id(id)?;
    let live = web.handle.read(|board| board.call(call));
    let stored = calls::show(&web.store, call).await?;
    let stored = stored.filter(|stored| stored.call.tenant == web.tenant.as_str());
    if live.is_none() && stored.is_none() {
        return Err(no_such_call(id));
    }
    Ok(Call { live, stored })
}

/// What cannot be a call's id names no call.
pub(in crate::web) fn call_id(text: &str) -> Result<CallId, WebError> {
    text.parse().map_err(|_| no_such_call(text))
}

pub(in crate::web) fn no_such_call(id: &str) -> WebError {
    WebError::missing("call", id)
}
