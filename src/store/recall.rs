//! What a new run is told of the one before: the calls that had not ended and
//! the agents' states. The switches then say what of it still lives.

use crate::engine::agent::AgentState;
use crate::engine::centre::Centre;
use crate::engine::fact::{Remembered, RememberedAgent, RememberedCall, RememberedRecording};
use crate::engine::id::{
    AgentId, BlockId, CallId, ChannelId, CommandId, FlowId, IdError, LegId, QueueId, SwitchId,
};
use crate::engine::leg::{LegRole, LegState};
use crate::engine::recording::FilingOrder;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::store::journal::Journal;
use crate::store::schema::{
    agents, block_visits, calls, legs, projections, queue_visits, recordings,
};
use crate::store::word::{from_word, unreadable};
use crate::store::{AnyConnection, Store, StoreError, projector};
use diesel::dsl::max;
use diesel::prelude::*;

/// Brings the store up to date, its tables and then its rows from the journal,
/// and reads what a run of `centre` begins with. While the store is away the
/// centre begins without: then it knows only which numbers were given, and the
/// legs' own variables say what the switches' snapshots hold.
///
/// # Errors
/// [`StoreError`] when the store answers and something is wrong with it.
pub async fn remembered(
    store: &Store,
    journal: &Journal,
    centre: &Centre,
) -> Result<Remembered, StoreError> {
    match from_store(store, journal, centre).await {
        Err(error) if error.is_away() => {
            tracing::error!(%error, "the store is away; the centre begins without it");
            Ok(Remembered {
                last_command: journal.last_command(),
                ..Remembered::default()
            })
        }
        known => known,
    }
}

async fn from_store(
    store: &Store,
    journal: &Journal,
    centre: &Centre,
) -> Result<Remembered, StoreError> {
    store.migrate().await?;
    projector::catch_up(store, journal).await?;
    let place = (centre.tenant.to_string(), centre.site.to_string());
    let last_command = journal.last_command();
    store
        .read(move |conn| {
            let stored: Option<i64> = projections::table
                .select(max(projections::last_command))
                .first(conn)?;
            let stored = CommandId(
                stored
                    .and_then(|last| u64::try_from(last).ok())
                    .unwrap_or(0),
            );
            Ok(Remembered {
                calls: live_calls(conn, &place)?,
                agents: all_agents(conn, &place)?,
                recordings: unsettled_recordings(conn, &place)?,
                last_command: last_command.max(stored),
            })
        })
        .await
}

/// Tenant and site: other centres may share the store.
type Place = (String, String);

#[derive(Queryable, Selectable)]
#[diesel(table_name = calls)]
struct LiveCall {
    call: String,
    caller_number: String,
    caller_name: String,
    dialled: String,
    state: String,
    state_since: i64,
    started: i64,
}

fn live_calls(
    conn: &mut AnyConnection,
    (tenant, site): &Place,
) -> Result<Vec<RememberedCall>, StoreError> {
    let rows: Vec<LiveCall> = calls::table
        .filter(calls::ended.is_null())
        .filter(calls::tenant.eq(tenant).and(calls::site.eq(site)))
        .order(calls::call)
        .select(LiveCall::as_select())
        .load(conn)?;
    let mut live = Vec::with_capacity(rows.len());
    for row in rows {
        // A call without a caller's leg has nothing to be found by.
        if let Some(call) = live_call(conn, row)? {
            live.push(call);
        }
    }
    Ok(live)
}

fn live_call(
    conn: &mut AnyConnection,
    row: LiveCall,
) -> Result<Option<RememberedCall>, StoreError> {
    let id = &row.call;
    let Some((_, leg)) = last_leg(conn, id, LegRole::Caller)? else {
        return Ok(None);
    };
    let agent = last_leg(conn, id, LegRole::Agent)?;
    let waiting: Option<(String, i32, i64)> = queue_visits::table
        .filter(
            queue_visits::call
                .eq(id)
                .and(queue_visits::left_at.is_null()),
        )
        .order(queue_visits::entered.desc())
        .select((
            queue_visits::queue,
            queue_visits::priority,
            queue_visits::entered,
        ))
        .first(conn)
        .optional()?;
    let flow: Option<(String, String)> = block_visits::table
        .filter(block_visits::call.eq(id))
        .order((
            block_visits::at.desc(),
            block_visits::seq.desc(),
            block_visits::nth.desc(),
        ))
        .select((block_visits::flow, block_visits::block))
        .first(conn)
        .optional()?;
    Ok(Some(RememberedCall {
        call: id.parse::<CallId>().map_err(|_| unreadable("a call", id))?,
        leg,
        caller_number: OutsideText::new(&row.caller_number),
        caller_name: OutsideText::new(&row.caller_name),
        dialled: OutsideText::new(&row.dialled),
        started: Timestamp::from_millis(row.started),
        state: from_word("a call's state", &row.state)?,
        state_since: Timestamp::from_millis(row.state_since),
        waiting: waiting
            .map(|(queue, priority, entered)| -> Result<_, StoreError> {
                Ok((
                    name(QueueId::new, &queue)?,
                    priority,
                    Timestamp::from_millis(entered),
                ))
            })
            .transpose()?,
        agent: agent.and_then(|(agent, leg)| Some((agent?, leg))),
        flow: flow
            .map(|(flow, block)| -> Result<_, StoreError> {
                Ok((name(FlowId::new, &flow)?, name(BlockId::new, &block)?))
            })
            .transpose()?,
    }))
}

