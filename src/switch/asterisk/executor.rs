//! Carries out one order: sends its requests in the order that its effect needs.

use super::api::{Api, ApiError};
use super::commands::{self, Dialect};
use super::entrance::Entrances;
use super::farewell::Farewells;
use super::hearing::{Hearing, Sound};
use super::message::{Bridge, Channel};
use super::name::{Name, Side};
use super::request::Request;
use crate::config::switch::AsteriskConfig;
use crate::engine::cause::Cause;
use crate::engine::id::{ChannelId, CommandId};
use crate::engine::time::Span;
use crate::switch::{Ring, SwitchCommand, SwitchOrder};
use futures_util::future::{join_all, join3, try_join, try_join_all};
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::debug;

/// How long a leg may take from its creation until it is in our application.
const ENTRANCE_WITHIN: Duration = Duration::from_secs(2);

/// What a question about the switch found; what it means the link says.
#[derive(Debug)]
pub(super) enum Find {
    Stock {
        channels: Vec<Channel>,
        bridges: Vec<Bridge>,
    },
    /// Both tracks of this recording are there.
    Recording(Name),
}

/// Finds that may wait for the link.
pub(super) const MAX_FINDS: usize = 64;

#[derive(Debug)]
pub(super) struct Executor {
    pub(super) api: Api,
    pub(super) dialect: Dialect,
    pub(super) hearing: Hearing,
    pub(super) entrances: Entrances,
    pub(super) farewells: Farewells,
    finds: mpsc::Sender<Find>,
}

impl Executor {
    pub(super) fn new(api: Api, settings: &AsteriskConfig, finds: mpsc::Sender<Find>) -> Self {
        Self {
            api,
            dialect: Dialect::new(settings),
            hearing: Hearing::default(),
            entrances: Entrances::default(),
            farewells: Farewells::default(),
            finds,
        }
    }

    pub(super) async fn carry_out(&self, order: &SwitchOrder) -> Result<(), ApiError> {
        let name = Name {
            call: order.call,
            command: order.id,
        };
        match &order.command {
            SwitchCommand::Answer { channel } => self.api.send(&commands::answer(channel)).await,
            SwitchCommand::Refuse { channel, cause } | SwitchCommand::HangUp { channel, cause } => {
                self.hang_up(channel, *cause).await
            }
            SwitchCommand::Play {
                channel,
                prompts,
                language,
            } => {
                let playback = name.to_string();
                let play = self.dialect.play(channel, &playback, prompts, *language);
                self.hear(channel, Sound::Prompts(playback), &play).await
            }
            SwitchCommand::Music { channel, class } => {
                let music = commands::music(channel, class);
                self.hear(channel, Sound::Music, &music).await
            }
            SwitchCommand::Silence { channel } => {
                self.quieten(channel).await;
                Ok(())
            }
            SwitchCommand::Ring(ring) => self.ring(ring).await,
            SwitchCommand::Bridge { channel, peer } => self.bridge(&name, channel, peer).await,
            SwitchCommand::Record { caller, agent } => self.record(&name, caller, agent).await,
            SwitchCommand::StopRecording { recording, .. } => {
                self.stop_recording(&name, *recording).await
            }
            SwitchCommand::Guard { channel, after } => {
                self.api.send(&commands::guard(channel, *after)).await
            }
            SwitchCommand::Part { channel, .. }
            | SwitchCommand::Join { channel, .. }
            | SwitchCommand::Leave { channel, .. }
            | SwitchCommand::Supervise { channel, .. }
            | SwitchCommand::SendDigits { channel, .. }
            | SwitchCommand::RecordMessage { channel, .. } => {
                self.api.send(&commands::answer(channel)).await
            }
            SwitchCommand::SetLamp { .. } => Ok(()),
            SwitchCommand::List => self.list().await,
            SwitchCommand::FindRecording { recording } => {
                let command = *recording;
                self.find_recording(Name { command, ..name }).await
            }
            // The list tells everything already.
            SwitchCommand::Examine { .. } => Ok(()),
            SwitchCommand::SetVariables { channel, variables } => {
                self.send_all(&commands::set_variables(channel, variables))
                    .await
            }
        }
    }

    async fn list(&self) -> Result<(), ApiError> {
        let channels = self.api.fetch(&Request::get(&["channels"])).await?;
        let bridges = self.api.fetch(&Request::get(&["bridges"])).await?;
        self.found(Find::Stock { channels, bridges }).await;
        Ok(())
    }

