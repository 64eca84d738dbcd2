//! A centre on a real switch whose controller is killed, replaced, cut off and
//! starved of its store while callers are everywhere a call can be. What happened is
//! read in the switch's own log ([`story`]); the controller is asked only what
//! it believes.

pub mod asterisk;
pub mod freeswitch;
pub mod story;

use super::audio::{Voice, share_of};
use super::controller::{Controller, SOON};
use super::phone::{Agent, Caller, Phone};
use super::session::Session;
use super::settings::{NUMBER, Settings};
use super::wire::Wire;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use story::Story;
use tempfile::TempDir;
use tokio::sync::Mutex;

/// One test at a time: a switch has one controller, and two switches on one
/// machine can draw the same ports for audio.
static TURN: Mutex<()> = Mutex::const_new(());

/// What the caller of the long conversation says, and the agent echoes.
const VOICE_HZ: f64 = 700.0;
/// The key that leads to the queue `desk`.
const DESK: char = '1';
/// The key that leads to the queue `office`.
const OFFICE: char = '2';

/// A real switch with a log of its own.
pub trait Rig {
    /// Its id in the configuration.
    fn id(&self) -> &'static str;
    /// `host:port` by which controllers reach it.
    fn control(&self) -> String;
    /// Its settings for a controller that reaches it at `control`.
    fn settings(&self, control: &str) -> String;
    /// Its class of music on hold.
    fn music(&self) -> &'static str;
    /// `host:port` that callers ring.
    fn sip(&self) -> &str;
    /// The extension of the `nth` agent.
    fn extension(&self, nth: u16) -> u16;
    /// Where the phone of an extension is expected.
    fn phone_port(&self, extension: u16) -> u16;
    /// Waits until the caller hears the menu's prompts after `mark`.
    async fn hears_menu(&self, caller: &Phone, mark: usize);
    /// Ends a channel from the switch's own console.
    async fn hang_up(&self, channel: &str);
    /// Ends it with all its calls; it starts again by itself.
    async fn restart(&mut self);
    /// What its own log says since the test began.
    async fn story(&self) -> Story;
}

const AGENTS: [&str; 6] = ["anna", "berta", "clara", "dora", "emil", "frida"];

/// The centre in its folder, with the switch at the far end of a wire.
pub struct Chaos<R> {
    pub rig: R,
    pub folder: TempDir,
    pub wire: Wire,
    pub controller: Controller,
    pub admin: Session,
}

impl<R: Rig> Chaos<R> {
    pub async fn start(rig: R) -> Chaos<R> {
        let folder = tempfile::tempdir().expect("a folder");
        let wire = Wire::to(&rig.control()).await;
        let switch = rig.settings(&format!("127.0.0.1:{}", wire.port()));
        let agents: Vec<_> = (0..)
            .zip(AGENTS)
            .map(|(nth, agent)| {
                let queue = if agent == "emil" { "office" } else { "desk" };
                (agent, rig.extension(nth), queue)
            })
            .collect();
        let settings = Settings {
            switch: (rig.id(), &switch),
            agents: &agents,
            sections: &sections(rig.music()),
        };
        settings.write(folder.path());
        let mut controller = Controller::start(folder.path(), &[], &[]).await;
        let admin = controller.admin().await;
        Chaos {
            rig,
            folder,
            wire,
            controller,
            admin,
        }
    }

    pub fn extension(&self, agent: &str) -> u16 {
        let nth = (0..).zip(AGENTS).find(|(_, name)| *name == agent);
        self.rig.extension(nth.expect("an agent of this centre").0)
    }

    /// Puts an agent's phone in its place.
    pub async fn phone(&self, agent: &str, after_ms: u64, talks_ms: u64) -> Phone {
        let port = self.rig.phone_port(self.extension(agent));
        let behaviour = Agent::Answers { after_ms, talks_ms };
        behaviour.at(port, Voice::Echo).await
    }

    /// A caller who hears the menu.
    pub async fn caller(&self, number: &str, voice: Voice) -> Phone {
        let caller = Caller {
            number: number.to_owned(),
            stay_ms: 280_000,
            ..Caller::default()
        };
        let phone = caller.calls(self.rig.sip(), NUMBER, voice).await;
        self.rig.hears_menu(&phone, 0).await;
        phone
    }

