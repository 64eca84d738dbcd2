//! A conversation on a real FreeSWITCH under the whole controller: agents hold,
//! consult, transfer and confer, and a supervisor listens in, all asked for over
//! HTTP. Everybody says a tone of their own, and who hears which is measured in the
//! RTP they receive. Skipped without a switch; see `support/freeswitch.rs`.

mod support;

use serde_json::Value;
use std::path::Path;
use support::audio::{Voice, loudness, share_of};
use support::freeswitch::{NUMBER, SOON, SWITCH, Switch};
use support::hearing::{Hears, hear_only};
use support::phone::{Agent, Caller, Phone, free_port};
use support::session::Session;
use switchyard::clock;
use switchyard::config::Config;
use switchyard::config::http::HttpConfig;
use switchyard::runtime::assembly::{self, Running};
use switchyard::store::password;
use switchyard::store::users::{self, NewUser, Role};
use switchyard::switch::Language;
use switchyard::switch::link::LinkState;
use switchyard::web::{self, WebState};
use tokio::net::TcpListener;

/// What the caller says, then the agents Anna and Ben and the supervisor Carla.
const CALLER: f64 = 300.0;
const ANNA: f64 = 500.0;
const BEN: f64 = 700.0;
const CARLA: f64 = 900.0;
const ALL: [f64; 4] = [CALLER, ANNA, BEN, CARLA];

const PASSWORD: &str = "a long enough password";

const TALKS: Agent = Agent::Answers {
    after_ms: 100,
    talks_ms: 120_000,
};

/// A caller whom Anna serves; Ben of the other queue is ready, and Carla is there to supervise.
struct Scene {
    call: String,
    caller: Phone,
    anna: Phone,
    ben: Phone,
    carla: Phone,
    annas: Session,
    carlas: Session,
    running: Running,
    switch: Switch,
}

/// Agents are dialled by the port of their phone, which is their extension too.
fn config(switch: &Switch, [anna, ben, carla]: [u16; 3]) -> Config {
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
        transfer_codes = {{ 81 = "agent:ben", 4081 = "agent:ben" }}
        [groups.desk]
        [groups.lead]
        [queues.desk]
        name = "desk"
        wrap_up_s = 60
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
        group = "lead"
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
    Config::read(Path::new("test.toml"), &text, []).expect("a sound configuration")
}

