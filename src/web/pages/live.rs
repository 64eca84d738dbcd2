//! The live page: queues, calls and agents as they are now.

use crate::clock;
use crate::engine::id::AgentId;
use crate::engine::line;
use crate::runtime::board::view::{
    AgentView, BoardView, CallView, LinkView, QueueView, ReasonView,
};
use crate::runtime::condition::Alarm;
use crate::store::users::Role;
use crate::switch::Language;
use crate::web::Web;
use crate::web::auth::Session;
use crate::web::error::WebError;
use crate::web::pages::language::Tongue;
use crate::web::pages::render;
use axum::Extension;
use axum::extract::State;
use axum::response::Html;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The least role that sees who calls.
pub const CALLS_SEEN_BY: Role = Role::Supervisor;

/// Calls shown; the rest are counted.
const CALLS_SHOWN: usize = 100;

/// A part of the page that is replaced when it changes.
pub struct Section {
    /// Its element's id.
    pub name: &'static str,
    pub template: &'static str,
    /// Who may see it.
    pub least: Role,
}

pub const SECTIONS: [Section; 6] = [
    section("alarms", "live/alarms", Role::Agent),
    section("links", "live/links", Role::Agent),
    section("summary", "live/summary", Role::Agent),
    section("queues", "live/queues", Role::Agent),
    section("calls", "live/calls", CALLS_SEEN_BY),
    section("agents", "live/agents", Role::Agent),
];

const fn section(name: &'static str, template: &'static str, least: Role) -> Section {
    Section {
        name,
        template,
        least,
    }
}

/// The board as the templates show it.
#[derive(Serialize)]
pub struct Shown {
    lang: &'static str,
    alarms: Vec<Alarm>,
    links: Vec<LinkView>,
    totals: Totals,
    queues: Vec<QueueView>,
    calls: Vec<ShownCall>,
    /// Calls beyond those shown.
    more_calls: usize,
    agents: Vec<ShownAgent>,
}

#[derive(Default, Serialize)]
struct Totals {
    waiting: u32,
    /// Milliseconds since the epoch.
    longest_since: Option<i64>,
    connected: u32,
    agents_ready: usize,
    agents_signed_in: usize,
    answered: u32,
    abandoned: u32,
    /// Of those who waited and left, how many hung up, in percent.
    abandoned_percent: Option<u32>,
}

#[derive(Serialize)]
struct ShownCall {
    #[serde(flatten)]
    call: CallView,
    queue_name: Option<String>,
    agent_name: Option<String>,
}

/// An agent as the reader's language shows them.
#[derive(Serialize)]
pub(super) struct ShownAgent {
    #[serde(flatten)]
    agent: AgentView,
    /// The reason for being not ready, by its name.
    why: Option<String>,
    /// The same, where the engine gave the reason and the page names it.
    why_word: Option<&'static str>,
    /// Not ready for longer than the reason allows.
    over_limit: bool,
}

impl ShownAgent {
    pub(super) fn new(language: Language, agent: AgentView, now: i64) -> Self {
        let english = agent.reason_name_en.as_ref();
        let english = english.filter(|_| language == Language::English);
        let named = english.or(agent.reason_name.as_ref());
        Self {
            why_word: own_word(agent.reason.as_deref()),
            why: named.or(agent.reason.as_ref()).cloned(),
            over_limit: agent
                .reason_until
                .as_ref()
                .is_some_and(|until| until.ms < now),
            agent,
        }
    }
}

/// The reasons that the engine gives by itself.
fn own_word(reason: Option<&str>) -> Option<&'static str> {
    let words = [line::ENDED, line::UNANSWERED, line::RINGING];
    words.into_iter().find(|word| Some(*word) == reason)
}

/// A reason that agents can be not ready for, as a button shows it.
#[derive(Serialize)]
struct ShownReason {
    id: String,
    name: String,
}

impl ShownReason {
    fn new(language: Language, reason: ReasonView) -> Self {
        let english = reason.name_en.filter(|_| language == Language::English);
        Self {
            id: reason.id,
            name: english.unwrap_or(reason.name),
        }
    }
}

