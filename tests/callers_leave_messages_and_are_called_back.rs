//! Callers who are not served at once, and agents who are reached in other ways
//! than by one telephone: messages, callbacks, what is heard before the bridge,
//! devices outside, and several agents at once. A whole centre on the real
//! Asterisk; who hears whom is measured with tones.

mod support;

use serde_json::{Value, json};
use std::time::Duration;
use support::asterisk::Asterisk;
use support::audio::Voice;
use support::centre::{self, ready, shows, shows_agent, stored};
use support::desk::Desk;
use support::hearing::is_spoken;
use support::phone::{Agent, Caller, Phone};
use support::scene::{
    AGENT_HZ, CALLER_HZ, MUSIC_HZ, OTHER_HZ, PATIENT, RING_HZ, SLOW, has_tone, hears,
};
use switchyard::runtime::assembly::Running;
use switchyard::store::calls::CallDetail;
use switchyard::store::users::Role;
use tempfile::TempDir;
use tokio::net::UdpSocket;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

/// How long any one thing may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// Only one controller can have the application at a time.
static APPLICATION: Mutex<()> = Mutex::const_new(());

/// The one tone among the prompts of `scripts/prompts`.
const TONE_HZ: f64 = 880.0;

/// The centre of `scripts/asterisk.toml`, with other settings.
struct Centre {
    running: Running,
    asterisk: Asterisk,
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Centre {
    /// Numbers outside are dialled at the phone of extension 1002.
    async fn with(settings: &[(&str, &str)]) -> Option<Centre> {
        let asterisk = Asterisk::running()?;
        let alone = APPLICATION.lock().await;
        asterisk.is_cleared().await;
        let folder = tempfile::tempdir().expect("a folder");
        let outside = asterisk.phone_port(1002);
        let outside = format!("PJSIP/trunk/sip:{{number}}@127.0.0.1:{outside}");
        let settings: Vec<_> = [("SWITCHES__ASTERISK__OUTBOUND", outside.as_str())]
            .iter()
            .chain(settings)
            .copied()
            .collect();
        let running = centre::start(&asterisk, folder.path(), &settings).await;
        Some(Centre {
            running,
            asterisk,
            folder,
            _alone: alone,
        })
    }

    async fn desk(&self, agent: &str, role: Role) -> Desk {
        let recordings = self.folder.path().join("recordings");
        Desk::with_recordings(&self.running, agent, role, &recordings).await
    }

    async fn phone(&self, extension: u16, does: Agent, hz: f64) -> Phone {
        let port = self.asterisk.phone_port(extension);
        does.at(port, Voice::Tone { hz }).await
    }

    /// A caller who has chosen to talk to somebody.
    async fn caller(&self, who: Caller) -> Phone {
        let voice = Voice::Tone { hz: CALLER_HZ };
        let caller = who.calls(&self.asterisk.sip, "4001", voice).await;
        let heard = caller.line.hears_speech(0, DEADLINE).await;
        heard.expect("the greeting");
        caller.line.press('1');
        caller
    }
}

fn from(number: &str) -> Caller {
    Caller {
        number: number.to_owned(),
        ..Caller::default()
    }
}

/// Waits until the SIP messages of a phone hold this.
async fn tells(phone: &Phone, beside: &Phone, text: &str) {
    let told = timeout(DEADLINE, async {
        while !phone.story().contains(text) {
            let mark = beside.line.mark();
            beside.line.listens(mark, 200, DEADLINE).await;
        }
    });
    if told.await.is_err() {
        panic!("{text:?} is not in {}", phone.story());
    }
}

/// The message lamp of a phone that does nothing else.
struct Lamp(UdpSocket);

impl Lamp {
    async fn of(asterisk: &Asterisk, extension: u16) -> Lamp {
        let at = ("127.0.0.1", asterisk.phone_port(extension));
        Lamp(UdpSocket::bind(at).await.expect("the phone's port"))
    }