/// Serves the pages of a centre on a free port, and says where.
async fn pages(running: &Running, config: &Config) -> String {
    let tenant = &config.centre.tenant;
    let hash = password::hash(PASSWORD.to_owned()).await;
    let hash = hash.expect("a password that will do");
    for (login, role) in [("anna", Role::Agent), ("carla", Role::Supervisor)] {
        let new = NewUser {
            tenant: tenant.clone(),
            login: login.to_owned(),
            password_hash: hash.clone(),
            role,
            display_name: login.to_owned(),
            language: Language::English,
            agent: Some(login.parse().expect("an id")),
        };
        let made = users::create(&running.store, new, clock::now()).await;
        made.expect("the store takes users");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("the port just bound");
    let state = WebState {
        handle: running.handle.clone(),
        store: running.store.clone(),
        settings: HttpConfig::on(address),
        tenant: tenant.clone(),
        recordings: std::path::PathBuf::new(),
    };
    let served = web::serve(listener, state, std::future::pending());
    #[expect(clippy::disallowed_methods, reason = "the pages, until the test ends")]
    drop(tokio::spawn(served));
    format!("http://{address}")
}

async fn is_attached(running: &Running) {
    let link = running.handle.links.values().next();
    let mut link = link.expect("one switch").clone();
    let attached = link.wait_for(|state| *state == LinkState::Alive);
    let attached = tokio::time::timeout(SOON, attached).await;
    attached.expect("soon").expect("the adapter lives");
}

fn phrase(request: &str) -> String {
    format!(r#"{{"request":"{request}"}}"#)
}

impl Scene {
    async fn of(name: &str) -> Option<Scene> {
        Self::with(name, TALKS).await
    }

    /// Anna's phone does this once it has answered.
    async fn with(name: &str, does: Agent) -> Option<Scene> {
        let switch = Switch::for_test(name).await?;
        let ports = [free_port(), free_port(), free_port()];
        let anna = does.at(ports[0], Voice::Tone { hz: ANNA }).await;
        let ben = TALKS.at(ports[1], Voice::Tone { hz: BEN }).await;
        let carla = TALKS.at(ports[2], Voice::Tone { hz: CARLA }).await;
        let config = config(&switch, ports);
        let running = assembly::start(&config).await.expect("the centre starts");
        is_attached(&running).await;
        let pages = pages(&running, &config).await;
        let annas = Session::open(&pages, "anna", PASSWORD).await;
        let carlas = Session::open(&pages, "carla", PASSWORD).await;
        annas.ready("anna").await;
        carlas.ready("ben").await;
        let voice = Voice::Tone { hz: CALLER };
        let caller = Caller::default().calls(&switch.sip, NUMBER, voice).await;
        let serves = |agent: &Value| agent["state"] == "on_call";
        let agent = carlas.until("/api/agents/anna", serves).await;
        let call = agent["call"].as_str().expect("a call").to_owned();
        let scene = Scene {
            call,
            caller,
            anna,
            ben,
            carla,
            annas,
            carlas,
            running,
            switch,
        };
        scene.hear(&[ANNA], &[CALLER], &[], &[]).await;
        Some(scene)
    }

    /// Waits until each hears these voices and no others.
    async fn hear(&self, caller: &[f64], anna: &[f64], ben: &[f64], carla: &[f64]) {
        let all = [
            hears("the caller", &self.caller, caller),
            hears("Anna", &self.anna, anna),
            hears("Ben", &self.ben, ben),
            hears("Carla", &self.carla, carla),
        ];
        hear_only(&ALL, &all).await;
    }

    /// Waits until the caller hears music, and then for a second that it is
    /// nothing else, and that Anna hears nothing.
    async fn is_on_hold(&self) {
        let mark = self.caller.line.mark();
        let music = self.caller.line.hears_music(&ALL, mark, SOON).await;
        music.expect("music for the caller");
        let (caller, anna) = (self.caller.line.mark(), self.anna.line.mark());
        let music = self.caller.line.listens(caller, 1_000, SOON).await;
        for hz in ALL {
            let share = share_of(hz, &music);
            assert!(share < 0.02, "the caller on hold hears {hz} Hz: {share:.2}");
        }
        let silence = loudness(&self.anna.line.heard_since(anna));
        assert!(silence < 50.0, "Anna hears loudness {silence:.0} on hold");
    }

    /// Anna asks, in the words of the API.
    async fn anna_asks(&self, request: &str) {
        self.annas.post("/api/agents/anna/call", request).await;
    }

    /// Carla asks, in the words of the API.
    async fn carla_asks(&self, request: &str) {
        let body = format!(r#"{{"request":"{request}","agent":"anna"}}"#);
        self.carlas.post("/api/supervision", &body).await;
    }

    async fn is(&self, agent: &str, state: &str) {
        let path = format!("/api/agents/{agent}");
        let there = |agent: &Value| agent["state"] == state;
        self.carlas.until(&path, there).await;
    }

    /// What the API tells of the call, as soon as it is `wanted`.
    async fn told(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/calls/{}", self.call);
        let wanted = |call: &Value| !call["stored"].is_null() && wanted(&call["stored"]);
        let mut call = self.carlas.until(&path, wanted).await;
        call["stored"].take()
    }

    /// The call ends for all, and its story is whole: what the API tells, and of each
    /// recording what the caller said and heard.
    async fn ends(mut self, by: &str) -> (Value, Vec<[Vec<i16>; 2]>) {
        let body = phrase("hang_up");
        let path = format!("/api/agents/{by}/call");
        self.carlas.post(&path, &body).await;
        let ended = self.caller.ended(SOON).await;
        ended.expect("the caller's phone is well");
        let whole = |call: &Value| {
            let legs = call["legs"].as_array().expect("legs");
            let recordings = call["recordings"].as_array().expect("recordings");
            !call["ended"].is_null()
                && legs.iter().all(|leg| !leg["ended"].is_null())
                && recordings.iter().all(|found| found["status"] == "filed")
        };
        let call = self.told(whole).await;
        assert_eq!(call["failures"], Value::Array(Vec::new()), "{call:#}");
        let page = self.carlas.page(&format!("/calls/{}", self.call)).await;
        assert!(page.contains("Anna"), "{page}");
        let filed = self.switch.folder.path().join("filed");
        let recordings = call["recordings"].as_array().expect("recordings");
        let name = |recording: &Value| recording["name"].as_str().expect("a name").to_owned();
        let names = recordings.iter().map(name);
        let tracks = names.map(|name| both_sides(&filed.join(name))).collect();
        self.running.stop().await;
        (call, tracks)
    }
}

fn both_sides(file: &Path) -> [Vec<i16>; 2] {
    let mut wav = hound::WavReader::open(file).expect("a WAV file");
    assert_eq!(wav.spec().channels, 2);
    let samples: Vec<i16> = wav.samples().map(|sample| sample.expect("whole")).collect();
    [0, 1].map(|side| samples.iter().skip(side).step_by(2).copied().collect())
}

/// Whether a tone is heard anywhere in it, looked for in pieces of 100 ms.
fn holds(hz: f64, track: &[i16]) -> bool {
    let loud = |piece: &[i16]| loudness(piece) > 200.0 && share_of(hz, piece) > 0.3;
    track.chunks_exact(800).any(loud)
}

fn hears<'a>(who: &'a str, phone: &'a Phone, tones: &'a [f64]) -> Hears<'a> {
    let line = &phone.line;
    Hears { who, line, tones }
}

/// Each step of a call as `kind word subject`; not who the caller is.
fn steps(call: &Value) -> Vec<String> {
    let word = |step: &Value, name: &str| step[name].as_str().unwrap_or_default().to_owned();
    let steps = call["steps"].as_array().expect("steps").iter();
    let steps = steps.filter(|step| step["kind"] != "caller");
    let told = steps.map(|step| {
        let words = ["kind", "word", "subject"].map(|name| word(step, name));
        words.join(" ").trim_end().to_owned()
    });
    told.collect()
}

/// Each leg of a call: what it is, and of which agent.
fn legs(call: &Value) -> Vec<String> {
    let legs = call["legs"].as_array().expect("legs").iter();
    let words = |leg: &Value| {
        ["role", "agent"].map(|name| leg[name].as_str().unwrap_or_default().to_owned())
    };
    legs.map(|leg| words(leg).join(" ").trim_end().to_owned())
        .collect()
}

#[tokio::test]
async fn an_agent_holds_the_caller_and_comes_back() {
    let Some(scene) = Scene::of("hold through the API on FreeSWITCH").await else {
        return;
    };
    scene.anna_asks(&phrase("hold")).await;
    scene.is("anna", "hold").await;
    scene.is_on_hold().await;
    scene.anna_asks(&phrase("resume")).await;
    scene.is("anna", "on_call").await;
    scene.hear(&[ANNA], &[CALLER], &[], &[]).await;
    let (call, tracks) = scene.ends("anna").await;
    let way = ["talk held", "asked hold", "talk together", "asked resume"];
    assert_eq!(steps(&call), [&way[..], &["asked hang_up"]].concat());
    // One recording, which went on over the hold.
    let [[caller, heard]] = tracks.as_slice() else {
        panic!("{} recordings", tracks.len())
    };
    assert!(holds(CALLER, caller));
    let half_a_second = 4_000;
    assert!(holds(ANNA, &heard[..half_a_second]));
    assert!(holds(ANNA, &heard[heard.len() - half_a_second..]));
}

#[tokio::test]
async fn an_agent_asks_another_and_leaves_them_the_caller() {
    let Some(scene) = Scene::of("a consultation through the API on FreeSWITCH").await else {
        return;
    };
    scene
        .anna_asks(r#"{"request":"consult","to":{"agent":"ben"}}"#)
        .await;
    scene.is("ben", "on_call").await;
    scene.is("anna", "consult").await;
    let mark = scene.caller.line.mark();
    let music = scene.caller.line.hears_music(&ALL, mark, SOON).await;
    music.expect("music for the caller");
    scene.hear(&[], &[BEN], &[ANNA], &[]).await;

    scene.anna_asks(&phrase("complete")).await;
    scene.is("anna", "wrap_up").await;
    scene.hear(&[BEN], &[], &[CALLER], &[]).await;
    let call = scene.told(|call| call["agent"] == "ben").await;
    assert!(call["ended"].is_null(), "{call:#}");
    let (call, tracks) = scene.ends("ben").await;
    let way = [
        "talk consulting",
        "rung consulted ben",
        "asked consult ben",
        "asked complete",
        "handed_over served ben",
        "asked hang_up",
    ];
    assert_eq!(steps(&call), way);
    assert_eq!(legs(&call), ["caller", "agent anna", "party ben"]);
    // What the two agents said to each other is in neither recording.
    let [[_, before], [caller, after]] = tracks.as_slice() else {
        panic!("{} recordings", tracks.len())
    };
    assert!(holds(ANNA, before) && !holds(BEN, before));
    assert!(holds(BEN, after) && !holds(ANNA, after) && holds(CALLER, caller));
}

#[tokio::test]
async fn a_caller_is_sent_to_another_queue_and_answered_there() {
    let Some(scene) = Scene::of("a transfer through the API on FreeSWITCH").await else {
        return;
    };
    scene
        .anna_asks(r#"{"request":"transfer","to":{"queue":"service"}}"#)
        .await;
    scene.is("anna", "wrap_up").await;
    scene.is("ben", "on_call").await;
    scene.hear(&[BEN], &[], &[CALLER], &[]).await;
    let (call, tracks) = scene.ends("ben").await;
    let way = ["asked transfer service", "asked hang_up"];
    assert_eq!(steps(&call), way);
    assert_eq!(legs(&call), ["caller", "agent anna", "agent ben"]);
    let visits = call["queue_visits"].as_array().expect("visits").iter();
    let visits = visits.map(|visit| (visit["queue"].clone(), visit["reason"].clone()));
    let expected = ["desk", "service"].map(|queue| (queue.into(), "answered".into()));
    assert_eq!(visits.collect::<Vec<(Value, Value)>>(), expected);
    let [[_, before], [_, after]] = tracks.as_slice() else {
        panic!("{} recordings", tracks.len())
    };
    assert!(holds(ANNA, before) && holds(BEN, after));
}

#[tokio::test]
async fn caller_and_two_agents_talk_together_and_then_two() {
    let Some(scene) = Scene::of("a conference through the API on FreeSWITCH").await else {
        return;
    };
    scene
        .anna_asks(r#"{"request":"consult","to":{"agent":"ben"}}"#)
        .await;
    scene.is("ben", "on_call").await;
    scene.hear(&[], &[BEN], &[ANNA], &[]).await;
    scene.anna_asks(&phrase("conference")).await;
    let (caller, anna, ben) = ([ANNA, BEN], [CALLER, BEN], [CALLER, ANNA]);
    scene.hear(&caller, &anna, &ben, &[]).await;

    // Ben leaves; the two who are left talk on.
    let call = scene.told(|call| legs(call).len() == 3).await;
    let bens = call["legs"][2]["channel"].as_str().expect("a channel");
    scene.switch.api(&format!("uuid_kill {bens}")).await;
    scene.is("ben", "wrap_up").await;
    scene.hear(&[ANNA], &[CALLER], &[], &[]).await;

    // Once more by invitation, and Anna leaves: Ben serves the call.
    scene.carlas.ready("ben").await;
    scene
        .anna_asks(r#"{"request":"invite","to":{"agent":"ben"}}"#)
        .await;
    scene.is("ben", "on_call").await;
    scene.hear(&caller, &anna, &ben, &[]).await;
    let annas = call["legs"][1]["channel"].as_str().expect("a channel");
    scene.switch.api(&format!("uuid_kill {annas}")).await;
    scene.is("anna", "wrap_up").await;
    scene.hear(&[BEN], &[], &[CALLER], &[]).await;
    let (call, tracks) = scene.ends("ben").await;
    let way = [
        "talk consulting",
        "rung consulted ben",
        "asked consult ben",
        "talk conference",
        "asked conference",
        "left talked ben",
        "talk together",
        "asked set_state ben: ready",
        "rung member ben",
        "asked invite ben",
        "talk conference",
        "handed_over served ben",
        "talk conference",
        "talk together",
        "asked hang_up",
    ];
    assert_eq!(steps(&call), way);
    // One recording went on into the conference, the other is of Ben with the caller.
    let [[_, before], [caller, after]] = tracks.as_slice() else {
        panic!("{} recordings", tracks.len())
    };
    assert!(holds(ANNA, before) && holds(BEN, before));
    assert!(holds(BEN, after) && !holds(ANNA, after) && holds(CALLER, caller));
}

#[tokio::test]
async fn a_supervisor_listens_whispers_barges_in_and_takes_over() {
    let Some(scene) = Scene::of("supervision through the API on FreeSWITCH").await else {
        return;
    };
    let carla = [CALLER, ANNA];
    scene.carla_asks("listen").await;
    scene.is("carla", "on_call").await;
    scene.hear(&[ANNA], &[CALLER], &[], &carla).await;
    scene.carla_asks("whisper").await;
    scene.hear(&[ANNA], &[CALLER, CARLA], &[], &carla).await;
    scene.carla_asks("barge").await;
    scene
        .hear(&[ANNA, CARLA], &[CALLER, CARLA], &[], &carla)
        .await;
    scene.carla_asks("listen").await;
    scene.hear(&[ANNA], &[CALLER], &[], &carla).await;

    // She leaves, which nobody notices, and comes back.
    let leaves = phrase("stop_listening");
    scene.carlas.post("/api/supervision", &leaves).await;
    scene.is("carla", "signed_out").await;
    scene.hear(&[ANNA], &[CALLER], &[], &[]).await;
    let left = |call: &Value| call["legs"][2]["state"] == "ended";
    scene.told(left).await;
    scene.carla_asks("whisper").await;
    scene.is("carla", "on_call").await;
    scene.hear(&[ANNA], &[CALLER, CARLA], &[], &carla).await;

    scene.carla_asks("take_over").await;
    scene.is("anna", "wrap_up").await;
    scene.hear(&[CARLA], &[], &[], &[CALLER]).await;
    let (call, tracks) = scene.ends("carla").await;
    let way = [
        "rung supervisor carla",
        "asked listen anna",
        "asked whisper anna",
        "asked barge anna",
        "asked listen anna",
        "left talked carla",
        "rung supervisor carla",
        "asked whisper anna",
        "asked take_over anna",
        "handed_over served carla",
        "asked hang_up",
    ];
    assert_eq!(steps(&call), way);
    let [.., [_, after]] = tracks.as_slice() else {
        panic!("no recordings")
    };
    assert!(holds(CARLA, after));
}

#[tokio::test]
async fn a_hold_by_the_phones_own_key_is_obeyed_like_ours_until_it_lets_go() {
    let holds = Agent::Holds {
        after_ms: 100,
        talks_ms: 120_000,
        holds_ms: 120_000,
    };
    let name = "a hold key under the controller on FreeSWITCH";
    let Some(scene) = Scene::with(name, holds).await else {
        return;
    };
    scene.anna.presses_key();
    scene.is("anna", "hold").await;
    scene.is_on_hold().await;
    scene.anna.presses_key();
    scene.is("anna", "on_call").await;
    scene.hear(&[ANNA], &[CALLER], &[], &[]).await;
    let (call, _) = scene.ends("anna").await;
    let way = ["talk held", "asked hold", "talk together", "asked resume"];
    assert_eq!(steps(&call), [&way[..], &["asked hang_up"]].concat());
}

/// A phone that asks by its own key for the caller to be transferred, and holds
/// before, or does not.
fn transfers(to: &'static str, holds_ms: u64) -> Agent {
    Agent::Transfers {
        after_ms: 100,
        talks_ms: 120_000,
        holds_ms,
        to,
    }
}

#[tokio::test]
async fn a_transfer_by_the_phones_own_key_is_obeyed_like_ours() {
    for holds_ms in [0, 1_000] {
        let name = "a REFER under the controller on FreeSWITCH";
        let Some(scene) = Scene::with(name, transfers("81", holds_ms)).await else {
            return;
        };
        scene.anna.presses_key();
        scene.is("anna", "wrap_up").await;
        scene.is("ben", "on_call").await;
        scene.hear(&[BEN], &[], &[CALLER], &[]).await;
        let told = scene.anna.story();
        assert!(told.contains("SIP/2.0 202 Accepted"), "{told}");
        // The switch refuses it by itself when the phone is together with nobody.
        let refused = told.contains("\r\n\r\nSIP/2.0 403 Forbidden");
        assert_eq!(refused, holds_ms > 0, "{told}");
        let (call, _) = scene.ends("ben").await;
        let held = ["talk held", "asked hold"];
        let sent = [
            "rung target ben",
            "asked transfer ben",
            "handed_over served ben",
            "asked hang_up",
        ];
        let way = match holds_ms {
            0 => sent.to_vec(),
            _ => [&held[..], &sent[..]].concat(),
        };
        assert_eq!(steps(&call), way);
    }
}

#[tokio::test]
async fn a_transfer_by_the_phones_own_key_is_bound_by_what_the_group_may_dial() {
    let name = "a forbidden REFER under the controller on FreeSWITCH";
    let Some(scene) = Scene::with(name, transfers("95588", 0)).await else {
        return;
    };
    scene.anna.presses_key();
    let asked = |call: &Value| !steps(call).is_empty();
    let call = scene.told(asked).await;
    let refused = |step: &Value| step["refused"] == "number_forbidden";
    let steps_told = call["steps"].as_array().expect("steps");
    assert!(steps_told.iter().any(refused), "{call:#}");
    scene.hear(&[ANNA], &[CALLER], &[], &[]).await;
    let told = scene.anna.story();
    assert!(told.contains("\r\n\r\nSIP/2.0 403"), "{told}");
    scene.is("anna", "on_call").await;
    let (call, _) = scene.ends("anna").await;
    assert_eq!(steps(&call), ["asked transfer 95588", "asked hang_up"]);
}

/// Anna's phone holds the caller and calls Ben by a second call, in whose `voice`
/// she talks then.
async fn consults_on_the_phone(scene: &Scene) -> Phone {
    scene.switch.load_with_phones().await;
    scene.anna.presses_key();
    scene.is("anna", "hold").await;
    let annas = scene.carlas.get("/api/agents/anna").await;
    let extension = annas["extension"].as_str().expect("an extension");
    let own = Caller {
        number: extension.to_owned(),
        phone: extension.parse().ok(),
        ..Caller::default()
    };
    let voice = Voice::Tone { hz: ANNA };
    let second = own.calls(&scene.switch.sip, "4081", voice).await;
    scene.ben.speaks_first(SOON).await;
    scene.is("anna", "consult").await;
    scene.is("ben", "on_call").await;
    let all = [
        hears("Anna", &second, &[BEN]),
        hears("Ben", &scene.ben, &[ANNA]),
    ];
    hear_only(&ALL, &all).await;
    second
}

#[tokio::test]
async fn a_consultation_made_on_the_phone_is_completed_by_its_own_key() {
    let name = "a REFER with Replaces under the controller on FreeSWITCH";
    let Some(scene) = Scene::with(name, transfers("", 120_000)).await else {
        return;
    };
    let mut second = consults_on_the_phone(&scene).await;
    scene.anna.completes(&second);
    scene.is("anna", "wrap_up").await;
    scene.hear(&[BEN], &[], &[CALLER], &[]).await;
    second.ended(SOON).await.expect("its call is over");
    // The switch denies it by itself, and the controller obeys.
    let told = scene.anna.story();
    assert!(told.contains("\r\n\r\nSIP/2.0 403 Forbidden"), "{told}");
    let (call, tracks) = scene.ends("ben").await;
    let way = [
        "talk held",
        "asked hold",
        "talk consulting",
        "rung consulted ben",
        "asked consult ben",
        "rung own_line anna",
        "left talked anna",
        "asked complete",
        "handed_over served ben",
        "asked hang_up",
    ];
    assert_eq!(steps(&call), way);
    assert_eq!(tracks.len(), 2);
}

#[tokio::test]
async fn a_transfer_to_a_call_that_is_not_ours_leaves_the_caller_where_they_are() {
    for holds in [false, true] {
        let name = "a REFER that replaces a stranger on FreeSWITCH";
        let does = transfers("", if holds { 120_000 } else { 0 });
        let Some(scene) = Scene::with(name, does).await else {
            return;
        };
        if holds {
            scene.anna.presses_key();
            scene.is("anna", "hold").await;
        }
        // Music, past the controller.
        let stranger = Caller::default();
        let stranger = stranger
            .calls(&scene.switch.sip, "9664", Voice::Silent)
            .await;
        let heard = stranger.line.hears_music(&ALL, 0, SOON).await;
        heard.expect("the music");
        scene.anna.completes(&stranger);
        let refused = |call: &Value| {
            let mut steps = call["steps"].as_array().expect("steps").iter();
            steps.any(|step| step["refused"] == "no_such_call")
        };
        scene.told(refused).await;
        let told = scene.anna.story();
        assert!(told.contains("\r\n\r\nSIP/2.0 403 Forbidden"), "{told}");
        match holds {
            true => scene.is_on_hold().await,
            false => scene.hear(&[ANNA], &[CALLER], &[], &[]).await,
        }
        let (call, _) = scene.ends("anna").await;
        let held = ["talk held", "asked hold"];
        let held = if holds { &held[..] } else { &[] };
        assert_eq!(
            steps(&call),
            [held, &["asked complete", "asked hang_up"]].concat()
        );
    }
}
