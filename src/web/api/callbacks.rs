//! Callbacks: who is to be called back, asked for, listed and cancelled.

use crate::clock;
use crate::engine::id::{AgentId, CallId, QueueId};
use crate::engine::request::{CallbackRequest, NewCallback, Request};
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::runtime::board::callbacks::CallbackView;
use crate::store::callbacks::{self, ClosedCallback};
use crate::switch::{Language, PhoneNumber};
use crate::web::Web;
use crate::web::api::Refusals;
use crate::web::auth::{Role, Session};
use crate::web::error::{Problem, WebError};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, PoisonError};
use ulid::Ulid;
use utoipa::ToSchema;

/// Who is to be called back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Digits with a `+` in front at most; the queue's `callback` says which are allowed.
    pub number: String,
    /// The queue's id.
    pub queue: String,
    /// `zh-CN` or `en`; `zh-CN` when not given.
    #[serde(default)]
    pub language: Option<String>,
    /// When, while the queue is open; milliseconds since the epoch, UTC. As soon
    /// as it is its turn when not given.
    #[serde(default)]
    pub at: Option<i64>,
    /// For the agent.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub note: String,
}

/// A callback that is promised.
#[derive(Serialize, ToSchema)]
pub struct Promised {
    /// Its id: for its state and for cancelling it.
    pub id: String,
}

/// Callbacks of the queues that whoever asks may see: all for supervisors, those of
/// their own queues for agents.
#[derive(Serialize, ToSchema)]
pub struct Callbacks {
    /// In turn.
    pub open: Vec<CallbackView>,
    /// The last ones asked for in front. The store follows with a short delay.
    pub closed: Vec<ClosedCallback>,
}

fn value<T: FromStr<Err: Display>>(place: &'static str, text: &str) -> Result<T, WebError> {
    text.parse().map_err(|error: T::Err| WebError::BadInput {
        place,
        what: error.to_string(),
    })
}

impl TryFrom<Wanted> for NewCallback {
    type Error = WebError;
    fn try_from(wanted: Wanted) -> Result<Self, WebError> {
        let language = match wanted.language.as_deref() {
            None | Some("zh-CN") => Language::Chinese,
            Some("en") => Language::English,
            Some(other) => {
                return Err(WebError::BadInput {
                    place: "the callback's language",
                    what: format!("{other:?} is not \"zh-CN\" or \"en\""),
                });
            }
        };
        Ok(Self {
            queue: value::<QueueId>("the callback's queue", &wanted.queue)?,
            number: value::<PhoneNumber>("the callback's number", &wanted.number)?,
            language,
            at: wanted.at.map(Timestamp::from_millis),
            name: OutsideText::new(&wanted.name),
            note: OutsideText::new(&wanted.note),
        })
    }
}

/// Asks for a callback, and gives its id.
///
/// # Errors
/// [`WebError`] when too many were asked for, or the engine refuses.
pub async fn arrange(web: &Web, session: &Session, wanted: Wanted) -> Result<CallId, WebError> {
    let new = NewCallback::try_from(wanted)?;
    if !sees(web, session, new.queue.as_str()) {
        return Err(WebError::Forbidden {
            needs: Role::Supervisor,
        });
    }
    let taken = {
        let mut rate = web.rate.lock().unwrap_or_else(PoisonError::into_inner);
        rate.take(&session.login, clock::now())
    };
    taken.map_err(|seconds| WebError::TooMany { seconds })?;
    let callback = CallId::from_ulid(Ulid::new());
    let ask = CallbackRequest::Arrange { callback, new };
    let what = Request::Callback { ask };
    web.handle.request(session.principal(), what).await?;
    Ok(callback)
}

/// Takes a callback back.
///
/// # Errors
/// [`WebError`] when there is none.
pub async fn withdraw(web: &Web, session: &Session, id: &str) -> Result<(), WebError> {
    let callback = id.parse().map_err(|_| WebError::missing("callback", id))?;
    let ask = CallbackRequest::Cancel { callback };
    let what = Request::Callback { ask };
    Ok(web.handle.request(session.principal(), what).await?)
}

/// Everything that the session may see.
///
/// # Errors
/// [`WebError::Store`] when the store does not answer.
pub async fn seen(web: &Web, session: &Session) -> Result<Callbacks, WebError> {
    let open = web.handle.read(|board| board.callbacks());
    let closed = callbacks::closed(&web.store, web.tenant.clone()).await?;
    let own = own_queues(web, session);
    let sees = |queue: &str| own.as_ref().is_none_or(|own| own.contains(queue));
    Ok(Callbacks {
        open: open.into_iter().filter(|one| sees(&one.queue)).collect(),
        closed: closed.into_iter().filter(|one| sees(&one.queue)).collect(),
    })
}

fn sees(web: &Web, session: &Session, queue: &str) -> bool {
    own_queues(web, session).is_none_or(|own| own.contains(queue))
}

/// The queues of an agent; none for those who see all.
fn own_queues(web: &Web, session: &Session) -> Option<BTreeSet<String>> {
    if session.role >= Role::Supervisor {
        return None;
    }
    let find = |agent: &AgentId| web.handle.read(|board| board.agent(agent, clock::now()));
    let agent = session.agent.as_ref().and_then(find);
    Some(agent.map_or_else(BTreeSet::new, |agent| agent.queues.into_iter().collect()))
}

/// Callbacks that are open, and those that were closed lately.
#[utoipa::path(get, path = "/api/callbacks", tag = "live",
    responses((status = 200, body = Callbacks), Refusals))]
pub async fn list(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
) -> Result<Json<Callbacks>, WebError> {
    Ok(Json(seen(&web, &session).await?))
}

/// Asks for somebody to be called back, at most 30 times a minute. Agents ask for
/// their own queues.
#[utoipa::path(post, path = "/api/callbacks", tag = "live",
    request_body = Wanted,
    responses(
        (status = 201, body = Promised, description = "promised"),
        (status = 409, body = Problem, description = "refused, and why"),
        (status = 422, body = Problem, description = "the body is not a request"),
        (status = 429, body = Problem, description = "too many requests"),
        (status = 503, body = Problem, description = "the engine is behind"),
        Refusals,
    ))]
pub async fn create(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<(StatusCode, Json<Promised>), WebError> {
    let Json(wanted) = wanted?;
    let id = arrange(&web, &session, wanted).await?.to_string();
    Ok((StatusCode::CREATED, Json(Promised { id })))
}

/// Takes a callback back; one that is being dialled ends.
#[utoipa::path(delete, path = "/api/callbacks/{id}", tag = "live",
    params(("id" = String, Path, description = "the callback's id")),
    responses(
        (status = 204, description = "cancelled"),
        (status = 404, body = Problem, description = "no such callback, or it is closed"),
        (status = 503, body = Problem, description = "the engine is behind"),
        Refusals,
    ))]
pub async fn cancel(
    State(web): State<Web>,
    Path(id): Path<String>,
    Extension(session): Extension<Arc<Session>>,
) -> Result<StatusCode, WebError> {
    withdraw(&web, &session, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
