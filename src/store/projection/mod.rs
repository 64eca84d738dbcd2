//! Facts become rows: what each fact changes in the tables, one file per noun.
//!
//! Taking the same entries over again changes nothing: a row of history is
//! known by the entry it came from, a row of state is written as the fact says.

mod agents;
mod callbacks;
mod calls;
mod links;
mod messages;
mod offers;
mod queues;
mod recordings;
mod rows;
mod steps;

use crate::engine::cause::Cause;
use crate::engine::command::Command;
use crate::engine::event::Event;
use crate::engine::fact::{Fact, QueueExit};
use crate::engine::id::{CallId, SwitchId};
use crate::engine::time::Timestamp;
use crate::store::journal::{Entry, JournalError, Reader};
use crate::store::schema::projections;
use crate::store::word::unreadable;
use crate::store::{AnyConnection, EVERY, StoreError};
use agents::Agents;
use callbacks::Callbacks;
use calls::{Calls, close_what_is_open};
use diesel::prelude::*;
use diesel::sql_types::Text;
use messages::Messages;
use offers::Offers;
use queues::Queues;
use recordings::Recordings;
use rows::{Column, Rows, Shape, Table, load};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Entries taken over in one transaction.
pub(super) const BATCH: u32 = 2_000;

/// How far a journal has been taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// The last entry taken over.
    pub(super) seq: u64,
    /// When it was made.
    pub(super) at: Option<Timestamp>,
    /// How many were taken over now.
    pub(super) entries: u32,
}

/// Takes the next entries over. Belongs into one transaction, which moves the
/// cursor too.
pub(super) fn take_over(
    conn: &mut AnyConnection,
    reader: &mut Reader,
) -> Result<Progress, StoreError> {
    let journal = reader.id().to_owned();
    let cursor = Cursor::load(conn, &journal)?;
    let records = reader.after(unsigned(cursor.seq), BATCH)?;
    let read = u32::try_from(records.len()).unwrap_or(BATCH);
    let Some(last) = records.last() else {
        return Ok(Progress {
            seq: unsigned(cursor.seq),
            at: None,
            entries: 0,
        });
    };
    let mut entries = Vec::with_capacity(records.len());
    for record in &records {
        match record.entry() {
            Ok(entry) => entries.push(entry),
            Err(error) => skip(&error),
        }
    }
    let mut taking = Taking::new(&journal, cursor);
    taking.places = places(conn, &entries)?;
    for entry in &entries {
        taking.entry(entry)?;
    }
    taking.cursor.seq = signed(last.seq);
    taking.write(conn)?;
    Ok(Progress {
        seq: last.seq,
        at: Some(last.at),
        entries: read,
    })
}

/// An entry that this version does not understand must not hold up those behind it.
fn skip(error: &JournalError) {
    metrics::counter!("switchyard_projection_skipped_total").increment(1);
    tracing::error!(%error, "an entry of the journal was not taken over into the store");
}

/// A batch on its way into the tables. What happened to one row several times is
/// written once.
struct Taking<'a> {
    journal: &'a str,
    cursor: Cursor,
    moment: Moment,
    /// Where the calls of this batch belong.
    places: BTreeMap<CallId, Rc<Place>>,
    /// Rows of history, by table.
    history: BTreeMap<&'static str, (&'static Table, Rows)>,
    calls: Calls,
    offers: Offers,
    callbacks: Callbacks,
    queues: Queues,
    recordings: Recordings,
    messages: Messages,
    agents: Agents,
}

/// The fact at hand: its entry, its place among the entry's commands, its time.
#[derive(Clone, Copy)]
struct Moment {
    seq: i64,
    nth: i32,
    at: i64,
}

/// What every row says of where it belongs.
#[derive(Clone)]
struct Place {
    tenant: String,
    site: String,
    switch: String,
}

/// What every row says of where it belongs, as columns.
const BEGUN: &[Column] = &[("tenant", "TEXT"), ("site", "TEXT"), ("switch", "TEXT")];

/// What a row of history says besides: the fact it came from makes it unique.
const HISTORY: &[Column] = &[
    ("tenant", "TEXT"),
    ("site", "TEXT"),
    ("switch", "TEXT"),
    ("journal", "TEXT"),
    ("seq", "BIGINT"),
    ("nth", "BIGINT"),
    ("at", "BIGINT"),
];

