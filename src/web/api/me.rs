//! Signing in and out, and who one is.

use crate::store::moment::Moment;
use crate::web::Web;
use crate::web::api::Refusals;
use crate::web::auth::secret::Secret;
use crate::web::auth::sign_in::{self, Credentials};
use crate::web::auth::{Role, Session, identity};
use crate::web::error::{Problem, WebError};
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    pub login: String,
    pub display_name: String,
    pub role: Role,
    /// The agent this person is, if any.
    pub agent: Option<String>,
    /// To be sent as `X-CSRF-Token` with every POST.
    pub csrf: String,
    /// When the session ends.
    pub expires: Moment,
}

impl From<&Session> for Me {
    fn from(session: &Session) -> Self {
        Self {
            login: session.login.clone(),
            display_name: session.display_name.clone(),
            role: session.role,
            agent: session.agent.as_ref().map(|agent| agent.to_string()),
            csrf: session.csrf.clone(),
            expires: Moment::from_millis(session.expires.as_millis()),
        }
    }
}

/// Signs in; the answer sets the session's cookie.
#[utoipa::path(post, path = "/api/sign-in", tag = "session",
    request_body = Credentials,
    responses(
        (status = 200, body = Me),
        (status = 401, body = Problem, description = "wrong login or password"),
        (status = 422, body = Problem, description = "the body is not login and password"),
        (status = 429, body = Problem, description = "too many failures; see Retry-After"),
    ))]
pub async fn sign_in(
    State(web): State<Web>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    given: Result<Json<Credentials>, JsonRejection>,
) -> Result<impl IntoResponse, WebError> {
    let Json(given) = given?;
    let (secret, session) = sign_in::sign_in(&web, given, peer.ip()).await?;
    let cookie = identity::session_cookie(&web.settings, &secret, web.sessions.lifetime());
    Ok(([(header::SET_COOKIE, cookie)], Json(Me::from(&*session))))
}

/// Ends the session.
#[utoipa::path(post, path = "/api/sign-out", tag = "session",
    responses((status = 204, description = "signed out"), Refusals))]
pub async fn sign_out(
    State(web): State<Web>,
    Extension(secret): Extension<Secret>,
) -> Result<impl IntoResponse, WebError> {
    web.sessions.close(&secret).await?;
    let cookie = identity::no_session_cookie(&web.settings);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/me", tag = "session",
    responses((status = 200, body = Me), Refusals))]
pub async fn show(Extension(session): Extension<Arc<Session>>) -> Json<Me> {
    Json(Me::from(&*session))
}
