//! Several agents of one centre on a real FreeSWITCH: a supervisor leads calls
//! that wait, all are rung for one, and many talk together. Everybody says a tone of
//! their own. Skipped without a switch; see `support/freeswitch.rs`.

mod support;

use serde_json::{Value, json};
use std::path::Path;
use support::audio::Voice;
use support::centre::{are_attached, ready, shows, shows_agent, stored};
use support::desk::Desk;
use support::freeswitch::{NUMBER, SWITCH, Switch};
use support::hearing::{Hears, hear_only};
use support::phone::{Agent, Caller, Phone, free_port};
use support::scene::PATIENT;
use switchyard::config::Config;
use switchyard::runtime::assembly::{self, Running};
use switchyard::store::users::Role;

/// What callers say, and the agents Anna, Ben and Carla.
const FIRST: f64 = 300.0;
const SECOND: f64 = 400.0;
const ANNA: f64 = 550.0;
const BEN: f64 = 700.0;
const CARLA: f64 = 900.0;
const ALL: [f64; 5] = [FIRST, SECOND, ANNA, BEN, CARLA];

/// A centre; each agent's extension is the port of their phone.
struct Centre {
    running: Running,
    switch: Switch,
    ports: [u16; 3],
}

impl Centre {
    async fn with(name: &str, settings: &[(&str, &str)]) -> Option<Centre> {
        let switch = Switch::for_test(name).await?;
        let ports = [free_port(), free_port(), free_port()];
        let running = assembly::start(&config(&switch, ports, settings)).await;
        let running = running.expect("the centre starts");
        are_attached(&running).await;
        Some(Centre {
            running,
            switch,
            ports,
        })
    }

    async fn phone(&self, nth: usize, does: Agent, hz: f64) -> Phone {
        does.at(self.ports[nth], Voice::Tone { hz }).await
    }

    /// A caller who waits in a queue, and the id of the call.
    async fn caller(&self, number: &str, hz: f64) -> (Phone, String) {
        let who = Caller {
            number: number.to_owned(),
            ..Caller::default()
        };
        let voice = Voice::Tone { hz };
        let phone = who.calls(&self.switch.sip, NUMBER, voice).await;
        self.call_is(number, |state, _| state == "waiting").await;
        let view = self.running.handle.view();
        let mut calls = view.calls.iter();
        let call = calls.find(|call| call.caller_number == number);
        (phone, call.expect("it waits").id.clone())
    }

    /// Waits until the state and the agent of this caller's call are as `wanted`.
    async fn call_is(&self, number: &str, wanted: impl Fn(&str, Option<&str>) -> bool) {
        let what = format!("the call of {number}");
        shows(&self.running, &what, |board| {
            let mut calls = board.calls.iter();
            calls.any(|call| {
                call.caller_number == number && wanted(&call.state, call.agent.as_deref())
            })
        })
        .await;
    }

    async fn serves(&self, agent: &str, number: &str) {
        self.call_is(number, |state, by| {
            state == "connected" && by == Some(agent)
        })
        .await;
    }

    /// The agent's call ends, and its story holds no failure.
    async fn hangs_up(&self, desk: &Desk, agent: &str, number: &str) -> Value {
        let path = format!("/api/agents/{agent}/call");
        desk.asks(&path, json!({"request": "hang_up"})).await;
        let call = stored(&self.running, |call| call.call.caller_number == number).await;
        assert_eq!(call.failures, []);
        desk.get(&format!("/api/calls/{}", call.call.call)).await["stored"].take()
    }
}

fn config(switch: &Switch, [anna, ben, carla]: [u16; 3], extra: &[(&str, &str)]) -> Config {
    let settings = switch.settings("127.0.0.1:{extension}");
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
        [in_call]
        music = "moh"
        [groups.desk]
        may_dial = ["1"]
        [queues.desk]
        name = "desk"
        wrap_up_s = 60
        ring_s = 20
        music = "moh"
        [queues.service]
        name = "service"
        wrap_up_s = 60
        music = "moh"
        [agents.anna]
        name = "Anna"
        extension = "{anna}"
        switch = "{SWITCH}"
        group = "desk"
        queues = ["desk"]
        [agents.ben]
        name = "Ben"
        extension = "{ben}"
        switch = "{SWITCH}"
        group = "desk"
        queues = ["service"]
        [agents.carla]
        name = "Carla"
        extension = "{carla}"
        switch = "{SWITCH}"
        supervises = ["desk"]
        queues = []
        [numbers.{NUMBER}]
        flow = "desk"
        [flows.desk]
        name = "desk"
        start = "answer"
        [flows.desk.blocks]
        answer = {{ kind = "answer", next = "wait" }}
        wait = {{ kind = "queue", queue = "desk" }}
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

fn hears<'a>(who: &'a str, phone: &'a Phone, tones: &'a [f64]) -> Hears<'a> {
    let line = &phone.line;
    Hears { who, line, tones }
}

