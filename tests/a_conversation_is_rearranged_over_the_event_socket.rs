//! Legs that are parted, joined, transferred, supervised, recorded and held on a
//! real FreeSWITCH. Each phone says a tone of its own, and who hears which is
//! measured in the RTP they receive. Skipped without a switch; see
//! `support/freeswitch.rs`.

mod support;

use support::audio::{Voice, loudness, share_of};
use support::freeswitch::{Controller, NUMBER, SOON, Switch};
use support::hearing::{Hears, hear_only};
use support::phone::{Agent, Caller, Phone, free_port};
use switchyard::engine::cause::Cause;
use switchyard::engine::id::{CallId, ChannelId, PromptId};
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::Span;
use switchyard::switch::{
    Extension, Failure, Key, Language, LegVariables, LiveLeg, Outcome, PhoneNumber, RecordedMedia,
    Ring, SupervisionMode, SwitchCommand, SwitchEvent, Target,
};
use ulid::Ulid;

/// The tone of the prompt, and those of the caller, the agent and the third party.
const PROMPT: f64 = 1_100.0;
const CALLER: f64 = 300.0;
const AGENT: f64 = 500.0;
const THIRD: f64 = 700.0;
const ALL: [f64; 4] = [PROMPT, CALLER, AGENT, THIRD];

const TALKS: Agent = Agent::Answers {
    after_ms: 100,
    talks_ms: 60_000,
};

/// A caller, an agent and somebody outside, each answered, alone and in silence.
struct Party {
    controller: Controller,
    caller: Phone,
    agent: Phone,
    third: Phone,
    caller_leg: ChannelId,
    agent_leg: ChannelId,
    third_leg: ChannelId,
    switch: Switch,
}

impl Party {
    async fn of(name: &str, agent: Agent) -> Option<Party> {
        let switch = Switch::for_test(name).await?;
        switch.prompt("tone", PROMPT, 1.0);
        switch.prompt("long-tone", PROMPT, 30.0);
        let (inside, outside) = (free_port(), free_port());
        let agent = agent.at(inside, Voice::Tone { hz: AGENT }).await;
        let third = TALKS.at(outside, Voice::Tone { hz: THIRD }).await;
        let mut settings = switch.settings(&format!("127.0.0.1:{inside}"));
        settings.outbound = Some(format!("sofia/internal/{{number}}@127.0.0.1:{outside}"));
        let mut controller = switch.attach_with(&settings).await;
        let voice = Voice::Tone { hz: CALLER };
        let caller = Caller::default().calls(&switch.sip, NUMBER, voice).await;
        let caller_leg = arrives(&mut controller).await;
        let guard = SwitchCommand::Guard {
            channel: caller_leg.clone(),
            after: Span::seconds(120),
        };
        controller.does(guard).await;
        let channel = caller_leg.clone();
        controller.does(SwitchCommand::Answer { channel }).await;
        answered(&mut controller, &caller_leg).await;
        // Last, because a phone that holds does so soon after its answer.
        let outside = PhoneNumber::new("10086").expect("a number");
        let third_leg = rings(&mut controller, "third-leg", Target::Number(outside)).await;
        let inside = Extension::new("1001").expect("an extension");
        let agent_leg = rings(&mut controller, "agent-leg", Target::Extension(inside)).await;
        let mut party = Party {
            controller,
            caller,
            agent,
            third,
            caller_leg,
            agent_leg,
            third_leg,
            switch,
        };
        for leg in [&party.caller_leg, &party.third_leg, &party.agent_leg] {
            // A phone says nothing before it has heard something.
            plays(&mut party.controller, leg, "tone").await;
        }
        for phone in [&party.caller, &party.third, &party.agent] {
            let heard = phone.line.hears_tone(PROMPT, 0, SOON).await;
            heard.expect("the prompt is heard");
        }
        for _ in 0..3 {
            let ended = |event: &SwitchEvent| {
                matches!(event, SwitchEvent::PlaybackFinished { .. }).then_some(())
            };
            party.controller.sees("a prompt's end", ended).await;
        }
        Some(party)
    }

