//! The list of stored calls.

use crate::store::calls::{self, CallSummary};
use crate::web::Web;
use crate::web::api::calls::CallQuery;
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
struct CallsPage {
    /// What was searched for.
    number: String,
    calls: Vec<Line>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    call: CallSummary,
    queue_name: Option<String>,
    agent_name: Option<String>,
    length_ms: Option<i64>,
}

/// Newest first; `number` searches, `before` pages.
pub async fn show(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    Tongue(language): Tongue,
    query: Result<Query<CallQuery>, QueryRejection>,
) -> Result<Html<String>, WebError> {
    let Query(query) = query?;
    let number = query.number.clone().unwrap_or_default();
    let page = calls::list(&web.store, query.filter(&web)?).await?;
    let names = Names::of(&web);
    let calls = page.calls.into_iter().map(|call| Line {
        queue_name: call.queue.as_deref().map(|id| names.queue(id)),
        agent_name: call.agent.as_deref().map(|id| names.agent(id)),
        length_ms: call.ended.as_ref().map(|ended| ended.ms - call.started.ms),
        call,
    });
    let page = CallsPage {
        number,
        calls: calls.collect(),
        next: page.next,
    };
    render(&web, "calls", language, Some(&session), page)
}
