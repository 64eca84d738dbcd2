//! Facts become rows: what each fact changes in the tables, one file per noun.
//!
//! Taking the same entries over again changes nothing: a row of history is
//! known by the entry it came from, a row of state is written as the fact says.

mod agents;
mod calls;
mod links;
mod offers;
mod queues;
mod recordings;

use crate::engine::command::Command;
use crate::engine::event::Event;
use crate::engine::fact::Fact;
use crate::engine::id::{CallId, SwitchId};
use crate::store::journal::{Entry, JournalError, Reader};
use crate::store::schema::{calls as calls_table, projections};
use crate::store::{AnyConnection, EVERY, StoreError};
use diesel::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Entries taken over in one transaction.
pub(super) const BATCH: u32 = 500;

/// How far a journal has been taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// The last entry taken over.
    pub(super) seq: u64,
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
    let mut cursor = Cursor::load(conn, &journal)?;
    let records = reader.after(unsigned(cursor.seq), BATCH)?;
    let entries = u32::try_from(records.len()).unwrap_or(BATCH);
    if let Some(last) = records.last() {
        let mut taking = Taking {
            conn,
            journal: &journal,
            cursor,
            moment: Moment {
                seq: 0,
                nth: 0,
                at: 0,
            },
            places: BTreeMap::new(),
            queues: BTreeMap::new(),
        };
        for record in &records {
            match record.entry() {
                Ok(entry) => taking.entry(&entry)?,
                Err(error) => skip(&error),
            }
        }
        taking.cursor.seq = signed(last.seq);
        cursor = taking.finish()?;
    }
    Ok(Progress {
        seq: unsigned(cursor.seq),
        entries,
    })
}

/// An entry that this version does not understand must not hold up those behind it.
fn skip(error: &JournalError) {
    metrics::counter!("switchyard_projection_skipped_total").increment(1);
    tracing::error!(%error, "an entry of the journal was not taken over into the store");
}

/// A batch on its way into the tables.
struct Taking<'a> {
    conn: &'a mut AnyConnection,
    journal: &'a str,
    cursor: Cursor,
    moment: Moment,
    /// Where the calls of this batch belong.
    places: BTreeMap<CallId, Rc<Place>>,
    /// Queues whose number of waiting calls may have changed, and when last.
    queues: BTreeMap<QueueKey, i64>,
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

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct QueueKey {
    tenant: String,
    site: String,
    queue: String,
}

/// Adds a row of history. That it came from this fact makes it unique.
macro_rules! add {
    ($taking:expr, $place:expr, $table:ident { $($column:ident: $value:expr),* $(,)? }) => {{
        let (journal, moment, place) = ($taking.journal, $taking.moment, &$place);
        let row = (
            $table::journal.eq(journal),
            $table::seq.eq(moment.seq),
            $table::nth.eq(moment.nth),
            $table::tenant.eq(&place.tenant),
            $table::site.eq(&place.site),
            $table::switch.eq(&place.switch),
            $table::at.eq(moment.at),
            $($table::$column.eq($value)),*
        );
        $crate::store::insert::if_new(diesel::insert_into($table::table).values(row))
            .execute($taking.conn)?
    }};
}
use add;

/// Adds a row that a fact begins and later ones change, unless it is there.
macro_rules! begin {
    ($taking:expr, $place:expr, $table:ident { $($column:ident: $value:expr),* $(,)? }) => {{
        let place = &$place;
        let row = (
            $table::tenant.eq(&place.tenant),
            $table::site.eq(&place.site),
            $table::switch.eq(&place.switch),
            $($table::$column.eq($value)),*
        );
        $crate::store::insert::if_new(diesel::insert_into($table::table).values(row))
            .execute($taking.conn)?
    }};
}
use begin;

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
            } => self.call_ended(*call, *cause, *ended_by),
            Fact::BlockEntered { call, flow, block } => self.block_entered(*call, flow, block),
            Fact::DigitPressed { call, leg, digit } => self.digit_pressed(*call, leg, *digit),
            Fact::LegStarted {
                call,
                leg,
                role,
                agent,
                extension,
            } => self.leg_started(*call, leg, *role, agent.as_ref(), extension.as_ref()),
            Fact::LegMoved { call, leg, state } => self.leg_moved(*call, leg, *state),
            Fact::LegEnded { call, leg, cause } => self.leg_ended(*call, leg, *cause),
            Fact::QueueEntered {
                call,
                queue,
                priority,
                entered,
            } => self.queue_entered(*call, queue, *priority, *entered),
            Fact::QueueLeft {
                call,
                queue,
                reason,
            } => self.queue_left(*call, queue, *reason),
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
            } => self.offered(*offer, *call, agent, leg),
            Fact::OfferEnded { offer, outcome, .. } => self.offer_ended(*offer, *outcome),
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
                self.agent_moved(agent, &place, state, *call, *until)
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
            // What only the next run must know, or what metrics and logs tell.
            Fact::BlockRepeated { .. }
            | Fact::CallEnding { .. }
            | Fact::LegClosing { .. }
            | Fact::AgentRests { .. }
            | Fact::AgentAsked { .. }
            | Fact::RecordingAsked { .. }
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
    fn place_of(&mut self, call: CallId) -> QueryResult<Rc<Place>> {
        if let Some(place) = self.places.get(&call) {
            return Ok(Rc::clone(place));
        }
        let found: Option<(String, String, String)> = calls_table::table
            .find(call.to_string())
            .select((calls_table::tenant, calls_table::site, calls_table::switch))
            .first(self.conn)
            .optional()?;
        let place = Rc::new(match found {
            Some((tenant, site, switch)) => Place {
                tenant,
                site,
                switch,
            },
            None => self.centre(),
        });
        self.places.insert(call, Rc::clone(&place));
        Ok(place)
    }

    fn finish(mut self) -> Result<Cursor, StoreError> {
        self.count_waiting()?;
        self.cursor.save(self.conn)?;
        Ok(self.cursor)
    }
}

impl Place {
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