    /// Waits until each hears these tones and no others.
    async fn hear(&self, caller: &[f64], agent: &[f64], third: &[f64]) {
        let all = [
            hears("the caller", &self.caller, caller),
            hears("the agent", &self.agent, agent),
            hears("the third", &self.third, third),
        ];
        hear_only(&ALL, &all).await;
    }

    async fn answers_transfer(&mut self, phone: &ChannelId, peer: &ChannelId, granted: bool) {
        let answer = SwitchCommand::AnswerTransfer {
            channel: phone.clone(),
            peer: Some(peer.clone()),
            granted,
        };
        self.controller.does(answer).await;
    }

    async fn bridge(&mut self, channel: ChannelId, peer: ChannelId) {
        let command = SwitchCommand::Bridge {
            channel: channel.clone(),
            peer: peer.clone(),
        };
        self.controller.does(command).await;
        let bridged = SwitchEvent::Bridged { channel, peer };
        self.controller.sees_exactly(bridged).await;
    }

    async fn parted(&mut self, channel: &ChannelId, peer: &ChannelId) {
        let (channel, peer) = (channel.clone(), peer.clone());
        let unbridged = SwitchEvent::Unbridged { channel, peer };
        self.controller.sees_exactly(unbridged).await;
    }

    async fn supervises(&mut self, mode: SupervisionMode) {
        let command = SwitchCommand::Supervise {
            channel: self.third_leg.clone(),
            target: self.agent_leg.clone(),
            mode,
        };
        self.controller.does(command).await;
    }

    /// What the switch says of the three legs: caller, agent, third.
    async fn examine(&mut self) -> Vec<LiveLeg> {
        let legs = [&self.caller_leg, &self.agent_leg, &self.third_leg];
        let channels = legs.map(Clone::clone).to_vec();
        self.controller
            .does(SwitchCommand::Examine { channels })
            .await;
        let examined = |event: &SwitchEvent| match event {
            SwitchEvent::Examined(found) => Some(found.legs.clone()),
            _ => None,
        };
        self.controller.sees("an examination", examined).await
    }

    /// Every leg still lives, and ends when told to.
    async fn all_end(mut self) {
        for leg in [&self.caller_leg, &self.agent_leg, &self.third_leg] {
            let command = SwitchCommand::HangUp {
                channel: leg.clone(),
                cause: Cause::NormalClearing,
            };
            self.controller.does(command).await;
            let cause = self.controller.sees_hang_up(leg).await;
            assert_eq!(cause, Cause::NormalClearing);
        }
        let ended = self.caller.ended(SOON).await;
        ended.expect("the caller's phone is well");
        for phone in [&self.agent, &self.third] {
            let story = phone.story();
            assert!(!story.contains("Aborting call"), "{story}");
        }
        // Nothing that we did ourselves was taken for a leg that is handed to us.
        let handed = |event: &&SwitchEvent| matches!(event, SwitchEvent::Arrived(_));
        assert_eq!(self.controller.story.iter().filter(handed).count(), 1);
        let answered = |event: &&SwitchEvent| matches!(event, SwitchEvent::Answered { .. });
        assert_eq!(self.controller.story.iter().filter(answered).count(), 3);
    }
}

