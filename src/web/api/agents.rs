//! Agents, live, and what they ask for.

use crate::clock;
use crate::engine::event::AgentRequest;
use crate::engine::id::AgentId;
use crate::engine::text::OutsideText;
use crate::runtime::board::view::{AgentView, ReasonView};
use crate::runtime::handle::Acknowledgement;
use crate::web::Web;
use crate::web::api::Refusals;
use crate::web::auth::Session;
use crate::web::error::{Problem, WebError};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What is asked for an agent.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum StateRequest {
    /// Sign in, not ready yet.
    SignIn,
    /// Ready for calls; ends wrap-up early.
    Ready,
    NotReady {
        /// Shown to supervisors; at most 200 characters are kept. Where
        /// `/api/not-ready-reasons` lists some, the id of one of them.
        reason: String,
    },
    SignOut,
}

impl From<StateRequest> for AgentRequest {
    fn from(asked: StateRequest) -> Self {
        match asked {
            StateRequest::SignIn => AgentRequest::SignIn,
            StateRequest::Ready => AgentRequest::Ready,
            StateRequest::NotReady { reason } => AgentRequest::NotReady {
                reason: OutsideText::new(&reason),
            },
            StateRequest::SignOut => AgentRequest::SignOut,
        }
    }
}

/// Every agent as they are now.
#[utoipa::path(get, path = "/api/agents", tag = "live",
    responses((status = 200, body = [AgentView]), Refusals))]
pub async fn list(State(web): State<Web>) -> Json<Vec<AgentView>> {
    Json(web.handle.read(|board| board.agents(clock::now())))
}

/// Why agents may be not ready; empty when every reason is taken.
#[utoipa::path(get, path = "/api/not-ready-reasons", tag = "live",
    responses((status = 200, body = [ReasonView]), Refusals))]
pub async fn reasons(State(web): State<Web>) -> Json<Vec<ReasonView>> {
    Json(web.handle.read(|board| board.reasons()))
}

/// One agent as they are now.
#[utoipa::path(get, path = "/api/agents/{id}", tag = "live",
    params(("id" = String, Path, description = "the agent's id")),
    responses((status = 200, body = AgentView), (status = 404, body = Problem, description = "no such agent"), Refusals))]
pub async fn show(
    State(web): State<Web>,
    Path(id): Path<String>,
) -> Result<Json<AgentView>, WebError> {
    let agent = agent_id(&id)?;
    let view = web.handle.read(|board| board.agent(&agent, clock::now()));
    view.map(Json).ok_or_else(|| no_such_agent(&id))
}

/// Asks for a change of an agent's state. 200 when it has happened, 202 when
/// the engine has it and it takes effect later, for example after a call.
#[utoipa::path(post, path = "/api/agents/{id}/state", tag = "live",
    params(("id" = String, Path, description = "the agent's id")),
    request_body = StateRequest,
    responses(
        (status = 200, body = AgentView, description = "done; the agent as now"),
        (status = 202, body = AgentView, description = "accepted; the agent as now"),
        (status = 404, body = Problem, description = "no such agent"),
        (status = 409, body = Problem, description = "refused, and why"),
        (status = 422, body = Problem, description = "the body is not a request"),
        (status = 503, body = Problem, description = "the engine is behind"),
        Refusals,
    ))]
pub async fn change_state(
    State(web): State<Web>,
    Path(id): Path<String>,
    Extension(session): Extension<Arc<Session>>,
    asked: Result<Json<StateRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<AgentView>), WebError> {
    let Json(asked) = asked?;
    let (by, agent) = (session.principal(), agent_id(&id)?);
    match web.handle.ask_by(by, &agent, asked.into()).await? {
        Acknowledgement::Done(agent) => Ok((StatusCode::OK, Json(agent))),
        Acknowledgement::Accepted(agent) => Ok((StatusCode::ACCEPTED, Json(agent))),
    }
}

/// What cannot be an agent's id names no agent.
pub(in crate::web) fn agent_id(text: &str) -> Result<AgentId, WebError> {
    AgentId::new(text).map_err(|_| no_such_agent(text))
}

pub(in crate::web) fn no_such_agent(id: &str) -> WebError {
    WebError::missing("agent", id)
}
