//! The whole centre on a real FreeSWITCH: a caller's way from the access number
//! to an agent, with everything heard, recorded and stored. Skipped without
//! one; see `support/freeswitch.rs`.

mod support;

use serde_json::{Value, json};
use std::path::Path;
use support::audio::{ALIKE, ECHO_MS, Voice, lag, loudness, share_of};
use support::centre::shows_agent;
use support::desk::Desk;
use support::freeswitch::{NUMBER, SOON, SWITCH, Switch};
use support::hearing::is_spoken;
use support::phone::{Agent, Caller, free_port};
use support::scene::{AGENT_HZ, OTHER_HZ, PATIENT, RING_HZ, SLOW};
use switchyard::config::Config;
use switchyard::engine::event::AgentRequest;
use switchyard::recordings::folder::digest;
use switchyard::runtime::assembly::{self, Running};
use switchyard::store::calls::{self, CallDetail, CallFilter};
use switchyard::store::users::Role;
use switchyard::switch::link::LinkState;

const WELCOME_HZ: f64 = 440.0;
const CALLER_HZ: f64 = 300.0;
const PROMPT_HZ: f64 = 620.0;

fn config(switch: &Switch, agents: &str, extra: &[(&str, &str)]) -> Config {
    let settings = switch.settings(agents);
    let folder = switch.folder.path().display();
    let text = format!(
        r#"
        [switches.{SWITCH}]
        kind = "freeswitch"
        address = {address:?}
        password = {password:?}
        endpoint = {endpoint:?}
        prompts = {prompts:?}
        recordings = {recordings:?}
        [store]
        url = "sqlite://{folder}/store.db"
        [journal]
        path = "{folder}/journal"
        [recordings]
        folder = "{folder}/filed"
        [queues.desk]
        name = "前台"
        requires = {{ desk = 2 }}
        wrap_up_s = 1
        music = "moh"
        [agents.anna]
        name = "安娜"
        extension = "1001"
        switch = "{SWITCH}"
        skills = {{ desk = 3 }}
        queues = ["desk"]
        [numbers.{NUMBER}]
        flow = "desk"
        [flows.desk]
        name = "desk"
        start = "answer"
        [flows.desk.blocks]
        answer = {{ kind = "answer", next = "menu" }}
        menu = {{ kind = "menu", prompts = ["welcome"], choices = {{ 1 = "wait" }}, otherwise = "end", timeout_s = 20 }}
        wait = {{ kind = "queue", queue = "desk" }}
        end = {{ kind = "hang_up" }}
        "#,
        address = settings.address,
        password = settings.password,
        endpoint = settings.endpoint,
        prompts = settings.prompts,
        recordings = settings.recordings,
    );
    let extra = extra.iter().copied();
    let extra = extra.map(|(name, value)| (format!("SWITCHYARD_{name}"), value.to_owned()));
    Config::read(Path::new("test.toml"), &text, extra).expect("a sound configuration")
}

#[tokio::test]
async fn a_key_by_either_method_leads_to_an_agent() {
    let Some(switch) = Switch::for_test("the whole centre on FreeSWITCH").await else {
        return;
    };
    switch.prompt("welcome", WELCOME_HZ, 20.0);
    let port = free_port();
    let behaviour = Agent::Answers {
        after_ms: 300,
        talks_ms: 4_000,
    };
    let agent = behaviour.at(port, Voice::Echo).await;
    let agents = format!("127.0.0.1:{port}");
    let running = assembly::start(&config(&switch, &agents, &[])).await;
    let running = running.expect("the centre starts");
    is_attached(&running).await;

    let mut refused = Caller::default().is_refused(&switch.sip, "4999", 486).await;
    refused.ended(SOON).await.unwrap();

    let voice = Voice::Bursts { hz: CALLER_HZ };
    for method in ["rfc4733", "sip_info"] {
        let by_info = (method == "sip_info").then_some('1');
        let number = format!("1380013{}", if by_info.is_some() { "0002" } else { "0001" });
        let caller = Caller {
            number: number.clone(),
            info_key: by_info,
            info_after_ms: 2_000,
            ..Caller::default()
        };
        let mut caller = caller.calls(&switch.sip, NUMBER, voice).await;
        caller.line.hears_tone(WELCOME_HZ, 0, SOON).await.unwrap();
        if by_info.is_none() {
            caller.line.press('1');
        }
        hears_music(&caller).await;
        let anna = "anna".parse().expect("an id");
        running
            .handle
            .ask(&anna, AgentRequest::Ready)
            .await
            .expect("anna is known");
        // The agent hears the caller, hangs up, and the caller's call ends with it.
        let mark = agent.line.mark();
        agent.line.hears_tone(CALLER_HZ, mark, SOON).await.unwrap();
        caller.ended(SOON).await.unwrap();

        let call = stored(&running, &number).await;
        everything_is_stored(&call, method);
        both_sides_are_heard(&switch, &call);
    }
    running.stop().await;
}

