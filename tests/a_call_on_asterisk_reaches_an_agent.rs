//! The main job, end to end, on the real Asterisk with SIP phones and their audio.

mod support;

use hound::WavReader;
use std::path::Path;
use support::asterisk::Asterisk;
use support::audio::{ALIKE, ECHO_MS, Voice, is_whole, lag, loudness};
use support::centre::{self, ready, shows, shows_agent, stored};
use support::phone::{Agent, Caller, Phone};
use support::switch::DEADLINE;
use switchyard::engine::explanation::Exclusion;
use switchyard::recordings::folder::digest;
use switchyard::store::calls::{CallDetail, StateChange};
use tokio::sync::Mutex;

/// Only one controller can have the application at a time.
static APPLICATION: Mutex<()> = Mutex::const_new(());

fn words(states: &[StateChange]) -> Vec<&str> {
    states.iter().map(|change| change.state.as_str()).collect()
}

async fn agent(asterisk: &Asterisk, extension: u16, talks_ms: u64) -> Phone {
    let answers = Agent::Answers {
        after_ms: 300,
        talks_ms,
    };
    answers
        .at(asterisk.phone_port(extension), Voice::Echo)
        .await
}

/// Caller and agent hear each other: the agent gives back what the caller says.
async fn assert_both_ways(caller: &Phone, agent: &Phone) {
    let (of_caller, of_agent) = (caller.line.mark(), agent.line.mark());
    caller.line.say(Voice::Bursts { hz: 700.0 });
    agent
        .line
        .hears_tone(700.0, of_agent, DEADLINE)
        .await
        .expect("the tone");
    caller
        .line
        .hears_tone(700.0, of_caller, DEADLINE)
        .await
        .expect("the tone");
}

#[tokio::test]
async fn a_caller_is_greeted_queued_connected_and_recorded() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let running = centre::start(&asterisk, folder.path(), &[]).await;
    let wang_fang = agent(&asterisk, 1001, 2_000).await;
    let zhang_wei = agent(&asterisk, 1003, 4_000).await;

    let mut unknown = Caller::default()
        .is_refused(&asterisk.sip, "4999", 486)
        .await;
    unknown.ended(DEADLINE).await.unwrap();

    // The first caller: greeting, a digit as a telephone event, music.
    let mut first = Caller::default()
        .calls(&asterisk.sip, "4001", Voice::Silent)
        .await;
    first.line.hears_speech(0, DEADLINE).await.unwrap();
    first.line.press('1');
    first
        .line
        .hears_tone(440.0, first.line.mark(), DEADLINE)
        .await
        .unwrap();
    // Li Na is ready and lacks the skill; Zhang Wei has it and is rung at once.
    ready(&running, "lina").await;
    ready(&running, "zhangwei").await;
    shows_agent(&running, "zhangwei", "on_call").await;
    assert_both_ways(&first, &zhang_wei).await;
    // From now on Wang Fang waits for a call, longer than Zhang Wei will have.
    ready(&running, "wangfang").await;
    shows_agent(&running, "zhangwei", "wrap_up").await;
    first.ended(DEADLINE).await.unwrap();
    shows_agent(&running, "zhangwei", "ready").await;

    // The second caller presses by SIP INFO, and the longest idle agent is rung.
    let who = Caller {
        number: "13900139000".to_owned(),
        name: "李 \\\"四\\\", ${EXTEN}".to_owned(),
        info_key: Some('1'),
        info_after_ms: 1_000,
        ..Caller::default()
    };
    let mut second = who.calls(&asterisk.sip, "4001", Voice::Silent).await;
    shows_agent(&running, "wangfang", "on_call").await;
    assert_both_ways(&second, &wang_fang).await;
    second.ended(DEADLINE).await.unwrap();

    let filed = |call: &CallDetail| call.recordings.iter().any(|r| r.status == "filed");
    let call = stored(&running, |call| {
        filed(call) && call.call.caller_number == "13800138000"
    })
    .await;
    assert_first(&call, folder.path());
    let call = stored(&running, |call| {
        filed(call) && call.call.caller_number == "13900139000"
    })
    .await;
    // Asterisk keeps the backslashes of SIP's quoting.
    assert_eq!(call.call.caller_name, who.name);
    assert_eq!(call.digits[0].key, "1");
    assert_eq!(call.decisions[0].agent, "wangfang");
    assert_eq!(call.decisions[0].explanation.eligible, 2);
    let refused = stored(&running, |call| call.call.dialled == "4999").await;
    assert_eq!(refused.call.cause.as_deref(), Some("user_busy"));
    assert_eq!(refused.legs[0].answered, None);
    running.stop().await;
}

