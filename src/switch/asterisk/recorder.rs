//! Recordings are started, stopped and found: conversations on two tracks,
//! messages on one.

use super::api::ApiError;
use super::commands::Dialect;
use super::executor::{Executor, Find};
use super::name::{Name, Side};
use super::request::Request;
use super::translate::SNOOP;
use crate::engine::id::{ChannelId, CommandId};
use crate::engine::time::Span;

impl Executor {
    /// Listens in on each party; the recording itself starts when the snoop
    /// channels are in our application (see [`super::recording`]).
    pub(super) async fn record(
        &self,
        name: &Name,
        caller: &ChannelId,
        agent: &ChannelId,
    ) -> Result<(), ApiError> {
        let snoops = [(caller, Side::Caller), (agent, Side::Agent)]
            .map(|(party, side)| self.dialect.snoop(party, &name.track(side)));
        let started = self.send_all(&snoops).await;
        if started.is_err() {
            self.stop(name).await;
        }
        started
    }

    pub(super) async fn record_message(
        &self,
        name: &Name,
        channel: &ChannelId,
        max: Span,
        silence: Span,
    ) -> Result<(), ApiError> {
        self.quieten(channel).await;
        let record = record_message(channel, name, max, silence);
        self.api.send(&record).await
    }

    pub(super) async fn stop_recording(
        &self,
        order: &Name,
        recording: CommandId,
    ) -> Result<(), ApiError> {
        let command = recording;
        self.stop(&Name { command, ..*order }).await;
        Ok(())
    }

    /// What has ended is gone: nothing to stop is as good as stopped.
    async fn stop(&self, name: &Name) {
        let [caller, agent] = Side::BOTH.map(|side| end_track(&name.track(side)));
        self.clear_away(&[caller, agent, end_message(name)]).await;
    }

    pub(super) async fn find_recording(&self, name: Name) -> Result<(), ApiError> {
        let message = name.message();
        let find = match self.api.send(&stored(&message)).await {
            Ok(()) => Find::Message(name),
            Err(error) if error.is_missing() => {
                let tracks = Side::BOTH.map(|side| stored(&name.track(side)));
                self.send_all(&tracks).await?;
                Find::Recording(name)
            }
            Err(error) => return Err(error),
        };
        self.found(find).await;
        Ok(())
    }
}

impl Dialect {
    fn snoop(&self, party: &ChannelId, track: &str) -> Request {
        Request::post(&["channels", party.as_str(), "snoop"])
            .query("snoopId", track)
            .query("spy", "in")
            .query("app", &self.app)
            .query("appArgs", SNOOP)
    }
}

/// Records a snoop channel under its own name.
pub(super) fn start_track(track: &str) -> Request {
    Request::post(&["channels", track, "record"])
        .query("name", track)
        .query("format", "wav")
        .query("ifExists", "overwrite")
}

/// Hangs up a snoop channel, which ends what is made of it.
pub(super) fn end_track(track: &str) -> Request {
    Request::delete(&["channels", track])
}

/// Whole seconds, never less than asked for. [`Span::ZERO`] is no limit.
fn record_message(channel: &ChannelId, name: &Name, max: Span, silence: Span) -> Request {
    let seconds = |span: Span| span.as_millis().div_ceil(1_000);
    Request::post(&["channels", channel.as_str(), "record"])
        .query("name", name.message())
        .query("format", "wav")
        .query("maxDurationSeconds", seconds(max))
        .query("maxSilenceSeconds", seconds(silence))
        .query("ifExists", "overwrite")
}

fn end_message(name: &Name) -> Request {
    Request::post(&["recordings", "live", &name.message(), "stop"])
}

pub(super) fn stored(recording: &str) -> Request {
    Request::get(&["recordings", "stored", recording])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_by_length_by_silence_or_by_order() {
        let name = Name {
            call: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            command: CommandId(7),
        };
        let channel = ChannelId::new("1.2").unwrap();
        let record = record_message(&channel, &name, Span::seconds(120), Span::millis(2_500));
        insta::assert_snapshot!(record.address().unwrap(), @"/channels/1.2/record?name=01ARZ3NDEKTSV4RRFFQ69G5FAV-7-message&format=wav&maxDurationSeconds=120&maxSilenceSeconds=3&ifExists=overwrite");
        insta::assert_snapshot!(end_message(&name).address().unwrap(), @"/recordings/live/01ARZ3NDEKTSV4RRFFQ69G5FAV-7-message/stop");
        insta::assert_snapshot!(stored(&name.message()).address().unwrap(), @"/recordings/stored/01ARZ3NDEKTSV4RRFFQ69G5FAV-7-message");
    }
}
