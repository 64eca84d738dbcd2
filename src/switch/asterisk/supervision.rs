//! A supervisor's leg beside a conversation: a snoop channel on the agent's leg
//! hears both, and what the supervisor says goes into it.

use super::api::ApiError;
use super::bridging;
use super::commands::Dialect;
use super::executor::{ENTRANCE_WITHIN, Executor};
use super::hearing::Sound;
use super::name::{Name, Purpose};
use super::recorder;
use super::request::Request;
use super::translate::SNOOP;
use crate::engine::id::ChannelId;
use crate::switch::SupervisionMode;
use futures_util::future::join3;

impl Executor {
    /// Another mode is another snoop channel. The one before it is ended when
    /// the leg has left its bridge (see [`super::bridges`]).
    pub(super) async fn supervise(
        &self,
        name: &Name,
        channel: &ChannelId,
        target: &ChannelId,
        mode: SupervisionMode,
    ) -> Result<(), ApiError> {
        let bridge = Purpose::Supervision(*name).to_string();
        let listener = name.listener();
        let began = self
            .begin_supervision(&bridge, &listener, channel, target, mode)
            .await;
        match began {
            Ok(()) => self.hearing.set(channel, Sound::Bridge(bridge)),
            Err(_) => {
                let away = [recorder::end_track(&listener), bridging::destroy(&bridge)];
                self.clear_away(&away).await;
            }
        }
        began
    }

    async fn begin_supervision(
        &self,
        bridge: &str,
        listener: &str,
        channel: &ChannelId,
        target: &ChannelId,
        mode: SupervisionMode,
    ) -> Result<(), ApiError> {
        let entered = self.entrances.expect(listener);
        self.api
            .send(&self.dialect.listen_in(target, listener, mode))
            .await?;
        let make = bridging::make(bridge, channel.as_str());
        let entered = tokio::time::timeout(ENTRANCE_WITHIN, entered);
        let (made, _, ()) = join3(self.api.send(&make), entered, self.quieten(channel)).await;
        made?;
        let both = [channel.as_str(), listener];
        self.api.send(&bridging::enter(bridge, &both)).await
    }
}

impl Dialect {
    /// A snoop channel on an agent's leg: `in` is what the agent says, `out`
    /// what the agent hears.
    fn listen_in(&self, target: &ChannelId, listener: &str, mode: SupervisionMode) -> Request {
        let whisper = match mode {
            SupervisionMode::Listen => "none",
            SupervisionMode::Whisper => "out",
            SupervisionMode::Barge => "both",
        };
        Request::post(&["channels", target.as_str(), "snoop"])
            .query("snoopId", listener)
            .query("spy", "both")
            .query("whisper", whisper)
            .query("app", &self.app)
            .query("appArgs", SNOOP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::asterisk::commands::tests::dialect;

    #[test]
    fn the_mode_says_who_hears_the_supervisor() {
        let target = ChannelId::new("leg").unwrap();
        let said = [
            SupervisionMode::Listen,
            SupervisionMode::Whisper,
            SupervisionMode::Barge,
        ]
        .map(|mode| {
            dialect()
                .listen_in(&target, "x-7-listener", mode)
                .address()
                .unwrap()
        });
        insta::assert_snapshot!(said.join("\n"), @r"
/channels/leg/snoop?snoopId=x-7-listener&spy=both&whisper=none&app=switchyard&appArgs=snoop
/channels/leg/snoop?snoopId=x-7-listener&spy=both&whisper=out&app=switchyard&appArgs=snoop
/channels/leg/snoop?snoopId=x-7-listener&spy=both&whisper=both&app=switchyard&appArgs=snoop
");
    }
}
