//! What agents and supervisors ask for through the API, done by a whole centre
//! on the real Asterisk: who hears whom is measured with tones.

mod support;

use serde_json::{Value, json};
use std::time::Duration;
use support::asterisk::{Asterisk, BRIDGES, CHANNELS};
use support::audio::Voice;
use support::centre::{self, ready, shows, shows_agent, stored};
use support::desk::Desk;
use support::phone::{Agent, Caller, Phone};
use support::scene::{AGENT_HZ, CALLER_HZ, MUSIC_HZ, OTHER_HZ, PATIENT, has_tone, hears};
use support::switch::DEADLINE;
use switchyard::runtime::assembly::Running;
use switchyard::runtime::board::view::{BoardView, CallView};
use switchyard::store::users::Role;
use tokio::sync::{Mutex, MutexGuard};

/// Only one controller can have the application at a time.
static APPLICATION: Mutex<()> = Mutex::const_new(());

/// How long fifty may take to come together on a busy machine.
const GATHERING: Duration = Duration::from_secs(60);

/// The centre of `scripts/asterisk.toml`, where Wang Fang serves a queue of her
/// own, Li Na supervises Zhang Wei, and nobody is through with wrapping up soon.
const SETTINGS: [(&str, &str); 7] = [
    ("QUEUES__RESERVATIONS__WRAP_UP_S", "120"),
    ("QUEUES__SERVICE__NAME", "Service"),
    ("AGENTS__WANGFANG__QUEUES", r#"["service"]"#),
    ("GROUPS__DESK__MAY_DIAL", r#"["7"]"#),
    ("AGENTS__ZHANGWEI__GROUP", "desk"),
    ("AGENTS__WANGFANG__GROUP", "desk"),
    ("AGENTS__LINA__SUPERVISES", r#"["desk"]"#),
];

/// The extension at whose phone every number outside answers.
const OUTSIDE: u16 = 1010;

/// Of those beside [`OTHER_HZ`].
const MORE_HZ: [f64; 3] = [1_600.0, 1_900.0, 2_200.0];

/// A caller and Zhang Wei, who talk with each other.
struct Conversation {
    running: Running,
    asterisk: Asterisk,
    caller: Phone,
    /// Zhang Wei's.
    agent: Phone,
    /// Zhang Wei's.
    desk: Desk,
    /// Li Na's, who may look at every call.
    boss: Desk,
    _folder: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Conversation {
    async fn begun() -> Option<Conversation> {
        Self::begun_with(PATIENT).await
    }

    /// Zhang Wei's phone does this once it has answered.
    async fn begun_with(does: Agent) -> Option<Conversation> {
        let asterisk = Asterisk::running()?;
        let alone = APPLICATION.lock().await;
        asterisk.is_cleared().await;
        let folder = tempfile::tempdir().expect("a folder");
        let outside = asterisk.phone_port(OUTSIDE);
        let outside = format!("PJSIP/trunk/sip:{{number}}@127.0.0.1:{outside}");
        let mut settings = SETTINGS.to_vec();
        settings.push(("SWITCHES__ASTERISK__OUTBOUND", &outside));
        let running = centre::start(&asterisk, folder.path(), &settings).await;
        let desk = Desk::of(&running, "zhangwei", Role::Agent).await;
        let boss = Desk::of(&running, "lina", Role::Supervisor).await;
        let voice = Voice::Tone { hz: AGENT_HZ };
        let agent = does.at(asterisk.phone_port(1003), voice).await;
        let voice = Voice::Tone { hz: CALLER_HZ };
        let caller = Caller::default().calls(&asterisk.sip, "4001", voice).await;
        caller
            .line
            .hears_speech(0, DEADLINE)
            .await
            .expect("the greeting");
        caller.line.press('1');
        ready(&running, "zhangwei").await;
        shows_agent(&running, "zhangwei", "on_call").await;
        hears(&caller.line, &[AGENT_HZ], &[MUSIC_HZ]).await;
        hears(&agent.line, &[CALLER_HZ], &[]).await;
        Some(Conversation {
            running,
            asterisk,
            caller,
            agent,
            desk,
            boss,
            _folder: folder,
            _alone: alone,
        })
    }

    /// Zhang Wei asks for something.
    async fn asks(&self, body: Value) {
        self.desk.asks("/api/agents/zhangwei/call", body).await;
    }

    /// Li Na asks for something as the supervisor.
    async fn supervises(&self, body: Value) {
        self.boss.asks("/api/supervision", body).await;
    }

    /// Li Na ends the call, whoever serves it.
    async fn is_ended_by_the_supervisor(&self) {
        let call = self.running.handle.view().calls[0].id.clone();
        self.supervises(json!({"request": "hang_up", "call": call}))
            .await;
    }

    /// The phone with this extension ends its call.
    async fn hangs_up_at_the_phone(&self, extension: &str) {
        let channels = self.asterisk.console(CHANNELS).await;
        let own = |line: &&str| line.starts_with(&format!("PJSIP/{extension}-"));
        let channel = channels
            .lines()
            .find(own)
            .and_then(|line| line.split('!').next());
        let channel = channel.unwrap_or_else(|| panic!("no {extension} in {channels}"));
        let hang_up = format!("channel request hangup {channel}");
        self.asterisk.console(&hang_up).await;
    }

    /// The phone of another agent, who is ready.
    async fn also(&self, agent: &str, extension: u16) -> Phone {
        let phone = phone(&self.asterisk, extension, OTHER_HZ).await;
        ready(&self.running, agent).await;
        phone
    }

    /// Another caller, who waits in the queue; and the call's id.
    async fn waits(&self, number: &str, hz: f64) -> (Phone, String) {
        let caller = Caller {
            number: number.to_owned(),
            ..Caller::default()
        };
        let voice = Voice::Tone { hz };
        let phone = caller.calls(&self.asterisk.sip, "4001", voice).await;
        phone
            .line
            .hears_speech(0, DEADLINE)
            .await
            .expect("the greeting");
        phone.line.press('1');
        let waits = |call: &CallView| call.caller_number == number && call.state == "waiting";
        let seen = |board: &BoardView| board.calls.iter().any(waits);
        shows(&self.running, &format!("{number} waiting"), seen).await;
        let view = self.running.handle.view();
        let mut calls = view.calls.iter();
        let call = calls.find(|call| waits(call)).expect("it waits");
        (phone, call.id.clone())
    }

    /// What was asked for about a call, when it is over; and who served it.
    async fn told_of(&self, call: &str) -> (Vec<String>, String) {
        let path = format!("/api/calls/{call}");
        let over = |found: &Value| found["stored"]["ended_by"].is_string();
        let told = self.boss.until(&self.running, &path, over).await;
        let told = &told["stored"];
        assert_eq!(told["failures"], json!([]));
        let agent = told["agent"].as_str().unwrap_or_default().to_owned();
        (steps(told), agent)
    }

    /// Waits until so many are in the conference of the one call.
    async fn are_together(&self, call: &str, people: usize) {
        let list = format!("bridge show {call}-conference");
        let mut seen = String::new();
        let look = async {
            while seen.matches("Channel: ").count() != people {
                seen = self.asterisk.console(&list).await;
            }
        };
        if tokio::time::timeout(GATHERING, look).await.is_err() {
            let told = self.boss.get(&format!("/api/calls/{call}")).await;
            panic!("not {people} in {seen}\n{told:#}");
        }
    }

    /// The call is over, and nothing of it is left. Gives what the API tells of it.
    async fn ends(mut self) -> Value {
        let caller = self.caller.ended(DEADLINE);
        caller.await.expect("the caller is hung up on");
        shows(&self.running, "no call", |board| board.calls.is_empty()).await;
        let call = stored(&self.running, |_| true).await.call.call;
        let told = self.boss.get(&format!("/api/calls/{call}")).await["stored"].take();
        assert_eq!(told["failures"], json!([]));
        self.asterisk.has_no(CHANNELS, "!").await;
        self.asterisk.has_no(BRIDGES, &call).await;
        self.running.stop().await;
        told
    }
}

async fn phone(asterisk: &Asterisk, extension: u16, hz: f64) -> Phone {
    let port = asterisk.phone_port(extension);
    PATIENT.at(port, Voice::Tone { hz }).await
}

/// One word of each of these; empty where there is none.
fn words<'a>(rows: &'a Value, name: &str) -> Vec<&'a str> {
    let rows = rows.as_array().expect("a list").iter();
    rows.map(|row| row[name].as_str().unwrap_or_default())
        .collect()
}

/// The agents whose devices were rung, one after the other.
fn agents(told: &Value) -> Vec<&str> {
    let mut agents = words(&told["legs"], "agent");
    agents.retain(|agent| !agent.is_empty());
    agents
}

/// What was asked for and done in a call, one line each; not who the caller is.
fn steps(told: &Value) -> Vec<String> {
    let line = |step: &Value| {
        let names = ["kind", "word", "subject", "agent", "by", "refused"];
        let words = names.iter().filter_map(|name| step[name].as_str());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join(" ")
    };
    let steps = told["steps"].as_array().expect("a list").iter();
    let done = steps.filter(|step| step["kind"] != "caller");
    done.map(line).collect()
}

#[tokio::test]
async fn a_caller_on_hold_hears_music_and_is_taken_back() {
    let Some(talk) = Conversation::begun().await else {
        return;
    };
    for _ in 0..2 {
        talk.asks(json!({"request": "hold"})).await;
        hears(&talk.caller.line, &[MUSIC_HZ], &[AGENT_HZ]).await;
        let silent_since = talk.agent.line.mark();
        talk.caller
            .line
            .listens(talk.caller.line.mark(), 1_000, DEADLINE)
            .await;
        assert!(!has_tone(&talk.agent.line, silent_since, CALLER_HZ));
        talk.asks(json!({"request": "resume"})).await;
        hears(&talk.caller.line, &[AGENT_HZ], &[MUSIC_HZ]).await;
        hears(&talk.agent.line, &[CALLER_HZ], &[MUSIC_HZ]).await;
    }
    let again = json!({"request": "resume"});
    let refused = talk.desk.is_refused("/api/agents/zhangwei/call", again);
    assert_eq!(refused.await, "not_on_hold");
    talk.asks(json!({"request": "hang_up"})).await;
    shows_agent(&talk.running, "zhangwei", "wrap_up").await;
    let told = talk.ends().await;
    let twice = [
        "talk held",
        "asked hold zhangwei zhangwei",
        "talk together",
        "asked resume zhangwei zhangwei",
    ];
    let steps = steps(&told);
    assert_eq!(steps[..4], twice);
    assert_eq!(steps[4..8], twice);
    let refused_and_ended = [
        "asked resume zhangwei zhangwei not_on_hold",
        "asked hang_up zhangwei zhangwei",
    ];
    assert_eq!(steps[8..], refused_and_ended);
    assert_eq!(told["ended_by"], "agent");
    assert_eq!(agents(&told), ["zhangwei"]);
    assert_eq!(told["recordings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_caller_goes_to_the_agent_who_was_consulted() {
    let Some(talk) = Conversation::begun().await else {
        return;
    };
    let lina = talk.also("lina", 1002).await;
    talk.asks(json!({"request": "consult", "to": {"agent": "lina"}}))
        .await;
    shows_agent(&talk.running, "lina", "on_call").await;
    hears(&talk.caller.line, &[MUSIC_HZ], &[AGENT_HZ, OTHER_HZ]).await;
    hears(&talk.agent.line, &[OTHER_HZ], &[CALLER_HZ, MUSIC_HZ]).await;
    hears(&lina.line, &[AGENT_HZ], &[CALLER_HZ, MUSIC_HZ]).await;

    talk.asks(json!({"request": "complete"})).await;
    hears(&talk.caller.line, &[OTHER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    hears(&lina.line, &[CALLER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    shows_agent(&talk.running, "zhangwei", "wrap_up").await;
    shows_agent(&talk.running, "lina", "on_call").await;
    let hang_up = json!({"request": "hang_up"});
    talk.boss.asks("/api/agents/lina/call", hang_up).await;
    shows_agent(&talk.running, "lina", "wrap_up").await;
    let told = talk.ends().await;
    let consulted = [
        "talk consulting",
        "rung consulted lina lina",
        "asked consult lina zhangwei zhangwei",
        "asked complete zhangwei zhangwei",
        "handed_over served lina lina",
        "asked hang_up lina lina",
    ];
    assert_eq!(steps(&told), consulted);
    let path = ["offered", "connected", "transferring", "connected", "ended"];
    assert_eq!(words(&told["states"], "state")[3..], path);
    assert_eq!(told["agent"], "lina");
    assert_eq!(told["ended_by"], "agent");
    assert_eq!(agents(&told), ["zhangwei", "lina"]);
    assert_eq!(told["recordings"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_caller_is_sent_to_a_queue_and_answered_there() {
    let Some(talk) = Conversation::begun().await else {
        return;
    };
    talk.asks(json!({"request": "transfer", "to": {"queue": "service"}}))
        .await;
    shows_agent(&talk.running, "zhangwei", "wrap_up").await;
    hears(&talk.caller.line, &[MUSIC_HZ], &[AGENT_HZ]).await;
    let wangfang = talk.also("wangfang", 1001).await;
    shows_agent(&talk.running, "wangfang", "on_call").await;
    hears(&talk.caller.line, &[OTHER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    hears(&wangfang.line, &[CALLER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    talk.is_ended_by_the_supervisor().await;
    shows_agent(&talk.running, "wangfang", "wrap_up").await;
    let told = talk.ends().await;
    let sent = [
        "asked transfer service zhangwei zhangwei",
        "asked force_hang_up lina",
    ];
    assert_eq!(steps(&told), sent);
    assert_eq!(told["agent"], "wangfang");
    assert_eq!(told["ended_by"], "supervisor");
    assert_eq!(agents(&told), ["zhangwei", "wangfang"]);
    let visits = &told["queue_visits"];
    assert_eq!(words(visits, "queue"), ["reservations", "service"]);
    assert_eq!(words(visits, "reason"), ["answered", "answered"]);
    assert_eq!(words(&told["offers"], "outcome"), ["accepted", "accepted"]);
    assert_eq!(told["recordings"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn three_talk_together_and_the_second_agent_stays_with_the_caller() {
    let Some(talk) = Conversation::begun().await else {
        return;
    };
    let lina = talk.also("lina", 1002).await;
    talk.asks(json!({"request": "consult", "to": {"agent": "lina"}}))
        .await;
    shows_agent(&talk.running, "lina", "on_call").await;
    hears(&talk.agent.line, &[OTHER_HZ], &[CALLER_HZ]).await;

    talk.asks(json!({"request": "conference"})).await;
    hears(
        &talk.caller.line,
        &[AGENT_HZ, OTHER_HZ],
        &[CALLER_HZ, MUSIC_HZ],
    )
    .await;
    hears(&talk.agent.line, &[CALLER_HZ, OTHER_HZ], &[AGENT_HZ]).await;
    hears(&lina.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;

    talk.hangs_up_at_the_phone("1003").await;
    shows_agent(&talk.running, "zhangwei", "wrap_up").await;
    hears(&talk.caller.line, &[OTHER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    hears(&lina.line, &[CALLER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    talk.hangs_up_at_the_phone("1002").await;
    shows_agent(&talk.running, "lina", "wrap_up").await;
    let told = talk.ends().await;
    let conference = [
        "talk consulting",
        "rung consulted lina lina",
        "asked consult lina zhangwei zhangwei",
        "talk conference",
        "asked conference zhangwei zhangwei",
        "handed_over served lina lina",
    ];
    assert_eq!(steps(&told)[..6], conference);
    assert_eq!(told["agent"], "lina");
    assert_eq!(told["ended_by"], "agent");
    assert_eq!(agents(&told), ["zhangwei", "lina"]);
    assert_eq!(told["recordings"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_supervisor_listens_whispers_barges_in_and_takes_over() {
    let Some(talk) = Conversation::begun().await else {
        return;
    };
    let lina = talk.also("lina", 1002).await;
    let agent = "zhangwei";
    talk.supervises(json!({"request": "listen", "agent": agent}))
        .await;
    shows_agent(&talk.running, "lina", "on_call").await;
    hears(&lina.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;
    hears(&talk.agent.line, &[CALLER_HZ], &[OTHER_HZ]).await;
    hears(&talk.caller.line, &[AGENT_HZ], &[OTHER_HZ]).await;

    talk.supervises(json!({"request": "whisper", "agent": agent}))
        .await;
    hears(&talk.agent.line, &[CALLER_HZ, OTHER_HZ], &[]).await;
    hears(&lina.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;
    hears(&talk.caller.line, &[AGENT_HZ], &[OTHER_HZ]).await;

    talk.supervises(json!({"request": "barge", "agent": agent}))
        .await;
    hears(&talk.caller.line, &[AGENT_HZ, OTHER_HZ], &[]).await;
    hears(&talk.agent.line, &[CALLER_HZ, OTHER_HZ], &[]).await;
    hears(&lina.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;

    talk.supervises(json!({"request": "take_over", "agent": agent}))
        .await;
    shows_agent(&talk.running, "zhangwei", "wrap_up").await;
    hears(&talk.caller.line, &[OTHER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    hears(&lina.line, &[CALLER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    let hang_up = json!({"request": "hang_up"});
    talk.boss.asks("/api/agents/lina/call", hang_up).await;
    shows_agent(&talk.running, "lina", "wrap_up").await;
    let told = talk.ends().await;
    let supervised = [
        "rung supervisor lina lina",
        "asked listen zhangwei zhangwei lina",
        "asked whisper zhangwei zhangwei lina",
        "asked barge zhangwei zhangwei lina",
        "asked take_over zhangwei zhangwei lina",
        "handed_over served lina lina",
        "asked hang_up lina lina",
    ];
    assert_eq!(steps(&told), supervised);
    assert_eq!(told["agent"], "lina");
    assert_eq!(agents(&told), ["zhangwei", "lina"]);
    assert_eq!(told["recordings"].as_array().unwrap().len(), 2);
}

/// A phone that asks by its own key for the caller to be transferred when it is
/// pressed, and holds before, or does not.
fn transfers(to: &'static str, holds_ms: u64) -> Agent {
    Agent::Transfers {
        after_ms: 50,
        talks_ms: 120_000,
        holds_ms,
        to,
    }
}

#[tokio::test]
async fn a_transfer_by_the_phones_own_key_is_obeyed_like_ours() {
    for holds_ms in [0, 1_000] {
        let Some(talk) = Conversation::begun_with(transfers("1002", holds_ms)).await else {
            return;
        };
        let lina = talk.also("lina", 1002).await;
        talk.agent.presses_key();
        shows_agent(&talk.running, "zhangwei", "wrap_up").await;
        shows_agent(&talk.running, "lina", "on_call").await;
        hears(&talk.caller.line, &[OTHER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
        hears(&lina.line, &[CALLER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
        let told = talk.agent.story();
        assert!(told.contains("\r\n\r\nSIP/2.0 200 OK"), "{told}");
        let hang_up = json!({"request": "hang_up"});
        talk.boss.asks("/api/agents/lina/call", hang_up).await;
        let told = talk.ends().await;
        let mut steps = steps(&told);
        if holds_ms > 0 {
            assert_eq!(steps[..2], ["talk held", "asked hold zhangwei zhangwei"]);
            steps.drain(..2);
        }
        let sent = [
            "rung target lina lina",
            "asked transfer lina zhangwei zhangwei",
            "handed_over served lina lina",
            "asked hang_up lina lina",
        ];
        assert_eq!(steps, sent);
        assert_eq!(agents(&told), ["zhangwei", "lina"]);
    }
}

#[tokio::test]
async fn a_transfer_by_the_phones_own_key_is_bound_by_what_the_group_may_dial() {
    let Some(talk) = Conversation::begun_with(transfers("95588", 0)).await else {
        return;
    };
    talk.agent.presses_key();
    let refused = tokio::time::timeout(DEADLINE, async {
        while !talk.agent.story().contains("\r\n\r\nSIP/2.0 603") {
            let mark = talk.agent.line.mark();
            talk.agent.line.listens(mark, 200, DEADLINE).await;
        }
    });
    refused.await.expect("the phone is told of the refusal");
    hears(&talk.caller.line, &[AGENT_HZ], &[MUSIC_HZ]).await;
    hears(&talk.agent.line, &[CALLER_HZ], &[MUSIC_HZ]).await;
    shows_agent(&talk.running, "zhangwei", "on_call").await;
    talk.asks(json!({"request": "hang_up"})).await;
    let told = talk.ends().await;
    let refused = [
        "asked transfer 95588 zhangwei zhangwei number_forbidden",
        "asked hang_up zhangwei zhangwei",
    ];
    assert_eq!(steps(&told), refused);
}

#[tokio::test]
async fn a_consultation_made_on_the_phone_is_completed_by_its_own_key() {
    let Some(talk) = Conversation::begun_with(transfers("", 0)).await else {
        return;
    };
    let lina = talk.also("lina", 1002).await;
    let own = Caller {
        number: "1003".to_owned(),
        phone: Some(1003),
        ..Caller::default()
    };
    let voice = Voice::Tone { hz: AGENT_HZ };
    let mut second = own.calls(&talk.asterisk.sip, "1002", voice).await;
    lina.speaks_first(DEADLINE).await;
    shows_agent(&talk.running, "zhangwei", "consult").await;
    shows_agent(&talk.running, "lina", "on_call").await;
    hears(&talk.caller.line, &[MUSIC_HZ], &[AGENT_HZ, OTHER_HZ]).await;
    hears(&second.line, &[OTHER_HZ], &[CALLER_HZ, MUSIC_HZ]).await;
    hears(&lina.line, &[AGENT_HZ], &[CALLER_HZ, MUSIC_HZ]).await;

    talk.agent.completes(&second);
    shows_agent(&talk.running, "zhangwei", "wrap_up").await;
    hears(&talk.caller.line, &[OTHER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    hears(&lina.line, &[CALLER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    second.ended(DEADLINE).await.expect("its call is over");
    let told = talk.agent.story();
    assert!(told.contains("\r\n\r\nSIP/2.0 200 OK"), "{told}");
    let hang_up = json!({"request": "hang_up"});
    talk.boss.asks("/api/agents/lina/call", hang_up).await;
    let told = talk.ends().await;
    let consulted = [
        "talk consulting",
        "rung consulted lina lina",
        "asked consult lina zhangwei zhangwei",
        "rung own_line zhangwei zhangwei",
        "left talked zhangwei zhangwei",
        "asked complete zhangwei zhangwei",
        "handed_over served lina lina",
        "asked hang_up lina lina",
    ];
    assert_eq!(steps(&told), consulted);
    assert_eq!(told["agent"], "lina");
    assert_eq!(told["recordings"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn waiting_calls_are_put_first_moved_and_pulled() {
    let Some(talk) = Conversation::begun().await else {
        return;
    };
    let [first_hz, later_hz, third_hz] = MORE_HZ;
    let (first, first_id) = talk.waits("13900000001", first_hz).await;
    let (later, later_id) = talk.waits("13900000002", later_hz).await;
    talk.supervises(json!({"request": "set_priority", "call": later_id, "priority": 9}))
        .await;
    let begun = talk.running.handle.view();
    let spoken = begun.calls.iter().find(|call| call.state == "connected");
    let spoken = spoken.expect("the first conversation").id.clone();
    talk.asks(json!({"request": "hang_up"})).await;
    shows_agent(&talk.running, "zhangwei", "wrap_up").await;
    ready(&talk.running, "zhangwei").await;
    shows_agent(&talk.running, "zhangwei", "on_call").await;
    hears(&later.line, &[AGENT_HZ], &[MUSIC_HZ]).await;
    hears(&talk.agent.line, &[later_hz], &[first_hz]).await;

    talk.supervises(json!({"request": "move", "call": first_id, "to": "service"}))
        .await;
    let wangfang = talk.also("wangfang", 1001).await;
    shows_agent(&talk.running, "wangfang", "on_call").await;
    hears(&first.line, &[OTHER_HZ], &[MUSIC_HZ]).await;
    hears(&wangfang.line, &[first_hz], &[]).await;

    let (third, third_id) = talk.waits("13900000003", third_hz).await;
    let lina = phone(&talk.asterisk, 1002, OTHER_HZ).await;
    talk.supervises(json!({"request": "pull", "call": third_id}))
        .await;
    shows_agent(&talk.running, "lina", "on_call").await;
    hears(&third.line, &[OTHER_HZ], &[MUSIC_HZ]).await;
    hears(&lina.line, &[third_hz], &[]).await;

    for call in [&first_id, &later_id] {
        talk.supervises(json!({"request": "hang_up", "call": call}))
            .await;
    }
    let hang_up = json!({"request": "hang_up"});
    talk.boss.asks("/api/agents/lina/call", hang_up).await;
    shows(&talk.running, "no call", |board| board.calls.is_empty()).await;
    let told = |steps: &[&str], agent: &str| {
        let steps = steps.iter().map(|step| (*step).to_owned());
        (steps.collect::<Vec<_>>(), agent.to_owned())
    };
    let ended = "asked force_hang_up lina";
    let moved = told(&["asked move service lina", ended], "wangfang");
    assert_eq!(talk.told_of(&first_id).await, moved);
    let put_first = told(&["asked set_priority 9 lina", ended], "zhangwei");
    assert_eq!(talk.told_of(&later_id).await, put_first);
    let pulled = [
        "rung target lina lina",
        "asked pull lina",
        "handed_over served lina lina",
        "asked hang_up lina lina",
    ];
    assert_eq!(talk.told_of(&third_id).await, told(&pulled, "lina"));
    assert_eq!(talk.told_of(&spoken).await.1, "zhangwei");
    talk.asterisk.has_no(CHANNELS, "!").await;
    talk.running.stop().await;
}

#[tokio::test]
async fn fifty_talk_in_one_conference_and_go_on_when_some_leave() {
    let Some(talk) = Conversation::begun().await else {
        return;
    };
    let call = talk.running.handle.view().calls[0].id.clone();
    let outside = talk.asterisk.phone_port(OUTSIDE);
    let _outside = PATIENT.at(outside, Voice::Nothing).await;
    let lina = talk.also("lina", 1002).await;
    let wangfang = phone(&talk.asterisk, 1001, MORE_HZ[0]).await;
    ready(&talk.running, "wangfang").await;
    let agents = ["lina", "wangfang"].map(|agent| json!({ "agent": agent }));
    let numbers = (7_000_001..=7_000_046_u32).map(|number| json!({ "number": number.to_string() }));
    let everybody = agents.into_iter().chain(numbers);
    for (people, to) in (3..).zip(everybody) {
        talk.asks(json!({"request": "invite", "to": to})).await;
        talk.are_together(&call, people).await;
    }
    let one_more = json!({"request": "invite", "to": {"number": "7000047"}});
    let refused = talk.desk.is_refused("/api/agents/zhangwei/call", one_more);
    assert_eq!(refused.await, "conference_full");
    let everybody = [CALLER_HZ, AGENT_HZ, OTHER_HZ, MORE_HZ[0]];
    let sampled = [&talk.caller, &talk.agent, &lina, &wangfang];
    for (own, phone) in sampled.iter().enumerate() {
        let mut others = everybody.to_vec();
        let own = others.remove(own);
        hears(&phone.line, &others, &[own, MUSIC_HZ]).await;
    }

    talk.hangs_up_at_the_phone("1003").await;
    talk.are_together(&call, 49).await;
    shows_agent(&talk.running, "zhangwei", "wrap_up").await;
    hears(&talk.caller.line, &[OTHER_HZ, MORE_HZ[0]], &[AGENT_HZ]).await;
    talk.hangs_up_at_the_phone("1002").await;
    talk.are_together(&call, 48).await;
    shows_agent(&talk.running, "lina", "wrap_up").await;
    hears(&talk.caller.line, &[MORE_HZ[0]], &[AGENT_HZ, OTHER_HZ]).await;
    hears(&wangfang.line, &[CALLER_HZ], &[OTHER_HZ]).await;
    talk.is_ended_by_the_supervisor().await;
    shows_agent(&talk.running, "wangfang", "wrap_up").await;
    let told = talk.ends().await;
    assert_eq!(told["agent"], "wangfang");
    assert_eq!(told["ended_by"], "supervisor");
    assert_eq!(told["legs"].as_array().unwrap().len(), 50);
    let steps = steps(&told);
    let count = |begin: &str| steps.iter().filter(|step| step.starts_with(begin)).count();
    assert_eq!(count("rung member"), 48);
    assert_eq!(count("handed_over served"), 2);
    assert_eq!(count("asked invite"), 49);
    assert_eq!(told["recordings"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_ended_without_a_controller_is_cleared_away_by_the_next() {
    let Some(talk) = Conversation::begun().await else {
        return;
    };
    let asterisk = &talk.asterisk;
    let call = talk.running.handle.view().calls[0].id.clone();
    talk.running.stop().await;
    asterisk.is_cleared().await;
    assert!(asterisk.console(BRIDGES).await.contains(&call));
    let folder = tempfile::tempdir().unwrap();
    let next = centre::start(asterisk, folder.path(), &SETTINGS).await;
    asterisk.has_no(BRIDGES, &call).await;
    next.stop().await;
}
