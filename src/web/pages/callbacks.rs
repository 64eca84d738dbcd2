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
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
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
    /// When, by the clock that the page shows; empty for as soon as it is its turn.
    #[serde(default)]
    at: String,
}

/// What a browser writes for a date with a time, in milliseconds since the epoch.
fn moment(text: &str, zone: TimeZone) -> Result<Option<i64>, WebError> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse::<DateTime>().and_then(|at| at.to_zoned(zone));
    let at = read.map_err(|_| WebError::BadInput {
        place: "the form's time",
        what: format!("{text:?} is not a date with a time, like 2026-01-31T14:30"),
    })?;
    Ok(Some(at.timestamp().as_millisecond()))
}

/// Asks for a callback, and shows the page again.
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
        at: moment(asked.at.trim(), TimeZone::system())?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_form_is_that_of_the_clock_on_the_page() {
        let zone = || TimeZone::fixed(jiff::tz::offset(8));
        let at = |text| moment(text, zone()).unwrap();
        assert_eq!(at(""), None);
        // 2026-01-31 06:30 UTC.
        assert_eq!(at("2026-01-31T14:30"), Some(1_769_841_000_000));
        assert!(moment("tomorrow", zone()).is_err());
    }
}