#[tokio::test]
async fn two_legs_part_and_each_is_bridged_to_another() {
    let Some(mut party) = Party::of("parting on FreeSWITCH", TALKS).await else {
        return;
    };
    let [caller, agent, third] =
        [&party.caller_leg, &party.agent_leg, &party.third_leg].map(Clone::clone);
    party.bridge(caller.clone(), agent.clone()).await;
    party.hear(&[AGENT], &[CALLER], &[]).await;

    let part = SwitchCommand::Part {
        channel: caller.clone(),
        peer: agent.clone(),
    };
    party.controller.does(part).await;
    party.parted(&caller, &agent).await;
    let found = party.examine().await;
    assert!(found.iter().all(|leg| leg.peer.is_none()), "{found:#?}");
    plays(&mut party.controller, &caller, "long-tone").await;
    party.hear(&[PROMPT], &[], &[]).await;

    // A consultation, and back.
    party.bridge(agent.clone(), third.clone()).await;
    party.hear(&[PROMPT], &[THIRD], &[AGENT]).await;
    party.bridge(caller.clone(), agent.clone()).await;
    party.hear(&[AGENT], &[CALLER], &[]).await;

    // A transfer: what is left lives on in silence.
    party.bridge(caller.clone(), third.clone()).await;
    party.hear(&[THIRD], &[], &[CALLER]).await;
    let peers = party.examine().await.into_iter().map(|leg| leg.peer);
    let expected = [Some(third.clone()), None, Some(caller)];
    assert_eq!(peers.collect::<Vec<_>>(), expected);

    let digits = "18*#".chars().map(|key| Key::try_from(key).expect("a key"));
    let command = SwitchCommand::SendDigits {
        channel: third,
        digits: digits.collect(),
    };
    party.controller.does(command).await;
    let sent = party.third.line.is_sent("18*#", SOON).await;
    sent.expect("the keys arrive");
    party.all_end().await;
}

#[tokio::test]
async fn three_confer_and_one_after_the_other_leaves() {
    let Some(mut party) = Party::of("a conference on FreeSWITCH", TALKS).await else {
        return;
    };
    let [caller, agent, third] =
        [&party.caller_leg, &party.agent_leg, &party.third_leg].map(Clone::clone);
    let conference = CallId::from_ulid(Ulid::from_parts(1, 77));
    party.bridge(caller.clone(), agent.clone()).await;
    for channel in [&third, &agent, &caller].map(Clone::clone) {
        let join = SwitchCommand::Join {
            channel: channel.clone(),
            conference,
        };
        party.controller.does(join).await;
        let joined = SwitchEvent::Joined {
            channel,
            conference,
        };
        party.controller.sees_exactly(joined).await;
    }
    party.parted(&caller, &agent).await;
    party
        .hear(&[AGENT, THIRD], &[CALLER, THIRD], &[CALLER, AGENT])
        .await;
    let found = party.examine().await;
    let inside = |leg: &LiveLeg| leg.conference == Some(conference) && leg.peer.is_none();
    assert!(found.iter().all(inside), "{found:#?}");
    // Keys are told, and do not mute or hang up.
    for key in ['0', '#'] {
        party.caller.line.press(key);
        let told = |event: &SwitchEvent| match event {
            SwitchEvent::Digit { digit, .. } => Some(char::from(digit.key)),
            _ => None,
        };
        assert_eq!(party.controller.sees("a key", told).await, key);
    }

    let leave = SwitchCommand::Leave {
        channel: agent.clone(),
        conference,
    };
    party.controller.does(leave).await;
    let left = |channel: &ChannelId| SwitchEvent::Left {
        channel: channel.clone(),
        conference,
    };
    party.controller.sees_exactly(left(&agent)).await;
    party.hear(&[THIRD], &[], &[CALLER]).await;
    let conferences = party.examine().await.into_iter().map(|leg| leg.conference);
    let expected = [Some(conference), None, Some(conference)];
    assert_eq!(conferences.collect::<Vec<_>>(), expected);

    // A bridge takes a leg out; the last one is alone in silence.
    party.bridge(third.clone(), agent.clone()).await;
    party.controller.sees_exactly(left(&third)).await;
    party.hear(&[], &[THIRD], &[AGENT]).await;
    party.all_end().await;
}

#[tokio::test]
async fn two_who_talk_enter_a_conference_at_once() {
    let Some(mut party) = Party::of("a conference at once on FreeSWITCH", TALKS).await else {
        return;
    };
    let [caller, agent, third] =
        [&party.caller_leg, &party.agent_leg, &party.third_leg].map(Clone::clone);
    let conference = CallId::from_ulid(Ulid::from_parts(1, 78));
    party.bridge(agent.clone(), third.clone()).await;
    party.hear(&[], &[THIRD], &[AGENT]).await;
    // Not one after the other: each is ordered before the one before is done.
    for channel in [caller, agent, third] {
        let join = SwitchCommand::Join {
            channel,
            conference,
        };
        party.controller.order(join).await;
    }
    party
        .hear(&[AGENT, THIRD], &[CALLER, THIRD], &[CALLER, AGENT])
        .await;
    party.all_end().await;
}