/// The steps of a call that somebody asked for, as `word subject`.
fn asked(call: &Value) -> Vec<String> {
    let steps = call["steps"].as_array().expect("steps").iter();
    let asked = steps.filter(|step| step["kind"] == "asked");
    let words = |step: &Value| {
        ["word", "subject"].map(|name| step[name].as_str().unwrap_or_default().to_owned())
    };
    let told = asked.map(|step| words(step).join(" ").trim_end().to_owned());
    told.filter(|step| step != "hang_up").collect()
}

#[tokio::test]
async fn waiting_calls_are_put_first_moved_and_pulled() {
    let name = "waiting calls under a supervisor on FreeSWITCH";
    let Some(centre) = Centre::with(name, &[]).await else {
        return;
    };
    let anna = centre.phone(0, PATIENT, ANNA).await;
    let ben = centre.phone(1, PATIENT, BEN).await;
    let carla = centre.phone(2, PATIENT, CARLA).await;
    let desk = Desk::of(&centre.running, "carla", Role::Supervisor).await;
    let (first, waits) = centre.caller("13800138001", FIRST).await;
    let (second, urgent) = centre.caller("13800138002", SECOND).await;

    // The later one is served first.
    let path = "/api/supervision";
    let raise = json!({"request": "set_priority", "call": urgent, "priority": 9});
    desk.asks(path, raise).await;
    ready(&centre.running, "anna").await;
    centre.serves("anna", "13800138002").await;
    let all = [
        hears("the second caller", &second, &[ANNA]),
        hears("Anna", &anna, &[SECOND]),
    ];
    hear_only(&ALL, &all).await;
    centre
        .call_is("13800138001", |state, _| state == "waiting")
        .await;

    // The other goes to another queue, and is answered there.
    ready(&centre.running, "ben").await;
    shows_agent(&centre.running, "ben", "ready").await;
    let moves = json!({"request": "move", "call": waits, "to": "service"});
    desk.asks(path, moves).await;
    centre.serves("ben", "13800138001").await;
    let all = [
        hears("the first caller", &first, &[BEN]),
        hears("Ben", &ben, &[FIRST]),
        hears("the second caller", &second, &[ANNA]),
    ];
    hear_only(&ALL, &all).await;
    let call = centre.hangs_up(&desk, "ben", "13800138001").await;
    assert_eq!(asked(&call), ["move service"]);
    let queues: Vec<&Value> = call["queue_visits"]
        .as_array()
        .expect("visits")
        .iter()
        .collect();
    assert_eq!(
        [&queues[0]["queue"], &queues[1]["queue"]],
        ["desk", "service"]
    );
    let call = centre.hangs_up(&desk, "anna", "13800138002").await;
    assert_eq!(asked(&call), ["set_priority 9"]);

    // A third goes to the supervisor's own device.
    let (third, pulled) = centre.caller("13800138003", FIRST).await;
    desk.asks(path, json!({"request": "pull", "call": pulled}))
        .await;
    centre.serves("carla", "13800138003").await;
    let all = [
        hears("the third caller", &third, &[CARLA]),
        hears("Carla", &carla, &[FIRST]),
    ];
    hear_only(&ALL, &all).await;
    let call = centre.hangs_up(&desk, "carla", "13800138003").await;
    assert_eq!(asked(&call), ["pull"]);
    centre.running.stop().await;
}

