//! What agents ask for about the call they serve, and what supervisors ask for.

use crate::engine::id::{AgentId, CallId, FlowId, QueueId};
use crate::engine::request::{CallRequest, Destination, Invitee, Request, SupervisorRequest};
use crate::switch::{Key, PhoneNumber, SupervisionMode};
use crate::web::Web;
use crate::web::api::Refusals;
use crate::web::api::agents::{StateRequest, agent_id};
use crate::web::auth::Session;
use crate::web::error::{Problem, WebError};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use utoipa::ToSchema;

/// What is asked for about the call that an agent serves.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum InCallRequest {
    /// Music for the caller.
    Hold,
    /// Back to the caller, from hold.
    Resume,
    /// The caller goes there, and the agent is free of the call.
    Transfer { to: To },
    /// The caller hears music, and somebody is asked: an agent or a number.
    Consult { to: To },
    /// The caller goes to who is consulted, and the agent is free of the call.
    Complete,
    /// Back to the caller; who was consulted is let go.
    Return,
    /// Caller, agent and who is consulted talk together.
    Conference,
    /// One more is rung, an agent or a number, and joins.
    Invite { to: To },
    /// Keys for the other side: `0`–`9`, `*`, `#`, `A`–`D`, at most 64.
    SendDigits { digits: String },
    /// The caller waits in a numbered slot, and the agent is free of the call.
    Park,
    /// The agent's device is rung, and the caller parked in the slot goes to it.
    Retrieve { slot: u16 },
    /// The agent's device is rung, and then this number for it.
    Dial { to: String },
    /// The call ends.
    HangUp,
    /// More time to write up the call that has ended.
    ExtendWrapUp,
}

/// Whom or what a caller can be sent to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum To {
    /// An agent's id.
    Agent(String),
    /// A queue's id.
    Queue(String),
    /// A flow's id.
    Flow(String),
    /// A number outside: 1 to 32 digits, `*` or `#`, with a `+` in front at most.
    Number(String),
}

/// What a supervisor asks for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum SupervisionRequest {
    /// The supervisor's own device is rung and hears the agent's conversation,
    /// heard by nobody; asked by one who listens already, the mode changes.
    Listen { agent: String },
    /// The same, heard by the agent alone.
    Whisper { agent: String },
    /// The same, heard by both.
    Barge { agent: String },
    /// The supervisor leaves the conversation.
    StopListening,
    /// The supervisor, who listens, serves the caller from here on.
    TakeOver { agent: String },
    /// The call ends.
    HangUp { call: String },
    /// Puts an agent into a state; of one with a call, when the call is over.
    SetState { agent: String, state: StateRequest },
    /// A waiting call goes to another queue.
    Move { call: String, to: String },
    /// A waiting call goes to the supervisor's own device.
    Pull { call: String },
    /// A waiting call gets another priority, and keeps its time of entry.
    SetPriority { call: String, priority: i32 },
}

fn value<T: FromStr<Err: Display>>(text: &str) -> Result<T, WebError> {
    text.parse().map_err(|error: T::Err| WebError::BadInput {
        place: "the request's body",
        what: error.to_string(),
    })
}

fn destination(to: To) -> Result<Destination, WebError> {
    Ok(match to {
        To::Agent(agent) => Destination::Agent(value::<AgentId>(&agent)?),
        To::Queue(queue) => Destination::Queue(value::<QueueId>(&queue)?),
        To::Flow(flow) => Destination::Flow(value::<FlowId>(&flow)?),
        To::Number(number) => Destination::Number(value::<PhoneNumber>(&number)?),
    })
}

fn invitee(to: To) -> Result<Invitee, WebError> {
    match destination(to)? {
        Destination::Agent(agent) => Ok(Invitee::Agent(agent)),
        Destination::Number(number) => Ok(Invitee::Number(number)),
        Destination::Queue(_) | Destination::Flow(_) => Err(WebError::BadInput {
            place: "the request's body",
            what: "only an agent or a number can be rung".to_owned(),
        }),
    }
}

fn keys(digits: &str) -> Result<Vec<Key>, WebError> {
    let keys: Result<Vec<Key>, _> = digits.chars().map(Key::try_from).collect();
    keys.map_err(|error| WebError::BadInput {
        place: "the request's digits",
        what: error.to_string(),
    })
}

