//! One call with everything that happened to it, each in the order of time.

use crate::engine::explanation::Explanation;
use crate::engine::id::CallId;
use crate::store::calls::list::{CallRow, CallSummary};
use crate::store::moment::Moment;
use crate::store::schema::{
    block_visits, call_states, call_steps, calls, command_failures, decisions, digits, leg_states,
    legs, offers, queue_visits, recordings,
};
use crate::store::word::unreadable;
use crate::store::{AnyConnection, Store, StoreError};
use diesel::prelude::*;
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CallDetail {
    #[serde(flatten)]
    pub call: CallSummary,
    pub states: Vec<StateChange>,
    pub legs: Vec<LegDetail>,
    pub blocks: Vec<BlockVisit>,
    pub digits: Vec<DigitPressed>,
    pub queue_visits: Vec<QueueVisit>,
    pub decisions: Vec<Decision>,
    pub offers: Vec<Offer>,
    pub recordings: Vec<Recording>,
    pub failures: Vec<CommandFailure>,
    /// What was asked for while it was served, and what became of it.
    pub steps: Vec<CallStep>,
}

/// One thing that was done in a call, or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CallStep {
    /// `callback`, `caller`, `wished`, `blocked`, `confirmed`, `briefed`,
    /// `step`, `overflow`, `sought`, `asked`, `talk`, `rung`, `left`,
    /// `handed_over`, `message`, `parked` or `dialled`.
    pub kind: String,
    /// Why it went elsewhere; what was asked for; what caller and agent are to each other; what the
    /// one who is rung is to be; how their part ended.
    pub word: String,
    /// Whom or what it names.
    pub subject: String,
    /// Whose call it is, or who is rung.
    pub agent: Option<String>,
    /// Who asked.
    pub by: Option<String>,
    /// Why it was not done.
    pub refused: Option<String>,
    pub at: Moment,
}