/// What an agent hears on a standing leg before a caller.
const TONE_HZ: f64 = 880.0;

#[tokio::test]
async fn a_standing_leg_is_rung_once_and_serves_one_caller_after_the_other() {
    let Some(switch) = Switch::for_test("a standing leg on FreeSWITCH").await else {
        return;
    };
    switch.prompt("welcome", WELCOME_HZ, 20.0);
    // Nothing is sent to the leg before, and the caller is heard right after: a
    // shorter one does not fill the 200 ms in which a tone is looked for.
    switch.prompt("offer-tone", TONE_HZ, 0.4);
    let port = free_port();
    let behaviour = Agent::Answers {
        after_ms: 300,
        talks_ms: 120_000,
    };
    let agent = behaviour.at(port, Voice::Echo).await;
    let agents = format!("127.0.0.1:{port}");
    let stands = [("AGENTS__ANNA__LINE", "standing")];
    let running = assembly::start(&config(&switch, &agents, &stands)).await;
    let running = running.expect("the centre starts");
    is_attached(&running).await;
    let anna = "anna".parse().expect("an id");
    let ready = running.handle.ask(&anna, AgentRequest::Ready).await;
    ready.expect("anna is known");
    for number in ["13600136001", "13600136002"] {
        let caller = Caller {
            number: number.to_owned(),
            stay_ms: 9_000,
            ..Caller::default()
        };
        let voice = Voice::Bursts { hz: CALLER_HZ };
        let mut caller = caller.calls(&switch.sip, NUMBER, voice).await;
        caller.line.hears_tone(WELCOME_HZ, 0, SOON).await.unwrap();
        let mark = agent.line.mark();
        caller.line.press('1');
        agent.line.hears_tone(TONE_HZ, mark, SOON).await.unwrap();
        // Both hear the caller: the agent gives back what is heard.
        agent.line.hears_tone(CALLER_HZ, mark, SOON).await.unwrap();
        let mark = caller.line.mark();
        caller.line.hears_tone(CALLER_HZ, mark, SOON).await.unwrap();
        caller.ended(SOON).await.unwrap();
        let call = stored(&running, number).await;
        assert_eq!(call.call.ended_by.as_deref(), Some("caller"));
        assert_eq!(call.failures, []);
        let connected = call.call.connected.as_ref().expect("a time");
        eprintln!(
            "from the decision to the bridge: {} ms",
            connected.ms - call.decisions[0].at.ms
        );
    }
    assert_eq!(agent.story().matches("INVITE sip:").count(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_message_is_left_heard_and_handled() {
    let Some(switch) = Switch::for_test("messages on FreeSWITCH").await else {
        return;
    };
    switch.prompt("welcome", WELCOME_HZ, 20.0);
    switch.prompt("leave-a-message", PROMPT_HZ, 1.0);
    switch.prompt("tone", TONE_HZ, 0.4);
    let rule = r#"[{ when = "nobody_signed_in", to = "voicemail" }]"#;
    let settings = [("QUEUES__DESK__OVERFLOW", rule)];
    let running = assembly::start(&config(&switch, "127.0.0.1:9", &settings)).await;
    let running = running.expect("the centre starts");
    is_attached(&running).await;
    let filed = switch.folder.path().join("filed");
    let desk = Desk::with_recordings(&running, "anna", Role::Agent, &filed).await;

    // One ends it by a key, one by hanging up.
    for (number, key) in [("13800138001", Some('#')), ("13800138002", None)] {
        let who = Caller {
            number: number.to_owned(),
            stay_ms: 15_000,
            ..Caller::default()
        };
        let voice = Voice::Tone { hz: CALLER_HZ };
        let mut caller = who.calls(&switch.sip, NUMBER, voice).await;
        caller.line.hears_tone(WELCOME_HZ, 0, SOON).await.unwrap();
        caller.line.press('1');
        caller.line.hears_tone(TONE_HZ, 0, SOON).await.unwrap();
        caller.line.speaks(4_000, SOON).await;
        if let Some(key) = key {
            caller.line.press(key);
        }
        caller.ended(SOON).await.unwrap();
        let call = stored(&running, number).await;
        assert_eq!(call.failures, []);
    }
    let two = |found: &Value| found["messages"].as_array().is_some_and(|m| m.len() == 2);
    let found = desk.until(&running, "/api/messages", two).await;
    for message in found["messages"].as_array().expect("a list") {
        assert_eq!(message["mailbox"], "queue:desk");
        assert_eq!(message["state"], "new");
        let id = message["message"].as_str().expect("an id");
        let audio = desk.file(&format!("/api/messages/{id}/audio")).await;
        is_spoken(audio, CALLER_HZ);
    }
    let message = found["messages"][0]["message"].as_str().expect("an id");
    let path = format!("/api/messages/{message}");
    desk.asks(&path, json!({"request": "take"})).await;
    desk.asks(&path, json!({"request": "handled", "note": ""}))
        .await;
    let done = |found: &Value| found["messages"][0]["state"] == "handled";
    desk.until(&running, "/api/messages", done).await;
    running.stop().await;
}

#[tokio::test]
async fn a_caller_who_does_not_want_to_wait_is_called_back() {
    let Some(switch) = Switch::for_test("callbacks on FreeSWITCH").await else {
        return;
    };
    switch.prompt("welcome", WELCOME_HZ, 20.0);
    switch.prompt("press-to-be-called-back", TONE_HZ, 3.0);
    switch.prompt("callback-number-is", PROMPT_HZ, 3.0);
    for word in ["callback-confirm", "say-0", "say-1", "say-3", "say-8"] {
        switch.prompt(word, PROMPT_HZ, 0.2);
    }
    switch.prompt("callback-confirmed", TONE_HZ, 1.0);
    let (at, outside) = (free_port(), free_port());
    let outbound = format!("sofia/internal/{{number}}@127.0.0.1:{outside}");
    let settings = [
        ("SWITCHES__FS_TEST__OUTBOUND", outbound.as_str()),
        (
            "QUEUES__DESK__CALLBACK",
            r#"{ may_dial = ["1"], offer_after_s = 1 }"#,
        ),
    ];
    let agents = format!("127.0.0.1:{at}");
    let running = assembly::start(&config(&switch, &agents, &settings)).await;
    let running = running.expect("the centre starts");
    is_attached(&running).await;
    let desk = Desk::of(&running, "anna", Role::Supervisor).await;

    let voice = Voice::Tone { hz: CALLER_HZ };
    let mut caller = Caller::default().calls(&switch.sip, NUMBER, voice).await;
    for hz in [WELCOME_HZ, TONE_HZ, PROMPT_HZ] {
        caller.line.hears_tone(hz, 0, SOON).await.unwrap();
        caller.line.press('1');
    }
    caller.ended(SOON).await.expect("the call ends");
    let path = "/api/callbacks";
    let waits = |found: &Value| found["open"][0]["state"] == "waiting";
    let found = desk.until(&running, path, waits).await;
    assert_eq!(found["open"][0]["number"], "13800138000");

    let customer = SLOW.at(outside, Voice::Tone { hz: OTHER_HZ }).await;
    let agent = PATIENT.at(at, Voice::Tone { hz: AGENT_HZ }).await;
    let anna = "anna".parse().expect("an id");
    let ready = running.handle.ask(&anna, AgentRequest::Ready).await;
    ready.expect("anna is known");
    let heard = agent.line.hears_tone(RING_HZ, 0, SOON).await;
    heard.expect("that the number rings");
    customer.speaks_first(SOON).await;
    let heard = customer.line.hears_tone(AGENT_HZ, 0, SOON).await;
    heard.expect("the agent");
    let heard = agent.line.hears_tone(OTHER_HZ, 0, SOON).await;
    heard.expect("the customer");
    let story = customer.story();
    assert!(story.contains("INVITE sip:13800138000@"), "{story}");
    let closed = |found: &Value| found["closed"][0]["why"] == "reached";
    let found = desk.until(&running, path, closed).await;
    assert_eq!(found["open"], json!([]));
    assert_eq!(found["closed"][0]["attempts"], 1);

    let hang_up = json!({"request": "hang_up"});
    desk.asks("/api/agents/anna/call", hang_up).await;
    shows_agent(&running, "anna", "wrap_up").await;
    // With nothing to do again, and nobody is dialled.
    shows_agent(&running, "anna", "ready").await;
    for phone in [&customer, &agent] {
        assert_eq!(phone.story().matches("INVITE sip:").count(), 1);
    }
    let call = support::centre::stored(&running, |call| call.call.connected.is_some()).await;
    assert_eq!(call.failures, []);
    running.stop().await;
}

#[tokio::test]
async fn the_device_outside_is_confirmed_and_the_other_told_that_it_was_answered() {
    let Some(switch) = Switch::for_test("devices on FreeSWITCH").await else {
        return;
    };
    switch.prompt("welcome", WELCOME_HZ, 20.0);
    switch.prompt("say-confirm", PROMPT_HZ, 5.0);
    switch.prompt("whisper", TONE_HZ, 1.0);
    switch.prompt("say-agent", PROMPT_HZ, 1.0);
    for word in ["say-1", "say-0", "say-2", "say-4", "say-agent-end"] {
        switch.prompt(word, PROMPT_HZ, 0.1);
    }
    let (at, outside) = (free_port(), free_port());
    let outbound = format!("sofia/internal/{{number}}@127.0.0.1:{outside}");
    let settings = [
        ("SWITCHES__FS_TEST__OUTBOUND", outbound.as_str()),
        (
            "AGENTS__ANNA__DEVICES",
            r#"[{ extension = "1001" }, { number = "13900139000" }]"#,
        ),
        ("AGENTS__ANNA__NUMBER", "1024"),
        ("QUEUES__DESK__WHISPER", r#"{ prompt = "whisper" }"#),
        ("QUEUES__DESK__ANNOUNCE_AGENT", "true"),
    ];
    let agents = format!("127.0.0.1:{at}");
    let running = assembly::start(&config(&switch, &agents, &settings)).await;
    let running = running.expect("the centre starts");
    is_attached(&running).await;
    let rings = Agent::NoAnswer.at(at, Voice::Silent).await;
    let agent = PATIENT.at(outside, Voice::Tone { hz: AGENT_HZ }).await;
    let voice = Voice::Tone { hz: CALLER_HZ };
    let caller = Caller::default().calls(&switch.sip, NUMBER, voice).await;
    caller.line.hears_tone(WELCOME_HZ, 0, SOON).await.unwrap();
    caller.line.press('1');
    let anna = "anna".parse().expect("an id");
    let ready = running.handle.ask(&anna, AgentRequest::Ready).await;
    ready.expect("anna is known");

    let asked = agent.line.hears_tone(PROMPT_HZ, 0, SOON).await;
    asked.expect("the question for the key");
    shows_agent(&running, "anna", "offered").await;
    agent.line.press('1');
    let whisper = agent.line.hears_tone(TONE_HZ, 0, SOON).await;
    whisper.expect("the queue's prompt");
    let number = caller.line.hears_tone(PROMPT_HZ, 0, SOON).await;
    number.expect("the agent's number");
    shows_agent(&running, "anna", "on_call").await;
    let heard = agent.line.hears_tone(CALLER_HZ, 0, SOON).await;
    heard.expect("the caller");
    let heard = caller.line.hears_tone(AGENT_HZ, 0, SOON).await;
    heard.expect("the agent");
    let story = rings.story();
    assert!(story.contains("CANCEL sip:1001@"), "{story}");
    assert!(story.contains("completed elsewhere"), "{story}");
    let desk = Desk::of(&running, "anna", Role::Agent).await;
    let hang_up = json!({"request": "hang_up"});
    desk.asks("/api/agents/anna/call", hang_up).await;
    let call = stored(&running, &Caller::default().number).await;
    assert_eq!(call.offers[0].outcome.as_deref(), Some("accepted"));
    assert_eq!(call.failures, []);
    running.stop().await;
}

async fn is_attached(running: &Running) {
    let mut link = running
        .handle
        .links
        .values()
        .next()
        .expect("one switch")
        .clone();
    let attached = link.wait_for(|state| *state == LinkState::Alive);
    tokio::time::timeout(SOON, attached)
        .await
        .expect("the switch is reached soon")
        .expect("the adapter lives");
}

/// Something that is neither silence nor the welcome.
async fn hears_music(caller: &support::phone::Phone) {
    let heard = async {
        loop {
            let mark = caller.line.mark();
            caller
                .line
                .hears_anything(mark, SOON)
                .await
                .expect("it is heard");
            let sound = caller.line.heard_since(mark);
            if loudness(&sound) > 200.0 && share_of(WELCOME_HZ, &sound) < 0.1 {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, heard)
        .await
        .expect("music after the key");
}

/// Waits, bounded, until the store has the whole call of `number`.
async fn stored(running: &Running, number: &str) -> CallDetail {
    let mut projection = running.projection();
    let search = async {
        loop {
            let page = calls::list(&running.store, CallFilter::default()).await;
            for call in page.expect("the store answers").calls {
                let id = call.call.parse().expect("a call id");
                let detail = calls::show(&running.store, id)
                    .await
                    .expect("the store answers");
                let whole = |call: &CallDetail| {
                    call.call.caller_number == number
                        && call.call.ended.is_some()
                        && call
                            .recordings
                            .iter()
                            .any(|recording| recording.status == "filed")
                };
                if let Some(detail) = detail.filter(whole) {
                    return detail;
                }
            }
            projection.changed().await.expect("the projector runs");
        }
    };
    tokio::time::timeout(SOON, search)
        .await
        .expect("the call is stored soon")
}

fn everything_is_stored(call: &CallDetail, method: &str) {
    let states: Vec<&str> = call
        .states
        .iter()
        .map(|change| change.state.as_str())
        .collect();
    let way = [
        "arrived",
        "in_flow",
        "waiting",
        "offered",
        "connected",
        "ended",
    ];
    assert_eq!(states, way);
    let digit = &call.digits[0];
    assert_eq!((digit.key.as_str(), digit.method.as_str()), ("1", method));
    assert_eq!(call.queue_visits[0].reason.as_deref(), Some("answered"));
    assert_eq!(call.decisions[0].agent, "anna");
    let roles: Vec<&str> = call.legs.iter().map(|leg| leg.role.as_str()).collect();
    assert_eq!(roles, ["caller", "agent"]);
    let told = call
        .legs
        .iter()
        .all(|leg| leg.ended.is_some() && leg.cause.is_some());
    assert!(told, "{:?}", call.legs);
}

/// The caller on the left; on the right what the agent echoed, a little later.
fn both_sides_are_heard(switch: &Switch, call: &CallDetail) {
    let recording = &call.recordings[0];
    let name = recording.name.as_deref().expect("a name");
    let file = switch.folder.path().join("filed").join(name);
    let found = digest(&file).expect("the file is there");
    assert_eq!(Some(found.sha256.as_str()), recording.sha256.as_deref());
    let mut wav = hound::WavReader::open(&file).expect("a WAV file");
    assert_eq!(wav.spec().channels, 2);
    let samples: Vec<i16> = wav
        .samples::<i16>()
        .map(|sample| sample.expect("whole"))
        .collect();
    let left: Vec<i16> = samples.iter().step_by(2).copied().collect();
    let right: Vec<i16> = samples.iter().skip(1).step_by(2).copied().collect();
    assert!(
        share_of(CALLER_HZ, &left) > 0.3,
        "{}",
        share_of(CALLER_HZ, &left)
    );
    assert!(
        share_of(CALLER_HZ, &right) > 0.3,
        "{}",
        share_of(CALLER_HZ, &right)
    );
    let (late, likeness) = lag(&left, &right, 400);
    assert!(
        ECHO_MS.contains(&late) && likeness > ALIKE,
        "lag {late} ms, likeness {likeness}"
    );
}
