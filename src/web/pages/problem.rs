//! Errors as people see them: a page in their language instead of problem JSON.

use crate::web::Web;
use crate::web::error::Problem;
use crate::web::pages::{language, render};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;

#[derive(Serialize)]
struct ProblemPage<'a> {
    status: u16,
    kind: &'a str,
    detail: &'a str,
}

/// Middleware: turns problems into pages for browsers, and sends whoever is not
/// signed in to the sign-in page.
pub async fn show_to_people(State(web): State<Web>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let method = request.method().clone();
    let response = next.run(request).await;
    let Some(problem) = response
        .extensions()
        .get::<Problem>()
        .filter(|_| wants_page(&headers))
    else {
        return response;
    };
    let kind = problem.kind.rsplit(':').next().unwrap_or_default();
    if kind == "signed-out" && method == Method::GET {
        return Redirect::to("/sign-in").into_response();
    }
    let language = language::of(&headers, None);
    let page = ProblemPage {
        status: problem.status,
        kind,
        detail: &problem.detail,
    };
    match render(&web, "problem", language, None, page) {
        Ok(html) => {
            let status = StatusCode::from_u16(problem.status);
            (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), html).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Browsers ask for HTML when they load a page; streams and programs do not.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|kinds| kinds.contains("text/html") && !kinds.contains("text/event-stream"))
}