impl<'a> Taking<'a> {
    fn new(journal: &'a str, cursor: Cursor) -> Self {
        Self {
            journal,
            cursor,
            moment: Moment {
                seq: 0,
                nth: 0,
                at: 0,
            },
            places: BTreeMap::new(),
            history: BTreeMap::new(),
            calls: Calls::default(),
            offers: Offers::default(),
            callbacks: Callbacks::default(),
            queues: Queues::default(),
            recordings: Recordings::default(),
            messages: Messages::default(),
            agents: Agents::default(),
        }
    }

    /// Adds a row of history.
    fn add(
        &mut self,
        table: &'static Table,
        place: &Place,
        row: impl Serialize,
    ) -> QueryResult<()> {
        let Place {
            tenant,
            site,
            switch,
        } = place;
        let Moment { seq, nth, at } = self.moment;
        let origin = (tenant, site, switch, self.journal, seq, nth, at);
        let (_, rows) = self
            .history
            .entry(table.name)
            .or_insert_with(|| (table, Rows::default()));
        rows.push(origin, row)
    }

    fn write(mut self, conn: &mut AnyConnection) -> QueryResult<()> {
        let closed = self.calls.closed();
        self.calls.write(conn)?;
        self.offers.write(conn)?;
        self.callbacks.write(conn)?;
        close_what_is_open(conn, &closed)?;
        self.queues.write(conn)?;
        self.recordings.write(conn)?;
        self.messages.write(conn)?;
        self.agents.write(conn)?;
        for (table, rows) in self.history.into_values() {
            table.add(conn, rows)?;
        }
        self.cursor.save(conn)
    }
}