    /// Waits until it is told of so many new and old messages (RFC 3842).
    async fn shows(&self, new: u32, old: u32) {
        let wanted = format!("Voice-Message: {new}/{old}");
        let mut packet = [0; 4_096];
        let mut last = String::new();
        let told = timeout(DEADLINE, async {
            while !last.contains(&wanted) {
                let (length, _) = self.0.recv_from(&mut packet).await.expect("a packet");
                last = String::from_utf8_lossy(&packet[..length]).into_owned();
            }
        });
        if told.await.is_err() {
            panic!("no {wanted:?}; at last it was told {last}");
        }
    }
}

#[tokio::test]
async fn a_message_is_left_heard_and_handled() {
    let settings = [
        (
            "QUEUES__RESERVATIONS__OVERFLOW",
            r#"[{ when = "nobody_signed_in", to = "voicemail" }]"#,
        ),
        ("VOICEMAIL__GREETING", "please-wait"),
        ("VOICEMAIL__TONE", "offer-tone"),
        ("AGENTS__WANGFANG__EXTENSION", "1020"),
    ];
    let Some(centre) = Centre::with(&settings).await else {
        return;
    };
    let lamp = Lamp::of(&centre.asterisk, 1020).await;
    let desk = centre.desk("wangfang", Role::Agent).await;

    // One ends it by a key, one by hanging up.
    let mut caller = centre.caller(from("13800138001")).await;
    caller.line.hears_tone(TONE_HZ, 0, DEADLINE).await.unwrap();
    caller.line.speaks(4_000, DEADLINE).await;
    caller.line.press('#');
    caller.ended(DEADLINE).await.unwrap();
    lamp.shows(1, 0).await;
    let who = Caller {
        stay_ms: 20_000,
        ..from("13800138002")
    };
    let mut caller = centre.caller(who).await;
    caller.line.hears_tone(TONE_HZ, 0, DEADLINE).await.unwrap();
    caller.ended(DEADLINE).await.unwrap();
    lamp.shows(2, 0).await;

    let two = |found: &Value| found["messages"].as_array().is_some_and(|m| m.len() == 2);
    let found = desk.until(&centre.running, "/api/messages", two).await;
    for (message, number) in [(0, "13800138002"), (1, "13800138001")] {
        let message = &found["messages"][message];
        assert_eq!(message["caller_number"], number);
        assert_eq!(message["mailbox"], "queue:reservations");
        assert_eq!(message["state"], "new");
        let id = message["message"].as_str().expect("an id");
        let path = format!("/api/messages/{id}/audio");
        assert_eq!(desk.part(&path, "bytes=8-11").await, b"WAVE");
        let audio = desk.file(&path).await;
        is_spoken(audio, CALLER_HZ);
    }
    let message = found["messages"][1]["message"].as_str().expect("an id");
    let path = format!("/api/messages/{message}");
    desk.asks(&path, json!({"request": "take"})).await;
    lamp.shows(1, 1).await;
    let handled = json!({"request": "handled", "note": "a table for two"});
    desk.asks(&path, handled).await;
    lamp.shows(1, 0).await;
    let done = |found: &Value| found["messages"][1]["state"] == "handled";
    let found = desk.until(&centre.running, "/api/messages", done).await;
    assert_eq!(found["messages"][1]["by"], "wangfang");
    assert_eq!(found["messages"][1]["note"], "a table for two");
    for number in ["13800138001", "13800138002"] {
        let call = stored(&centre.running, |call| call.call.caller_number == number).await;
        assert_eq!(call.failures, []);
    }
    centre.running.stop().await;
}

#[tokio::test]
async fn a_caller_who_does_not_want_to_wait_is_called_back() {
    let settings = [(
        "QUEUES__RESERVATIONS__CALLBACK",
        r#"{ may_dial = ["1"], offer_after_s = 1 }"#,
    )];
    let Some(centre) = Centre::with(&settings).await else {
        return;
    };
    let boss = centre.desk("wangfang", Role::Supervisor).await;
    let mut caller = centre.caller(from("13800138000")).await;
    let music = caller.line.mark();
    let heard = caller.line.hears_tone(MUSIC_HZ, music, DEADLINE).await;
    heard.expect("the music");
    for what in ["the offer of a callback", "the caller's number"] {
        let mark = caller.line.mark();
        let heard = caller.line.hears_speech(mark, DEADLINE).await;
        heard.expect(what);
        caller.line.press('1');
    }
    caller.ended(DEADLINE).await.expect("the call ends");
    let path = "/api/callbacks";
    let waits = |found: &Value| found["open"][0]["state"] == "waiting";
    let found = boss.until(&centre.running, path, waits).await;
    assert_eq!(found["open"][0]["number"], "13800138000");

    let customer = centre.phone(1002, SLOW, OTHER_HZ).await;
    let agent = centre.phone(1003, PATIENT, AGENT_HZ).await;
    ready(&centre.running, "zhangwei").await;
    shows_agent(&centre.running, "zhangwei", "on_call").await;
    let heard = agent.line.hears_tone(RING_HZ, 0, DEADLINE).await;
    heard.expect("that the number rings");
    customer.speaks_first(DEADLINE).await;
    hears(&customer.line, &[AGENT_HZ], &[MUSIC_HZ]).await;
    hears(&agent.line, &[OTHER_HZ], &[MUSIC_HZ]).await;
    let story = customer.story();
    assert!(story.contains("INVITE sip:13800138000@"), "{story}");
    let closed = |found: &Value| found["closed"][0]["why"] == "reached";
    let found = boss.until(&centre.running, path, closed).await;
    assert_eq!(found["open"], json!([]));
    assert_eq!(found["closed"][0]["attempts"], 1);
    assert_eq!(found["closed"][0]["agent"], "zhangwei");

    let hang_up = json!({"request": "hang_up"});
    let desk = centre.desk("zhangwei", Role::Agent).await;
    desk.asks("/api/agents/zhangwei/call", hang_up).await;
    shows_agent(&centre.running, "zhangwei", "wrap_up").await;
    shows(&centre.running, "no call", |board| board.calls.is_empty()).await;
    // With nothing to do again, and nobody is dialled.
    shows_agent(&centre.running, "zhangwei", "ready").await;
    for phone in [&customer, &agent] {
        assert_eq!(phone.story().matches("INVITE sip:").count(), 1);
    }
    let filed = |call: &CallDetail| call.recordings.iter().any(|r| r.status == "filed");
    let call = stored(&centre.running, filed).await;
    assert_eq!(call.failures, []);
    centre.running.stop().await;
}

#[tokio::test]
async fn an_agent_outside_confirms_and_both_hear_who_the_other_is() {
    let settings = [
        (
            "QUEUES__RESERVATIONS__WHISPER",
            r#"{ prompt = "offer-tone", wait = true }"#,
        ),
        ("QUEUES__RESERVATIONS__ANNOUNCE_AGENT", "true"),
        ("QUEUES__RESERVATIONS__RING_S", "20"),
        ("AGENTS__ZHANGWEI__NUMBER", "1024"),
        (
            "AGENTS__ZHANGWEI__DEVICES",
            r#"[{ number = "13900139000" }]"#,
        ),
    ];
    let Some(centre) = Centre::with(&settings).await else {
        return;
    };
    let caller = centre.caller(from("13800138000")).await;
    let mark = caller.line.mark();
    let heard = caller.line.hears_tone(MUSIC_HZ, mark, DEADLINE).await;
    heard.expect("the music");
    let agent = centre.phone(1002, PATIENT, AGENT_HZ).await;
    ready(&centre.running, "zhangwei").await;
    let asked = agent.line.hears_speech(0, DEADLINE).await;
    asked.expect("the question for the key");
    hears(&caller.line, &[MUSIC_HZ], &[AGENT_HZ]).await;
    shows_agent(&centre.running, "zhangwei", "offered").await;
    let (to_agent, to_caller) = (agent.line.mark(), caller.line.mark());
    agent.line.press('1');
    let whisper = agent.line.hears_tone(TONE_HZ, to_agent, DEADLINE).await;
    whisper.expect("the queue's prompt");
    let number = caller.line.hears_speech(to_caller, DEADLINE).await;
    number.expect("the agent's number");
    shows_agent(&centre.running, "zhangwei", "on_call").await;
    hears(&caller.line, &[AGENT_HZ], &[MUSIC_HZ]).await;
    hears(&agent.line, &[CALLER_HZ], &[MUSIC_HZ]).await;
    assert!(!has_tone(&caller.line, 0, TONE_HZ));
    let story = agent.story();
    assert!(story.contains("INVITE sip:13900139000@"), "{story}");
    let desk = centre.desk("zhangwei", Role::Agent).await;
    let hang_up = json!({"request": "hang_up"});
    desk.asks("/api/agents/zhangwei/call", hang_up).await;
    let call = stored(&centre.running, |_| true).await;
    assert_eq!(call.failures, []);
    assert_eq!(call.offers[0].outcome.as_deref(), Some("accepted"));
    centre.running.stop().await;
}

#[tokio::test]
async fn who_answers_outside_and_presses_another_key_is_not_the_agent() {
    let settings = [
        (
            "AGENTS__ZHANGWEI__DEVICES",
            r#"[{ number = "13900139000" }]"#,
        ),
        (
            "QUEUES__RESERVATIONS__MISSED_OFFERS",
            r#"{ no_answer = { then = "sign_out" } }"#,
        ),
    ];
    let Some(centre) = Centre::with(&settings).await else {
        return;
    };
    let mut caller = centre.caller(from("13800138000")).await;
    let agent = centre.phone(1002, PATIENT, AGENT_HZ).await;
    ready(&centre.running, "zhangwei").await;
    let asked = agent.line.hears_speech(0, DEADLINE).await;
    asked.expect("the question for the key");
    agent.line.press('5');
    shows_agent(&centre.running, "zhangwei", "signed_out").await;
    hears(&caller.line, &[MUSIC_HZ], &[AGENT_HZ]).await;
    tells(&agent, &caller, "BYE sip:").await;
    // The next one serves the caller.
    let next = centre.phone(1001, PATIENT, OTHER_HZ).await;
    ready(&centre.running, "wangfang").await;
    shows_agent(&centre.running, "wangfang", "on_call").await;
    hears(&caller.line, &[OTHER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    hears(&next.line, &[CALLER_HZ], &[MUSIC_HZ]).await;
    let desk = centre.desk("wangfang", Role::Agent).await;
    let hang_up = json!({"request": "hang_up"});
    desk.asks("/api/agents/wangfang/call", hang_up).await;
    caller.ended(DEADLINE).await.unwrap();
    let call = stored(&centre.running, |_| true).await;
    let outcomes = call.offers.iter().map(|offer| offer.outcome.as_deref());
    let outcomes: Vec<_> = outcomes.collect();
    assert_eq!(outcomes, [Some("no_answer"), Some("accepted")]);
    centre.running.stop().await;
}

#[tokio::test]
async fn all_ring_and_the_others_are_told_that_one_has_answered() {
    let settings = [
        ("QUEUES__RESERVATIONS__STRATEGY", "ring_all"),
        ("QUEUES__RESERVATIONS__RING_S", "20"),
    ];
    let Some(centre) = Centre::with(&settings).await else {
        return;
    };
    let slow = Agent::Answers {
        after_ms: 2_000,
        talks_ms: 120_000,
    };
    let rings = centre.phone(1001, Agent::NoAnswer, OTHER_HZ).await;
    let answers = centre.phone(1003, slow, AGENT_HZ).await;
    for agent in ["wangfang", "zhangwei"] {
        ready(&centre.running, agent).await;
        shows_agent(&centre.running, agent, "ready").await;
    }
    let caller = centre.caller(from("13800138000")).await;
    shows_agent(&centre.running, "zhangwei", "on_call").await;
    hears(&caller.line, &[AGENT_HZ], &[MUSIC_HZ]).await;
    hears(&answers.line, &[CALLER_HZ], &[MUSIC_HZ]).await;
    shows_agent(&centre.running, "wangfang", "ready").await;
    // RFC 3326; the phone shows no missed call.
    tells(&rings, &caller, "CANCEL sip:").await;
    tells(&rings, &caller, "Reason: SIP;cause=200").await;
    let desk = centre.desk("zhangwei", Role::Agent).await;
    let hang_up = json!({"request": "hang_up"});
    desk.asks("/api/agents/zhangwei/call", hang_up).await;
    let call = stored(&centre.running, |_| true).await;
    let outcome = |agent: &str| {
        let mut offers = call.offers.iter();
        let offer = offers.find(|offer| offer.agent == agent);
        offer.expect("an offer").outcome.clone()
    };
    assert_eq!(outcome("zhangwei").as_deref(), Some("accepted"));
    assert_eq!(outcome("wangfang").as_deref(), Some("answered_elsewhere"));
    assert_eq!(call.failures, []);
    centre.running.stop().await;
}