impl TryFrom<InCallRequest> for CallRequest {
    type Error = WebError;
    fn try_from(asked: InCallRequest) -> Result<Self, WebError> {
        Ok(match asked {
            InCallRequest::Hold => CallRequest::Hold,
            InCallRequest::Resume => CallRequest::Resume,
            InCallRequest::Transfer { to } => CallRequest::Transfer {
                to: destination(to)?,
            },
            InCallRequest::Consult { to } => CallRequest::Consult { to: invitee(to)? },
            InCallRequest::Complete => CallRequest::Complete,
            InCallRequest::Return => CallRequest::Return,
            InCallRequest::Conference => CallRequest::Conference,
            InCallRequest::Invite { to } => CallRequest::Invite { to: invitee(to)? },
            InCallRequest::SendDigits { digits } => CallRequest::SendDigits {
                digits: keys(&digits)?,
            },
            InCallRequest::Park => CallRequest::Park,
            InCallRequest::Retrieve { slot } => CallRequest::Retrieve { slot },
            InCallRequest::Dial { to } => CallRequest::Dial { to: value(&to)? },
            InCallRequest::HangUp => CallRequest::HangUp,
            InCallRequest::ExtendWrapUp => CallRequest::ExtendWrapUp,
        })
    }
}

impl TryFrom<SupervisionRequest> for SupervisorRequest {
    type Error = WebError;
    fn try_from(asked: SupervisionRequest) -> Result<Self, WebError> {
        let listen = |agent: String, mode| {
            let agent = agent_id(&agent)?;
            Ok::<_, WebError>(SupervisorRequest::Listen { agent, mode })
        };
        Ok(match asked {
            SupervisionRequest::Listen { agent } => listen(agent, SupervisionMode::Listen)?,
            SupervisionRequest::Whisper { agent } => listen(agent, SupervisionMode::Whisper)?,
            SupervisionRequest::Barge { agent } => listen(agent, SupervisionMode::Barge)?,
            SupervisionRequest::StopListening => SupervisorRequest::StopListening,
            SupervisionRequest::TakeOver { agent } => SupervisorRequest::TakeOver {
                agent: agent_id(&agent)?,
            },
            SupervisionRequest::HangUp { call } => SupervisorRequest::HangUp {
                call: value::<CallId>(&call)?,
            },
            SupervisionRequest::SetState { agent, state } => SupervisorRequest::SetState {
                agent: agent_id(&agent)?,
                state: state.into(),
            },
            SupervisionRequest::Move { call, to } => SupervisorRequest::Move {
                call: value(&call)?,
                to: value(&to)?,
            },
            SupervisionRequest::Pull { call } => SupervisorRequest::Pull {
                call: value(&call)?,
            },
            SupervisionRequest::SetPriority { call, priority } => SupervisorRequest::SetPriority {
                call: value(&call)?,
                priority,
            },
        })
    }
}

/// Asks for something about the call that an agent serves. It is done when the
/// answer comes; that the switch has carried it out is told by the live stream.
/// Who is not this agent needs to supervise their group.
#[utoipa::path(post, path = "/api/agents/{id}/call", tag = "live",
    params(("id" = String, Path, description = "the agent's id")),
    request_body = InCallRequest,
    responses(
        (status = 204, description = "done"),
        (status = 404, body = Problem, description = "no such agent or call"),
        (status = 409, body = Problem, description = "refused, and why"),
        (status = 422, body = Problem, description = "the body is not a request"),
        (status = 503, body = Problem, description = "the engine is behind"),
        Refusals,
    ))]
pub async fn ask(
    State(web): State<Web>,
    Path(id): Path<String>,
    Extension(session): Extension<Arc<Session>>,
    asked: Result<Json<InCallRequest>, JsonRejection>,
) -> Result<StatusCode, WebError> {
    let Json(asked) = asked?;
    let what = Request::InCall {
        agent: agent_id(&id)?,
        ask: asked.try_into()?,
    };
    web.handle.request(session.principal(), what).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for something about another's call or state. A supervisor who is an
/// agent supervises the groups that the settings name, and rings their own device.
#[utoipa::path(post, path = "/api/supervision", tag = "live",
    request_body = SupervisionRequest,
    responses(
        (status = 204, description = "done"),
        (status = 404, body = Problem, description = "no such agent or call"),
        (status = 409, body = Problem, description = "refused, and why"),
        (status = 422, body = Problem, description = "the body is not a request"),
        (status = 503, body = Problem, description = "the engine is behind"),
        Refusals,
    ))]
pub async fn supervise(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    asked: Result<Json<SupervisionRequest>, JsonRejection>,
) -> Result<StatusCode, WebError> {
    let Json(asked) = asked?;
    let what = Request::Supervision {
        ask: asked.try_into()?,
    };
    web.handle.request(session.principal(), what).await?;
    Ok(StatusCode::NO_CONTENT)
}
