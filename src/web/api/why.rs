//! Why a call still waits, and why an agent gets nothing.

use crate::clock;
use crate::engine::id::{AgentId, CallId};
use crate::engine::why::{WhyIdle, WhyWaiting};
use crate::web::Web;
use crate::web::api::Refusals;
use crate::web::api::agents::{agent_id, no_such_agent};
use crate::web::api::calls::{call_id, no_such_call};
use crate::web::error::{Problem, WebError};
use axum::Json;
use axum::extract::{Path, State};

/// Why a live call has no agent at this moment: for each queue what stands in
/// the way, who may take it and why they cannot, whose turn comes before, and
/// what happens next. 404 when the call has ended.
#[utoipa::path(get, path = "/api/calls/{id}/why", tag = "live",
    params(("id" = String, Path, description = "the call's id")),
    responses(
        (status = 200, body = Object),
        (status = 404, body = Problem, description = "no such live call"),
        (status = 503, body = Problem, description = "the engine has stopped"),
        Refusals,
    ))]
pub async fn waiting(
    State(web): State<Web>,
    Path(id): Path<String>,
) -> Result<Json<WhyWaiting>, WebError> {
    let why = of_call(&web, call_id(&id)?).await?;
    why.map(Json).ok_or_else(|| no_such_call(&id))
}

/// Why an agent gets no call at this moment: what they are doing, and for each
/// of their queues the calls that wait and why they are for others.
#[utoipa::path(get, path = "/api/agents/{id}/why", tag = "live",
    params(("id" = String, Path, description = "the agent's id")),
    responses(
        (status = 200, body = Object),
        (status = 404, body = Problem, description = "no such agent"),
        (status = 503, body = Problem, description = "the engine has stopped"),
        Refusals,
    ))]
pub async fn idle(
    State(web): State<Web>,
    Path(id): Path<String>,
) -> Result<Json<WhyIdle>, WebError> {
    let why = of_agent(&web, agent_id(&id)?).await?;
    why.map(Json).ok_or_else(|| no_such_agent(&id))
}

/// # Errors
/// [`WebError::Stopped`] when the engine has ended.
pub async fn of_call(web: &Web, call: CallId) -> Result<Option<WhyWaiting>, WebError> {
    let look = web
        .handle
        .look(move |engine| engine.why_waiting(call, clock::now()));
    look.await.ok_or(WebError::Stopped)
}

/// # Errors
/// [`WebError::Stopped`] when the engine has ended.
pub async fn of_agent(web: &Web, agent: AgentId) -> Result<Option<WhyIdle>, WebError> {
    let look = web
        .handle
        .look(move |engine| engine.why_idle(&agent, clock::now()));
    look.await.ok_or(WebError::Stopped)
}
