//! Calls, live and stored.

use crate::engine::id::CallId;
use crate::runtime::board::view::CallView;
use crate::web::Web;
use crate::web::api::Refusals;
use crate::web::error::WebError;
use axum::Json;
use axum::extract::State;

/// Every live call, the oldest first.
#[utoipa::path(get, path = "/api/calls/live", tag = "live",
    responses((status = 200, body = [CallView]), Refusals))]
pub async fn live(State(web): State<Web>) -> Json<Vec<CallView>> {
    Json(web.handle.read(|board| board.calls()))
}

/// What cannot be a call's id names no call.
pub fn call_id(text: &str) -> Result<CallId, WebError> {
    text.parse().map_err(|_| no_such_call(text))
}

pub fn no_such_call(id: &str) -> WebError {
    WebError::Missing {
        what: "call",
        id: id.chars().take(40).collect(),
    }
}
