//! The mailboxes: messages with a player, and what is done about them.

use crate::engine::mailbox::Mailbox;
use crate::store::messages::{self, MessageSummary};
use crate::web::Web;
use crate::web::api::messages::{MessageAsk, MessageQuery, open_to, request};
use crate::web::auth::{Role, Session};
use crate::web::error::WebError;
use crate::web::pages::language::Tongue;
use crate::web::pages::names::Names;
use crate::web::pages::render;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{Html, Redirect};
use axum::{Extension, Form};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Serialize)]
struct MessagesPage {
    mailbox: String,
    state: String,
    states: [Choice; 4],
    mailboxes: Vec<Choice>,
    messages: Vec<Line>,
    next: Option<String>,
}

/// One thing to choose from; an empty value is all.
#[derive(Clone, Serialize)]
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    message: MessageSummary,
    /// `agent`, `group` or `queue`.
    kind: String,
    mailbox_name: String,
    by_name: Option<String>,
    is_open: bool,
    /// Who looks has a device to be rung, and the caller a number.
    can_call: bool,
    /// Who called back last.
    called_by_name: Option<String>,
    /// Who may be given the message, where who looks may give it.
    agents: Vec<Choice>,
}

/// Newest first; `mailbox` and `state` narrow, `before` pages.
pub async fn show(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    Tongue(language): Tongue,
    query: Result<Query<MessageQuery>, QueryRejection>,
) -> Result<Html<String>, WebError> {
    let Query(query) = query?;
    let names = Names::of(&web);
    let mailbox = query.mailbox.clone().unwrap_or_default();
    let state = query.state.clone().unwrap_or_default();
    let page = messages::list(&web.store, query.filter(&web, &session)?).await?;
    let own = open_to(&web, &session).unwrap_or_default();
    let choice = |value: String| Choice {
        name: named(&value, &names).1,
        chosen: value == mailbox,
        value,
    };
    let keepers = match session.role >= Role::Supervisor {
        true => keepers(&web, &page.messages, &names),
        false => BTreeMap::new(),
    };
    let page = MessagesPage {
        states: ["", "new", "taken", "handled"].map(|value| Choice {
            value: value.to_owned(),
            name: match value {
                "" => "all".to_owned(),
                word => word.to_owned(),
            },
            chosen: value == state,
        }),
        mailboxes: own
            .iter()
            .map(|mailbox| choice(mailbox.to_string()))
            .collect(),
        messages: page
            .messages
            .into_iter()
            .map(|one| {
                let agents = keepers.get(&one.mailbox).cloned().unwrap_or_default();
                Line::of(one, &names, session.agent.is_some(), agents)
            })
            .collect(),
        next: page.next,
        mailbox,
        state,
    };
    render(&web, "messages", language, Some(&session), page)
}

/// For each mailbox that a message is in, the agents who may look into it.
fn keepers(web: &Web, messages: &[MessageSummary], names: &Names) -> BTreeMap<String, Vec<Choice>> {
    let parsed = messages.iter().filter_map(|one| one.mailbox.parse().ok());
    let boxes: BTreeSet<Mailbox> = parsed.collect();
    let open_to = |agent: &str| {
        let agent = agent.parse().ok();
        let open = agent.map(|id| web.handle.read(|board| board.mailboxes_open_to(&id)));
        open.unwrap_or_default()
    };
    let mut keepers: BTreeMap<String, Vec<Choice>> = BTreeMap::new();
    for (id, name) in names.agents() {
        for mailbox in open_to(id).intersection(&boxes) {
            let own = keepers.entry(mailbox.to_string()).or_default();
            own.push(Choice {
                value: id.to_owned(),
                name: name.to_owned(),
                chosen: false,
            });
        }
    }
    keepers
}

/// The kind of a mailbox, and the name of whose it is.
fn named(mailbox: &str, names: &Names) -> (String, String) {
    let (kind, id) = mailbox.split_once(':').unwrap_or(("queue", mailbox));
    let name = match kind {
        "agent" => names.agent(id),
        "queue" => names.queue(id),
        _ => id.to_owned(),
    };
    (kind.to_owned(), name)
}

impl Line {
    fn of(message: MessageSummary, names: &Names, has_device: bool, agents: Vec<Choice>) -> Self {
        let called_by = message
            .called
            .as_ref()
            .and_then(|called| called.by.as_deref());
        let (kind, mailbox_name) = named(&message.mailbox, names);
        Self {
            kind,
            mailbox_name,
            by_name: message.by.as_deref().map(|by| names.agent(by)),
            called_by_name: called_by.map(|by| names.agent(by)),
            agents,
            is_open: message.state != "handled",
            can_call: has_device && !message.caller_number.is_empty(),
            message,
        }
    }
}

/// A form of the page.
#[derive(Debug, Deserialize)]
pub struct Asked {
    request: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    agent: String,
}

/// Asks for something about a message, and shows the mailboxes again.
pub async fn ask(
    State(web): State<Web>,
    Path(id): Path<String>,
    Extension(session): Extension<Arc<Session>>,
    asked: Result<Form<Asked>, FormRejection>,
) -> Result<Redirect, WebError> {
    let Form(Asked {
        request: word,
        note,
        agent,
    }) = asked?;
    let ask = match word.as_str() {
        "take" => MessageAsk::Take,
        "release" => MessageAsk::Release,
        "handled" => MessageAsk::Handled { note },
        "assign" => MessageAsk::Assign { agent },
        "delete" => MessageAsk::Delete,
        "call_back" => MessageAsk::CallBack,
        _ => {
            return Err(WebError::BadInput {
                place: "the form's request",
                what: "this cannot be asked about a message".to_owned(),
            });
        }
    };
    request(&web, &session, &id, ask).await?;
    Ok(Redirect::to("/messages"))
}