#[tokio::test]
async fn a_supervisor_listens_whispers_and_barges_in() {
    let Some(mut party) = Party::of("supervision on FreeSWITCH", TALKS).await else {
        return;
    };
    let [caller, agent, third] =
        [&party.caller_leg, &party.agent_leg, &party.third_leg].map(Clone::clone);
    party.bridge(caller, agent.clone()).await;
    party.supervises(SupervisionMode::Listen).await;
    party.hear(&[AGENT], &[CALLER], &[CALLER, AGENT]).await;
    party.supervises(SupervisionMode::Whisper).await;
    party
        .hear(&[AGENT], &[CALLER, THIRD], &[CALLER, AGENT])
        .await;
    party.supervises(SupervisionMode::Barge).await;
    party
        .hear(&[AGENT, THIRD], &[CALLER, THIRD], &[CALLER, AGENT])
        .await;
    party.supervises(SupervisionMode::Listen).await;
    party.hear(&[AGENT], &[CALLER], &[CALLER, AGENT]).await;

    let channel = third.clone();
    party
        .controller
        .does(SwitchCommand::Silence { channel })
        .await;
    party.hear(&[AGENT], &[CALLER], &[]).await;

    // The supervisor's leg outlives whom it listened to.
    party.supervises(SupervisionMode::Barge).await;
    party
        .hear(&[AGENT, THIRD], &[CALLER, THIRD], &[CALLER, AGENT])
        .await;
    let command = SwitchCommand::HangUp {
        channel: agent.clone(),
        cause: Cause::NormalClearing,
    };
    party.controller.does(command).await;
    party.controller.sees_hang_up(&agent).await;
    plays(&mut party.controller, &third, "long-tone").await;
    party.hear(&[], &[], &[PROMPT]).await;
    let nobody = SwitchCommand::Supervise {
        channel: third,
        target: agent,
        mode: SupervisionMode::Listen,
    };
    let refused = party.controller.order(nobody).await;
    let outcome = party.controller.outcome(refused).await;
    let why = Failure::NoSuchChannel;
    assert!(
        matches!(outcome, Outcome::Failed { why: told, .. } if told == why),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_message_is_recorded_until_its_speaker_is_silent() {
    let Some(mut party) = Party::of("a message on FreeSWITCH", TALKS).await else {
        return;
    };
    let channel = party.caller_leg.clone();
    let command = SwitchCommand::RecordMessage {
        channel,
        max: Span::seconds(60),
        silence: Span::seconds(2),
    };
    let recording = party.controller.does(command).await;
    let started = SwitchEvent::RecordingStarted { recording };
    party.controller.sees_exactly(started).await;
    // Long enough to be kept; measured by another's ear, since time passes alike for both.
    plays(&mut party.controller, &party.third_leg, "long-tone").await;
    let mark = party.third.line.mark();
    let two_seconds = mark + 16_000;
    let heard = party.third.line.hears_tone(PROMPT, two_seconds, SOON).await;
    heard.expect("the prompt is heard");
    party.caller.line.say(Voice::Silent);
    let finished = |event: &SwitchEvent| match event {
        SwitchEvent::RecordingFinished {
            recording: ended,
            media,
        } if *ended == recording => Some(media.clone()),
        _ => None,
    };
    let media = party.controller.sees("the end", finished).await;
    // A controller that missed the end finds the same.
    party
        .controller
        .does(SwitchCommand::FindRecording { recording })
        .await;
    assert_eq!(party.controller.sees("the same", finished).await, media);

    let RecordedMedia::Mono { file } = media else {
        panic!("not mono: {media:?}")
    };
    let copy = party.switch.folder.path().join("copy.wav");
    let source = &party.controller.link.media;
    source.fetch(&file, &copy).await.expect("it is fetched");
    let mut wav = hound::WavReader::open(&copy).expect("a WAV file");
    assert_eq!(wav.spec().channels, 1);
    let samples: Vec<i16> = wav
        .samples::<i16>()
        .map(|sample| sample.expect("a sample"))
        .collect();
    let spoken = &samples[..8_000];
    let (share, level) = (share_of(CALLER, spoken), loudness(spoken));
    assert!(share > 0.5 && level > 200.0, "{share} at {level}");
    party.all_end().await;
}

#[tokio::test]
async fn a_hold_key_is_told_and_the_switch_plays_music_meanwhile() {
    let holds = Agent::Holds {
        after_ms: 100,
        talks_ms: 6_000,
        holds_ms: 6_000,
    };
    let Some(mut party) = Party::of("a hold key on FreeSWITCH", holds).await else {
        return;
    };
    let [caller, agent] = [&party.caller_leg, &party.agent_leg].map(Clone::clone);
    party.bridge(caller, agent.clone()).await;
    party.hear(&[AGENT], &[CALLER], &[]).await;
    let channel = agent.clone();
    party
        .controller
        .sees_exactly(SwitchEvent::Held { channel })
        .await;
    let mark = party.caller.line.mark();
    let music = party.caller.line.hears_speech(mark, SOON).await;
    music.expect("music is heard");
    let channel = agent.clone();
    party
        .controller
        .sees_exactly(SwitchEvent::Unheld { channel })
        .await;
    party.hear(&[AGENT], &[CALLER], &[]).await;
    party.all_end().await;
}

#[tokio::test]
async fn a_caller_on_hold_outlives_the_agent_who_is_bridged_away() {
    let holds = Agent::Holds {
        after_ms: 100,
        talks_ms: 4_000,
        holds_ms: 60_000,
    };
    let Some(mut party) = Party::of("leaving somebody on hold on FreeSWITCH", holds).await else {
        return;
    };
    let [caller, agent, third] =
        [&party.caller_leg, &party.agent_leg, &party.third_leg].map(Clone::clone);
    party.bridge(caller.clone(), agent.clone()).await;
    let channel = agent.clone();
    party
        .controller
        .sees_exactly(SwitchEvent::Held { channel })
        .await;
    party.bridge(agent.clone(), third).await;
    party.parted(&caller, &agent).await;
    plays(&mut party.controller, &caller, "long-tone").await;
    // The agent's phone takes nothing while it holds.
    party.hear(&[PROMPT], &[], &[AGENT]).await;
    party.all_end().await;
}

fn hears<'a>(who: &'a str, phone: &'a Phone, tones: &'a [f64]) -> Hears<'a> {
    let line = &phone.line;
    Hears { who, line, tones }
}

