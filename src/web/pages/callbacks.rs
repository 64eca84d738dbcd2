//! Who is to be called back, and who was.

use crate::runtime::board::callbacks::CallbackView;
use crate::store::callbacks::ClosedCallback;
use crate::web::Web;
use crate::web::api::callbacks::{Wanted, arrange, seen, withdraw};
use crate::web::auth::{Role, Session};
use crate::web::error::WebError;
use crate::web::pages::language::Tongue;
use crate::web::pages::names::Names;
use crate::web::pages::render;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{Html, Redirect};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize)]
struct CallbacksPage {
    open: Vec<Open>,
    closed: Vec<Closed>,
    /// Queues that a callback can be asked of.
    queues: Vec<Choice>,
    may_cancel: bool,
}

#[derive(Serialize)]
struct Open {
    #[serde(flatten)]
    callback: CallbackView,
    queue_name: String,
    agent_name: Option<String>,
}

#[derive(Serialize)]
struct Closed {
    #[serde(flatten)]
    callback: ClosedCallback,
    queue_name: String,
    agent_name: Option<String>,
}

#[derive(Serialize)]
struct Choice {
    id: String,
    name: String,
}

/// Open ones in turn, and those closed lately.
pub async fn show(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    Tongue(language): Tongue,
) -> Result<Html<String>, WebError> {
    let all = seen(&web, &session).await?;
    let names = Names::of(&web);
    let open = all.open.into_iter().map(|callback| Open {
        queue_name: names.queue(&callback.queue),
        agent_name: callback.agent.as_deref().map(|id| names.agent(id)),
        callback,
    });
    let closed = all.closed.into_iter().map(|callback| Closed {
        queue_name: names.queue(&callback.queue),
        agent_name: callback.agent.as_deref().map(|id| names.agent(id)),
        callback,
    });
    let queues = names.queues().map(|(id, name)| Choice {
        id: id.to_owned(),
        name: name.to_owned(),
    });
    let page = CallbacksPage {
        open: open.collect(),
        closed: closed.collect(),
        queues: queues.collect(),
        may_cancel: session.role >= Role::Supervisor,
    };
    render(&web, "callbacks", language, Some(&session), page)
}

/// The page's form.
#[derive(Debug, Deserialize)]
pub struct Asked {
    number: String,
    queue: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    note: String,
}

/// Asks for a callback as soon as it is its turn, and shows the page again.
pub async fn ask(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    Tongue(language): Tongue,
    asked: Result<Form<Asked>, FormRejection>,
) -> Result<Redirect, WebError> {
    let Form(asked) = asked?;
    let wanted = Wanted {
        number: asked.number.trim().to_owned(),
        queue: asked.queue,
        language: Some(language.tag().to_owned()),
        at: None,
        name: asked.name,
        note: asked.note,
    };
    arrange(&web, &session, wanted).await?;
    Ok(Redirect::to("/callbacks"))
}

/// Takes a callback back, and shows the page again.
pub async fn cancel(
    State(web): State<Web>,
    Path(id): Path<String>,
    Extension(session): Extension<Arc<Session>>,
) -> Result<Redirect, WebError> {
    withdraw(&web, &session, &id).await?;
    Ok(Redirect::to("/callbacks"))
}