fn assert_first(call: &CallDetail, folder: &Path) {
    let path = [
        "arrived",
        "in_flow",
        "waiting",
        "offered",
        "connected",
        "ended",
    ];
    assert_eq!(words(&call.states), path);
    assert_eq!(call.call.ended_by.as_deref(), Some("agent"));
    assert_eq!(call.digits[0].key, "1");
    assert_eq!(call.queue_visits[0].reason.as_deref(), Some("answered"));
    let decision = &call.decisions[0];
    assert_eq!(decision.agent, "zhangwei");
    assert_eq!(decision.explanation.excluded.count(Exclusion::Skill), 1);
    assert_eq!(decision.explanation.excluded.count(Exclusion::SignedOut), 1);
    assert_eq!(call.offers[0].outcome.as_deref(), Some("accepted"));
    let roles: Vec<_> = call.legs.iter().map(|leg| leg.role.as_str()).collect();
    assert_eq!(roles, ["caller", "agent"]);
    for leg in &call.legs {
        let states = words(&leg.states);
        assert!(
            states.starts_with(&["ringing", "answered", "bridged"]),
            "{states:?}"
        );
        assert_eq!(states.last(), Some(&"ended"));
        assert_eq!(leg.cause.as_deref(), Some("normal_clearing"));
    }
    assert_eq!(call.failures, []);
    assert_recorded(call, folder);
}

/// The caller on the left, the agent on the right, aligned, and as stored.
fn assert_recorded(call: &CallDetail, folder: &Path) {
    let recording = &call.recordings[0];
    let file = folder
        .join("recordings")
        .join(recording.name.as_deref().expect("a name"));
    let found = digest(&file).expect("the file is there");
    assert_eq!(recording.sha256.as_deref(), Some(found.sha256.as_str()));
    let mut wav = WavReader::open(&file).expect("a WAV file");
    assert_eq!(wav.spec().channels, 2);
    let length = i64::from(wav.duration()) * 1_000 / i64::from(wav.spec().sample_rate);
    assert!((recording.length_ms.expect("a length") - length).abs() <= 1);
    assert!(length > 1_000, "{length} ms of a conversation of 4 s");
    let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
    let side = |n: usize| {
        samples
            .iter()
            .skip(n)
            .step_by(2)
            .copied()
            .collect::<Vec<_>>()
    };
    let (caller, agent) = (side(0), side(1));
    assert!(loudness(&caller) > 200.0 && loudness(&agent) > 200.0);
    let ended = call.call.ended.as_ref().expect("a time");
    let connected = call.call.connected.as_ref().expect("a time");
    if !is_whole(length, ended.ms - connected.ms) {
        return;
    }
    let (lag, likeness) = lag(&caller, &agent, 500);
    eprintln!("the agent's echo lags {lag} ms in the recording, likeness {likeness:.2}");
    assert!(ECHO_MS.contains(&lag), "the echo lags {lag} ms");
    assert!(likeness > ALIKE, "{likeness}");
}

