//! The FreeSWITCH adapter on a real FreeSWITCH, with SIP phones that speak and
//! listen. Skipped without one; see `support/freeswitch.rs`.
//!
//! With `SWITCHYARD_TEST_ESL_CAPTURE=1` what the switch said is written to
//! `tests/fixtures/esl`, which other tests replay in every run.

mod support;

use support::audio::{ALIKE, ECHO_MS, Voice, lag, share_of};
use support::freeswitch::{Controller, NUMBER, SOON, Switch};
use support::phone::{Agent, Caller, free_port};
use switchyard::engine::cause::Cause;
use switchyard::engine::id::{ChannelId, CommandId, MusicClass, PromptId};
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::Span;
use switchyard::switch::{
    Arrival, ChannelState, DigitMethod, Extension, Language, LegVariable, LegVariables,
    RecordedMedia, Ring, SwitchCommand, SwitchEvent, Target,
};

#[tokio::test]
async fn a_caller_is_answered_told_queued_and_connected_to_an_agent() {
    let Some(switch) = Switch::for_test("the main scenario on FreeSWITCH").await else {
        return;
    };
    switch.prompt("greeting", 440.0, 1.0);
    switch.prompt("menu", 660.0, 30.0);
    let port = free_port();
    let behaviour = Agent::Answers {
        after_ms: 300,
        talks_ms: 4_000,
    };
    let mut agent = behaviour.at(port, Voice::Echo).await;
    let mut controller = switch.attach(&format!("127.0.0.1:{port}")).await;

    let speaking = Caller {
        info_key: Some('2'),
        info_after_ms: 3_000,
        ..Caller::default()
    };
    let mut caller = speaking
        .calls(&switch.sip, NUMBER, Voice::Bursts { hz: 300.0 })
        .await;
    let arrival = arrives(&mut controller).await;
    assert_eq!(arrival.state, ChannelState::Ringing);
    assert_eq!(arrival.dialled.as_str(), NUMBER);
    assert_eq!(arrival.caller_number.as_str(), "13800138000");
    assert_eq!(arrival.caller_name.as_str(), "Caller");
    let leg = arrival.channel;

    controller.does(guard(&leg, 60)).await;
    let variables = LegVariables::default()
        .with(LegVariable::Call, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .with(LegVariable::Dialled, NUMBER);
    let channel = leg.clone();
    controller
        .does(SwitchCommand::SetVariables { channel, variables })
        .await;
    controller
        .does(SwitchCommand::Answer {
            channel: leg.clone(),
        })
        .await;
    controller
        .sees_exactly(SwitchEvent::Answered {
            channel: leg.clone(),
        })
        .await;

    let greeting = play(&mut controller, &leg, "greeting").await;
    caller.line.hears_tone(440.0, 0, SOON).await.unwrap();
    finishes(&mut controller, &leg, greeting).await;

    let menu = play(&mut controller, &leg, "menu").await;
    let mark = caller.line.mark();
    caller.line.hears_tone(660.0, mark, SOON).await.unwrap();
    caller.line.press('1');
    assert_eq!(
        presses(&mut controller, &leg).await,
        ('1', DigitMethod::Rfc4733)
    );

    let class = MusicClass::new("moh").unwrap();
    controller
        .does(SwitchCommand::Music {
            channel: leg.clone(),
            class,
        })
        .await;
    finishes(&mut controller, &leg, menu).await;
    let mark = caller.line.mark();
    caller.line.hears_anything(mark, SOON).await.unwrap();
    assert_eq!(
        presses(&mut controller, &leg).await,
        ('2', DigitMethod::SipInfo)
    );

    let agent_leg = ring(&mut controller, &leg, "agent-of-the-main-scenario").await;
    controller
        .sees_exactly(SwitchEvent::Ringing {
            channel: agent_leg.clone(),
        })
        .await;
    controller
        .sees_exactly(SwitchEvent::Answered {
            channel: agent_leg.clone(),
        })
        .await;
    bridge(&mut controller, &leg, &agent_leg).await;
    let record = SwitchCommand::Record {
        caller: leg.clone(),
        agent: agent_leg.clone(),
    };
    let recording = controller.does(record).await;
    controller
        .sees_exactly(SwitchEvent::RecordingStarted { recording })
        .await;
    agent.line.hears_tone(300.0, 0, SOON).await.unwrap();

    // The agent hangs up; the caller's leg lives on.
    assert_eq!(
        controller.sees_hang_up(&agent_leg).await,
        Cause::NormalClearing
    );
    parted(&mut controller, &leg, &agent_leg).await;
    let media = controller
        .sees("the recording's end", |event| match event {
            SwitchEvent::RecordingFinished {
                recording: ended,
                media,
            } if *ended == recording => Some(media.clone()),
            _ => None,
        })
        .await;
    let again = play(&mut controller, &leg, "greeting").await;
    finishes(&mut controller, &leg, again).await;
    hang_up(&mut controller, &leg, Cause::NormalClearing).await;
    caller.ended(SOON).await.unwrap();
    agent_is_well(&mut agent);

    both_sides_are_heard(&controller, &switch, media).await;
    capture(&switch, "main");
}

/// The caller on the left; what the agent echoed on the right, a little later.
async fn both_sides_are_heard(controller: &Controller, switch: &Switch, media: RecordedMedia) {
    let RecordedMedia::Stereo { file } = media else {
        panic!("not stereo: {media:?}")
    };
    let copy = switch.folder.path().join("copy.wav");
    controller
        .link
        .media
        .fetch(&file, &copy)
        .await
        .expect("it is fetched");
    let mut wav = hound::WavReader::open(&copy).expect("a WAV file");
    assert_eq!(wav.spec().channels, 2);
    assert_eq!(wav.spec().sample_rate, 8_000);
    let samples: Vec<i16> = wav.samples::<i16>().map(Result::unwrap).collect();
    let left: Vec<i16> = samples.iter().step_by(2).copied().collect();
    let right: Vec<i16> = samples.iter().skip(1).step_by(2).copied().collect();
    assert!(left.len() > 8_000 * 2, "{} samples", left.len());
    assert!(
        share_of(300.0, &left) > 0.5,
        "caller: {}",
        share_of(300.0, &left)
    );
    assert!(
        share_of(300.0, &right) > 0.3,
        "agent: {}",
        share_of(300.0, &right)
    );
    let (late, likeness) = lag(&left, &right, 400);
    assert!(
        ECHO_MS.contains(&late) && likeness > ALIKE,
        "lag {late} ms, likeness {likeness}"
    );
    controller
        .link
        .media
        .discard(&file)
        .await
        .expect("it is discarded");
    assert!(controller.link.media.fetch(&file, &copy).await.is_err());
}

#[tokio::test]
async fn a_caller_gives_up_while_queued() {
    let Some(switch) = Switch::for_test("abandonment on FreeSWITCH").await else {
        return;
    };
    let mut controller = switch.attach("127.0.0.1:9").await;
    let impatient = Caller {
        stay_ms: 1_500,
        ..Caller::default()
    };
    let mut caller = impatient.calls(&switch.sip, NUMBER, Voice::Silent).await;
    let leg = is_queued(&mut controller).await;
    caller.line.hears_anything(0, SOON).await.unwrap();
    assert_eq!(controller.sees_hang_up(&leg).await, Cause::NormalClearing);
    caller.ended(SOON).await.unwrap();
    capture(&switch, "abandoned");
}

#[tokio::test]
async fn an_agent_does_not_answer_is_busy_or_declines() {
    for (name, behaviour, cause) in [
        ("no-answer", Agent::NoAnswer, Cause::NoAnswer),
        (
            "busy",
            Agent::Refuses {
                after_ms: 100,
                status: 486,
            },
            Cause::UserBusy,
        ),
        (
            "rejected",
            Agent::Refuses {
                after_ms: 100,
                status: 603,
            },
            Cause::Rejected,
        ),
    ] {
        let Some(switch) = Switch::for_test("an agent who does not answer").await else {
            return;
        };
        let port = free_port();
        let mut agent = behaviour.at(port, Voice::Silent).await;
        let mut controller = switch.attach(&format!("127.0.0.1:{port}")).await;
        let mut caller = Caller::default()
            .calls(&switch.sip, NUMBER, Voice::Silent)
            .await;
        let leg = is_queued(&mut controller).await;
        let agent_leg = ring(&mut controller, &leg, &format!("agent-{name}")).await;
        assert_eq!(controller.sees_hang_up(&agent_leg).await, cause, "{name}");
        hang_up(&mut controller, &leg, Cause::NormalClearing).await;
        caller.ended(SOON).await.unwrap();
        agent_is_well(&mut agent);
        capture(&switch, name);
    }
}

#[tokio::test]
async fn a_caller_hangs_up_while_an_agent_rings() {
    let Some(switch) = Switch::for_test("a caller who leaves an agent ringing").await else {
        return;
    };
    let port = free_port();
    let _agent = Agent::NoAnswer.at(port, Voice::Silent).await;
    let mut controller = switch.attach(&format!("127.0.0.1:{port}")).await;
    let impatient = Caller {
        stay_ms: 1_500,
        ..Caller::default()
    };
    let mut caller = impatient.calls(&switch.sip, NUMBER, Voice::Silent).await;
    let leg = is_queued(&mut controller).await;
    let agent_leg = ring(&mut controller, &leg, "agent-left-ringing").await;
    controller
        .sees_exactly(SwitchEvent::Ringing {
            channel: agent_leg.clone(),
        })
        .await;
    assert_eq!(controller.sees_hang_up(&leg).await, Cause::NormalClearing);
    hang_up(&mut controller, &agent_leg, Cause::OriginatorCancel).await;
    caller.ended(SOON).await.unwrap();
    capture(&switch, "caller-left-while-ringing");
}

#[tokio::test]
async fn an_unknown_number_is_refused_with_busy_unanswered() {
    let Some(switch) = Switch::for_test("refusal on FreeSWITCH").await else {
        return;
    };
    let mut controller = switch.attach("127.0.0.1:9").await;
    let mut caller = Caller::default().is_refused(&switch.sip, "4999", 486).await;
    let leg = arrives(&mut controller).await.channel;
    let channel = leg.clone();
    controller
        .does(SwitchCommand::Refuse {
            channel,
            cause: Cause::UserBusy,
        })
        .await;
    assert_eq!(controller.sees_hang_up(&leg).await, Cause::UserBusy);
    caller.ended(SOON).await.unwrap();
}

async fn arrives(controller: &mut Controller) -> Arrival {
    controller
        .sees("an arrival", |event| match event {
            SwitchEvent::Arrived(arrival) => Some(arrival.clone()),
            _ => None,
        })
        .await
}

/// A caller arrives, is answered and hears music.
async fn is_queued(controller: &mut Controller) -> ChannelId {
    let leg = arrives(controller).await.channel;
    controller.does(guard(&leg, 60)).await;
    controller
        .does(SwitchCommand::Answer {
            channel: leg.clone(),
        })
        .await;
    controller
        .sees_exactly(SwitchEvent::Answered {
            channel: leg.clone(),
        })
        .await;
    let class = MusicClass::new("moh").expect("a class");
    controller
        .does(SwitchCommand::Music {
            channel: leg.clone(),
            class,
        })
        .await;
    leg
}

fn guard(leg: &ChannelId, seconds: u32) -> SwitchCommand {
    SwitchCommand::Guard {
        channel: leg.clone(),
        after: Span::seconds(seconds),
    }
}

async fn play(controller: &mut Controller, leg: &ChannelId, prompt: &str) -> CommandId {
    let prompts = vec![PromptId::new(prompt).expect("a prompt")];
    let channel = leg.clone();
    controller
        .does(SwitchCommand::Play {
            channel,
            prompts,
            language: Language::English,
        })
        .await
}

async fn finishes(controller: &mut Controller, leg: &ChannelId, playback: CommandId) {
    let channel = leg.clone();
    controller
        .sees_exactly(SwitchEvent::PlaybackFinished { channel, playback })
        .await;
}

async fn presses(controller: &mut Controller, leg: &ChannelId) -> (char, DigitMethod) {
    controller
        .sees("a digit", |event| match event {
            SwitchEvent::Digit { channel, digit } if channel == leg => {
                Some((digit.key.into(), digit.method))
            }
            _ => None,
        })
        .await
}

async fn ring(controller: &mut Controller, leg: &ChannelId, name: &str) -> ChannelId {
    let channel = ChannelId::new(name).expect("an id");
    let ring = Ring {
        channel: channel.clone(),
        to: Target::Extension(Extension::new("1001").expect("an extension")),
        auto_answer: false,
        caller_number: OutsideText::new("13800138000"),
        caller_name: OutsideText::new("O'Brien, \"Bob\" ${hostname}\r\nInjected: 1"),
        timeout: Span::seconds(3),
        variables: LegVariables::default().with(LegVariable::Role, "agent"),
        originator: Some(leg.clone()),
    };
    controller.does(SwitchCommand::Ring(ring)).await;
    channel
}

async fn bridge(controller: &mut Controller, leg: &ChannelId, peer: &ChannelId) {
    let (channel, peer) = (leg.clone(), peer.clone());
    controller
        .does(SwitchCommand::Bridge {
            channel: channel.clone(),
            peer: peer.clone(),
        })
        .await;
    controller
        .sees_exactly(SwitchEvent::Bridged { channel, peer })
        .await;
}

async fn parted(controller: &mut Controller, leg: &ChannelId, peer: &ChannelId) {
    let (channel, peer) = (leg.clone(), peer.clone());
    controller
        .sees_exactly(SwitchEvent::Unbridged { channel, peer })
        .await;
}

async fn hang_up(controller: &mut Controller, leg: &ChannelId, cause: Cause) {
    controller
        .does(SwitchCommand::HangUp {
            channel: leg.clone(),
            cause,
        })
        .await;
    assert_eq!(controller.sees_hang_up(leg).await, cause);
}

/// The agent's phone saw nothing it did not expect.
fn agent_is_well(agent: &mut support::phone::Phone) {
    let story = agent.story();
    assert!(!story.contains("Aborting call"), "{story}");
}

/// Keeps what the switch said on the connection for events.
fn capture(switch: &Switch, name: &str) {
    if std::env::var_os("SWITCHYARD_TEST_ESL_CAPTURE").is_some() {
        support::fixture::keep(name, &switch.recorder.said(0), switch.folder.path());
    }
}
