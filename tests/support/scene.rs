//! A caller, agents' devices and a supervisor on the real Asterisk, with the
//! adapter driven by hand.

use super::asterisk::{Asterisk, BRIDGES, CHANNELS};
use super::audio::{Voice, loudness, share_of};
use super::phone::{Agent, Caller, Phone};
use super::rtp::Line;
use super::switch::{DEADLINE, Driver};
use switchyard::engine::cause::Cause;
use switchyard::engine::event::Event;
use switchyard::engine::id::{ChannelId, CommandId, MusicClass};
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::Span;
use switchyard::switch::{
    Extension, LegVariable, LegVariables, LiveLeg, RecordedMedia, Ring, Snapshot, SupervisionMode,
    SwitchCommand, SwitchEvent, Target,
};
use tokio::sync::{Mutex, MutexGuard};

/// Only one controller can have the application at a time.
static APPLICATION: Mutex<()> = Mutex::const_new(());

/// The music of `scripts/prompts`.
pub const MUSIC_HZ: f64 = 440.0;
pub const CALLER_HZ: f64 = 700.0;
pub const AGENT_HZ: f64 = 1_000.0;
pub const OTHER_HZ: f64 = 1_300.0;

pub const PATIENT: Agent = Agent::Answers {
    after_ms: 50,
    talks_ms: 120_000,
};

/// The tone that a number called rings.
pub const RING_HZ: f64 = 450.0;
/// Rings long enough for who calls to hear the tone.
pub const SLOW: Agent = Agent::Answers {
    after_ms: 3_000,
    talks_ms: 120_000,
};

/// The switch, and the adapter driven by hand.
pub struct Scene {
    pub asterisk: Asterisk,
    pub driver: Driver,
    _alone: MutexGuard<'static, ()>,
}

impl Scene {
    pub async fn set() -> Option<Scene> {
        let asterisk = Asterisk::running()?;
        let _alone = APPLICATION.lock().await;
        let (mut driver, snapshot) = attach(&asterisk).await;
        for leg in snapshot.legs {
            let channel = leg.arrival.channel;
            let cause = Cause::NormalClearing;
            driver.order(SwitchCommand::HangUp { channel, cause }).await;
        }
        Some(Scene {
            asterisk,
            driver,
            _alone,
        })
    }

    /// A caller who has been answered and hears music: a phone speaks to whom it hears.
    pub async fn caller(&mut self, voice: Voice) -> (Phone, ChannelId) {
        let phone = Caller::default()
            .calls(&self.asterisk.sip, "4001", voice)
            .await;
        let channel = self.driver.arrival().await.channel;
        let answer = SwitchCommand::Answer {
            channel: channel.clone(),
        };
        self.driver.tell(answer).await;
        self.driver.expect_answered(&channel).await;
        self.music(&channel).await;
        phone
            .line
            .hears_tone(MUSIC_HZ, 0, DEADLINE)
            .await
            .expect("the music");
        (phone, channel)
    }

    /// A device that was rung, has answered, and has heard music for a moment.
    pub async fn device(&mut self, agent: Agent, at: u16, voice: Voice) -> (Phone, ChannelId) {
        let phone = agent.at(self.asterisk.phone_port(at), voice).await;
        let leg = self.ring(|_| {}, at).await;
        self.driver.expect_answered(&leg).await;
        self.music(&leg).await;
        phone
            .line
            .hears_tone(MUSIC_HZ, 0, DEADLINE)
            .await
            .expect("the music");
        let channel = leg.clone();
        self.driver.tell(SwitchCommand::Silence { channel }).await;
        (phone, leg)
    }

    pub async fn ring(&mut self, change: impl FnOnce(&mut Ring), at: u16) -> ChannelId {
        let channel = ChannelId::new(&ulid::Ulid::new().to_string()).expect("an id");
        let mut ring = Ring {
            channel: channel.clone(),
            to: Target::Extension(Extension::new(&at.to_string()).expect("an extension")),
            auto_answer: false,
            caller_number: OutsideText::new("13800138000"),
            caller_name: OutsideText::new("Zhang San"),
            timeout: Span::seconds(20),
            variables: LegVariables::default().with(LegVariable::Role, "agent"),
            originator: None,
        };
        change(&mut ring);
        self.driver.tell(SwitchCommand::Ring(ring)).await;
        channel
    }

    pub async fn bridge(&mut self, channel: &ChannelId, peer: &ChannelId) {
        let (channel, peer) = (channel.clone(), peer.clone());
        let bridge = SwitchCommand::Bridge {
            channel: channel.clone(),
            peer: peer.clone(),
        };
        self.driver.tell(bridge).await;
        let bridged = SwitchEvent::Bridged { channel, peer };
        self.driver.expect(bridged).await;
    }

    pub async fn music(&mut self, channel: &ChannelId) {
        let music = SwitchCommand::Music {
            channel: channel.clone(),
            class: MusicClass::new("default").expect("a class"),
        };
        self.driver.tell(music).await;
    }

