//! A FreeSWITCH on this machine that the tests may use, and a stand-in for the
//! engine that drives it through the adapter, order by order.
//!
//! Set by the environment, without which these tests are skipped:
//!
//! - `SWITCHYARD_TEST_ESL` = `host:port:password` of the event socket;
//! - `SWITCHYARD_TEST_ESL_SIP` = `host:port` of a SIP profile that takes calls
//!   without authentication (127.0.0.1:5070);
//! - `SWITCHYARD_TEST_ESL_CONTEXTS` = folder the switch reads dialplan contexts
//!   from; the rendered dialplan is put there;
//! - and its dialplan hands calls to 4000–4999 to the context `switchyard-trunk`, and
//!   those with a header `X-Switchyard-Trunk` to `switchyard-trunk-agents`.

use super::recorder::Recorder;
use std::path::Path;
use std::time::Duration;
use switchyard::config::Config;
use switchyard::config::example::example;
use switchyard::config::switch::FreeswitchConfig;
use switchyard::engine::event::Event;
use switchyard::engine::id::{CallId, ChannelId, CommandId, SwitchId};
use switchyard::switch::freeswitch;
use switchyard::switch::link::{Inbox, LinkState, SwitchLink};
use switchyard::switch::{Outcome, SwitchCommand, SwitchEvent, SwitchOrder};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard, mpsc};
use ulid::Ulid;

/// How long any one thing may take.
pub const SOON: Duration = Duration::from_secs(20);

/// An access number of the rendered dialplan.
pub const NUMBER: &str = "4001";

/// The switch's id, in the configuration and in the rendered dialplan.
pub const SWITCH: &str = "fs-test";

/// One test at a time drives the switch.
static TURN: Mutex<()> = Mutex::const_new(());

/// The switch, and folders that it and the test share.
pub struct Switch {
    /// `host:port` of its event socket.
    pub esl: String,
    password: String,
    pub sip: String,
    pub folder: TempDir,
    pub recorder: Recorder,
    _turn: MutexGuard<'static, ()>,
}

/// The dialplan as `switchyard render dialplan` writes it, with `settings` of `[dialplan]`.
fn dialplan(prompts: &Path, settings: &[(&str, &str)], trunk: &str) -> String {
    let switch = format!(
        "\n[switches.{SWITCH}]\nkind = \"freeswitch\"\npassword = \"x\"\nprompts = {prompts:?}\n{trunk}"
    );
    let always = [("CONTEXT", "switchyard-trunk"), ("MUSIC", "moh")];
    let settings = always.iter().chain(settings);
    let variables =
        settings.map(|(name, value)| (format!("SWITCHYARD_DIALPLAN__{name}"), value.to_string()));
    let text = format!("{}{switch}", example());
    let config = Config::read(Path::new("switchyard.toml"), &text, variables).expect("sound");
    let mut switches = config.switches.iter();
    let switch = switches.find(|switch| switch.id.as_str() == SWITCH);
    switchyard::dialplan::render(&config, switch.expect("the switch")).expect("a dialplan")
}

impl Switch {
    /// The switch with the default dialplan loaded, or `None` and a loud word when there is none.
    pub async fn for_test(name: &str) -> Option<Switch> {
        let Ok(address) = std::env::var("SWITCHYARD_TEST_ESL") else {
            eprintln!("skipped: {name}: SWITCHYARD_TEST_ESL is not set, so there is no FreeSWITCH");
            return None;
        };
        let turn = TURN.lock().await;
        let mut parts = address.splitn(3, ':');
        let mut part = || parts.next().expect("host:port:password").to_owned();
        let (host, port, password) = (part(), part(), part());
        let esl = format!("{host}:{port}");
        let sip = std::env::var("SWITCHYARD_TEST_ESL_SIP").unwrap_or("127.0.0.1:5070".to_owned());
        let folder = tempfile::Builder::new()
            .prefix("switchyard-")
            .tempdir()
            .expect("a folder");
        for part in ["prompts/en", "prompts/zh-CN", "recordings"] {
            std::fs::create_dir_all(folder.path().join(part)).expect("a writable folder");
        }
        let recorder = Recorder::before(&esl).await;
        let switch = Switch {
            esl,
            password,
            sip,
            folder,
            recorder,
            _turn: turn,
        };
        // What a test that failed may have left behind.
        let leftovers = format!("hupall NORMAL_CLEARING switchyard_switch {SWITCH}");
        switch.api(&leftovers).await;
        switch.load(&[]).await;
        Some(switch)
    }

