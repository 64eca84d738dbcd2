//! Who may use a route. Every route is registered with its rule
//! ([`crate::web::router`]), and the rule is checked here and nowhere else.

use crate::web::auth::{Role, Session, role_word};
use crate::web::error::WebError;
use axum::extract::{ConnectInfo, RawPathParams, Request, State};
use axum::http::header::FORWARDED;
use axum::middleware::Next;
use axum::response::Response;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// The rule of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, signed in or not.
    Public,
    /// Whoever is signed in with at least this role.
    Role(Role),
    /// The agent that `{id}` in the path names, and whoever has at least this role.
    OwnAgentOr(Role),
    /// Requests from this machine that no proxy passed on, and whoever has at
    /// least this role.
    LocalOr(Role),
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::Public => f.write_str("everybody"),
            Access::Role(role) => f.write_str(role_word(*role)),
            Access::OwnAgentOr(role) => write!(f, "{}, or the agent itself", role_word(*role)),
            Access::LocalOr(role) => write!(f, "{}, or this machine", role_word(*role)),
        }
    }
}

/// Middleware of every route: refuses whoever its rule does not let in.
///
/// # Errors
/// [`WebError::SignedOut`] or [`WebError::Forbidden`].
pub async fn guard(
    State(access): State<Access>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Result<Response, WebError> {
    let session = request.extensions().get::<Arc<Session>>();
    let allowed = |least: Role| match session {
        None => Err(WebError::SignedOut),
        Some(session) if session.role >= least => Ok(()),
        Some(_) => Err(WebError::Forbidden { needs: least }),
    };
    match access {
        Access::Public => {}
        Access::Role(least) => allowed(least)?,
        Access::OwnAgentOr(least) => {
            let named = params
                .iter()
                .find(|(name, _)| *name == "id")
                .map(|(_, id)| id);
            let own = session.and_then(|session| session.agent.as_ref());
            if named.is_none() || own.map(|agent| agent.as_str()) != named {
                allowed(least)?;
            }
        }
        Access::LocalOr(least) => {
            if !is_local(&request) {
                allowed(least)?;
            }
        }
    }
    Ok(next.run(request).await)
}

/// Whether the request comes from this machine itself and not through a proxy on it.
fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let headers = request.headers();
    peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback())
        && !headers.contains_key(FORWARDED)
        && !headers
            .keys()
            .any(|name| name.as_str().starts_with("x-forwarded-"))
}
