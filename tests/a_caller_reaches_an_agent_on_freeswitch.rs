//! The whole centre on a real FreeSWITCH: a caller's way from the access number
//! to an agent, with everything heard, recorded and stored. Skipped without
//! one; see `support/freeswitch.rs`.

mod support;

use std::path::Path;
use support::audio::{ALIKE, ECHO_MS, Voice, lag, loudness, share_of};
use support::freeswitch::{NUMBER, SOON, SWITCH, Switch};
use support::phone::{Agent, Caller, free_port};
use switchyard::config::Config;
use switchyard::engine::event::AgentRequest;
use switchyard::recordings::folder::digest;
use switchyard::runtime::assembly::{self, Running};
use switchyard::store::calls::{self, CallDetail, CallFilter};
use switchyard::switch::link::LinkState;

const WELCOME_HZ: f64 = 440.0;
const CALLER_HZ: f64 = 300.0;

fn config(switch: &Switch, agents: &str, line: &str) -> Config {
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
        line = "{line}"
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
    Config::read(Path::new("test.toml"), &text, []).expect("a sound configuration")
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
    let running = assembly::start(&config(&switch, &agents, "per_call")).await;
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
    let running = assembly::start(&config(&switch, &agents, "standing")).await;
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
