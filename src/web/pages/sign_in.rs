//! The sign-in page.

use crate::web::Web;
use crate::web::auth::secret::Secret;
use crate::web::auth::sign_in::{self, Credentials};
use crate::web::auth::{Session, identity};
use crate::web::error::WebError;
use crate::web::pages::language::Tongue;
use crate::web::pages::render;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, Form, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;

#[derive(Serialize)]
struct SignInPage<'a> {
    login: &'a str,
    /// The kind of problem that the last attempt had.
    problem: Option<&'static str>,
    seconds: u64,
}

/// The empty form, or the live page for whoever is signed in.
pub async fn show(
    State(web): State<Web>,
    session: Option<Extension<Arc<Session>>>,
    Tongue(language): Tongue,
) -> Result<Response, WebError> {
    if session.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    let page = SignInPage {
        login: "",
        problem: None,
        seconds: 0,
    };
    Ok(render(&web, "sign_in", language, None, page)?.into_response())
}

/// Signs in and goes to the live page, or says why not.
pub async fn submit(
    State(web): State<Web>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Tongue(language): Tongue,
    given: Result<Form<Credentials>, FormRejection>,
) -> Result<Response, WebError> {
    let Form(given) = given?;
    let login = given.login.clone();
    let refused = match sign_in::sign_in(&web, given, peer.ip()).await {
        Ok((secret, _)) => {
            let cookie = identity::session_cookie(&web.settings, &secret, web.sessions.lifetime());
            return Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response());
        }
        Err(refused @ (WebError::WrongCredentials | WebError::Locked { .. })) => refused,
        Err(error) => return Err(error),
    };
    let seconds = if let WebError::Locked { seconds } = refused {
        seconds
    } else {
        0
    };
    let page = SignInPage {
        login: &login,
        problem: Some(refused.kind()),
        seconds,
    };
    let html: Html<String> = render(&web, "sign_in", language, None, page)?;
    Ok((
        StatusCode::from_u16(refused.problem().status).unwrap_or_default(),
        html,
    )
        .into_response())
}

/// Signs out and goes to the sign-in page.
pub async fn leave(
    State(web): State<Web>,
    Extension(secret): Extension<Secret>,
) -> Result<impl IntoResponse, WebError> {
    web.sessions.close(&secret).await?;
    let cookie = identity::no_session_cookie(&web.settings);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")))
}
