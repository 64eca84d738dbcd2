//! Recordings, from the first word to the file with its hash.

use crate::engine::id::{CallId, CommandId};
use crate::engine::recording::{FiledRecording, FilingOrder};
use crate::engine::text::OutsideText;
use crate::store::AnyConnection;
use crate::store::projection::rows::{Rows, Shape, Table, run};
use crate::store::projection::{BEGUN, Taking};
use crate::store::recordings::Status;
use diesel::QueryResult;
use std::collections::BTreeMap;

const RECORDINGS: Table = Table {
    name: "recordings",
    shape: Shape {
        first: BEGUN,
        second: &[
            ("call", "TEXT"),
            ("recording", "BIGINT"),
            ("status", "TEXT"),
            ("started", "BIGINT"),
        ],
    },
};

const FINISHED: Shape = Shape {
    first: &[("call", "TEXT"), ("recording", "BIGINT")],
    second: &[("started", "BIGINT"), ("filing", "TEXT")],
};

const SETTLED: Shape = Shape {
    first: &[("call", "TEXT"), ("recording", "BIGINT")],
    second: &[
        ("status", "TEXT"),
        ("settled", "BIGINT"),
        ("name", "TEXT"),
        ("length_ms", "BIGINT"),
        ("bytes", "BIGINT"),
        ("sha256", "TEXT"),
        ("why", "TEXT"),
    ],
};

type Key = (CallId, CommandId);

/// What a batch says of recordings.
#[derive(Default)]
pub(super) struct Recordings {
    begun: Rows,
    finished: BTreeMap<Key, (i64, String)>,
    settled: BTreeMap<Key, Settled>,
}

struct Settled {
    status: &'static str,
    at: i64,
    filed: Option<FiledRecording>,
    why: Option<OutsideText>,
}

impl Taking<'_> {
    pub(super) fn recording_started(
        &mut self,
        call: CallId,
        recording: CommandId,
    ) -> QueryResult<()> {
        let place = self.place_of(call);
        let row = (
            call.to_string(),
            recording,
            Status::Recording.word(),
            self.moment.at,
        );
        self.recordings.begun.push(place.values(), row)
    }

    /// The audio is complete on the switch and is being fetched. The order is
    /// kept until that has come to an end, so that it can be given again.
    pub(super) fn recording_finished(&mut self, order: &FilingOrder) -> QueryResult<()> {
        self.recording_started(order.call, order.recording)?;
        let json = serde_json::to_string(order)
            .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
        let key = (order.call, order.recording);
        if !self.recordings.settled.contains_key(&key) {
            let finished = (order.started.as_millis(), json);
            self.recordings.finished.insert(key, finished);
        }
        Ok(())
    }

    pub(super) fn recording_filed(
        &mut self,
        call: CallId,
        recording: CommandId,
        filed: &FiledRecording,
    ) -> QueryResult<()> {
        let settled = Settled {
            status: Status::Filed.word(),
            at: self.moment.at,
            filed: Some(filed.clone()),
            why: None,
        };
        self.recording_settled(call, recording, settled)
    }

    pub(super) fn recording_lost(
        &mut self,
        call: CallId,
        recording: CommandId,
        why: &OutsideText,
    ) -> QueryResult<()> {
        let settled = Settled {
            status: Status::Lost.word(),
            at: self.moment.at,
            filed: None,
            why: Some(why.clone()),
        };
        self.recording_settled(call, recording, settled)
    }

    fn recording_settled(
        &mut self,
        call: CallId,
        recording: CommandId,
        settled: Settled,
    ) -> QueryResult<()> {
        self.recording_started(call, recording)?;
        self.recordings.settled.insert((call, recording), settled);
        Ok(())
    }
}

impl Recordings {
    pub(super) fn write(self, conn: &mut AnyConnection) -> QueryResult<()> {
        RECORDINGS.add(conn, self.begun)?;
        let mut rows = Rows::default();
        for ((call, recording), finished) in self.finished {
            rows.push((call.to_string(), recording), finished)?;
        }
        let status = Status::Finished.word();
        run(conn, FINISHED, rows, |source| {
            format!(
                "UPDATE recordings SET status = '{status}', started = r.started, \
                 filing = r.filing FROM {source} WHERE recordings.call = r.call \
                 AND recordings.recording = r.recording AND recordings.settled IS NULL"
            )
        })?;
        let mut rows = Rows::default();
        for ((call, recording), settled) in self.settled {
            let filed = settled.filed.as_ref();
            let row = (
                settled.status,
                settled.at,
                filed.map(|filed| &filed.name),
                filed.map(|filed| filed.length_ms),
                filed.map(|filed| filed.bytes),
                filed.map(|filed| &filed.sha256),
                settled.why,
            );
            rows.push((call.to_string(), recording), row)?;
        }
        run(conn, SETTLED, rows, |source| {
            format!(
                "UPDATE recordings SET status = r.status, settled = r.settled, filing = NULL, \
                 name = COALESCE(r.name, recordings.name), \
                 length_ms = COALESCE(r.length_ms, recordings.length_ms), \
                 bytes = COALESCE(r.bytes, recordings.bytes), \
                 sha256 = COALESCE(r.sha256, recordings.sha256), \
                 why = COALESCE(r.why, recordings.why) FROM {source} \
                 WHERE recordings.call = r.call AND recordings.recording = r.recording"
            )
        })
    }
}
