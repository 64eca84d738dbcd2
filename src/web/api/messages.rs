//! Messages in mailboxes: listing them, hearing them, and what is done about them.

use crate::engine::id::MessageId;
use crate::engine::mailbox::Mailbox;
use crate::engine::message::MessageState;
use crate::engine::request::{MessageRequest, Request};
use crate::engine::text::OutsideText;
use crate::store::messages::{self, MAX_PAGE, MessageFilter, MessagePage, MessageSummary};
use crate::web::Web;
use crate::web::api::Refusals;
use crate::web::api::in_call::principal;
use crate::web::auth::{Role, Session};
use crate::web::error::{Problem, WebError};
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
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
    /// It is in no mailbox any more.
    Delete,
    /// The agent's device is rung, and then the caller; the message is theirs.
    CallBack,
}

impl From<MessageAsk> for MessageRequest {
    fn from(asked: MessageAsk) -> Self {
        match asked {
            MessageAsk::Take => MessageRequest::Take,
            MessageAsk::Release => MessageRequest::Release,
            MessageAsk::Handled { note } => MessageRequest::Handled {
                note: OutsideText::new(note.trim()),
            },
            MessageAsk::Delete => MessageRequest::Delete,
            MessageAsk::CallBack => MessageRequest::CallBack,
        }
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
        if self
            .limit
            .is_some_and(|limit| !(1..=MAX_PAGE).contains(&limit))
        {
            return Err(bad(
                "the query's limit",
                format!("limit is 1 to {MAX_PAGE}"),
            ));
        }
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
            limit: self.limit,
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
    let missing = || WebError::Missing {
        what: "message",
        id: id.chars().take(40).collect(),
    };
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
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let message = find(&web, &session, &id).await?;
    let missing = || WebError::Missing {
        what: "recording of the message",
        id: id.chars().take(40).collect(),
    };
    let name = message.file.ok_or_else(missing)?;
    let bytes = tokio::fs::read(web.recordings.join(name)).await;
    let bytes = bytes.map_err(|_| missing())?;
    let kind = [
        (header::CONTENT_TYPE, "audio/wav".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
    ];
    let asked = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    let Some(part) = asked.and_then(|range| part_of(range, bytes.len())) else {
        return Ok((kind, bytes).into_response());
    };
    let range = format!("bytes {}-{}/{}", part.start(), part.end(), bytes.len());
    let part = bytes[part].to_vec();
    let range = [(header::CONTENT_RANGE, range)];
    Ok((StatusCode::PARTIAL_CONTENT, kind, range, part).into_response())
}

/// The one part that `bytes=<first>-<last>` names, within `length` bytes.
fn part_of(range: &str, length: usize) -> Option<RangeInclusive<usize>> {
    let last = length.checked_sub(1)?;
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, end) = match (from, to) {
        ("", count) => (length.saturating_sub(count.parse().ok()?), last),
        (first, "") => (first.parse().ok()?, last),
        (first, end) => (first.parse().ok()?, end.parse::<usize>().ok()?.min(last)),
    };
    (first <= end).then_some(first..=end)
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
    let message = id.parse().map_err(|_| WebError::Missing {
        what: "message",
        id: id.chars().take(40).collect(),
    })?;
    let ask = asked.into();
    let what = Request::Message { message, ask };
    Ok(web.handle.request(principal(session), what).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_within_the_file() {
        assert_eq!(part_of("bytes=0-", 10), Some(0..=9));
        assert_eq!(part_of("bytes=2-4", 10), Some(2..=4));
        assert_eq!(part_of("bytes=2-400", 10), Some(2..=9));
        assert_eq!(part_of("bytes=-3", 10), Some(7..=9));
        for wrong in [
            "bytes=10-",
            "bytes=5-4",
            "bytes=a-b",
            "lines=0-1",
            "bytes=-",
        ] {
            assert_eq!(part_of(wrong, 10), None, "{wrong}");
        }
        assert_eq!(part_of("bytes=0-", 0), None);
    }
}