impl Taking<'_> {
    fn entry(&mut self, entry: &Entry) -> QueryResult<()> {
        self.moment = Moment {
            seq: signed(entry.seq),
            nth: 0,
            at: entry.at.as_millis(),
        };
        if let Event::Configured { centre } = &entry.event {
            self.cursor.tenant = centre.tenant.to_string();
            self.cursor.site = centre.site.to_string();
            for queue in centre.queues.keys() {
                self.touch_queue(&self.centre(), queue);
            }
        }
        for (nth, command) in entry.commands.iter().enumerate() {
            self.moment.nth = i32::try_from(nth).unwrap_or(i32::MAX);
            match command {
                Command::Note(fact) => self.fact(fact)?,
                Command::File(order) => {
                    self.cursor.saw_command(order.recording.0);
                    self.recording_finished(order)?;
                }
                Command::Switch(order) => self.cursor.saw_command(order.id.0),
                Command::Answer { .. } => {}
            }
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact) -> QueryResult<()> {
        match fact {
            Fact::CallStarted {
                call,
                tenant,
                site,
                switch,
                caller_number,
                caller_name,
                dialled,
            } => {
                let place = Place {
                    tenant: tenant.to_string(),
                    site: site.to_string(),
                    switch: switch.to_string(),
                };
                self.call_started(*call, place, caller_number, caller_name, dialled)
            }
            Fact::CallMoved { call, state } => self.call_moved(*call, *state),
            Fact::CallEnded {
                call,
                cause,
                ended_by,
            } => {
                self.call_ended(*call, *cause, *ended_by);
                Ok(())
            }
            Fact::BlockEntered { call, flow, block } => self.block_entered(*call, flow, block),
            Fact::DigitPressed { call, leg, digit } => self.digit_pressed(*call, leg, *digit),
            Fact::LegStarted {
                call,
                leg,
                role,
                agent,
                extension,
                number,
                ..
            } => {
                let extension = extension.as_ref().map(|to| to.as_str());
                let address = extension.or(number.as_ref().map(|to| to.as_str()));
                self.leg_started(*call, leg, *role, agent.as_ref(), address)
            }
            Fact::LegMoved { call, leg, state } => self.leg_moved(*call, leg, *state),
            Fact::LegEnded { call, leg, cause } => self.leg_ended(*call, leg, *cause),
            Fact::LegKept { call, leg } => self.leg_ended(*call, leg, Cause::NormalClearing),
            Fact::QueueEntered {
                call,
                queue,
                priority,
                entered,
            } => {
                self.queue_entered(*call, queue, *priority, *entered);
                Ok(())
            }
            Fact::QueueLeft {
                call,
                queue,
                reason,
            } => {
                self.queue_left(*call, queue, *reason);
                Ok(())
            }
            Fact::Decided {
                call,
                queue,
                offer,
                explanation,
            } => self.decided(*call, queue, *offer, explanation),
            Fact::Offered {
                offer,
                call,
                agent,
                leg,
                ..
            } => self.offered(*offer, *call, agent, leg),
            Fact::OfferEnded { offer, outcome, .. } => {
                self.offer_ended(*offer, *outcome);
                Ok(())
            }
            Fact::AgentMoved {
                agent,
                tenant,
                site,
                switch,
                state,
                call,
                until,
            } => {
                let place = Place {
                    tenant: tenant.to_string(),
                    site: site.to_string(),
                    switch: switch.to_string(),
                };
                self.agent_moved(agent, place, state, *call, *until)
            }
            Fact::RecordingStarted { call, recording } => self.recording_started(*call, *recording),
            Fact::RecordingFiled {
                call,
                recording,
                filed,
            } => self.recording_filed(*call, *recording, filed),
            Fact::RecordingLost {
                call,
                recording,
                why,
            } => self.recording_lost(*call, *recording, why),
            Fact::CommandFailed { call, command, why } => self.command_failed(*call, *command, why),
            Fact::LinkChanged { switch, up, why } => self.link_changed(switch, *up, why),
            Fact::Reconciled {
                switch,
                adopted,
                closed,
            } => self.reconciled(switch, *adopted, *closed),
            Fact::CallbackRequested { callback, order } => {
                self.callback_requested(*callback, order)?;
                self.in_call(fact)
            }
            Fact::CallbackMoved { callback, progress } => {
                self.callback_moved(*callback, progress);
                self.in_call(fact)
            }
            Fact::CallbackClosed {
                callback,
                why,
                call,
                agent,
                queue,
                priority,
                entered,
            } => {
                self.callback_closed(*callback, *why, *call, agent.as_ref());
                if let Some(call) = call.filter(|_| agent.is_some()) {
                    // What was served in its turn is a visit to the queue like any other.
                    self.queue_entered(call, queue, *priority, *entered);
                    self.queue_left(call, queue, QueueExit::Answered);
                }
                self.in_call(fact)
            }
            Fact::HandedOver { call, leg, .. } => {
                self.handed_over(*call, leg)?;
                self.in_call(fact)
            }
            Fact::Asked { .. }
            | Fact::TalkMoved { .. }
            | Fact::PartyAdded { .. }
            | Fact::PartyLeft { .. }
            | Fact::Parked { .. }
            | Fact::DialledOut { .. }
            | Fact::StepReached { .. }
            | Fact::AgentSought { .. }
            | Fact::OfferMissed { .. }
            | Fact::Recognised { .. }
            | Fact::Wished { .. }
            | Fact::Briefed { .. }
            | Fact::Confirmed { .. }
            | Fact::CallerBlocked { .. }
            | Fact::MessageAsked { .. }
            | Fact::MessageDropped { .. }
            | Fact::Overflowed { .. } => self.in_call(fact),
            Fact::MessageLeft { message } => {
                self.in_call(fact)?;
                self.message_left(message)
            }
            Fact::MessageMoved {
                message,
                state,
                by,
                note,
                ..
            } => {
                self.message_moved(*message, state, by, note);
                Ok(())
            }
            Fact::MessageCalled {
                message,
                by,
                call,
                came,
            } => {
                self.message_called(*message, *came, by, *call);
                Ok(())
            }
            Fact::MessageDeleted { message, by, .. } => {
                self.message_deleted(*message, by);
                Ok(())
            }
            Fact::WrapUpExtended { agent, until, .. } => {
                self.wrap_up_extended(agent, *until);
                Ok(())
            }
            // What only the next run must know, or what metrics and logs tell.
            Fact::BlockRepeated { .. }
            | Fact::QueueLearnt { .. }
            | Fact::CallEnding { .. }
            | Fact::LegClosing { .. }
            | Fact::LineMoved { .. }
            | Fact::LineEnded { .. }
            | Fact::AgentRests { .. }
            | Fact::AgentAsked { .. }
            | Fact::RecordingAsked { .. }
            | Fact::PartyMoved { .. }
            | Fact::Diverted { .. }
            | Fact::LampSet { .. }
            | Fact::DialsOn { .. }
            | Fact::DialAnswered { .. }
            | Fact::Drift { .. }
            | Fact::Overdue { .. } => Ok(()),
        }
    }

    /// The centre as a place, without a switch.
    fn centre(&self) -> Place {
        Place {
            tenant: self.cursor.tenant.clone(),
            site: self.cursor.site.clone(),
            switch: EVERY.to_owned(),
        }
    }

    /// Where a call belongs. One whose beginning is in no entry that was kept
    /// belongs to the centre.
    fn place_of(&mut self, call: CallId) -> Rc<Place> {
        if let Some(place) = self.places.get(&call) {
            return Rc::clone(place);
        }
        let place = Rc::new(self.centre());
        self.places.insert(call, Rc::clone(&place));
        place
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    call: String,
    #[diesel(sql_type = Text)]
    tenant: String,
    #[diesel(sql_type = Text)]
    site: String,
    #[diesel(sql_type = Text)]
    switch: String,
}

const CALL: Shape = Shape {
    first: &[("call", "TEXT")],
    second: &[],
};

/// Where the calls belong that earlier batches began.
fn places(
    conn: &mut AnyConnection,
    entries: &[Entry],
) -> Result<BTreeMap<CallId, Rc<Place>>, StoreError> {
    let calls: BTreeSet<CallId> = entries.iter().flat_map(Entry::calls).collect();
    let mut rows = Rows::default();
    for call in calls {
        rows.push((call.to_string(),), ())?;
    }
    let found: Vec<Found> = load(conn, CALL, rows, |source| {
        format!(
            "SELECT calls.call, calls.tenant, calls.site, calls.switch \
             FROM {source} JOIN calls ON calls.call = r.call"
        )
    })?;
    let mut places = BTreeMap::new();
    for Found {
        call,
        tenant,
        site,
        switch,
    } in found
    {
        let id = call.parse().map_err(|_| unreadable("a call", &call))?;
        let place = Place {
            tenant,
            site,
            switch,
        };
        places.insert(id, Rc::new(place));
    }
    Ok(places)
}

impl Place {
    fn values(&self) -> (&str, &str, &str) {
        (&self.tenant, &self.site, &self.switch)
    }

    /// The same tenant and site, on another switch.
    fn on(&self, switch: &SwitchId) -> Place {
        Place {
            switch: switch.to_string(),
            ..self.clone()
        }
    }
}

/// The row that says how far a journal has been taken over, and for which centre.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = projections)]
struct Cursor {
    journal: String,
    tenant: String,
    site: String,
    switch: String,
    seq: i64,
    last_command: i64,
}

impl Cursor {
    fn load(conn: &mut AnyConnection, journal: &str) -> QueryResult<Self> {
        let found = projections::table
            .find(journal)
            .select(Self::as_select())
            .first(conn);
        Ok(found.optional()?.unwrap_or_else(|| Self {
            journal: journal.to_owned(),
            tenant: EVERY.to_owned(),
            site: EVERY.to_owned(),
            switch: EVERY.to_owned(),
            seq: 0,
            last_command: 0,
        }))
    }

    fn save(&self, conn: &mut AnyConnection) -> QueryResult<()> {
        let changed = diesel::update(projections::table.find(&self.journal))
            .set(self)
            .execute(conn)?;
        if changed == 0 {
            diesel::insert_into(projections::table)
                .values(self)
                .execute(conn)?;
        }
        Ok(())
    }

    fn saw_command(&mut self, command: u64) {
        self.last_command = self.last_command.max(signed(command));
    }
}

/// Forgets how far a journal has been taken over, so that it is taken over
/// again from its first entry that is still kept.
pub(super) fn forget(conn: &mut AnyConnection, journal: &str) -> QueryResult<()> {
    diesel::update(projections::table.find(journal))
        .set(projections::seq.eq(0))
        .execute(conn)?;
    Ok(())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