impl Shown {
    pub fn new(language: Language, web: &Web) -> Self {
        let board = web.handle.view();
        let totals = Totals::of(&board);
        let queues: BTreeMap<_, _> = board.queues.iter().map(|q| (&q.id, &q.name)).collect();
        let agents: BTreeMap<_, _> = board.agents.iter().map(|a| (&a.id, &a.name)).collect();
        let mut calls = board.calls;
        calls.sort_by_key(|call| (rank(&call.state), call.since.ms));
        let more_calls = calls.len().saturating_sub(CALLS_SHOWN);
        calls.truncate(CALLS_SHOWN);
        let name = |names: &BTreeMap<&String, &String>, id: &Option<String>| {
            id.as_ref()
                .map(|id| names.get(id).map_or(id.clone(), |name| (*name).clone()))
        };
        let calls = calls.into_iter().map(|call| ShownCall {
            queue_name: name(&queues, &call.queue),
            agent_name: name(&agents, &call.agent),
            call,
        });
        Self {
            lang: language.tag(),
            alarms: web.handle.condition.alarms(),
            links: board.links,
            totals,
            calls: calls.collect(),
            more_calls,
            queues: board.queues,
            agents: signed_in_first(board.agents)
                .into_iter()
                .map(|agent| ShownAgent::new(language, agent, board.at.ms))
                .collect(),
        }
    }
}

impl Totals {
    fn of(board: &BoardView) -> Self {
        let sum = |count: fn(&QueueView) -> u32| board.queues.iter().map(count).sum::<u32>();
        let (answered, abandoned) = (sum(|q| q.answered_today), sum(|q| q.abandoned_today));
        let agents = |is: fn(&AgentView) -> bool| board.agents.iter().filter(|a| is(a)).count();
        Self {
            waiting: sum(|q| q.waiting),
            longest_since: board
                .queues
                .iter()
                .filter_map(|q| Some(q.longest_since.as_ref()?.ms))
                .min(),
            connected: sum(|q| q.connected),
            agents_ready: agents(|agent| agent.state == "ready"),
            agents_signed_in: agents(|agent| agent.state != "signed_out"),
            answered,
            abandoned,
            abandoned_percent: (abandoned * 100).checked_div(answered + abandoned),
        }
    }
}

/// Otherwise agents keep their places, so that one finds them on the wall.
fn signed_in_first(mut agents: Vec<AgentView>) -> Vec<AgentView> {
    agents.sort_by_key(|agent| agent.state == "signed_out");
    agents
}

/// Those who wait come first, then those who speak.
fn rank(state: &str) -> u8 {
    match state {
        "waiting" | "offered" => 0,
        "connected" => 1,
        _ => 2,
    }
}

/// An agent's own state, with what they may ask for.
#[derive(Serialize)]
pub struct Own {
    lang: &'static str,
    own: ShownAgent,
    reasons: Vec<ShownReason>,
}

impl Own {
    /// `None` when whoever is signed in is no agent.
    pub fn new(web: &Web, language: Language, session: &Session) -> Option<Self> {
        let agent: &AgentId = session.agent.as_ref()?;
        let now = clock::now();
        let (own, reasons) = web
            .handle
            .read(|board| (board.agent(agent, now), board.reasons()));
        let reasons = reasons.into_iter();
        Some(Self {
            lang: language.tag(),
            own: ShownAgent::new(language, own?, now.as_millis()),
            reasons: reasons
                .map(|reason| ShownReason::new(language, reason))
                .collect(),
        })
    }
}

#[derive(Serialize)]
struct LivePage {
    #[serde(flatten)]
    shown: Shown,
    own: Option<ShownAgent>,
    reasons: Vec<ShownReason>,
    sees_calls: bool,
}

/// The whole page; its stream keeps it up to date.
pub async fn show(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    Tongue(language): Tongue,
) -> Result<Html<String>, WebError> {
    let own = Own::new(&web, language, &session);
    let (own, reasons) = own.map_or((None, Vec::new()), |own| (Some(own.own), own.reasons));
    let page = LivePage {
        shown: Shown::new(language, &web),
        own,
        reasons,
        sees_calls: session.role >= CALLS_SEEN_BY,
    };
    render(&web, "live", language, Some(&session), page)
}