#[tokio::test]
async fn a_caller_on_hold_outlives_the_agent_who_hangs_up() {
    let holds = Agent::Holds {
        after_ms: 100,
        talks_ms: 4_000,
        holds_ms: 60_000,
    };
    let Some(mut party) = Party::of("hanging up on hold on FreeSWITCH", holds).await else {
        return;
    };
    let [caller, agent] = [&party.caller_leg, &party.agent_leg].map(Clone::clone);
    party.bridge(caller.clone(), agent.clone()).await;
    let channel = agent.clone();
    party
        .controller
        .sees_exactly(SwitchEvent::Held { channel })
        .await;
    let command = SwitchCommand::HangUp {
        channel: agent.clone(),
        cause: Cause::NormalClearing,
    };
    party.controller.does(command).await;
    party.controller.sees_hang_up(&agent).await;
    party.parted(&caller, &agent).await;
    plays(&mut party.controller, &caller, "long-tone").await;
    party.hear(&[PROMPT], &[], &[]).await;
}

#[tokio::test]
async fn a_transfer_that_a_phone_asks_for_waits_for_a_decision() {
    let refers = Agent::Transfers {
        after_ms: 100,
        talks_ms: 5_000,
        holds_ms: 0,
        to: "1002",
    };
    let Some(mut party) = Party::of("a REFER on FreeSWITCH", refers).await else {
        return;
    };
    let [caller, agent, third] =
        [&party.caller_leg, &party.agent_leg, &party.third_leg].map(Clone::clone);
    party.bridge(caller.clone(), agent.clone()).await;
    party.hear(&[AGENT], &[CALLER], &[]).await;
    party.parted(&caller, &agent).await;
    let asked = SwitchEvent::TransferAsked {
        channel: agent.clone(),
        to: OutsideText::new("1002"),
        replaces: None,
    };
    party.controller.sees_exactly(asked).await;
    plays(&mut party.controller, &caller, "long-tone").await;
    party.hear(&[PROMPT], &[], &[]).await;
    // It's granted, to somebody else than was asked for.
    party.answers_transfer(&agent, &caller, true).await;
    party.bridge(caller, third).await;
    party.hear(&[THIRD], &[], &[CALLER]).await;
    let told = party.agent.story();
    party.all_end().await;
    assert!(told.contains("\r\n\r\nSIP/2.0 200 OK"), "{told}");
}

