//! One call: its course, why it went to whom, and its recordings.

use crate::engine::centre::Strategy;
use crate::engine::explanation::{Candidate, percent};
use crate::runtime::board::view::CallView;
use crate::store::calls::{CallDetail, CallSummary, Decision, LegDetail, Recording};
use crate::web::Web;
use crate::web::api::calls::{Call, call_id, find};
use crate::web::api::why;
use crate::web::auth::Session;
use crate::web::error::WebError;
use crate::web::pages::course::{self, Step};
use crate::web::pages::language::Tongue;
use crate::web::pages::names::Names;
use crate::web::pages::others::{self, Other};
use crate::web::pages::why::{Counted, Waiting, counted};
use crate::web::pages::{render, word};
use crate::web::templates::clock_span;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Html;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct CallPage {
    id: String,
    caller_number: String,
    caller_name: String,
    dialled: String,
    state: String,
    live: Option<CallView>,
    /// Why it has no agent yet, while it waits.
    waiting: Option<Waiting>,
    stored: Option<Stored>,
}

#[derive(Serialize)]
struct Stored {
    #[serde(flatten)]
    call: CallSummary,
    queue_name: Option<String>,
    agent_name: Option<String>,
    /// From the first entry into a queue until the first agent or the end.
    waited_ms: Option<i64>,
    talked_ms: Option<i64>,
    course: Vec<Step>,
    decisions: Vec<Reasons>,
    /// Who was rung for it, or took part, beside the caller and the queues' agents.
    others: Vec<Other>,
    legs: Vec<LegDetail>,
    recordings: Vec<Recording>,
}

/// A decision in names and words.
#[derive(Serialize)]
struct Reasons {
    at: i64,
    queue: String,
    /// Names of texts.
    trigger: String,
    strategy: String,
    waited_ms: u64,
    chosen: Named,
    eligible: u32,
    /// How many were rung at once, where it was more than one; and how many rang already.
    rung: u32,
    beside: u32,
    nearest: Vec<Named>,
    excluded: Vec<Counted>,
}

#[derive(Serialize)]
struct Named {
    name: String,
    idle_ms: u64,
    /// What the strategy compared, as people read it; empty where that says nothing.
    measure: String,
}

/// The page of one call, live or stored.
pub async fn show(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    Tongue(language): Tongue,
    Path(id): Path<String>,
) -> Result<Html<String>, WebError> {
    let names = Names::of(&web);
    let call = find(&web, &id).await?;
    let waiting = match call.live {
        Some(_) => why::of_call(&web, call_id(&id)?).await?,
        None => None,
    };
    let waiting = waiting.and_then(|why| Waiting::of(why, &names));
    let page = CallPage::of(id, call, waiting, &names);
    render(&web, "call", language, Some(&session), page)
}

impl CallPage {
    fn of(id: String, call: Call, waiting: Option<Waiting>, names: &Names) -> Self {
        let Call { live, stored } = call;
        let summary = stored.as_ref().map(|stored| &stored.call);
        let pick = |of_live: fn(&CallView) -> &String, of_stored: fn(&CallSummary) -> &String| {
            live.as_ref()
                .map(of_live)
                .or(summary.map(of_stored))
                .cloned()
                .unwrap_or_default()
        };
        Self {
            id,
            caller_number: pick(|live| &live.caller_number, |stored| &stored.caller_number),
            caller_name: pick(|live| &live.caller_name, |stored| &stored.caller_name),
            dialled: pick(|live| &live.dialled, |stored| &stored.dialled),
            state: pick(|live| &live.state, |stored| &stored.state),
            stored: stored.map(|stored| Stored::of(stored, names)),
            live,
            waiting,
        }
    }
}

impl Stored {
    fn of(detail: CallDetail, names: &Names) -> Self {
        let course = course::of(&detail, names);
        let others = others::of(&detail.steps, &detail.legs, names);
        let call = detail.call;
        let entered = detail.queue_visits.first().map(|visit| visit.entered.ms);
        let served = call
            .connected
            .as_ref()
            .or(call.ended.as_ref())
            .map(|moment| moment.ms);
        let talked = call.ended.as_ref().zip(call.connected.as_ref());
        Self {
            queue_name: call.queue.as_deref().map(|id| names.queue(id)),
            agent_name: call.agent.as_deref().map(|id| names.agent(id)),
            waited_ms: entered
                .zip(served)
                .map(|(entered, served)| served - entered),
            talked_ms: talked.map(|(ended, connected)| ended.ms - connected.ms),
            decisions: detail
                .decisions
                .into_iter()
                .map(|one| Reasons::of(one, names))
                .collect(),
            others,
            legs: detail.legs,
            recordings: detail.recordings,
            course,
            call,
        }
    }
}

impl Reasons {
    fn of(decision: Decision, names: &Names) -> Self {
        let named = |candidate: &Candidate| Named {
            name: names.agent(candidate.agent.as_str()),
            idle_ms: candidate.idle.as_millis(),
            measure: measure(decision.explanation.strategy, candidate),
        };
        let reasons = &decision.explanation;
        Self {
            at: decision.at.ms,
            queue: names.queue(&decision.queue),
            trigger: format!("trigger-{}", word(&reasons.trigger)),
            strategy: format!("strategy-{}", word(&reasons.strategy)),
            waited_ms: reasons.waited.as_millis(),
            chosen: named(&reasons.chosen),
            eligible: reasons.eligible,
            rung: reasons.rung,
            beside: reasons.beside,
            nearest: reasons.nearest.iter().map(named).collect(),
            excluded: counted(&reasons.excluded),
        }
    }
}

fn measure(strategy: Strategy, candidate: &Candidate) -> String {
    let Some(measure) = candidate.measure else {
        return String::new();
    };
    match strategy {
        Strategy::FewestCalls => measure.to_string(),
        Strategy::LeastTalkTime => clock_span(i64::try_from(measure).unwrap_or(i64::MAX)),
        Strategy::LeastOccupied => percent(measure),
        _ => String::new(),
    }
}
