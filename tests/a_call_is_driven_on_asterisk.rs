//! The Asterisk adapter driven by hand against the real switch.

mod support;

use support::asterisk::Asterisk;
use support::audio::{ALIKE, ECHO_MS, Voice, is_whole, lag, loudness};
use support::phone::{Agent, Caller};
use support::switch::{DEADLINE, Driver};
use support::tracks;
use switchyard::clock::now;
use switchyard::engine::cause::Cause;
use switchyard::engine::id::{ChannelId, MusicClass, PromptId};
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::Span;
use switchyard::switch::{
    ChannelState, Extension, Key, Language, LegVariable, LegVariables, RecordedMedia, Ring,
    SwitchCommand, SwitchEvent, Target,
};
use tokio::sync::Mutex;

/// Only one controller can have the application at a time.
static APPLICATION: Mutex<()> = Mutex::const_new(());

async fn attach(asterisk: &Asterisk) -> Driver {
    let settings = asterisk.settings.clone();
    let start = move |inbox| switchyard::switch::asterisk::start(&settings, inbox);
    let (mut driver, snapshot) = Driver::attach("asterisk", start).await;
    for leg in snapshot.legs {
        let channel = leg.arrival.channel;
        let cause = Cause::NormalClearing;
        driver.order(SwitchCommand::HangUp { channel, cause }).await;
    }
    driver
}

fn a_ring(channel: &ChannelId, extension: &str, originator: &ChannelId) -> SwitchCommand {
    SwitchCommand::Ring(Ring {
        channel: channel.clone(),
        to: Target::Extension(Extension::new(extension).expect("an extension")),
        auto_answer: false,
        caller_number: OutsideText::new("13800138000"),
        caller_name: OutsideText::new("Zhang \"San\", ${EXTEN}\r\nX-Evil: 1"),
        timeout: Span::seconds(2),
        variables: LegVariables::default().with(LegVariable::Role, "agent"),
        originator: Some(originator.clone()),
    })
}

fn fresh_channel() -> ChannelId {
    ChannelId::new(&ulid::Ulid::new().to_string()).expect("an id")
}

#[tokio::test]
async fn a_refused_caller_sees_busy_and_is_never_answered() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let mut driver = attach(&asterisk).await;
    let mut caller = Caller::default()
        .is_refused(&asterisk.sip, "4999", 486)
        .await;
    let arrival = driver.arrival().await;
    assert_eq!(arrival.state, ChannelState::Ringing);
    assert_eq!(arrival.dialled.as_str(), "4999");
    assert_eq!(arrival.caller_number.as_str(), "13800138000");
    let channel = arrival.channel;
    let cause = Cause::UserBusy;
    let refuse = SwitchCommand::Refuse {
        channel: channel.clone(),
        cause,
    };
    driver.tell(refuse).await;
    driver.expect(SwitchEvent::HungUp { channel, cause }).await;
    caller.ended(DEADLINE).await.unwrap();
}