#[tokio::test]
async fn all_ring_by_themselves_and_the_others_are_told_that_one_has_answered() {
    let settings = [
        ("QUEUES__DESK__STRATEGY", "ring_all"),
        ("AGENTS__BEN__QUEUES", r#"["desk"]"#),
        ("AGENTS__CARLA__QUEUES", r#"["desk"]"#),
        ("AGENTS__ANNA__AUTO_ANSWER", "true"),
    ];
    let name = "ring_all on FreeSWITCH";
    let Some(centre) = Centre::with(name, &settings).await else {
        return;
    };
    let slow = Agent::Answers {
        after_ms: 2_000,
        talks_ms: 120_000,
    };
    let anna = centre.phone(0, Agent::NoAnswer, ANNA).await;
    let ben = centre.phone(1, slow, BEN).await;
    let carla = centre.phone(2, Agent::NoAnswer, CARLA).await;
    for agent in ["anna", "ben", "carla"] {
        ready(&centre.running, agent).await;
        shows_agent(&centre.running, agent, "ready").await;
    }
    let desk = Desk::of(&centre.running, "carla", Role::Supervisor).await;
    let voice = Voice::Tone { hz: FIRST };
    let who = Caller::default();
    let caller = who.calls(&centre.switch.sip, NUMBER, voice).await;
    centre.serves("ben", &who.number).await;
    let all = [
        hears("the caller", &caller, &[BEN]),
        hears("Ben", &ben, &[FIRST]),
    ];
    hear_only(&ALL, &all).await;
    for agent in ["anna", "carla"] {
        shows_agent(&centre.running, agent, "ready").await;
    }
    for phone in [&anna, &carla] {
        let told = phone.story();
        assert_eq!(told.matches("INVITE sip:").count(), 1, "{told}");
        // RFC 3326: no missed call is shown.
        assert!(told.contains("CANCEL sip:"), "{told}");
        assert!(told.contains("completed elsewhere"), "{told}");
    }
    let asks = ["answer-after=0", "info=alert-autoanswer"];
    let told = anna.story();
    assert!(asks.iter().all(|word| told.contains(word)), "{told}");
    let told = carla.story();
    assert!(!asks.iter().any(|word| told.contains(word)), "{told}");

    let call = centre.hangs_up(&desk, "ben", &who.number).await;
    let mut offers: Vec<[&str; 2]> = call["offers"]
        .as_array()
        .expect("offers")
        .iter()
        .map(|offer| ["agent", "outcome"].map(|name| offer[name].as_str().expect("a word")))
        .collect();
    offers.sort_unstable();
    let expected = [
        ["anna", "answered_elsewhere"],
        ["ben", "accepted"],
        ["carla", "answered_elsewhere"],
    ];
    assert_eq!(offers, expected);
    assert_eq!(call["recordings"].as_array().map(Vec::len), Some(1));
    centre.running.stop().await;
}

/// Who is invited from outside, beside caller, Anna and Ben.
const OUTSIDE: usize = 47;

#[tokio::test]
async fn fifty_talk_together() {
    let outside = free_port();
    let outbound = format!("sofia/internal/{{number}}@127.0.0.1:{outside}");
    let settings = [("SWITCHES__FS_TEST__OUTBOUND", outbound.as_str())];
    let name = "a conference of fifty on FreeSWITCH";
    let Some(centre) = Centre::with(name, &settings).await else {
        return;
    };
    let anna = centre.phone(0, PATIENT, ANNA).await;
    let ben = centre.phone(1, PATIENT, BEN).await;
    // All of them take their calls at one address, and say nothing.
    let _others = PATIENT.at(outside, Voice::Silent).await;
    for agent in ["anna", "ben"] {
        ready(&centre.running, agent).await;
    }
    let desk = Desk::of(&centre.running, "anna", Role::Supervisor).await;
    let voice = Voice::Tone { hz: FIRST };
    let who = Caller::default();
    let caller = who.calls(&centre.switch.sip, NUMBER, voice).await;
    centre.serves("anna", &who.number).await;
    let path = "/api/agents/anna/call";
    for nth in 0..OUTSIDE {
        let number = format!("1{nth:02}");
        desk.asks(path, json!({"request": "invite", "to": {"number": number}}))
            .await;
    }
    let ben_too = json!({"request": "invite", "to": {"agent": "ben"}});
    desk.asks(path, ben_too).await;
    shows_agent(&centre.running, "ben", "on_call").await;
    let call = centre.running.handle.view().calls[0].id.clone();
    let legs = |state: &str, call: &Value| {
        let legs = call["stored"]["legs"].as_array();
        legs.map_or(0, |legs| {
            legs.iter().filter(|leg| leg["state"] == state).count()
        })
    };
    let path_of_call = format!("/api/calls/{call}");
    desk.until(&centre.running, &path_of_call, |call| {
        legs("bridged", call) == OUTSIDE + 3
    })
    .await;
    let all = [
        hears("the caller", &caller, &[ANNA, BEN]),
        hears("Anna", &anna, &[FIRST, BEN]),
        hears("Ben", &ben, &[FIRST, ANNA]),
    ];
    hear_only(&ALL, &all).await;
    let count = format!("conference switchyard-{call} get count");
    let answer = centre.switch.api(&count).await;
    assert!(answer.contains(&format!("\n\n{}", OUTSIDE + 3)), "{answer}");
    desk.asks(path, json!({"request": "hang_up"})).await;
    let call = stored(&centre.running, |_| true).await;
    assert_eq!(call.failures, []);
    assert_eq!(call.legs.len(), OUTSIDE + 3);
    let left = centre.switch.api("conference list").await;
    assert!(!left.contains("switchyard-"), "{left}");
    centre.running.stop().await;
}