#[tokio::test]
async fn a_waiting_caller_outlives_the_controller_and_is_served_by_the_next() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let soon = [("LIMITS__DEAD_MAN_S", "4")];
    let first_run = centre::start(&asterisk, folder.path(), &soon).await;
    let zhang_wei = agent(&asterisk, 1003, 2_000).await;
    let who = Caller {
        number: "13700137000".to_owned(),
        ..Caller::default()
    };
    let mut caller = who.calls(&asterisk.sip, "4001", Voice::Silent).await;
    caller.line.hears_speech(0, DEADLINE).await.unwrap();
    caller.line.press('1');
    shows(&first_run, "a waiting call", |board| {
        board.calls.iter().any(|call| call.state == "waiting")
    })
    .await;
    caller
        .line
        .hears_tone(440.0, caller.line.mark(), DEADLINE)
        .await
        .unwrap();

    first_run.stop().await;
    // Music, until the timer leads to the announcement of the fallback path.
    caller
        .line
        .hears_speech(caller.line.mark(), DEADLINE)
        .await
        .unwrap();

    let second_run = centre::start(&asterisk, folder.path(), &soon).await;
    ready(&second_run, "zhangwei").await;
    shows_agent(&second_run, "zhangwei", "on_call").await;
    assert_both_ways(&caller, &zhang_wei).await;
    caller.ended(DEADLINE).await.unwrap();
    let call = stored(&second_run, |call| call.call.connected.is_some()).await;
    assert_eq!(call.call.caller_number, "13700137000");

    let mut unknown = Caller::default()
        .is_refused(&asterisk.sip, "4999", 486)
        .await;
    unknown.ended(DEADLINE).await.unwrap();
    stored(&second_run, |call| call.call.dialled == "4999").await;
    second_run.stop().await;
}

/// What an agent hears on a standing leg before a caller (`scripts/prompts`).
const TONE_HZ: f64 = 880.0;

#[tokio::test]
async fn a_standing_leg_is_rung_once_and_serves_one_caller_after_the_other() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let stands = [("AGENTS__ZHANGWEI__LINE", "standing")];
    let running = centre::start(&asterisk, folder.path(), &stands).await;
    let zhang_wei = agent(&asterisk, 1003, 120_000).await;
    ready(&running, "zhangwei").await;
    shows_agent(&running, "zhangwei", "ready").await;
    for number in ["13600136001", "13600136002"] {
        let who = Caller {
            number: number.to_owned(),
            stay_ms: 12_000,
            ..Caller::default()
        };
        let mut caller = who.calls(&asterisk.sip, "4001", Voice::Silent).await;
        caller.line.hears_speech(0, DEADLINE).await.unwrap();
        let mark = zhang_wei.line.mark();
        caller.line.press('1');
        let tone = zhang_wei.line.hears_tone(TONE_HZ, mark, DEADLINE);
        tone.await.expect("the tone before the caller");
        shows_agent(&running, "zhangwei", "on_call").await;
        assert_both_ways(&caller, &zhang_wei).await;
        caller.ended(DEADLINE).await.unwrap();
        shows_agent(&running, "zhangwei", "ready").await;
        let filed = |call: &CallDetail| call.recordings.iter().any(|r| r.status == "filed");
        let call = stored(&running, |call| {
            call.call.caller_number == number && filed(call)
        })
        .await;
        assert_eq!(call.call.ended_by.as_deref(), Some("caller"));
        assert_eq!(call.failures, []);
        let connected = call.call.connected.as_ref().expect("a time");
        eprintln!(
            "from the decision to the bridge: {} ms",
            connected.ms - call.decisions[0].at.ms
        );
    }
    assert_eq!(zhang_wei.story().matches("INVITE sip:").count(), 1);
    running.stop().await;
}

#[tokio::test]
async fn an_agent_whose_device_is_busy_again_and_again_is_made_not_ready() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let policy =
        r#"{ busy = { rest_s = 1, in_a_row = 2, then = "not_ready:busy", notify = true } }"#;
    let strict = [("QUEUES__RESERVATIONS__MISSED_OFFERS", policy)];
    let running = centre::start(&asterisk, folder.path(), &strict).await;
    let refuses = support::phone::Agent::Refuses {
        after_ms: 100,
        status: 486,
    };
    let _zhang_wei = refuses.at(asterisk.phone_port(1003), Voice::Silent).await;
    ready(&running, "zhangwei").await;
    let caller = Caller::default()
        .calls(&asterisk.sip, "4001", Voice::Silent)
        .await;
    caller.line.hears_speech(0, DEADLINE).await.unwrap();
    caller.line.press('1');
    shows_agent(&running, "zhangwei", "not_ready").await;
    let board = running.handle.view();
    let known = board.agents.iter().find(|known| known.id == "zhangwei");
    let known = known.expect("the agent");
    assert_eq!(known.reason.as_deref(), Some("busy"));
    let missed = known.missed.as_ref().expect("supervisors are told");
    assert_eq!((missed.missed.as_str(), missed.in_a_row), ("busy", 2));
    running.stop().await;
}