    /// Puts a rendered dialplan in its place and has the switch read it.
    pub async fn load(&self, settings: &[(&str, &str)]) {
        self.load_text(&dialplan(&self.prompts(), settings, ""))
            .await;
    }

    /// The same, with what answers a trunk: agents' phones are at `agents` (`host:port`).
    pub async fn load_with_trunk(&self, agents: &str) {
        let settings = self.settings(agents);
        let trunk = format!(
            "endpoint = {:?}\ntrunks = {{ other = \"sofia/internal/{{extension}}@other\" }}\n\
             [switches.other]\nkind = \"asterisk\"\npassword = \"x\"\n\
             trunks = {{ {SWITCH} = \"PJSIP/{{extension}}@{SWITCH}\" }}\n",
            settings.endpoint
        );
        self.load_text(&dialplan(&self.prompts(), &[], &trunk))
            .await;
    }

    /// The same, where calls with a header `X-Phone` are those of this user of the directory, as
    /// if they had signed in: the switch that the tests use asks nobody to.
    pub async fn load_with_phones(&self) {
        let signed_in = r#"
    <extension name="signed-in" continue="true">
      <condition field="${sip_h_X-Phone}" expression="^(\d+)$">
        <action application="set" data="user_name=$1"/>
        <action application="set" data="sip_authorized=true"/>
      </condition>
    </extension>
    <extension name="switchyard-arrival">"#;
        let dialplan = dialplan(&self.prompts(), &[], "");
        let arrival = r#"<extension name="switchyard-arrival">"#;
        assert!(dialplan.contains(arrival), "{dialplan}");
        self.load_text(&dialplan.replace(arrival, signed_in)).await;
    }

    fn prompts(&self) -> std::path::PathBuf {
        self.folder.path().join("prompts")
    }

    async fn load_text(&self, dialplan: &str) {
        let folder = std::env::var("SWITCHYARD_TEST_ESL_CONTEXTS")
            .expect("SWITCHYARD_TEST_ESL_CONTEXTS, beside SWITCHYARD_TEST_ESL");
        let file = Path::new(&folder).join("switchyard.xml");
        std::fs::write(file, dialplan).expect("a writable folder of contexts");
        let answer = self.api("reloadxml").await;
        assert!(answer.contains("+OK"), "reloadxml: {answer}");
    }

    /// One `api` command, past the adapter.
    pub async fn api(&self, line: &str) -> String {
        super::recorder::ask(&self.esl, &self.password, line).await
    }

    /// The settings of the adapter, with agents' phones at `agents` (`host:port`).
    pub fn settings(&self, agents: &str) -> FreeswitchConfig {
        FreeswitchConfig {
            trunks: Default::default(),
            outbound: None,
            address: self.recorder.address(),
            password: self.password.clone(),
            endpoint: format!("sofia/internal/{{extension}}@{agents}"),
            prompts: self.folder.path().join("prompts"),
            recordings: self.folder.path().join("recordings"),
            recordings_seen_at: None,
            command_connections: 2,
            fallback: "switchyard-fallback XML switchyard".to_owned(),
        }
    }

    /// A prompt of one tone, in both languages.
    pub fn prompt(&self, name: &str, hz: f64, seconds: f64) {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let voice = super::audio::Voice::Tone { hz };
        for language in ["en", "zh-CN"] {
            let file = format!("prompts/{language}/{name}.wav");
            let file = self.folder.path().join(file);
            let mut wav = hound::WavWriter::create(file, spec).expect("a writable folder");
            for n in 0..(seconds * 8_000.0) as usize {
                wav.write_sample(voice.sample(n)).expect("room on the disk");
            }
            wav.finalize().expect("room on the disk");
        }
    }

    /// Attaches a controller and waits until it is up.
    pub async fn attach(&self, agents: &str) -> Controller {
        self.attach_with(&self.settings(agents)).await
    }