/// The last leg of a call in a role; of an agent only one that is bridged.
fn last_leg(
    conn: &mut AnyConnection,
    call: &str,
    role: LegRole,
) -> Result<Option<(Option<AgentId>, LegId)>, StoreError> {
    let mut query = legs::table
        .filter(legs::call.eq(call).and(legs::role.eq(role.word())))
        .order(legs::started.desc())
        .select((legs::agent, legs::switch, legs::channel))
        .into_boxed();
    if role == LegRole::Agent {
        query = query.filter(legs::state.eq(LegState::Bridged.word()));
    }
    let found: Option<(Option<String>, String, String)> = query.first(conn).optional()?;
    found
        .map(|(agent, switch, channel)| {
            let leg = LegId {
                switch: name(SwitchId::new, &switch)?,
                channel: name(ChannelId::new, &channel)?,
            };
            Ok((
                agent.map(|agent| name(AgentId::new, &agent)).transpose()?,
                leg,
            ))
        })
        .transpose()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = agents)]
struct AgentRow {
    agent: String,
    state: String,
    reason: Option<String>,
    since: i64,
    call: Option<String>,
    until: Option<i64>,
}

fn all_agents(
    conn: &mut AnyConnection,
    (tenant, site): &Place,
) -> Result<Vec<RememberedAgent>, StoreError> {
    let rows: Vec<AgentRow> = agents::table
        .filter(agents::tenant.eq(tenant).and(agents::site.eq(site)))
        .order(agents::agent)
        .select(AgentRow::as_select())
        .load(conn)?;
    rows.into_iter()
        .map(|row| {
            let call = row.call.as_deref().map(|call| {
                call.parse::<CallId>()
                    .map_err(|_| unreadable("an agent's call", call))
            });
            Ok(RememberedAgent {
                agent: name(AgentId::new, &row.agent)?,
                state: agent_state(&row.state, row.reason.as_deref())?,
                since: Timestamp::from_millis(row.since),
                call: call.transpose()?,
                until: row.until.map(Timestamp::from_millis),
            })
        })
        .collect()
}

fn agent_state(word: &str, reason: Option<&str>) -> Result<AgentState, StoreError> {
    match word {
        "signed_out" => Ok(AgentState::SignedOut),
        "ready" => Ok(AgentState::Ready),
        "not_ready" => Ok(AgentState::NotReady {
            reason: OutsideText::new(reason.unwrap_or_default()),
        }),
        "offered" => Ok(AgentState::Offered),
        "on_call" => Ok(AgentState::OnCall),
        "wrap_up" => Ok(AgentState::WrapUp),
        other => Err(unreadable("an agent's state", other)),
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = recordings)]
struct RecordingRow {
    recording: i64,
    call: String,
    switch: String,
    started: i64,
    filing: Option<String>,
}

fn unsettled_recordings(
    conn: &mut AnyConnection,
    (tenant, site): &Place,
) -> Result<Vec<RememberedRecording>, StoreError> {
    let rows: Vec<RecordingRow> = recordings::table
        .filter(recordings::settled.is_null())
        .filter(recordings::tenant.eq(tenant).and(recordings::site.eq(site)))
        .order((recordings::call, recordings::recording))
        .select(RecordingRow::as_select())
        .load(conn)?;
    rows.into_iter()
        .map(|row| {
            let order = row.filing.as_deref().map(|json| {
                serde_json::from_str::<FilingOrder>(json)
                    .map_err(|_| unreadable("a filing order", json))
            });
            Ok(RememberedRecording {
                recording: CommandId(u64::try_from(row.recording).unwrap_or(0)),
                call: row
                    .call
                    .parse()
                    .map_err(|_| unreadable("a recorded call", &row.call))?,
                switch: name(SwitchId::new, &row.switch)?,
                started: Timestamp::from_millis(row.started),
                media: order.transpose()?.map(|order| order.media),
            })
        })
        .collect()
}

fn name<T>(new: impl Fn(&str) -> Result<T, IdError>, text: &str) -> Result<T, StoreError> {
    new(text).map_err(|_| unreadable("a name", text))
}
