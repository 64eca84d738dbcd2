//! A caller on one switch and the agent on another, with a trunk between them:
//! two real Asterisks, and the real Asterisk and the real FreeSWITCH. Who hears
//! whom is measured with tones. Skipped, loudly, where one of them is missing.

mod support;

use serde_json::{Value, json};
use std::path::Path;
use support::asterisk::Asterisk;
use support::audio::{Voice, loudness, share_of};
use support::centre::{are_attached, ready, shows, shows_agent, stored};
use support::desk::Desk;
use support::freeswitch::{SWITCH, Switch};
use support::phone::{Agent, Caller, Phone};
use support::scene::{AGENT_HZ, CALLER_HZ, PATIENT, has_tone, hears};
use support::switch::DEADLINE;
use switchyard::config::Config;
use switchyard::runtime::assembly::{self, Running};
use switchyard::store::users::Role;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

/// Only one controller can have an application at a time.
static SWITCHES: Mutex<()> = Mutex::const_new(());

/// A switch as the configuration and the other switch's trunk know it.
struct Site {
    id: &'static str,
    settings: String,
    /// How it dials an extension at `host:port`.
    dials: &'static str,
    /// `host:port` of its SIP.
    sip: String,
    music: &'static str,
    asterisk: Option<Asterisk>,
}

impl Site {
    fn asterisk(id: &'static str, asterisk: &Asterisk) -> Site {
        let settings = &asterisk.settings;
        Site {
            id,
            settings: format!(
                "kind = \"asterisk\"\nurl = {:?}\nuser = {:?}\npassword = {:?}",
                settings.url, settings.user, settings.password
            ),
            dials: "PJSIP/trunk/sip:{extension}@",
            sip: asterisk.sip.clone(),
            music: "default",
            asterisk: Some(asterisk.clone()),
        }
    }

    fn freeswitch(switch: &Switch, phone: u16) -> Site {
        let settings = switch.settings(&format!("127.0.0.1:{phone}"));
        Site {
            id: SWITCH,
            settings: format!(
                "kind = \"freeswitch\"\naddress = {:?}\npassword = {:?}\nendpoint = {:?}\n\
                 prompts = {:?}\nrecordings = {:?}",
                settings.address,
                settings.password,
                settings.endpoint,
                settings.prompts,
                settings.recordings
            ),
            dials: "sofia/internal/{extension}@",
            sip: switch.sip.clone(),
            music: "moh",
            asterisk: None,
        }
    }

    fn section(&self, other: &Site) -> String {
        let trunk = format!("{{ {} = \"{}{}\" }}", other.id, self.dials, other.sip);
        let Site { id, settings, .. } = self;
        format!("[switches.{id}]\n{settings}\ntrunks = {trunk}\n")
    }
}

