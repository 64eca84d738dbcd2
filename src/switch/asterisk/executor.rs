//! Carries out one order: sends its requests in the order that its effect needs.

use super::api::{Api, ApiError};
use super::commands::{self, Dialect};
use super::entrance::Entrances;
use super::farewell::Farewells;
use super::hearing::{Hearing, Sound};
use super::message::{Bridge, Channel};
use super::name::Name;
use super::request::Request;
use crate::config::switch::AsteriskConfig;
use crate::engine::cause::Cause;
use crate::engine::id::ChannelId;
use crate::switch::{Extension, Ring, SwitchCommand, SwitchOrder};
use futures_util::future::{join_all, try_join_all};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tracing::debug;

/// How long a leg may take from its creation until it is in our application.
pub(super) const ENTRANCE_WITHIN: Duration = Duration::from_secs(2);

/// What a question about the switch found; what it means the link says.
#[derive(Debug)]
pub(super) enum Find {
    Stock {
        channels: Vec<Channel>,
        bridges: Vec<Bridge>,
    },
    /// Both tracks of this recording are there.
    Recording(Name),
    /// The message is there.
    Message(Name),
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
    /// Held by whoever lets a leg into a conference or ends an empty one.
    pub(super) conferences: Mutex<()>,
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
            conferences: Mutex::default(),
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
            SwitchCommand::RingBack { channel } => {
                let ring_back = commands::ring_back(channel);
                self.hear(channel, Sound::RingBack, &ring_back).await
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
            SwitchCommand::Part { channel, peer } => self.part(channel, peer).await,
            SwitchCommand::Join {
                channel,
                conference,
            } => self.join(channel, *conference).await,
            SwitchCommand::Leave {
                channel,
                conference,
            } => self.leave(channel, *conference).await,
            SwitchCommand::Supervise {
                channel,
                target,
                mode,
            } => self.supervise(&name, channel, target, *mode).await,
            // The two were never taken apart.
            SwitchCommand::AnswerTransfer {
                channel, granted, ..
            } => {
                let answer = commands::answer_transfer(channel, *granted);
                self.api.send(&answer).await
            }
            SwitchCommand::SendDigits { channel, digits } => {
                self.api.send(&commands::send_digits(channel, digits)).await
            }
            SwitchCommand::RecordMessage {
                channel,
                max,
                silence,
            } => self.record_message(&name, channel, *max, *silence).await,
            SwitchCommand::SetLamp { mailbox, new, old } => {
                self.set_lamp(mailbox, *new, *old).await
            }
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

    async fn set_lamp(&self, mailbox: &Extension, new: u32, old: u32) -> Result<(), ApiError> {
        match self.api.send(&commands::set_lamp(mailbox, new, old)).await {
            // A mailbox is made where there is none: it is ARI that has none.
            Err(error) if error.is_missing() => {
                let lamp = commands::set_lamp_by_dialplan(mailbox, new, old);
                let lit = self.api.send(&lamp).await;
                lit.map_err(|error| ApiError::NoLamp(Box::new(error)))
            }
            set => set,
        }
    }

    pub(super) async fn found(&self, find: Find) {
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
    pub(super) async fn quieten(&self, channel: &ChannelId) {
        if let Err(error) = self.api.send(&self.hearing.stop(channel)).await {
            debug!(%channel, %error, "nothing to stop");
        }
    }

    async fn ring(&self, ring: &Ring) -> Result<(), ApiError> {
        let entered = self.entrances.expect(ring.channel.as_str());
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

    /// Sends all at once; the first refusal counts.
    pub(super) async fn send_all(&self, requests: &[Request]) -> Result<(), ApiError> {
        try_join_all(requests.iter().map(|request| self.api.send(request)))
            .await
            .map(drop)
    }

    pub(super) async fn clear_away(&self, requests: &[Request]) {
        for result in join_all(requests.iter().map(|request| self.api.send(request))).await {
            if let Err(error) = result {
                debug!(%error, "nothing to clear away");
            }
        }
    }
}
