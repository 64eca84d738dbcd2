//! The API's own description.

use crate::web::{api, health, metrics};
use axum::Json;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "switchyard",
        description = "Queues, agents and calls of a call centre. Sign in with POST /api/sign-in; \
            the session is a cookie. Every POST with a session carries its `csrf` value as \
            X-CSRF-Token. Errors are problem details (RFC 9457).",
    ),
    paths(
        document,
        api::me::sign_in,
        api::me::sign_out,
        api::me::show,
        api::queues::list,
        api::agents::list,
        api::agents::reasons,
        api::agents::show,
        api::agents::change_state,
        api::in_call::ask,
        api::in_call::supervise,
        api::callbacks::list,
        api::callbacks::create,
        api::callbacks::cancel,
        api::calls::list,
        api::calls::live,
        api::calls::show,
        api::links::list,
        api::requests::list,
        api::messages::list,
        api::messages::audio,
        api::messages::ask,
        api::why::waiting,
        api::why::idle,
        health::alive,
        health::ready,
        metrics::show,
    )
)]
struct Api;

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1")))]
pub async fn document() -> Json<Document> {
    Json(description())
}

/// The API as OpenAPI.
pub fn description() -> Document {
    Api::openapi()
}
