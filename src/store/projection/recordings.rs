//! Recordings, from the first word to the file with its hash.

use crate::engine::id::{CallId, CommandId};
use crate::engine::recording::{FiledRecording, FilingOrder};
use crate::engine::text::OutsideText;
use crate::store::projection::{Taking, begin, signed};
use crate::store::recordings::Status;
use crate::store::schema::recordings;
use diesel::prelude::*;

impl Taking<'_> {
    pub(super) fn recording_started(
        &mut self,
        call: CallId,
        recording: CommandId,
    ) -> QueryResult<()> {
        let (place, at) = (self.place_of(call)?, self.moment.at);
        begin!(
            self,
            place,
            recordings {
                call: call.to_string(),
                recording: signed(recording.0),
                status: Status::Recording.word(),
                started: at,
            }
        );
        Ok(())
    }

    /// The audio is complete on the switch and is being fetched. The order is
    /// kept until that has come to an end, so that it can be given again.
    pub(super) fn recording_finished(&mut self, order: &FilingOrder) -> QueryResult<()> {
        self.recording_started(order.call, order.recording)?;
        let json = serde_json::to_string(order)
            .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
        let open = recordings::table
            .find((order.call.to_string(), signed(order.recording.0)))
            .filter(recordings::settled.is_null());
        diesel::update(open)
            .set((
                recordings::status.eq(Status::Finished.word()),
                recordings::started.eq(order.started.as_millis()),
                recordings::filing.eq(json),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    pub(super) fn recording_filed(
        &mut self,
        call: CallId,
        recording: CommandId,
        filed: &FiledRecording,
    ) -> QueryResult<()> {
        self.recording_started(call, recording)?;
        diesel::update(recordings::table.find((call.to_string(), signed(recording.0))))
            .set((
                recordings::status.eq(Status::Filed.word()),
                recordings::settled.eq(self.moment.at),
                recordings::name.eq(&filed.name),
                recordings::length_ms.eq(signed(filed.length_ms)),
                recordings::bytes.eq(signed(filed.bytes)),
                recordings::sha256.eq(&filed.sha256),
                recordings::filing.eq(None::<String>),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    pub(super) fn recording_lost(
        &mut self,
        call: CallId,
        recording: CommandId,
        why: &OutsideText,
    ) -> QueryResult<()> {
        self.recording_started(call, recording)?;
        diesel::update(recordings::table.find((call.to_string(), signed(recording.0))))
            .set((
                recordings::status.eq(Status::Lost.word()),
                recordings::settled.eq(self.moment.at),
                recordings::why.eq(why.as_str()),
                recordings::filing.eq(None::<String>),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}
