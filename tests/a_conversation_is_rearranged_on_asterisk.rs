//! Legs in a call are parted, brought together otherwise, listened to and
//! recorded on the real Asterisk, and who hears whom is measured with tones.

mod support;

use support::asterisk::Asterisk;
use support::audio::{ECHO_MS, Voice, lag, share_of};
use support::phone::{Agent, Caller, Phone};
use support::rtp::Line;
use support::switch::{DEADLINE, Driver};
use support::tracks;
use switchyard::engine::cause::Cause;
use switchyard::engine::event::Event;
use switchyard::engine::id::{ChannelId, MusicClass};
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::Span;
use switchyard::switch::{
    Extension, Failure, Key, LegVariable, LegVariables, LiveLeg, Outcome, PhoneNumber,
    RecordedMedia, Ring, Snapshot, SupervisionMode, SwitchCommand, SwitchEvent, Target,
};
use tokio::sync::{Mutex, MutexGuard};

/// Only one controller can have the application at a time.
static APPLICATION: Mutex<()> = Mutex::const_new(());

/// The music of `scripts/prompts`.
const MUSIC_HZ: f64 = 440.0;
const CALLER_HZ: f64 = 700.0;
const AGENT_HZ: f64 = 1_000.0;
const OTHER_HZ: f64 = 1_300.0;

const PATIENT: Agent = Agent::Answers {
    after_ms: 50,
    talks_ms: 120_000,
};

/// The switch, and the adapter driven by hand.
struct Scene {
    asterisk: Asterisk,
    driver: Driver,
    _alone: MutexGuard<'static, ()>,
}