/// Anna, who is on one switch, talks with a caller on the other.
struct Talk {
    running: Running,
    caller: Phone,
    anna: Phone,
    desk: Desk,
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Talk {
    async fn begun(caller: &Site, agent: &Site, phone: u16, does: Agent) -> Talk {
        let alone = SWITCHES.lock().await;
        for asterisk in [caller, agent]
            .iter()
            .filter_map(|site| site.asterisk.as_ref())
        {
            asterisk.is_cleared().await;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(caller, agent, folder.path());
        let running = assembly::start(&config).await.expect("the centre starts");
        are_attached(&running).await;
        let desk = Desk::of(&running, "anna", Role::Supervisor).await;
        let anna = does.at(phone, Voice::Tone { hz: AGENT_HZ }).await;
        let voice = Voice::Tone { hz: CALLER_HZ };
        let caller = Caller::default().calls(&caller.sip, "4001", voice).await;
        ready(&running, "anna").await;
        shows_agent(&running, "anna", "on_call").await;
        let talk = Talk {
            running,
            caller,
            anna,
            desk,
            folder,
            _alone: alone,
        };
        talk.is_heard().await;
        talk
    }

    /// Both hear each other.
    async fn is_heard(&self) {
        hears(&self.caller.line, &[AGENT_HZ], &[]).await;
        hears(&self.anna.line, &[CALLER_HZ], &[]).await;
    }

    async fn asks(&self, request: &str) {
        let body = json!({"request": request});
        self.desk.asks("/api/agents/anna/call", body).await;
    }

    /// Anna holds the caller and takes them back, and the two hear each other again.
    async fn is_held_and_resumed(&self) {
        self.asks("hold").await;
        shows_agent(&self.running, "anna", "hold").await;
        let (mark, silent) = (self.caller.line.mark(), self.anna.line.mark());
        self.caller.line.listens(mark, 2_000, DEADLINE).await;
        assert!(!has_tone(&self.caller.line, mark + 6_400, AGENT_HZ));
        assert!(!has_tone(&self.anna.line, silent + 6_400, CALLER_HZ));
        let music = self.caller.line.heard_since(mark + 6_400);
        assert!(loudness(&music) > 100.0, "no music on hold");
        self.asks("resume").await;
        self.is_heard().await;
    }

    /// Anna ends the call, and what is kept of it is whole.
    async fn ends(mut self, caller: &Site) -> Value {
        self.asks("hang_up").await;
        let ended = self.caller.ended(DEADLINE);
        ended.await.expect("the caller is hung up on");
        shows(&self.running, "no call", |board| board.calls.is_empty()).await;
        let is_filed = |call: &switchyard::store::calls::CallDetail| {
            let mut recordings = call.recordings.iter();
            recordings.all(|recording| recording.name.is_some())
        };
        let call = stored(&self.running, is_filed).await.call.call;
        let told = self.desk.get(&format!("/api/calls/{call}")).await["stored"].take();
        assert_eq!(told["failures"], json!([]), "{told:#}");
        assert_eq!(told["agent"], "anna");
        // Both legs are on the caller's switch.
        for leg in told["legs"].as_array().expect("legs") {
            assert_eq!(leg["switch"], caller.id, "{leg:#}");
        }
        let recordings = told["recordings"].as_array().expect("recordings");
        let [recording] = recordings.as_slice() else {
            panic!("{} recordings", recordings.len())
        };
        let name = recording["name"].as_str().expect("a name");
        let sides = both_sides(&self.folder.path().join("filed").join(name));
        for (side, hz) in sides.iter().zip([CALLER_HZ, AGENT_HZ]) {
            let loud = |piece: &[i16]| loudness(piece) > 200.0 && share_of(hz, piece) > 0.3;
            assert!(side.chunks_exact(800).any(loud), "no {hz} Hz is recorded");
        }
        self.running.stop().await;
        told
    }
}

fn config(caller: &Site, agent: &Site, folder: &Path) -> Config {
    let (here, there) = (caller.section(agent), agent.section(caller));
    let (folder, music, on) = (folder.display(), caller.music, agent.id);
    let text = format!(
        r#"
        {here}
        {there}
        [store]
        url = "sqlite://{folder}/store.db"
        [journal]
        path = "{folder}/journal"
        [recordings]
        folder = "{folder}/filed"
        [in_call]
        music = "{music}"
        [queues.desk]
        name = "desk"
        wrap_up_s = 60
        music = "{music}"
        [agents.anna]
        name = "Anna"
        extension = "1003"
        switch = "{on}"
        queues = ["desk"]
        [numbers.4001]
        flow = "desk"
        [flows.desk]
        name = "desk"
        start = "answer"
        [flows.desk.blocks]
        answer = {{ kind = "answer", next = "wait" }}
        wait = {{ kind = "queue", queue = "desk" }}
        "#
    );
    Config::read(Path::new("test.toml"), &text, []).expect("a sound configuration")
}

fn both_sides(file: &Path) -> [Vec<i16>; 2] {
    let mut wav = hound::WavReader::open(file).expect("a WAV file");
    assert_eq!(wav.spec().channels, 2);
    let samples: Vec<i16> = wav.samples().map(|sample| sample.expect("whole")).collect();
    [0, 1].map(|side| samples.iter().skip(side).step_by(2).copied().collect())
}

/// What was asked for and done, one line each; not who the caller is.
fn steps(told: &Value) -> Vec<String> {
    let steps = told["steps"].as_array().expect("steps").iter();
    let steps = steps.filter(|step| step["kind"] != "caller");
    let line = |step: &Value| {
        let words = ["kind", "word"].map(|name| step[name].as_str().unwrap_or_default().to_owned());
        words.join(" ")
    };
    steps.map(line).collect()
}

const HELD_AND_ENDED: [&str; 5] = [
    "talk held",
    "asked hold",
    "talk together",
    "asked resume",
    "asked hang_up",
];

#[tokio::test]
async fn caller_and_agent_are_on_two_asterisks() {
    let (Some(first), Some(second)) = (Asterisk::running(), Asterisk::second()) else {
        return;
    };
    let (here, there) = (
        Site::asterisk("asterisk", &first),
        Site::asterisk("annex", &second),
    );
    let talk = Talk::begun(&here, &there, second.phone_port(1003), PATIENT).await;
    talk.is_held_and_resumed().await;
    let told = talk.ends(&here).await;
    assert_eq!(steps(&told), HELD_AND_ENDED);
}

#[tokio::test]
async fn the_hold_key_of_a_phone_on_another_asterisk_is_obeyed() {
    let (Some(first), Some(second)) = (Asterisk::running(), Asterisk::second()) else {
        return;
    };
    let (here, there) = (
        Site::asterisk("asterisk", &first),
        Site::asterisk("annex", &second),
    );
    let holds = Agent::Holds {
        after_ms: 50,
        talks_ms: 120_000,
        holds_ms: 120_000,
    };
    let talk = Talk::begun(&here, &there, second.phone_port(1003), holds).await;
    talk.anna.presses_key();
    shows_agent(&talk.running, "anna", "hold").await;
    talk.anna.presses_key();
    shows_agent(&talk.running, "anna", "on_call").await;
    talk.is_heard().await;
    let told = talk.ends(&here).await;
    assert_eq!(steps(&told), HELD_AND_ENDED);
}

#[tokio::test]
async fn the_caller_is_on_freeswitch_and_the_agent_on_asterisk() {
    let Some(asterisk) = Asterisk::second() else {
        return;
    };
    let name = "a trunk from FreeSWITCH to Asterisk";
    let Some(switch) = Switch::for_test(name).await else {
        return;
    };
    let here = Site::freeswitch(&switch, 9);
    let there = Site::asterisk("asterisk", &asterisk);
    let talk = Talk::begun(&here, &there, asterisk.phone_port(1003), PATIENT).await;
    talk.is_held_and_resumed().await;
    let told = talk.ends(&here).await;
    assert_eq!(steps(&told), HELD_AND_ENDED);
}

#[tokio::test]
async fn the_caller_is_on_asterisk_and_the_agent_on_freeswitch() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let name = "a trunk from Asterisk to FreeSWITCH";
    let Some(switch) = Switch::for_test(name).await else {
        return;
    };
    let phone = support::phone::free_port();
    switch.load_with_trunk(&format!("127.0.0.1:{phone}")).await;
    let here = Site::asterisk("asterisk", &asterisk);
    let there = Site::freeswitch(&switch, phone);
    let talk = Talk::begun(&here, &there, phone, PATIENT).await;
    talk.is_held_and_resumed().await;
    let told = talk.ends(&here).await;
    assert_eq!(steps(&told), HELD_AND_ENDED);
}
