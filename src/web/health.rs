//! For whatever watches over the controller.

use crate::runtime::condition::Alarm;
use crate::switch::link::LinkState;
use crate::web::Web;
use crate::web::error::{Problem, WebError};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `alive` or `ready`.
    pub status: &'static str,
    /// What is wrong although calls go on, the worst first.
    pub alarms: Vec<Alarm>,
}

/// Whether the process runs and its engine takes events.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses(
    (status = 200, body = Health),
    (status = 503, body = Problem, description = "the engine has stopped"),
))]
pub async fn alive(State(web): State<Web>) -> Result<Json<Health>, WebError> {
    if web.handle.events.is_closed() {
        return Err(WebError::Stopped);
    }
    Ok(Json(health(&web, "alive")))
}

/// Whether calls can be controlled: the engine runs and every switch link is alive.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses(
    (status = 200, body = Health),
    (status = 503, body = Problem, description = "a link is down, which `detail` names, or the controller is about to leave"),
))]
pub async fn ready(State(web): State<Web>) -> Result<Json<Health>, WebError> {
    if web.handle.events.is_closed() {
        return Err(WebError::Stopped);
    }
    if *web.handle.draining.borrow() {
        return Err(WebError::Draining);
    }
    let links: Vec<String> = web
        .handle
        .dead_links()
        .into_iter()
        .map(|(switch, state)| match state {
            // The last error may name addresses: it stays in the log.
            LinkState::Connecting { attempt, .. } => format!("{switch} (attempt {attempt})"),
            LinkState::TakenOver { .. } => format!("{switch} (taken over)"),
            LinkState::Alive | LinkState::Closed => format!("{switch} (closed)"),
        })
        .collect();
    if links.is_empty() {
        Ok(Json(health(&web, "ready")))
    } else {
        Err(WebError::LinksDown { links })
    }
}

fn health(web: &Web, status: &'static str) -> Health {
    Health {
        status,
        alarms: web.handle.condition.alarms(),
    }
}