/// A state and when it was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StateChange {
    pub state: String,
    pub at: Moment,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LegDetail {
    pub switch: String,
    pub channel: String,
    /// `caller`, `agent` or `party`.
    pub role: String,
    pub agent: Option<String>,
    pub extension: Option<String>,
    /// `ringing`, `answered`, `bridged` or `ended`.
    pub state: String,
    pub started: Moment,
    pub answered: Option<Moment>,
    pub ended: Option<Moment>,
    pub cause: Option<String>,
    pub states: Vec<StateChange>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BlockVisit {
    pub flow: String,
    pub block: String,
    pub at: Moment,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DigitPressed {
    pub switch: String,
    pub channel: String,
    pub key: String,
    /// `rfc4733`, `sip_info` or `unknown`.
    pub method: String,
    pub at: Moment,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QueueVisit {
    pub queue: String,
    pub priority: i32,
    pub entered: Moment,
    pub left: Option<Moment>,
    /// `answered`, `abandoned`, `moved` or `failed`.
    pub reason: Option<String>,
}

/// Why one agent was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Decision {
    pub offer: String,
    pub queue: String,
    pub agent: String,
    pub at: Moment,
    #[schema(value_type = Object)]
    pub explanation: Explanation,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Offer {
    pub offer: String,
    pub agent: String,
    pub switch: String,
    pub channel: String,
    pub started: Moment,
    pub ended: Option<Moment>,
    /// `accepted`, `no_answer`, `busy`, `rejected`, `unreachable`, `caller_left`,
    /// `withdrawn` or `failed`.
    pub outcome: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Recording {
    pub recording: i64,
    /// `recording`, `finished`, `filed` or `lost`.
    pub status: String,
    pub started: Moment,
    /// When it was filed or lost.
    pub settled: Option<Moment>,
    /// Path below the recordings folder.
    pub name: Option<String>,
    pub length_ms: Option<i64>,
    pub bytes: Option<i64>,
    /// Of the whole file, 64 lower-case hexadecimal digits.
    pub sha256: Option<String>,
    /// Why it was lost.
    pub why: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CommandFailure {
    pub command: i64,
    pub why: String,
    pub at: Moment,
}

/// A call with all that happened to it, if the store has it.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn show(store: &Store, call: CallId) -> Result<Option<CallDetail>, StoreError> {
    let id = call.to_string();
    store
        .read(move |conn| {
            let row: Option<CallRow> = calls::table
                .find(&id)
                .select(CallRow::as_select())
                .first(conn)
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            Ok(Some(CallDetail {
                call: row.into(),
                states: states_of(conn, &id)?,
                legs: legs_of(conn, &id)?,
                blocks: blocks_of(conn, &id)?,
                digits: digits_of(conn, &id)?,
                queue_visits: queue_visits_of(conn, &id)?,
                decisions: decisions_of(conn, &id)?,
                offers: offers_of(conn, &id)?,
                recordings: recordings_of(conn, &id)?,
                failures: failures_of(conn, &id)?,
                steps: steps_of(conn, &id)?,
            }))
        })
        .await
}

fn states_of(conn: &mut AnyConnection, call: &str) -> QueryResult<Vec<StateChange>> {
    let rows: Vec<(String, i64)> = call_states::table
        .filter(call_states::call.eq(call))
        .order((call_states::at, call_states::seq, call_states::nth))
        .select((call_states::state, call_states::at))
        .load(conn)?;
    Ok(rows.into_iter().map(state_change).collect())
}

fn state_change((state, at): (String, i64)) -> StateChange {
    StateChange {
        state,
        at: Moment::from_millis(at),
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = legs)]
struct LegRow {
    switch: String,
    channel: String,
    role: String,
    agent: Option<String>,
    extension: Option<String>,
    state: String,
    started: i64,
    answered: Option<i64>,
    ended: Option<i64>,
    cause: Option<String>,
}

fn legs_of(conn: &mut AnyConnection, call: &str) -> QueryResult<Vec<LegDetail>> {
    let rows: Vec<LegRow> = legs::table
        .filter(legs::call.eq(call))
        .order((legs::started, legs::switch, legs::channel))
        .select(LegRow::as_select())
        .load(conn)?;
    let mut details = Vec::with_capacity(rows.len());
    for row in rows {
        let states: Vec<(String, i64)> = leg_states::table
            .filter(leg_states::call.eq(call))
            .filter(
                leg_states::switch
                    .eq(&row.switch)
                    .and(leg_states::channel.eq(&row.channel)),
            )
            .order((leg_states::at, leg_states::seq, leg_states::nth))
            .select((leg_states::state, leg_states::at))
            .load(conn)?;
        details.push(LegDetail {
            switch: row.switch,
            channel: row.channel,
            role: row.role,
            agent: row.agent,
            extension: row.extension,
            state: row.state,
            started: Moment::from_millis(row.started),
            answered: row.answered.map(Moment::from_millis),
            ended: row.ended.map(Moment::from_millis),
            cause: row.cause,
            states: states.into_iter().map(state_change).collect(),
        });
    }
    Ok(details)
}

fn blocks_of(conn: &mut AnyConnection, call: &str) -> QueryResult<Vec<BlockVisit>> {
    let rows: Vec<(String, String, i64)> = block_visits::table
        .filter(block_visits::call.eq(call))
        .order((block_visits::at, block_visits::seq, block_visits::nth))
        .select((block_visits::flow, block_visits::block, block_visits::at))
        .load(conn)?;
    let visit = |(flow, block, at)| BlockVisit {
        flow,
        block,
        at: Moment::from_millis(at),
    };
    Ok(rows.into_iter().map(visit).collect())
}

fn digits_of(conn: &mut AnyConnection, call: &str) -> QueryResult<Vec<DigitPressed>> {
    let rows: Vec<(String, String, String, String, i64)> = digits::table
        .filter(digits::call.eq(call))
        .order((digits::at, digits::seq, digits::nth))
        .select((
            digits::switch,
            digits::channel,
            digits::key,
            digits::method,
            digits::at,
        ))
        .load(conn)?;
    let pressed = |(switch, channel, key, method, at)| DigitPressed {
        switch,
        channel,
        key,
        method,
        at: Moment::from_millis(at),
    };
    Ok(rows.into_iter().map(pressed).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = call_steps)]
struct CallStepRow {
    kind: String,
    word: String,
    subject: String,
    agent: Option<String>,
    asked_by: Option<String>,
    refused: Option<String>,
    at: i64,
}

fn steps_of(conn: &mut AnyConnection, call: &str) -> QueryResult<Vec<CallStep>> {
    let rows: Vec<CallStepRow> = call_steps::table
        .filter(call_steps::call.eq(call))
        .order((call_steps::at, call_steps::seq, call_steps::nth))
        .select(CallStepRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(CallStep::from).collect())
}

/// What became of a callback, in order, from all calls that were about it.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn callback_course(store: &Store, callback: CallId) -> Result<Vec<CallStep>, StoreError> {
    let id = callback.to_string();
    store
        .read(move |conn| {
            let rows: Vec<CallStepRow> = call_steps::table
                .filter(call_steps::kind.eq("callback"))
                .filter(call_steps::subject.eq(&id))
                .order((call_steps::at, call_steps::seq, call_steps::nth))
                .select(CallStepRow::as_select())
                .load(conn)?;
            Ok(rows.into_iter().map(CallStep::from).collect())
        })
        .await
}

impl From<CallStepRow> for CallStep {
    fn from(row: CallStepRow) -> Self {
        Self {
            kind: row.kind,
            word: row.word,
            subject: row.subject,
            agent: row.agent,
            by: row.asked_by,
            refused: row.refused,
            at: Moment::from_millis(row.at),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = queue_visits)]
struct QueueVisitRow {
    queue: String,
    priority: i32,
    entered: i64,
    left_at: Option<i64>,
    reason: Option<String>,
}

fn queue_visits_of(conn: &mut AnyConnection, call: &str) -> QueryResult<Vec<QueueVisit>> {
    let rows: Vec<QueueVisitRow> = queue_visits::table
        .filter(queue_visits::call.eq(call))
        .order((queue_visits::entered, queue_visits::queue))
        .select(QueueVisitRow::as_select())
        .load(conn)?;
    let visit = |row: QueueVisitRow| QueueVisit {
        queue: row.queue,
        priority: row.priority,
        entered: Moment::from_millis(row.entered),
        left: row.left_at.map(Moment::from_millis),
        reason: row.reason,
    };
    Ok(rows.into_iter().map(visit).collect())
}

fn decisions_of(conn: &mut AnyConnection, call: &str) -> Result<Vec<Decision>, StoreError> {
    let rows: Vec<(String, String, String, i64, String)> = decisions::table
        .filter(decisions::call.eq(call))
        .order((decisions::at, decisions::offer))
        .select((
            decisions::offer,
            decisions::queue,
            decisions::agent,
            decisions::at,
            decisions::explanation,
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|(offer, queue, agent, at, json)| {
            let explanation = serde_json::from_str(&json)
                .map_err(|_| unreadable("the reasons of a decision", &json))?;
            Ok(Decision {
                offer,
                queue,
                agent,
                at: Moment::from_millis(at),
                explanation,
            })
        })
        .collect()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = offers)]
struct OfferRow {
    offer: String,
    agent: String,
    switch: String,
    channel: String,
    started: i64,
    ended: Option<i64>,
    outcome: Option<String>,
}

fn offers_of(conn: &mut AnyConnection, call: &str) -> QueryResult<Vec<Offer>> {
    let rows: Vec<OfferRow> = offers::table
        .filter(offers::call.eq(call))
        .order((offers::started, offers::offer))
        .select(OfferRow::as_select())
        .load(conn)?;
    let offer = |row: OfferRow| Offer {
        offer: row.offer,
        agent: row.agent,
        switch: row.switch,
        channel: row.channel,
        started: Moment::from_millis(row.started),
        ended: row.ended.map(Moment::from_millis),
        outcome: row.outcome,
    };
    Ok(rows.into_iter().map(offer).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = recordings)]
struct RecordingRow {
    recording: i64,
    status: String,
    started: i64,
    settled: Option<i64>,
    name: Option<String>,
    length_ms: Option<i64>,
    bytes: Option<i64>,
    sha256: Option<String>,
    why: Option<String>,
}

fn recordings_of(conn: &mut AnyConnection, call: &str) -> QueryResult<Vec<Recording>> {
    let rows: Vec<RecordingRow> = recordings::table
        .filter(recordings::call.eq(call))
        .order(recordings::recording)
        .select(RecordingRow::as_select())
        .load(conn)?;
    let recording = |row: RecordingRow| Recording {
        recording: row.recording,
        status: row.status,
        started: Moment::from_millis(row.started),
        settled: row.settled.map(Moment::from_millis),
        name: row.name,
        length_ms: row.length_ms,
        bytes: row.bytes,
        sha256: row.sha256,
        why: row.why,
    };
    Ok(rows.into_iter().map(recording).collect())
}

fn failures_of(conn: &mut AnyConnection, call: &str) -> QueryResult<Vec<CommandFailure>> {
    let rows: Vec<(i64, String, i64)> = command_failures::table
        .filter(command_failures::call.eq(call))
        .order((
            command_failures::at,
            command_failures::seq,
            command_failures::nth,
        ))
        .select((
            command_failures::command,
            command_failures::why,
            command_failures::at,
        ))
        .load(conn)?;
    let failure = |(command, why, at)| CommandFailure {
        command,
        why,
        at: Moment::from_millis(at),
    };
    Ok(rows.into_iter().map(failure).collect())
}