    pub async fn join(&mut self, channel: &ChannelId) {
        let conference = self.driver.call;
        let channel = channel.clone();
        let join = SwitchCommand::Join {
            channel: channel.clone(),
            conference,
        };
        self.driver.tell(join).await;
        let joined = SwitchEvent::Joined {
            channel,
            conference,
        };
        self.driver.expect(joined).await;
    }

    pub async fn leave(&mut self, channel: &ChannelId) {
        let conference = self.driver.call;
        let channel = channel.clone();
        let leave = SwitchCommand::Leave {
            channel: channel.clone(),
            conference,
        };
        self.driver.tell(leave).await;
        let left = SwitchEvent::Left {
            channel,
            conference,
        };
        self.driver.expect(left).await;
    }

    pub async fn supervise(
        &mut self,
        channel: &ChannelId,
        target: &ChannelId,
        mode: SupervisionMode,
    ) {
        let supervise = SwitchCommand::Supervise {
            channel: channel.clone(),
            target: target.clone(),
            mode,
        };
        self.driver.tell(supervise).await;
    }

    /// Starts to record the two, and waits until it runs.
    pub async fn record(&mut self, caller: &ChannelId, agent: &ChannelId) -> CommandId {
        let record = SwitchCommand::Record {
            caller: caller.clone(),
            agent: agent.clone(),
        };
        let recording = self.driver.tell(record).await;
        let started = SwitchEvent::RecordingStarted { recording };
        self.driver.expect(started).await;
        recording
    }

    pub async fn stop_recording(
        &mut self,
        caller: &ChannelId,
        recording: CommandId,
    ) -> RecordedMedia {
        let caller = caller.clone();
        let stop = SwitchCommand::StopRecording { caller, recording };
        self.driver.tell(stop).await;
        self.driver.recorded(recording).await
    }

    pub async fn list(&mut self) -> Snapshot {
        self.driver.tell(SwitchCommand::List).await;
        let listed = |event: &SwitchEvent| match event {
            SwitchEvent::Listed(snapshot) => Some(snapshot.clone()),
            _ => None,
        };
        self.driver.happens("a list", listed).await
    }

    pub async fn hang_up(&mut self, legs: &[&ChannelId]) {
        let cause = Cause::NormalClearing;
        for leg in legs {
            let channel = (*leg).clone();
            self.driver
                .tell(SwitchCommand::HangUp { channel, cause })
                .await;
        }
        for leg in legs {
            let channel = (*leg).clone();
            let ended = |event: &SwitchEvent| {
                matches!(event, SwitchEvent::HungUp { channel: ended, .. } if *ended == channel)
                    .then_some(())
            };
            self.driver.happened("the end of a leg", ended).await;
        }
    }

    /// Waits until nothing of the call is left on the switch: bridges and snoop channels,
    /// which it does not clear away, go a moment after the end of their legs was told.
    pub async fn clears(&mut self) {
        let call = self.driver.call.to_string();
        self.asterisk.has_no(BRIDGES, &call).await;
        self.asterisk.has_no(CHANNELS, &call).await;
    }

    /// How often something happened so far.
    pub fn count(&self, what: impl Fn(&SwitchEvent) -> bool) -> usize {
        let is_it = |event: &&Event| matches!(event, Event::Switch { event, .. } if what(event));
        self.driver.seen.iter().filter(is_it).count()
    }
}

pub async fn attach(asterisk: &Asterisk) -> (Driver, Snapshot) {
    let mut settings = asterisk.settings.clone();
    let gateway = format!("sip:{{number}}@127.0.0.1:{}", asterisk.phone_port(1002));
    settings.outbound = Some(format!("PJSIP/trunk/{gateway}"));
    let start = move |inbox| switchyard::switch::asterisk::start(&settings, inbox);
    Driver::attach("asterisk", start).await
}

pub fn find<'a>(snapshot: &'a Snapshot, channel: &ChannelId) -> &'a LiveLeg {
    let mut legs = snapshot.legs.iter();
    legs.find(|leg| leg.arrival.channel == *channel)
        .unwrap_or_else(|| panic!("{channel} in {snapshot:#?}"))
}

/// From now on it hears all these tones, and none of those.
pub async fn hears(line: &Line, tones: &[f64], not: &[f64]) {
    let since = line.mark();
    for hz in tones {
        line.hears_tone(*hz, since, DEADLINE)
            .await
            .expect("the tone");
    }
    // What changes takes a moment to be heard, longer on a busy machine.
    const TRIES: u32 = 5;
    for left in (0..TRIES).rev() {
        let heard = line.listens(line.mark(), 600, DEADLINE).await;
        let share = |hz: &f64| share_of(*hz, &heard);
        let settled =
            tones.iter().all(|hz| share(hz) > 0.2) && not.iter().all(|hz| share(hz) < 0.01);
        if settled {
            return;
        }
        let shares: Vec<_> = tones.iter().chain(not).map(|hz| (*hz, share(hz))).collect();
        assert!(
            left > 0,
            "{tones:?} Hz and not {not:?} Hz should be heard: {shares:?}"
        );
    }
}

pub fn has_tone(line: &Line, since: usize, hz: f64) -> bool {
    let heard = line.heard_since(since);
    heard
        .chunks_exact(1_600)
        .any(|window| loudness(window) > 200.0 && share_of(hz, window) > 0.1)
}
