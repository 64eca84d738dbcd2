//! `/metrics` in Prometheus form: what the program counted, and the board now.

use crate::clock;
use crate::runtime::board::view::{BoardView, ReasonView};
use crate::runtime::condition::Condition;
use crate::switch::link::LinkState;
use crate::web::Web;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

/// Between two tidyings of the collected distributions.
const UPKEEP: Duration = Duration::from_secs(5);

/// The process has one recorder, whoever asks first.
static RECORDER: LazyLock<Result<PrometheusHandle, String>> = LazyLock::new(|| {
    PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| error.to_string())
});

/// Installs the process's recorder, once.
///
/// # Errors
/// Why it could not be installed.
pub fn recorder() -> Result<PrometheusHandle, String> {
    RECORDER.clone()
}

/// Everything counted, as text.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses(
    (status = 200, body = String, content_type = "text/plain"),
    (status = 401, body = crate::web::error::Problem, description = "neither this machine nor a supervisor"),
))]
pub async fn show(State(web): State<Web>) -> impl IntoResponse {
    let reasons = web.handle.read(|board| board.reasons());
    measure(&web.handle.view(), &reasons);
    measure_condition(&web.handle.condition);
    for (switch, state) in &web.handle.links {
        let alive = *state.borrow() == LinkState::Alive;
        gauge!("switchyard_link_alive", "switch" => switch.to_string())
            .set(f64::from(u8::from(alive)));
    }
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        web.metrics.render(),
    )
}

/// Keeps the distributions small even when nobody scrapes.
pub(super) async fn upkeep(web: &Web) {
    let mut tick = tokio::time::interval(UPKEEP);
    let mut changed = web.handle.changed.clone();
    while changed.has_changed().is_ok() {
        tick.tick().await;
        changed.mark_unchanged();
        web.metrics.run_upkeep();
    }
}

fn measure_condition(condition: &Condition) {
    let journal = condition.journal.borrow();
    let lag = condition.lag(clock::now());
    let flag = |is: bool| f64::from(u8::from(is));
    gauge!("switchyard_journal_failing").set(flag(journal.failing.is_some()));
    gauge!("switchyard_journal_lost_entries").set(journal.lost as f64);
    gauge!("switchyard_journal_gaps").set(journal.gaps.len() as f64);
    gauge!("switchyard_projection_failing")
        .set(flag(condition.projection.borrow().failing.is_some()));
    gauge!("switchyard_projection_lag_entries").set(lag.entries as f64);
    gauge!("switchyard_projection_lag_seconds").set(lag.seconds as f64);
    gauge!("switchyard_load_level").set(condition.load().level());
}

fn measure(board: &BoardView, reasons: &[ReasonView]) {
    for queue in &board.queues {
        let waited = queue.longest_since.as_ref();
        let waited = waited.map_or(0, |since| (board.at.ms - since.ms).max(0));
        let labels = [("queue", queue.id.clone())];
        gauge!("switchyard_queue_waiting", &labels).set(queue.waiting);
        gauge!("switchyard_queue_connected", &labels).set(queue.connected);
        gauge!("switchyard_queue_longest_wait_seconds", &labels)
            .set(Duration::from_millis(waited.unsigned_abs()).as_secs_f64());
        gauge!("switchyard_queue_agents_ready", &labels).set(queue.agents_ready);
        gauge!("switchyard_queue_answered_today", &labels).set(queue.answered_today);
        gauge!("switchyard_queue_abandoned_today", &labels).set(queue.abandoned_today);
    }
    let mut agents = BTreeMap::from(AGENT_STATES.map(|state| (state, 0_u32)));
    for agent in &board.agents {
        if let Some(count) = agents.get_mut(agent.state.as_str()) {
            *count += 1;
        }
    }
    let mut over_limit = 0_u32;
    let reasons = reasons.iter().map(|reason| (reason.id.as_str(), 0_u32));
    let mut reasons: BTreeMap<&str, u32> = reasons.collect();
    for agent in &board.agents {
        let count = agent.reason.as_deref();
        if let Some(count) = count.and_then(|reason| reasons.get_mut(reason)) {
            *count += 1;
        }
        let until = agent.reason_until.as_ref();
        over_limit += u32::from(until.is_some_and(|until| until.ms < board.at.ms));
    }
    for (reason, count) in reasons {
        gauge!("switchyard_agents_not_ready", "reason" => reason.to_owned()).set(count);
    }
    gauge!("switchyard_agents_over_limit").set(over_limit);
    for (state, count) in agents {
        gauge!("switchyard_agents", "state" => state).set(count);
    }
    let mut calls = BTreeMap::from(CALL_STATES.map(|state| (state, 0_u32)));
    for call in &board.calls {
        if let Some(count) = calls.get_mut(call.state.as_str()) {
            *count += 1;
        }
    }
    for (state, count) in calls {
        gauge!("switchyard_calls", "state" => state).set(count);
    }
    counter!("switchyard_metrics_scrapes_total").increment(1);
}

/// The words of [`crate::engine::agent::AgentState::word`], so that empty states read 0.
const AGENT_STATES: [&str; 8] = [
    "signed_out",
    "ready",
    "not_ready",
    "offered",
    "on_call",
    "hold",
    "consult",
    "wrap_up",
];

/// The words of [`crate::engine::call::CallState::word`], likewise.
const CALL_STATES: [&str; 8] = [
    "arrived",
    "in_flow",
    "waiting",
    "offered",
    "connected",
    "parked",
    "transferring",
    "outside",
];
