//! Messages in mailboxes: listing them, hearing them, and what is done about them.

use crate::engine::id::MessageId;
use crate::engine::mailbox::Mailbox;
use crate::engine::message::MessageState;
use crate::engine::request::{MessageRequest, Request};
use crate::engine::text::OutsideText;
use crate::store::messages::{self, MessageFilter, MessagePage, MessageSummary};
use crate::web::Web;
use crate::web::api::agents::agent_id;
use crate::web::api::{Refusals, page_limit};
use crate::web::auth::{Role, Session};
use crate::web::error::{Problem, WebError};
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{self, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use tower_http::services::ServeFile;
use utoipa::{IntoParams, ToSchema};

/// Which messages to list; what is not given does not narrow.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessageQuery {
    /// `agent:<id>`, `group:<id>` or `queue:<id>`.
    pub mailbox: Option<String>,
    /// `new`, `taken` or `handled`.
    pub state: Option<String>,
    /// Messages older than this one: `next` of the page before.
    pub before: Option<String>,
    /// Messages on a page, 1 to 500; 50 when not given.
    pub limit: Option<u32>,
}

/// What is asked for about a message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum MessageAsk {
    /// It is theirs to look after.
    Take,
    /// It is anybody's again.
    Release,
    /// Nothing is left to be done about it.
    Handled {
        /// What came of it.
        #[serde(default)]
        note: String,
    },
    /// A supervisor gives it to an agent to look after, who may look into the mailbox.
    Assign {
        /// The agent's id.
        agent: String,
    },
    /// It is in no mailbox any more.
    Delete,
    /// The agent's device is rung, and then the caller; the message is theirs.
    CallBack,
}

impl TryFrom<MessageAsk> for MessageRequest {
    type Error = WebError;
    fn try_from(asked: MessageAsk) -> Result<Self, WebError> {
        Ok(match asked {
            MessageAsk::Take => MessageRequest::Take,
            MessageAsk::Release => MessageRequest::Release,
            MessageAsk::Handled { note } => MessageRequest::Handled {
                note: OutsideText::new(note.trim()),
            },
            MessageAsk::Assign { agent } => MessageRequest::Assign {
                agent: agent_id(&agent)?,
            },
            MessageAsk::Delete => MessageRequest::Delete,
            MessageAsk::CallBack => MessageRequest::CallBack,
        })
    }
}

impl MessageQuery {
    /// The filter, narrowed to what this person may look into.
    ///
    /// # Errors
    /// [`WebError::BadInput`] that names the parameter.
    pub fn filter(self, web: &Web, session: &Session) -> Result<MessageFilter, WebError> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let bad = |place, what: String| WebError::BadInput { place, what };
        let mailbox: Option<Mailbox> = given(self.mailbox)
            .map(|text| text.parse())
            .transpose()
            .map_err(|error: crate::engine::mailbox::NotAMailbox| {
                bad("the query's mailbox", error.to_string())
            })?;
        let state = given(self.state)
            .map(|word| state_word(&word))
            .transpose()?;
        let before = given(self.before).map(|text| text.parse()).transpose();
        let before = before.map_err(|_| {
            bad(
                "the query's before",
                "before is the `next` of a page".to_owned(),
            )
        })?;
        let open = open_to(web, session);
        let mailboxes = match (mailbox, open) {
            (None, open) => open.map(|open| open.into_iter().collect()),
            (Some(one), None) => Some(vec![one]),
            (Some(one), Some(open)) => {
                Some(open.contains(&one).then_some(one).into_iter().collect())
            }
        };
        Ok(MessageFilter {
            tenant: Some(web.tenant.clone()),
            mailboxes,
            state,
            call: None,
            before,
            limit: page_limit(self.limit)?,
        })
    }
}

fn state_word(word: &str) -> Result<&'static str, WebError> {
    let new = MessageState::New.word();
    let known = [new, "taken", MessageState::Handled.word()];
    let found = known.into_iter().find(|known| *known == word);
    found.ok_or_else(|| WebError::BadInput {
        place: "the query's state",
        what: format!("a state is one of {}", known.join(", ")),
    })
}