impl Scene {
    async fn set() -> Option<Scene> {
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
    async fn caller(&mut self, voice: Voice) -> (Phone, ChannelId) {
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
        phone.line.hears_tone(MUSIC_HZ, 0, DEADLINE).await.unwrap();
        (phone, channel)
    }

    /// A device that was rung, has answered, and has heard music for a moment.
    async fn device(&mut self, agent: Agent, at: u16, voice: Voice) -> (Phone, ChannelId) {
        let phone = agent.at(self.asterisk.phone_port(at), voice).await;
        let leg = self.ring(|_| {}, at).await;
        self.driver.expect_answered(&leg).await;
        self.music(&leg).await;
        phone.line.hears_tone(MUSIC_HZ, 0, DEADLINE).await.unwrap();
        let channel = leg.clone();
        self.driver.tell(SwitchCommand::Silence { channel }).await;
        (phone, leg)
    }

    async fn ring(&mut self, change: impl FnOnce(&mut Ring), at: u16) -> ChannelId {
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

    async fn bridge(&mut self, channel: &ChannelId, peer: &ChannelId) {
        let (channel, peer) = (channel.clone(), peer.clone());
        let bridge = SwitchCommand::Bridge {
            channel: channel.clone(),
            peer: peer.clone(),
        };
        self.driver.tell(bridge).await;
        let bridged = SwitchEvent::Bridged { channel, peer };
        self.driver.expect(bridged).await;
    }

    async fn music(&mut self, channel: &ChannelId) {
        let music = SwitchCommand::Music {
            channel: channel.clone(),
            class: MusicClass::new("default").expect("a class"),
        };
        self.driver.tell(music).await;
    }

    async fn join(&mut self, channel: &ChannelId) {
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

    async fn leave(&mut self, channel: &ChannelId) {
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

    async fn supervise(&mut self, channel: &ChannelId, target: &ChannelId, mode: SupervisionMode) {
        let supervise = SwitchCommand::Supervise {
            channel: channel.clone(),
            target: target.clone(),
            mode,
        };
        self.driver.tell(supervise).await;
    }

    async fn list(&mut self) -> Snapshot {
        self.driver.tell(SwitchCommand::List).await;
        let listed = |event: &SwitchEvent| match event {
            SwitchEvent::Listed(snapshot) => Some(snapshot.clone()),
            _ => None,
        };
        self.driver.happens("a list", listed).await
    }

    async fn hang_up(&mut self, legs: &[&ChannelId]) {
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

    /// The bridges and snoop channels on the switch that are left.
    fn remains(&self) -> String {
        let bridges = self.asterisk.console("bridge show all");
        let channels = self.asterisk.console("core show channels concise");
        let ours = |line: &&str| line.contains(&self.driver.call.to_string());
        let of_ours = bridges.lines().chain(channels.lines()).filter(ours);
        of_ours.collect::<Vec<_>>().join("\n")
    }

    /// How often something happened so far.
    fn count(&self, what: impl Fn(&SwitchEvent) -> bool) -> usize {
        let is_it = |event: &&Event| matches!(event, Event::Switch { event, .. } if what(event));
        self.driver.seen.iter().filter(is_it).count()
    }
}

async fn attach(asterisk: &Asterisk) -> (Driver, Snapshot) {
    let mut settings = asterisk.settings.clone();
    let gateway = format!("sip:{{number}}@127.0.0.1:{}", asterisk.phone_port(1002));
    settings.outbound = Some(format!("PJSIP/trunk/{gateway}"));
    let start = move |inbox| switchyard::switch::asterisk::start(&settings, inbox);
    Driver::attach("asterisk", start).await
}

fn find<'a>(snapshot: &'a Snapshot, channel: &ChannelId) -> &'a LiveLeg {
    let mut legs = snapshot.legs.iter();
    legs.find(|leg| leg.arrival.channel == *channel)
        .unwrap_or_else(|| panic!("{channel} in {snapshot:#?}"))
}

/// From now on it hears all these tones, and none of those.
async fn hears(line: &Line, tones: &[f64], not: &[f64]) {
    let since = line.mark();
    for hz in tones {
        line.hears_tone(*hz, since, DEADLINE).await.unwrap();
    }
    let heard = line.listens(line.mark(), 600, DEADLINE).await;
    for hz in tones {
        let share = share_of(*hz, &heard);
        assert!(share > 0.2, "{hz} Hz is {share:.3} of what is heard");
    }
    for hz in not {
        let share = share_of(*hz, &heard);
        assert!(share < 0.01, "{hz} Hz is {share:.3} of what is heard");
    }
}

fn has_tone(line: &Line, since: usize, hz: f64) -> bool {
    let heard = line.heard_since(since);
    heard
        .chunks_exact(1_600)
        .any(|window| support::audio::loudness(window) > 200.0 && share_of(hz, window) > 0.1)
}

#[tokio::test]
async fn two_legs_are_parted_one_hears_music_and_they_talk_again() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Bursts { hz: CALLER_HZ }).await;
    let (agent, peer) = scene.device(PATIENT, 1001, Voice::Echo).await;
    scene.bridge(&channel, &peer).await;
    let record = SwitchCommand::Record {
        caller: channel.clone(),
        agent: peer.clone(),
    };
    let recording = scene.driver.tell(record).await;
    scene
        .driver
        .expect(SwitchEvent::RecordingStarted { recording })
        .await;
    let since = caller.line.mark();
    caller
        .line
        .hears_tone(CALLER_HZ, since, DEADLINE)
        .await
        .unwrap();

    let unbridged = SwitchEvent::Unbridged {
        channel: channel.clone(),
        peer: peer.clone(),
    };
    for _ in 0..2 {
        let part = SwitchCommand::Part {
            channel: channel.clone(),
            peer: peer.clone(),
        };
        scene.driver.tell(part.clone()).await;
        scene.driver.expect(unbridged.clone()).await;
        scene.music(&channel).await;
        let silent_since = agent.line.mark();
        hears(&caller.line, &[MUSIC_HZ], &[CALLER_HZ]).await;
        caller
            .line
            .listens(caller.line.mark(), 1_500, DEADLINE)
            .await;
        assert!(!has_tone(&agent.line, silent_since + 800, CALLER_HZ));
        let again = scene.driver.order(part).await;
        let outcome = scene.driver.outcome(again).await;
        let Outcome::Failed { why, .. } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(why, Failure::WrongState);

        scene.bridge(&channel, &peer).await;
        let since = (caller.line.mark(), agent.line.mark());
        agent
            .line
            .hears_tone(CALLER_HZ, since.1, DEADLINE)
            .await
            .unwrap();
        caller
            .line
            .hears_tone(CALLER_HZ, since.0, DEADLINE)
            .await
            .unwrap();
    }
    caller
        .line
        .listens(caller.line.mark(), 3_000, DEADLINE)
        .await;
    assert_eq!(scene.count(|event| *event == unbridged), 2);

    let stop = SwitchCommand::StopRecording {
        caller: channel.clone(),
        recording,
    };
    scene.driver.tell(stop).await;
    let media = scene.driver.recorded(recording).await;
    let RecordedMedia::Pair { agent_lag, .. } = &media else {
        panic!("{media:?} is not a pair");
    };
    let tracks = tracks::fetch(&scene.driver, &media).await;
    eprintln!(
        "tracks of {} and {} ms, begun {} ms apart",
        tracks[0].len() / 8,
        tracks[1].len() / 8,
        agent_lag.0
    );
    let last = tracks[0].len().min(tracks[1].len()).saturating_sub(20_000);
    let (measured, likeness) = lag(&tracks[0][last..], &tracks[1][last..], 1_500);
    let apart = measured + agent_lag.0;
    eprintln!("after two holds the echo lags {apart} ms, likeness {likeness:.2}");
    assert!(
        ECHO_MS.contains(&apart),
        "after two holds the echo lags {apart} ms"
    );
    scene.hang_up(&[&channel, &peer]).await;
    assert_eq!(scene.remains(), "");
}

#[tokio::test]
async fn a_caller_is_transferred_after_a_consultation() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let (agent, one) = scene
        .device(PATIENT, 1001, Voice::Tone { hz: AGENT_HZ })
        .await;
    scene.bridge(&channel, &one).await;
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    let (other, two) = scene
        .device(PATIENT, 1002, Voice::Tone { hz: OTHER_HZ })
        .await;