    pub async fn attach_with(&self, settings: &FreeswitchConfig) -> Controller {
        let mut controller = Controller::start(settings);
        controller
            .sees("the first snapshot", |event| match event {
                SwitchEvent::Snapshot(snapshot) => Some(snapshot.clone()),
                _ => None,
            })
            .await;
        controller
    }
}

/// What the engine would be: sends orders, sees events.
pub struct Controller {
    pub link: SwitchLink,
    events: mpsc::Receiver<Event>,
    call: CallId,
    last: CommandId,
    /// Seen and not yet asked for.
    unread: Vec<SwitchEvent>,
    outcomes: Vec<(CommandId, Outcome)>,
    /// Everything seen.
    pub story: Vec<SwitchEvent>,
}

impl Controller {
    pub fn start(settings: &FreeswitchConfig) -> Controller {
        let (sender, events) = mpsc::channel(1_000);
        let switch = SwitchId::new(SWITCH).expect("a switch id");
        let link = freeswitch::start(settings, Inbox::new(switch, sender));
        Controller {
            link,
            events,
            call: CallId::from_ulid(Ulid::from_parts(1, 7)),
            last: CommandId(0),
            unread: Vec::new(),
            outcomes: Vec::new(),
            story: Vec::new(),
        }
    }

    /// Sends an order without waiting for its outcome.
    pub async fn order(&mut self, command: SwitchCommand) -> CommandId {
        self.last = CommandId(self.last.0 + 1);
        let order = SwitchOrder {
            id: self.last,
            call: self.call,
            switch: self.link.id.clone(),
            command,
        };
        self.link
            .orders
            .send(order)
            .await
            .expect("the adapter takes orders");
        self.last
    }

    /// Sends an order that the switch accepts.
    pub async fn does(&mut self, command: SwitchCommand) -> CommandId {
        let words = format!("{command:?}");
        let id = self.order(command).await;
        let outcome = self.outcome(id).await;
        assert_eq!(outcome, Outcome::Done, "{words}");
        id
    }

    /// The one answer to an order.
    pub async fn outcome(&mut self, id: CommandId) -> Outcome {
        loop {
            if let Some(at) = self.outcomes.iter().position(|(command, _)| *command == id) {
                return self.outcomes.remove(at).1;
            }
            self.receive("the outcome of an order").await;
        }
    }

    /// Waits for an event, whether it came already or comes within [`SOON`].
    pub async fn sees<T>(&mut self, what: &str, pick: impl Fn(&SwitchEvent) -> Option<T>) -> T {
        loop {
            let found = self.unread.iter().enumerate();
            let found = found
                .filter_map(|(at, event)| Some((at, pick(event)?)))
                .next();
            if let Some((at, picked)) = found {
                self.unread.remove(at);
                return picked;
            }
            self.receive(what).await;
        }
    }

    /// Waits for exactly this event.
    pub async fn sees_exactly(&mut self, event: SwitchEvent) {
        let words = format!("{event:?}");
        self.sees(&words, |seen| (*seen == event).then_some(()))
            .await;
    }

    pub async fn sees_hang_up(&mut self, of: &ChannelId) -> switchyard::engine::cause::Cause {
        self.sees("a hang-up", |event| match event {
            SwitchEvent::HungUp { channel, cause } if channel == of => Some(*cause),
            _ => None,
        })
        .await
    }

    /// Waits until the link is in a state.
    pub async fn link_is(&mut self, what: impl FnMut(&LinkState) -> bool) {
        let state = &mut self.link.state;
        tokio::time::timeout(SOON, state.wait_for(what))
            .await
            .expect("the link gets there soon")
            .expect("the adapter lives");
    }

    async fn receive(&mut self, awaited: &str) {
        match tokio::time::timeout(SOON, self.events.recv()).await {
            Ok(Some(Event::Switch { event, .. })) => {
                self.story.push(event.clone());
                self.unread.push(event);
            }
            Ok(Some(Event::Completed { command, outcome })) => {
                self.outcomes.push((command, outcome))
            }
            Ok(Some(other)) => panic!("an adapter does not say {other:?}"),
            Ok(None) => panic!("the adapter ended while {awaited} was awaited"),
            Err(_) => panic!("{awaited} did not come; seen: {:#?}", self.story),
        }
    }
}