    async fn find_recording(&self, name: Name) -> Result<(), ApiError> {
        for side in Side::BOTH {
            let track = name.track(side);
            let stored = Request::get(&["recordings", "stored", &track]);
            self.api.send(&stored).await?;
        }
        self.found(Find::Recording(name)).await;
        Ok(())
    }

    async fn found(&self, find: Find) {
        if self.finds.send(find).await.is_err() {
            debug!("nobody listens to Asterisk any more");
        }
    }

    async fn hang_up(&self, channel: &ChannelId, cause: Cause) -> Result<(), ApiError> {
        self.farewells.say(channel, cause);
        let sent = self.api.send(&commands::hang_up(channel, cause)).await;
        if sent.is_err() {
            self.farewells.take(channel);
        }
        sent
    }

    /// Replaces what a leg hears.
    async fn hear(
        &self,
        channel: &ChannelId,
        sound: Sound,
        request: &Request,
    ) -> Result<(), ApiError> {
        self.quieten(channel).await;
        // Entered before it is sent: its end may be told before its acceptance.
        self.hearing.set(channel, sound);
        let sent = self.api.send(request).await;
        if sent.is_err() {
            self.hearing.forget(channel);
        }
        sent
    }

    /// What has stopped by itself is refused with 404 or 409, which is as good.
    async fn quieten(&self, channel: &ChannelId) {
        if let Err(error) = self.api.send(&self.hearing.stop(channel)).await {
            debug!(%channel, %error, "nothing to stop");
        }
    }

    async fn ring(&self, ring: &Ring) -> Result<(), ApiError> {
        let entered = self.entrances.expect(&ring.channel);
        self.api.send(&self.dialect.create(ring)?).await?;
        let dial = commands::dial(ring);
        match self.api.send(&dial).await {
            Err(error) if error.is_conflict() => {
                // It has not entered our application yet.
                let _ = tokio::time::timeout(ENTRANCE_WITHIN, entered).await;
                self.api.send(&dial).await
            }
            dialled => dialled,
        }
    }

    async fn bridge(
        &self,
        name: &Name,
        channel: &ChannelId,
        peer: &ChannelId,
    ) -> Result<(), ApiError> {
        let bridge = commands::bridge_name(name);
        let make = commands::bridge(&bridge, channel);
        let disarm = [channel, peer].map(|leg| commands::guard(leg, Span::ZERO));
        let prepare = try_join(self.api.send(&make), self.send_all(&disarm));
        let (prepared, (), ()) = join3(prepare, self.quieten(channel), self.quieten(peer)).await;
        let joined = match prepared {
            Ok(_) => self.api.send(&commands::join(&bridge, channel, peer)).await,
            Err(error) => Err(error),
        };
        match joined {
            Ok(()) => {
                for leg in [channel, peer] {
                    self.hearing.set(leg, Sound::Bridge(bridge.clone()));
                }
                Ok(())
            }
            Err(error) => {
                self.clear_away(&[commands::destroy_bridge(&bridge)]).await;
                Err(error)
            }
        }
    }

    /// Listens in on each party; the recording itself starts when the snoop
    /// channels are in our application (see [`super::recording`]).
    async fn record(
        &self,
        name: &Name,
        caller: &ChannelId,
        agent: &ChannelId,
    ) -> Result<(), ApiError> {
        let snoops = [(caller, Side::Caller), (agent, Side::Agent)]
            .map(|(party, side)| self.dialect.snoop(party, &name.track(side)));
        let started = self.send_all(&snoops).await;
        if started.is_err() {
            self.stop_tracks(name).await;
        }
        started
    }

    async fn stop_recording(&self, order: &Name, recording: CommandId) -> Result<(), ApiError> {
        let name = Name {
            call: order.call,
            command: recording,
        };
        self.stop_tracks(&name).await;
        Ok(())
    }

    /// A track that has ended is gone: nothing to stop is as good as stopped.
    async fn stop_tracks(&self, name: &Name) {
        let ends = Side::BOTH.map(|side| commands::end_track(&name.track(side)));
        self.clear_away(&ends).await;
    }

    /// Sends all at once; the first refusal counts.
    async fn send_all(&self, requests: &[Request]) -> Result<(), ApiError> {
        try_join_all(requests.iter().map(|request| self.api.send(request)))
            .await
            .map(drop)
    }

    async fn clear_away(&self, requests: &[Request]) {
        for result in join_all(requests.iter().map(|request| self.api.send(request))).await {
            if let Err(error) = result {
                debug!(%error, "nothing to clear away");
            }
        }
    }
}