#[tokio::test]
async fn a_caller_hears_prompts_and_music_presses_keys_and_talks_to_an_agent() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let mut driver = attach(&asterisk).await;
    let agent = Agent::Answers {
        after_ms: 300,
        talks_ms: 6_000,
    };
    let agent = agent.at(asterisk.phone_port(1001), Voice::Echo).await;
    let who = Caller {
        info_key: Some('7'),
        info_after_ms: 500,
        ..Caller::default()
    };
    let caller = who.calls(&asterisk.sip, "4001", Voice::Silent).await;

    let channel = driver.arrival().await.channel;
    driver
        .tell(SwitchCommand::Guard {
            channel: channel.clone(),
            after: Span::seconds(30),
        })
        .await;
    driver
        .tell(SwitchCommand::Answer {
            channel: channel.clone(),
        })
        .await;
    driver.expect_answered(&channel).await;
    let prompts = ["welcome", "menu"].map(|prompt| PromptId::new(prompt).unwrap());
    let playback = driver
        .tell(SwitchCommand::Play {
            channel: channel.clone(),
            prompts: prompts.into(),
            language: Language::English,
        })
        .await;
    caller.line.hears_anything(0, DEADLINE).await.unwrap();
    let digit = |key| {
        move |event: &SwitchEvent| match event {
            SwitchEvent::Digit { digit, .. } => {
                (digit.key == Key::try_from(key).unwrap()).then_some(())
            }
            _ => None,
        }
    };
    driver.happens("7 by SIP INFO", digit('7')).await;
    caller.line.press('5');
    driver.happens("5 by RFC 4733", digit('5')).await;
    driver
        .expect(SwitchEvent::PlaybackFinished {
            channel: channel.clone(),
            playback,
        })
        .await;

    let class = MusicClass::new("default").unwrap();
    driver
        .tell(SwitchCommand::Music {
            channel: channel.clone(),
            class,
        })
        .await;
    caller
        .line
        .hears_tone(440.0, caller.line.mark(), DEADLINE)
        .await
        .unwrap();

    let leg = fresh_channel();
    driver.tell(a_ring(&leg, "1001", &channel)).await;
    driver
        .expect(SwitchEvent::Ringing {
            channel: leg.clone(),
        })
        .await;
    driver.expect_answered(&leg).await;
    assert!(!agent.story().contains("\r\nX-Evil"), "{}", agent.story());
    driver
        .tell(SwitchCommand::Bridge {
            channel: channel.clone(),
            peer: leg.clone(),
        })
        .await;
    driver
        .expect(SwitchEvent::Bridged {
            channel: channel.clone(),
            peer: leg.clone(),
        })
        .await;
    let recording = driver
        .tell(SwitchCommand::Record {
            caller: channel.clone(),
            agent: leg.clone(),
        })
        .await;
    driver
        .expect(SwitchEvent::RecordingStarted { recording })
        .await;
    let recorded_since = now();
    let (of_caller, of_agent) = (caller.line.mark(), agent.line.mark());
    caller.line.say(Voice::Bursts { hz: 700.0 });
    agent
        .line
        .hears_tone(700.0, of_agent, DEADLINE)
        .await
        .unwrap();
    caller
        .line
        .hears_tone(700.0, of_caller, DEADLINE)
        .await
        .unwrap();

    driver
        .expect(SwitchEvent::Unbridged {
            channel: channel.clone(),
            peer: leg.clone(),
        })
        .await;
    let lasted = now().since(recorded_since);
    let cause = Cause::NormalClearing;
    let media = driver
        .happens("the recording", |event| match event {
            SwitchEvent::RecordingFinished { media, .. } => Some(media.clone()),
            _ => None,
        })
        .await;
    driver
        .tell(SwitchCommand::Music {
            channel: channel.clone(),
            class: MusicClass::new("default").unwrap(),
        })
        .await;
    caller
        .line
        .hears_tone(440.0, caller.line.mark(), DEADLINE)
        .await
        .unwrap();
    driver
        .tell(SwitchCommand::HangUp {
            channel: channel.clone(),
            cause,
        })
        .await;
    driver.expect(SwitchEvent::HungUp { channel, cause }).await;
    assert_aligned(&driver, media, lasted).await;
}

/// The agent's side holds the echo of what the caller said, at the same place,
/// in a recording of a conversation that lasted so long.
async fn assert_aligned(driver: &Driver, media: RecordedMedia, lasted: Span) {
    let RecordedMedia::Pair { agent_lag, .. } = media else {
        panic!("{media:?} is not a pair");
    };
    let tracks = tracks::fetch(driver, &media).await;
    assert!(loudness(&tracks[0]) > 200.0 && loudness(&tracks[1]) > 200.0);
    let shorter = tracks[0].len().min(tracks[1].len()) as i64 / 8;
    if !is_whole(shorter, lasted.as_millis() as i64) {
        return;
    }
    let (measured, likeness) = lag(&tracks[0], &tracks[1], 500);
    let lag = measured + agent_lag.0;
    eprintln!(
        "the echo lags {lag} ms ({measured} in the tracks, which began {} ms apart), likeness {likeness:.2}; tracks of {} and {} ms",
        agent_lag.0,
        tracks[0].len() / 8,
        tracks[1].len() / 8
    );
    assert!(ECHO_MS.contains(&lag), "the echo lags {lag} ms");
    assert!(likeness > ALIKE, "{likeness}");
}

#[tokio::test]
async fn an_agent_who_does_not_take_the_call_is_told_by_the_cause() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let mut driver = attach(&asterisk).await;
    let (after_ms, silent) = (100, Voice::Silent);
    let busy = Agent::Refuses {
        after_ms,
        status: 486,
    };
    let _busy = busy.at(asterisk.phone_port(1002), silent).await;
    let declines = Agent::Refuses {
        after_ms,
        status: 603,
    };
    let _declines = declines.at(asterisk.phone_port(1003), silent).await;
    let _no_answer = Agent::NoAnswer.at(asterisk.phone_port(1004), silent).await;
    let _caller = Caller::default().calls(&asterisk.sip, "4001", silent).await;
    let caller = driver.arrival().await.channel;
    let expected = [
        ("1002", Cause::UserBusy),
        ("1003", Cause::Rejected),
        ("1004", Cause::NoAnswer),
    ];
    for (extension, cause) in expected {
        let channel = fresh_channel();
        driver.tell(a_ring(&channel, extension, &caller)).await;
        driver.expect(SwitchEvent::HungUp { channel, cause }).await;
    }
    // Nobody has registered there.
    let nobody = fresh_channel();
    driver.order(a_ring(&nobody, "1999", &caller)).await;
    driver
        .tell(SwitchCommand::HangUp {
            channel: caller,
            cause: Cause::NormalClearing,
        })
        .await;
}
