//! The list of what people asked for about calls and agents.

use crate::store::requests::{self, PastRequest};
use crate::web::Web;
use crate::web::api::requests::RequestQuery;
use crate::web::auth::Session;
use crate::web::error::WebError;
use crate::web::pages::language::Tongue;
use crate::web::pages::names::Names;
use crate::web::pages::render;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct RequestsPage {
    /// Whose requests were looked for.
    by: String,
    requests: Vec<Line>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    request: PastRequest,
    by_name: String,
    agent_name: Option<String>,
}

/// Newest first; `by` searches, `before` pages.
pub async fn show(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    Tongue(language): Tongue,
    query: Result<Query<RequestQuery>, QueryRejection>,
) -> Result<Html<String>, WebError> {
    let Query(query) = query?;
    let by = query.by.clone().unwrap_or_default();
    let page = requests::list(&web.store, query.filter(&web)?).await?;
    let names = Names::of(&web);
    let line = |request: PastRequest| Line {
        by_name: names.agent(&request.by),
        agent_name: request.agent.as_deref().map(|id| names.agent(id)),
        request,
    };
    let page = RequestsPage {
        by,
        requests: page.requests.into_iter().map(line).collect(),
        next: page.next,
    };
    render(&web, "requests", language, Some(&session), page)
}
