//! One agent: what they do, and why no call comes.

use crate::clock;
use crate::web::Web;
use crate::web::api::agents::{agent_id, no_such_agent};
use crate::web::api::why;
use crate::web::auth::Session;
use crate::web::error::WebError;
use crate::web::pages::language::Tongue;
use crate::web::pages::live::ShownAgent;
use crate::web::pages::names::Names;
use crate::web::pages::render;
use crate::web::pages::why::Idle;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Html;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct AgentPage {
    agent: ShownAgent,
    why: Option<Idle>,
}

/// The page of one agent, as of now.
pub async fn show(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    Tongue(language): Tongue,
    Path(id): Path<String>,
) -> Result<Html<String>, WebError> {
    let known = agent_id(&id)?;
    let now = clock::now();
    let agent = web.handle.read(|board| board.agent(&known, now));
    let agent = agent.ok_or_else(|| no_such_agent(&id))?;
    let why = why::of_agent(&web, known).await?;
    let names = Names::of(&web);
    let page = AgentPage {
        agent: ShownAgent::new(language, agent, now.as_millis()),
        why: why.map(|why| Idle::of(why, &names)),
    };
    render(&web, "agent", language, Some(&session), page)
}