    /// A caller who presses `key` in the menu.
    pub async fn chooses(&self, number: &str, key: char) -> Phone {
        let phone = self.caller(number, Voice::Tone { hz: VOICE_HZ }).await;
        self.presses(&phone, number, key).await;
        phone
    }

    /// The caller presses `key`, and again while it does not lead out of the
    /// menu: what is pressed while the switch is out of reach is not told.
    pub async fn presses(&self, phone: &Phone, number: &str, key: char) {
        // A menu can be heard a moment before the list of calls shows who hears it.
        self.call_is(number, "state", &IN_FLOW).await;
        let noticed = async {
            loop {
                phone.line.press(key);
                for _ in 0..100 {
                    let calls = self.calls().await;
                    if !calls.get(number).is_some_and(is_in_flow) {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        };
        let noticed = tokio::time::timeout(SOON, noticed).await;
        noticed.expect("the key is noticed");
    }

    /// The same, who waits in the queue.
    pub async fn queued(&self, number: &str, key: char) -> Phone {
        let phone = self.chooses(number, key).await;
        self.call_is(number, "state", &["waiting", "offered", "connected"])
            .await;
        phone
    }

    /// The live calls by their callers' numbers.
    pub async fn calls(&self) -> BTreeMap<String, Value> {
        let calls = self.admin.get("/api/calls/live").await;
        let calls = calls.as_array().expect("a list").iter();
        calls
            .map(|call| (text(call, "caller_number").to_owned(), call.clone()))
            .collect()
    }

    /// Waits until the live call of `number` has one of these words in `field`.
    pub async fn call_is(&self, number: &str, field: &str, words: &[&str]) {
        let wanted = |calls: &Value| {
            let mut calls = calls.as_array().expect("a list").iter();
            calls.any(|call| {
                text(call, "caller_number") == number && words.contains(&text(call, field))
            })
        };
        self.admin.until("/api/calls/live", wanted).await;
    }

    /// Waits until an agent is in a state; gives all that is known of them.
    pub async fn agent_is(&self, agent: &str, states: &[&str]) -> Value {
        let path = format!("/api/agents/{agent}");
        let wanted = |agent: &Value| states.contains(&text(agent, "state"));
        self.admin.until(&path, wanted).await
    }

    /// Waits until the store has a call as `wanted`.
    pub async fn stored(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/calls/{id}");
        let call = self.admin.until(&path, |call| wanted(&call["stored"]));
        call.await["stored"].clone()
    }

    /// A caller's channel ends, and nobody asked the controller.
    pub async fn caller_goes(&self, number: &str) {
        let story = self.rig.story().await;
        let channel = story.caller(number).expect("the caller's channel");
        self.rig.hang_up(&channel.name).await;
        let over = |story: &Story| {
            story
                .caller(number)
                .is_some_and(|seen| seen.ended.is_some())
        };
        self.says(&format!("the end of {number}"), over).await;
    }

    pub async fn kill(&mut self) {
        self.controller.kill().await;
    }

    /// Starts the controller again and waits until it knows what is alive.
    pub async fn restart(&mut self) {
        self.controller = Controller::start(self.folder.path(), &[], &[]).await;
        self.attached().await;
    }

    /// Lets a new controller take over from the one that runs.
    pub async fn take_over(&mut self) {
        let next = Controller::start(self.folder.path(), &["--take-over"], &[]).await;
        let mut last = std::mem::replace(&mut self.controller, next);
        assert_eq!(last.ended().await, 0, "{}", last.log());
        self.attached().await;
    }

    pub async fn attached(&self) {
        let up = |links: &Value| links[0]["up"] == true;
        self.admin.until("/api/links", up).await;
    }

    /// Waits until the switch's own log says what is `wanted`.
    pub async fn says(&self, what: &str, wanted: impl Fn(&Story) -> bool) {
        let look = async {
            while !wanted(&self.rig.story().await) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(SOON, look).await.is_err() {
            let said = self.controller.log();
            eprintln!("{said}\n{:#?}", self.rig.story().await);
            for path in ["agents", "calls/live", "links"] {
                eprintln!("{:#}", self.admin.get(&format!("/api/{path}")).await);
            }
            panic!("{what} was not seen");
        }
    }

    /// Waits until the switch says that two hear each other.
    pub async fn talks(&self, number: &str, agent: &str) {
        let extension = self.extension(agent).to_string();
        let met = |story: &Story| {
            let mut talks = story.conversations.iter();
            talks.any(|talk| talk.caller == number && talk.extension == extension)
        };
        let what = format!("{number} with {agent}");
        self.says(&what, met).await;
    }

    /// Waits until the controller has been told too that two hear each other.
    pub async fn knows_of_talk(&self, number: &str) {
        let told = |calls: &Value| {
            let mut calls = calls.as_array().expect("a list").iter();
            !calls.any(|call| {
                text(call, "caller_number") == number && text(call, "state") == "offered"
            })
        };
        self.admin.until("/api/calls/live", told).await;
    }

    /// Locks the store for everybody else until the result is dropped.
    pub fn lock_store(&self) -> SqliteConnection {
        let file = self.folder.path().join("store.db");
        let mut store =
            SqliteConnection::establish(&file.display().to_string()).expect("the store's file");
        store
            .batch_execute("PRAGMA busy_timeout = 60000; BEGIN EXCLUSIVE")
            .expect("a lock");
        store
    }
}

/// Two queues, and a menu before them.
fn sections(music: &str) -> String {
    format!(
        r#"
[centre]
language = "en"
[queues.desk]
name = "前台"
music = "{music}"
ring_s = 60
wrap_up_s = 1
[queues.office]
name = "预订"
music = "{music}"
ring_s = 60
wrap_up_s = 3600
priority = 3
[flows.desk.blocks]
answer = {{ kind = "answer", next = "menu" }}
menu = {{ kind = "menu", prompts = ["welcome", "menu"], choices = {{ {DESK} = "desk", {OFFICE} = "office" }}, otherwise = "end", timeout_s = 300 }}
desk = {{ kind = "queue", queue = "desk" }}
office = {{ kind = "queue", queue = "office" }}
end = {{ kind = "hang_up" }}
"#
    )
}

pub fn text<'a>(of: &'a Value, field: &str) -> &'a str {
    of[field].as_str().unwrap_or_default()
}

const IN_FLOW: [&str; 2] = ["arrived", "in_flow"];

fn is_in_flow(call: &Value) -> bool {
    IN_FLOW.contains(&text(call, "state"))
}

/// What must be the same of a call before and after: identity, place, times.
fn place(call: &Value) -> [&Value; 6] {
    [
        "id",
        "started",
        "state",
        "queue",
        "priority",
        "waiting_since",
    ]
    .map(|field| &call[field])
}

/// Callers in the menu, queued, ringing at agents, connected and recorded;
/// agents in every state. The controller is killed, and killed, taken over from,
/// cut off, left with a half-open link and without its store while the queue is
/// served.
pub async fn a_controller_comes_and_goes_while_calls_are_everywhere<R: Rig>(rig: R) {
    let mut chaos = Chaos::start(rig).await;

    // Emil did one call and has an hour for the work after it; Frida has a break.
    let _emil = chaos.phone("emil", 100, 300).await;
    chaos.admin.ready("emil").await;
    let _done = chaos.chooses("13900000001", OFFICE).await;
    chaos.talks("13900000001", "emil").await;
    let emil = chaos.agent_is("emil", &["wrap_up"]).await;
    chaos.admin.asks("frida", r#"{"request":"sign_in"}"#).await;
    let rest = r#"{"request":"not_ready","reason":"午餐"}"#;
    chaos.admin.asks("frida", rest).await;
    let frida = chaos.agent_is("frida", &["not_ready"]).await;

    // Anna talks, and is recorded.
    let anna = chaos.phone("anna", 100, 280_000).await;
    chaos.admin.ready("anna").await;
    let talking = chaos.queued("13900000002", DESK).await;
    chaos.talks("13900000002", "anna").await;
    talking
        .line
        .hears_tone(VOICE_HZ, 0, SOON)
        .await
        .expect("the echo");
    chaos.agent_is("anna", &["on_call"]).await;

    // One caller stays in the menu; others wait, of whom the first two are offered.
    let choosing = chaos.caller("13900000009", Voice::Silent).await;
    let ringing = chaos.queued("13900000003", DESK).await;
    let answered = chaos.queued("13900000004", DESK).await;
    let waiting = ["13900000005", "13900000006", "13900000007", "13900000008"];
    let mut phones = Vec::new();
    for number in waiting {
        phones.push(chaos.queued(number, DESK).await);
    }
    let berta = chaos.phone("berta", 15_000, 15_000).await;
    let clara = chaos.phone("clara", 6_000, 20_000).await;
    for agent in ["berta", "clara"] {
        chaos.admin.ready(agent).await;
        let extension = chaos.extension(agent).to_string();
        let rung = |story: &Story| story.phone(&extension).is_some();
        chaos.says(&format!("a ring at {agent}"), rung).await;
        // Takes effect after the call that they are offered now.
        chaos.admin.asks(agent, rest).await;
    }

    let before = chaos.calls().await;
    chaos.kill().await;
    let (killed, mark) = (now_ms(), talking.line.mark());
    // While nobody is there: a waiting caller leaves, and an agent answers.
    chaos.caller_goes("13900000008").await;
    let extension = chaos.extension("clara").to_string();
    let picked_up = |story: &Story| {
        let phone = story.phone(&extension);
        phone.is_some_and(|phone| !phone.answered.is_empty())
    };
    chaos.says("Clara's answer", picked_up).await;
    let heard = talking.line.hears_tone(VOICE_HZ, mark, SOON).await;
    heard.expect("the conversation goes on without a controller");
    let menu_mark = choosing.line.mark();
    chaos.restart().await;

    // Everybody is where they were.
    let after = chaos.calls().await;
    for number in &waiting[..3] {
        assert_eq!(place(&after[*number]), place(&before[*number]), "{number}");
    }
    for number in ["13900000002", "13900000003", "13900000004", "13900000009"] {
        assert_eq!(after[number]["id"], before[number]["id"], "{number}");
        assert_eq!(after[number]["started"], before[number]["started"]);
    }
    assert_eq!(text(&after["13900000002"], "agent"), "anna");
    let now = chaos.agent_is("emil", &["wrap_up"]).await;
    assert_eq!(now["until"], emil["until"]);
    let now = chaos.agent_is("frida", &["not_ready"]).await;
    assert_eq!(now["reason"], frida["reason"]);
    // Who answered while nobody was there is connected.
    chaos.talks("13900000004", "clara").await;
    // Who was in the menu hears it again, and a key still works.
    chaos.rig.hears_menu(&choosing, menu_mark).await;
    chaos.presses(&choosing, "13900000009", DESK).await;
    chaos.call_is("13900000009", "state", &["waiting"]).await;
    // Who left is written down as such.
    let id = text(&before["13900000008"], "id");
    let left = chaos.stored(id, |call| call["ended"].is_object()).await;
    let ended = left["ended"]["ms"].as_i64().expect("a time");
    assert!((killed..=now_ms()).contains(&ended), "{left:#}");
    assert!(left["cause"].is_string(), "{left:#}");

    // The queue is served while worse happens.
    let dora = chaos.phone("dora", 500, 4_000).await;
    chaos.admin.ready("dora").await;
    chaos.talks(waiting[0], "dora").await;
    chaos.knows_of_talk(waiting[0]).await;
    chaos.kill().await;
    chaos.is_over(waiting[0]).await;
    chaos.restart().await;
    chaos.take_over().await;
    chaos.talks(waiting[1], "dora").await;
    chaos.knows_of_talk(waiting[1]).await;
    chaos.wire.cut();
    chaos.is_over(waiting[1]).await;
    chaos.wire.mend();
    chaos.talks(waiting[2], "dora").await;
    chaos.knows_of_talk(waiting[2]).await;
    chaos.wire.clog();
    chaos.is_over(waiting[2]).await;
    let locked = chaos.lock_store();
    chaos.wire.mend();
    chaos.talks("13900000009", "dora").await;
    chaos.is_over("13900000009").await;
    drop(locked);

    // Who was rung all the time is connected in the end, by the same ring.
    chaos.talks("13900000003", "berta").await;
    for number in ["13900000003", "13900000004"] {
        chaos.is_over(number).await;
    }
    chaos.caller_goes("13900000002").await;
    let none = |calls: &Value| calls == &Value::Array(Vec::new());
    chaos.admin.until("/api/calls/live", none).await;
    for agent in ["berta", "clara"] {
        chaos.agent_is(agent, &["not_ready"]).await;
    }
    for agent in ["anna", "dora"] {
        chaos.agent_is(agent, &["ready"]).await;
    }

    // The long conversation had no gap, and its recording is accounted for.
    let heard = talking.line.heard_since(mark);
    let share = share_of(VOICE_HZ, &heard);
    assert!(share > 0.5, "the echo is {share:.2} of what was heard");
    let id = text(&before["13900000002"], "id");
    let settled = |call: &Value| call["recordings"][0]["settled"].is_object();
    let call = chaos.stored(id, settled).await;
    let recording = &call["recordings"][0];
    let talked = call["ended"]["ms"].as_i64().expect("a time")
        - call["connected"]["ms"].as_i64().expect("a time");
    // How much of it a busy machine's switch has written is not judged here.
    let status = text(recording, "status");
    let kept = status == "filed" && recording["sha256"].is_string();
    assert!(kept || !text(recording, "why").is_empty(), "{recording:#}");
    let length = &recording["length_ms"];
    eprintln!("a conversation of {talked} ms is {status} with {length} ms");

    // What the store caught up with: every call once, with its first time of entry.
    for (number, live) in before {
        let ended = |call: &Value| call["ended"].is_object();
        let call = chaos.stored(text(&live, "id"), ended).await;
        let visits = call["queue_visits"].as_array().expect("a list");
        assert_eq!(visits.len(), 1, "{number}: {call:#}");
        if live["waiting_since"].is_object() {
            assert_eq!(visits[0]["entered"], live["waiting_since"], "{number}");
        }
    }

    let story = chaos.rig.story().await;
    story.assert_sound();
    story.assert_nobody_was_cut_off(&["13900000002", "13900000008"]);
    let dora_s = chaos.extension("dora").to_string();
    let order = [waiting[0], waiting[1], waiting[2], "13900000009"];
    assert_eq!(story.served_by(&dora_s), order);
    drop((anna, berta, clara, dora, ringing, answered));
}

/// A switch loses everything: what it carried is closed with its cause and
/// time, nobody stays behind, and it is used again as soon as it is back.
pub async fn a_switch_starts_again_with_no_calls<R: Rig>(rig: R) {
    let mut chaos = Chaos::start(rig).await;
    let _anna = chaos.phone("anna", 100, 280_000).await;
    let _berta = chaos.phone("berta", 60_000, 1_000).await;
    chaos.admin.ready("anna").await;
    let _talking = chaos.queued("13900000001", DESK).await;
    chaos.talks("13900000001", "anna").await;
    chaos.agent_is("anna", &["on_call"]).await;
    let _ringing = chaos.queued("13900000002", DESK).await;
    chaos.admin.ready("berta").await;
    chaos.agent_is("berta", &["offered"]).await;
    let _waiting = chaos.queued("13900000003", DESK).await;
    let _choosing = chaos.caller("13900000004", Voice::Silent).await;
    let before = chaos.calls().await;
    assert_eq!(before.len(), 4, "{before:#?}");

    chaos.rig.restart().await;
    for (number, live) in before {
        let ended = |call: &Value| call["ended"].is_object();
        let call = chaos.stored(text(&live, "id"), ended).await;
        assert!(call["cause"].is_string(), "{number}: {call:#}");
    }
    chaos.attached().await;
    for agent in ["anna", "berta"] {
        chaos.agent_is(agent, &["ready"]).await;
    }
    // Berta's phone is still busy with what it was rung for.
    chaos.admin.asks("berta", r#"{"request":"sign_out"}"#).await;
    let caller = chaos.queued("13900000005", DESK).await;
    chaos.talks("13900000005", "anna").await;
    let heard = caller.line.hears_tone(VOICE_HZ, caller.line.mark(), SOON);
    heard.await.expect("the echo");
    chaos.caller_goes("13900000005").await;
}

impl<R: Rig> Chaos<R> {
    /// Waits until the switch says that a conversation has ended and the
    /// agent's phone has hung up.
    async fn is_over(&self, number: &str) {
        let over = |story: &Story| {
            let mut talks = story.conversations.iter();
            let talk = talks.find(|talk| talk.caller == number);
            let phone = talk.and_then(|talk| story.phone(&talk.extension));
            phone.is_some_and(|phone| phone.ended.is_some())
        };
        self.says(&format!("the end of {number}'s talk"), over)
            .await;
    }
}

fn now_ms() -> i64 {
    switchyard::clock::now().as_millis()
}