#[tokio::test]
async fn a_transfer_that_a_phone_asks_for_is_refused_and_the_two_talk_on() {
    let refers = Agent::Transfers {
        after_ms: 100,
        talks_ms: 5_000,
        holds_ms: 0,
        to: "95588",
    };
    let Some(mut party) = Party::of("a refused REFER on FreeSWITCH", refers).await else {
        return;
    };
    let [caller, agent] = [&party.caller_leg, &party.agent_leg].map(Clone::clone);
    party.bridge(caller.clone(), agent.clone()).await;
    party.hear(&[AGENT], &[CALLER], &[]).await;
    party.parted(&caller, &agent).await;
    let asked =
        |event: &SwitchEvent| matches!(event, SwitchEvent::TransferAsked { .. }).then_some(());
    party.controller.sees("a REFER", asked).await;
    party.answers_transfer(&agent, &caller, false).await;
    let again = |event: &SwitchEvent| matches!(event, SwitchEvent::Bridged { .. }).then_some(());
    party.controller.sees("the two together", again).await;
    party.hear(&[AGENT], &[CALLER], &[]).await;
    // Longer than the timer that came with the REFER.
    let mark = party.caller.line.mark();
    party.caller.line.listens(mark, 12_000, SOON).await;
    party.hear(&[AGENT], &[CALLER], &[]).await;
    let told = party.agent.story();
    assert!(told.contains("\r\n\r\nSIP/2.0 403"), "{told}");
    party.all_end().await;
}

async fn arrives(controller: &mut Controller) -> ChannelId {
    let arrived = |event: &SwitchEvent| match event {
        SwitchEvent::Arrived(arrival) => Some(arrival.channel.clone()),
        _ => None,
    };
    controller.sees("an arrival", arrived).await
}

async fn answered(controller: &mut Controller, leg: &ChannelId) {
    let channel = leg.clone();
    controller
        .sees_exactly(SwitchEvent::Answered { channel })
        .await;
}

async fn plays(controller: &mut Controller, leg: &ChannelId, prompt: &str) {
    let command = SwitchCommand::Play {
        channel: leg.clone(),
        prompts: vec![PromptId::new(prompt).expect("a prompt")],
        language: Language::English,
    };
    controller.does(command).await;
}

/// Rings a phone that answers.
async fn rings(controller: &mut Controller, name: &str, to: Target) -> ChannelId {
    let channel = ChannelId::new(name).expect("an id");
    let ring = Ring {
        channel: channel.clone(),
        to,
        auto_answer: true,
        caller_number: OutsideText::new("13800138000"),
        caller_name: OutsideText::default(),
        timeout: Span::seconds(10),
        variables: LegVariables::default(),
        originator: None,
    };
    controller.does(SwitchCommand::Ring(ring)).await;
    answered(controller, &channel).await;
    channel
}