/// The mailboxes this person may look into; none for all.
pub fn open_to(web: &Web, session: &Session) -> Option<BTreeSet<Mailbox>> {
    match &session.agent {
        Some(agent) => Some(web.handle.read(|board| board.mailboxes_open_to(agent))),
        None if session.role >= Role::Supervisor => None,
        None => Some(BTreeSet::new()),
    }
}

/// One message that this person may look into.
///
/// # Errors
/// [`WebError::Missing`] where there is none, or not for them.
async fn find(web: &Web, session: &Session, id: &str) -> Result<MessageSummary, WebError> {
    let missing = || WebError::missing("message", id);
    let message: MessageId = id.parse().map_err(|_| missing())?;
    let found = messages::find(&web.store, &web.tenant, message).await?;
    let found = found.ok_or_else(missing)?;
    let mailbox: Mailbox = found.mailbox.parse().map_err(|_| missing())?;
    match open_to(web, session).is_none_or(|open| open.contains(&mailbox)) {
        true => Ok(found),
        false => Err(missing()),
    }
}

/// Messages, newest first, page by page: an agent's own, those of their group
/// and their queues; a supervisor's also those of the agents they supervise.
#[utoipa::path(get, path = "/api/messages", tag = "messages", params(MessageQuery),
    responses(
        (status = 200, body = MessagePage),
        (status = 422, body = Problem, description = "a parameter is wrong; `where` names it"),
        (status = 503, body = Problem, description = "the store is away"),
        Refusals,
    ))]
pub async fn list(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    query: Result<Query<MessageQuery>, QueryRejection>,
) -> Result<Json<MessagePage>, WebError> {
    let Query(query) = query?;
    let filter = query.filter(&web, &session)?;
    Ok(Json(messages::list(&web.store, filter).await?))
}

/// What the caller said, as WAV. A part of it is given when the header `Range` asks for one.
#[utoipa::path(get, path = "/api/messages/{id}/audio", tag = "messages",
    params(("id" = String, Path, description = "the message's id")),
    responses(
        (status = 200, description = "the audio", content_type = "audio/wav"),
        (status = 206, description = "a part of it", content_type = "audio/wav"),
        (status = 404, body = Problem, description = "no such message, or its file is gone"),
        (status = 503, body = Problem, description = "the store is away"),
        Refusals,
    ))]
pub async fn audio(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    Path(id): Path<String>,
    asked: extract::Request,
) -> Result<Response, WebError> {
    let message = find(&web, &session, &id).await?;
    let missing = || WebError::missing("recording of the message", &id);
    let path = web.recordings.join(message.file.ok_or_else(missing)?);
    let response = ServeFile::new(path).try_call(asked).await;
    Ok(response.map_err(|_| missing())?.into_response())
}

/// Asks for something about a message. Who took it decides about it, or who
/// supervises its mailbox; deleting is for the owner of an agent's mailbox and for supervisors.
#[utoipa::path(post, path = "/api/messages/{id}", tag = "messages",
    params(("id" = String, Path, description = "the message's id")),
    request_body = MessageAsk,
    responses(
        (status = 204, description = "done"),
        (status = 404, body = Problem, description = "no such message"),
        (status = 409, body = Problem, description = "refused, and why"),
        (status = 422, body = Problem, description = "the body is not a request"),
        (status = 503, body = Problem, description = "the engine is behind"),
        Refusals,
    ))]
pub async fn ask(
    State(web): State<Web>,
    Path(id): Path<String>,
    Extension(session): Extension<Arc<Session>>,
    asked: Result<Json<MessageAsk>, JsonRejection>,
) -> Result<StatusCode, WebError> {
    let Json(asked) = asked?;
    request(&web, &session, &id, asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// # Errors
/// [`WebError::Refused`] with the reason.
pub async fn request(
    web: &Web,
    session: &Session,
    id: &str,
    asked: MessageAsk,
) -> Result<(), WebError> {
    let message = id.parse().map_err(|_| WebError::missing("message", id))?;
    let ask = asked.try_into()?;
    let what = Request::Message { message, ask };
    Ok(web.handle.request(session.principal(), what).await?)
}
