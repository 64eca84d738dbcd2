//! What is refused while the engine is behind, or while too many requests are
//! at work: reading first. Health, readiness and metrics always answer, and
//! agents' requests are refused last, by [`crate::runtime::handle::Handle::ask`].

use crate::runtime::load::Load;
use crate::web::Web;
use crate::web::error::WebError;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// Requests worked on at once; more are refused. Streams count only until they begin.
pub const MAX_REQUESTS: usize = 256;

/// Middleware.
///
/// # Errors
/// [`WebError::Overloaded`].
pub async fn shed(
    State(web): State<Web>,
    request: Request,
    next: Next,
) -> Result<Response, WebError> {
    let path = request.uri().path();
    if matches!(path, "/healthz" | "/readyz" | "/metrics") {
        return Ok(next.run(request).await);
    }
    let is_agents_request = path.starts_with("/api/agents/") && path.ends_with("/state");
    if web.handle.condition.load() >= Load::Strained && !is_agents_request {
        return Err(refused("read"));
    }
    let Ok(_place) = web.requests.try_acquire() else {
        return Err(refused("too_many_requests"));
    };
    Ok(next.run(request).await)
}

fn refused(what: &'static str) -> WebError {
    metrics::counter!("switchyard_shed_total", "what" => what).increment(1);
    WebError::Overloaded
}