    // The consultation leaves the caller alone, alive and in silence.
    scene.bridge(&one, &two).await;
    let left = SwitchEvent::Unbridged {
        channel: channel.clone(),
        peer: one.clone(),
    };
    assert_eq!(scene.count(|event| *event == left), 1);
    scene.music(&channel).await;
    hears(&caller.line, &[MUSIC_HZ], &[AGENT_HZ, OTHER_HZ]).await;
    hears(&agent.line, &[OTHER_HZ], &[CALLER_HZ]).await;
    hears(&other.line, &[AGENT_HZ], &[CALLER_HZ]).await;
    let listed = scene.list().await;
    assert_eq!(find(&listed, &channel).peer, None);
    assert_eq!(find(&listed, &one).peer.as_ref(), Some(&two));

    scene.bridge(&channel, &two).await;
    let left = SwitchEvent::Unbridged {
        channel: one.clone(),
        peer: two.clone(),
    };
    assert_eq!(scene.count(|event| *event == left), 1);
    let since = agent.line.mark();
    hears(&caller.line, &[OTHER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    hears(&other.line, &[CALLER_HZ], &[AGENT_HZ]).await;
    assert!(!has_tone(&agent.line, since + 800, OTHER_HZ));
    scene.hang_up(&[&one]).await;
    hears(&caller.line, &[OTHER_HZ], &[]).await;
    scene.hang_up(&[&channel, &two]).await;
    assert_eq!(scene.remains(), "");
}

#[tokio::test]
async fn three_talk_in_a_conference_and_one_leaves() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let (agent, one) = scene
        .device(PATIENT, 1001, Voice::Tone { hz: AGENT_HZ })
        .await;
    let (other, two) = scene
        .device(PATIENT, 1002, Voice::Tone { hz: OTHER_HZ })
        .await;
    scene.bridge(&channel, &one).await;
    scene.join(&channel).await;
    let unbridged = |event: &SwitchEvent| matches!(event, SwitchEvent::Unbridged { .. });
    assert_eq!(scene.count(unbridged), 1);
    scene.join(&one).await;
    scene.join(&two).await;
    hears(&caller.line, &[AGENT_HZ, OTHER_HZ], &[CALLER_HZ]).await;
    hears(&agent.line, &[CALLER_HZ, OTHER_HZ], &[AGENT_HZ]).await;
    hears(&other.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;
    let conference = scene.driver.call;
    let listed = scene.list().await;
    for leg in [&channel, &one, &two] {
        let live = find(&listed, leg);
        assert_eq!((live.conference, &live.peer), (Some(conference), &None));
    }

    scene.leave(&one).await;
    scene.music(&one).await;
    hears(&agent.line, &[MUSIC_HZ], &[CALLER_HZ, OTHER_HZ]).await;
    hears(&caller.line, &[OTHER_HZ], &[AGENT_HZ]).await;
    hears(&other.line, &[CALLER_HZ], &[AGENT_HZ]).await;

    scene.hang_up(&[&two]).await;
    let left = SwitchEvent::Left {
        channel: two.clone(),
        conference,
    };
    assert_eq!(scene.count(|event| *event == left), 1);
    // The last one leaves and the conference with it; the next who joins makes it anew.
    scene.leave(&channel).await;
    scene.join(&one).await;
    scene.join(&channel).await;
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    scene.hang_up(&[&channel, &one]).await;
    assert_eq!(scene.remains(), "");
}

#[tokio::test]
async fn a_supervisor_listens_whispers_and_barges_in() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let (agent, one) = scene
        .device(PATIENT, 1001, Voice::Tone { hz: AGENT_HZ })
        .await;
    let (boss, two) = scene
        .device(PATIENT, 1002, Voice::Tone { hz: OTHER_HZ })
        .await;
    scene.bridge(&channel, &one).await;

    scene.supervise(&two, &one, SupervisionMode::Listen).await;
    hears(&boss.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;
    hears(&agent.line, &[CALLER_HZ], &[OTHER_HZ]).await;
    hears(&caller.line, &[AGENT_HZ], &[OTHER_HZ]).await;

    scene.supervise(&two, &one, SupervisionMode::Whisper).await;
    hears(&boss.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;
    hears(&agent.line, &[CALLER_HZ, OTHER_HZ], &[]).await;
    hears(&caller.line, &[AGENT_HZ], &[OTHER_HZ]).await;

    scene.supervise(&two, &one, SupervisionMode::Barge).await;
    hears(&boss.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;
    hears(&agent.line, &[CALLER_HZ, OTHER_HZ], &[]).await;
    hears(&caller.line, &[AGENT_HZ, OTHER_HZ], &[]).await;

    // Back to listening, then to nothing at all.
    scene.supervise(&two, &one, SupervisionMode::Listen).await;
    hears(&caller.line, &[AGENT_HZ], &[OTHER_HZ]).await;
    let silence = SwitchCommand::Silence {
        channel: two.clone(),
    };
    scene.driver.tell(silence).await;
    scene.music(&two).await;
    hears(&boss.line, &[MUSIC_HZ], &[CALLER_HZ, AGENT_HZ]).await;
    assert_eq!(
        scene.count(|event| matches!(event, SwitchEvent::Bridged { .. })),
        1
    );
    assert_eq!(
        scene.count(|event| matches!(event, SwitchEvent::Unbridged { .. })),
        0
    );

    // Takes over: a bridge ends the supervision.
    scene.supervise(&two, &one, SupervisionMode::Whisper).await;
    hears(&agent.line, &[OTHER_HZ], &[]).await;
    scene.bridge(&channel, &two).await;
    let since = agent.line.mark();
    hears(&caller.line, &[OTHER_HZ], &[AGENT_HZ]).await;
    assert!(!has_tone(&agent.line, since + 800, OTHER_HZ));

    // The supervisor's leg outlives the one it listens to.
    scene.bridge(&channel, &one).await;
    scene.supervise(&two, &one, SupervisionMode::Listen).await;
    hears(&boss.line, &[CALLER_HZ], &[]).await;
    scene.hang_up(&[&one]).await;
    scene.music(&two).await;
    hears(&boss.line, &[MUSIC_HZ], &[CALLER_HZ]).await;
    scene.hang_up(&[&channel, &two]).await;
    assert_eq!(scene.remains(), "");

    let nobody = SwitchCommand::Supervise {
        channel: two.clone(),
        target: one.clone(),
        mode: SupervisionMode::Listen,
    };
    let refused = scene.driver.order(nobody).await;
    let outcome = scene.driver.outcome(refused).await;
    assert!(
        matches!(
            outcome,
            Outcome::Failed {
                why: Failure::NoSuchChannel,
                ..
            }
        ),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn keys_are_sent_to_the_far_end_alone_and_in_a_conversation() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let (agent, one) = scene
        .device(PATIENT, 1001, Voice::Tone { hz: AGENT_HZ })
        .await;
    let digits = |keys: &str| {
        keys.chars()
            .map(|key| Key::try_from(key).unwrap())
            .collect()
    };
    let send = SwitchCommand::SendDigits {
        channel: one.clone(),
        digits: digits("12*#"),
    };
    scene.driver.tell(send).await;
    agent.line.is_sent("12*#", DEADLINE).await.unwrap();
    scene.bridge(&channel, &one).await;
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    let send = SwitchCommand::SendDigits {
        channel: one.clone(),
        digits: digits("99A0"),
    };
    scene.driver.tell(send).await;
    agent.line.is_sent("12*#99A0", DEADLINE).await.unwrap();
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    caller.line.is_sent("", DEADLINE).await.unwrap();
    scene.hang_up(&[&channel, &one]).await;
}

#[tokio::test]
async fn a_message_is_recorded_until_silence_an_order_or_the_end() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let record = |silence| SwitchCommand::RecordMessage {
        channel: channel.clone(),
        max: Span::seconds(60),
        silence,
    };
    for by_order in [false, true] {
        caller.line.say(Voice::Tone { hz: CALLER_HZ });
        let recording = scene.driver.tell(record(Span::seconds(1))).await;
        scene
            .driver
            .expect(SwitchEvent::RecordingStarted { recording })
            .await;
        caller.line.speaks(1_500, DEADLINE).await;
        if by_order {
            let stop = SwitchCommand::StopRecording {
                caller: channel.clone(),
                recording,
            };
            scene.driver.tell(stop).await;
        } else {
            caller.line.say(Voice::Silent);
        }
        let media = scene.driver.recorded(recording).await;
        assert!(matches!(media, RecordedMedia::Mono { .. }), "{media:?}");
        scene
            .driver
            .tell(SwitchCommand::FindRecording { recording })
            .await;
        assert_eq!(scene.driver.recorded(recording).await, media);
        assert_message(&scene, &media).await;
    }
    let recording = scene.driver.tell(record(Span::ZERO)).await;
    scene
        .driver
        .expect(SwitchEvent::RecordingStarted { recording })
        .await;
    caller.line.speaks(1_500, DEADLINE).await;
    let cause = Cause::NormalClearing;
    let ended = channel.clone();
    scene
        .driver
        .tell(SwitchCommand::HangUp {
            channel: ended,
            cause,
        })
        .await;
    let media = scene.driver.recorded(recording).await;
    assert_message(&scene, &media).await;
}

async fn assert_message(scene: &Scene, media: &RecordedMedia) {
    let track = &tracks::fetch(&scene.driver, media).await[0];
    eprintln!("a message of {} ms", track.len() / 8);
    let share = share_of(CALLER_HZ, &track[..track.len().min(9_600)]);
    assert!(share > 0.9, "{share}");
}

#[tokio::test]
async fn a_phone_that_holds_and_resumes_is_told() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let holds = Agent::Holds {
        after_ms: 50,
        talks_ms: 1_500,
        holds_ms: 3_000,
    };
    let (agent, one) = scene.device(holds, 1001, Voice::Nothing).await;
    scene.bridge(&channel, &one).await;
    hears(&agent.line, &[CALLER_HZ], &[]).await;
    let held = SwitchEvent::Held {
        channel: one.clone(),
    };
    scene.driver.expect(held).await;
    hears(&caller.line, &[MUSIC_HZ], &[]).await;
    let unheld = SwitchEvent::Unheld {
        channel: one.clone(),
    };
    scene.driver.expect(unheld).await;
    agent.line.say(Voice::Tone { hz: AGENT_HZ });
    hears(&caller.line, &[AGENT_HZ], &[MUSIC_HZ]).await;
    scene.hang_up(&[&channel, &one]).await;
}

#[tokio::test]
async fn a_transfer_that_a_phone_asks_for_is_left_to_us_and_answered() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let asks = Agent::Transfers {
        after_ms: 50,
        talks_ms: 1_500,
        to: "1002",
    };
    let (agent, one) = scene.device(asks, 1001, Voice::Tone { hz: AGENT_HZ }).await;
    scene.bridge(&channel, &one).await;
    let asked = SwitchEvent::TransferAsked {
        channel: one.clone(),
        to: OutsideText::new("1002"),
        replaces: None,
    };
    scene.driver.expect(asked).await;
    // Nothing has happened yet.
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    let (other, two) = scene
        .device(PATIENT, 1002, Voice::Tone { hz: OTHER_HZ })
        .await;
    scene.bridge(&channel, &two).await;
    hears(&caller.line, &[OTHER_HZ], &[AGENT_HZ]).await;
    hears(&other.line, &[CALLER_HZ], &[]).await;
    scene.hang_up(&[&one]).await;
    let story = agent.story();
    assert!(story.contains("SIP/2.0 202"), "{story}");
    assert!(story.contains("\r\n\r\nSIP/2.0 200 OK"), "{story}");
    scene.hang_up(&[&channel, &two]).await;
}

#[tokio::test]
async fn a_phone_is_asked_to_answer_by_itself_and_a_number_outside_is_dialled() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (agent, one) = {
        let phone = PATIENT
            .at(scene.asterisk.phone_port(1001), Voice::Silent)
            .await;
        let leg = scene.ring(|ring| ring.auto_answer = true, 1001).await;
        scene.driver.expect_answered(&leg).await;
        (phone, leg)
    };
    let story = agent.story();
    assert!(
        story.contains("Call-Info: <sip:auto-answer>;answer-after=0"),
        "{story}"
    );
    assert!(
        story.contains("Alert-Info: <http://auto-answer>;info=alert-autoanswer"),
        "{story}"
    );
    scene.hang_up(&[&one]).await;

    let far = PATIENT
        .at(scene.asterisk.phone_port(1002), Voice::Silent)
        .await;
    let number = PhoneNumber::new("+8613800138000").unwrap();
    let outside = scene
        .ring(|ring| ring.to = Target::Number(number), 1002)
        .await;
    scene.driver.expect_answered(&outside).await;
    let story = far.story();
    assert!(
        story.contains("INVITE sip:+8613800138000@127.0.0.1:"),
        "{story}"
    );
    scene.hang_up(&[&outside]).await;
}

#[tokio::test]
async fn a_new_controller_finds_who_is_together_and_parts_them() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let (_agent, one) = scene
        .device(PATIENT, 1001, Voice::Tone { hz: AGENT_HZ })
        .await;
    let (_other, two) = scene
        .device(PATIENT, 1002, Voice::Tone { hz: OTHER_HZ })
        .await;
    let (third, three) = scene.device(PATIENT, 1003, Voice::Silent).await;
    scene.bridge(&channel, &one).await;
    scene.join(&two).await;
    scene.join(&three).await;
    let conference = scene.driver.call;
    let (driver, snapshot) = attach(&scene.asterisk).await;
    scene.driver = driver;
    assert_eq!(find(&snapshot, &channel).peer.as_ref(), Some(&one));
    assert_eq!(find(&snapshot, &two).conference, Some(conference));
    let part = SwitchCommand::Part {
        channel: channel.clone(),
        peer: one.clone(),
    };
    scene.driver.tell(part).await;
    scene.music(&channel).await;
    hears(&caller.line, &[MUSIC_HZ], &[AGENT_HZ]).await;
    hears(&third.line, &[OTHER_HZ], &[]).await;
    scene.driver.call = conference;
    scene.leave(&two).await;
    scene.hang_up(&[&channel, &one, &two, &three]).await;
    assert_eq!(scene.remains(), "");
}

#[tokio::test]
async fn an_asterisk_without_mailboxes_says_so_when_a_lamp_is_lit() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let lamp = SwitchCommand::SetLamp {
        mailbox: Extension::new("1001").unwrap(),
        new: 1,
        old: 0,
    };
    let lamp = scene.driver.order(lamp).await;
    match scene.driver.outcome(lamp).await {
        Outcome::Done => {
            let mailboxes = scene.asterisk.console("module show like res_ari_mailboxes");
            assert!(mailboxes.contains("Running"), "{mailboxes}");
        }
        outcome => {
            let said = format!("{outcome:?}");
            assert!(said.contains("res_mwi_external"), "{said}");
        }
    }
}
