//! SIP phones: SIPp speaks the signalling of one scenario in `sipp/`, a
//! [`Line`] has the audio. Every phone ends with its test.

use super::audio::Voice;
use super::rtp::Line;
use handlebars::Handlebars;
use serde::Serialize;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long SIPp may take to open its port on a busy machine.
const STARTING: Duration = Duration::from_secs(20);

/// One SIPp process and the audio of its calls.
pub struct Phone {
    /// What it says and hears.
    pub line: Line,
    sip_port: u16,
    sipp: Child,
    folder: TempDir,
}

/// What a scenario can be told; each uses its own part.
#[derive(Clone, Debug, Serialize)]
pub struct Caller {
    pub number: String,
    pub name: String,
    /// Hangs up this long after the answer.
    pub stay_ms: u64,
    /// The key to press by SIP INFO, and when after the answer.
    pub info_key: Option<char>,
    pub info_after_ms: u64,
    /// The phone of this extension calls, and shows that it does.
    pub phone: Option<u16>,
}

impl Default for Caller {
    fn default() -> Self {
        Caller {
            number: "13800138000".to_owned(),
            name: "Caller".to_owned(),
            stay_ms: 180_000,
            info_key: None,
            info_after_ms: 0,
            phone: None,
        }
    }
}

#[derive(Serialize)]
struct Script<'a> {
    #[serde(flatten)]
    caller: &'a Caller,
    audio_port: u16,
    status: u16,
    ring_ms: u64,
    answer_after_ms: u64,
    talk_ms: u64,
    hold_ms: u64,
    transfer_to: &'a str,
    if_asked: bool,
}

/// What an agent's phone does when it is rung.
#[derive(Clone, Copy, Debug)]
pub enum Agent {
    Answers {
        after_ms: u64,
        talks_ms: u64,
    },
    /// Answers if the call asks it to do so by itself (`Call-Info: …;answer-after=0`), and
    /// breaks off otherwise.
    AnswersIfAsked,
    /// Answers, and puts the far end on hold by re-INVITE after `talks_ms`, and takes it back
    /// after `holds_ms`, or when [`Phone::presses_key`] says so.
    Holds {
        after_ms: u64,
        talks_ms: u64,
        holds_ms: u64,
    },
    /// Answers, and asks by REFER for the far end to be transferred after `talks_ms`, or when
    /// [`Phone::presses_key`] says so, and after it was put on hold for `holds_ms` if that
    /// is not 0. Whither, with an empty `to`, [`Phone::completes`] says.
    Transfers {
        after_ms: u64,
        talks_ms: u64,
        holds_ms: u64,
        to: &'static str,
    },
    /// Rings for ever.
    NoAnswer,
    /// Refuses with a SIP status: 486 busy, 603 declined.
    Refuses {
        after_ms: u64,
        status: u16,
    },
}

impl Caller {
    fn script(&self, audio_port: u16) -> Script<'_> {
        Script {
            caller: self,
            audio_port,
            status: 0,
            ring_ms: 0,
            answer_after_ms: 0,
            talk_ms: 0,
            hold_ms: 0,
            transfer_to: "",
            if_asked: false,
        }
    }

    /// Calls `number` at `switch` (`host:port` of its SIP) and stays when answered.
    pub async fn calls(&self, switch: &str, number: &str, voice: Voice) -> Phone {
        let line = Line::open(voice).await;
        let script = self.script(line.port());
        dial(line, "caller.xml", &script, switch, number)
    }

    /// Calls and expects to be refused with `status`, never answered.
    pub async fn is_refused(&self, switch: &str, number: &str, status: u16) -> Phone {
        let line = Line::open(Voice::Silent).await;
        let script = Script {
            status,
            ..self.script(line.port())
        };
        dial(line, "caller-refused.xml", &script, switch, number)
    }

    /// Calls and cancels after `ring_ms` without an answer.
    pub async fn gives_up(&self, switch: &str, number: &str, ring_ms: u64) -> Phone {
        let line = Line::open(Voice::Silent).await;
        let script = Script {
            ring_ms,
            ..self.script(line.port())
        };
        dial(line, "caller-gives-up.xml", &script, switch, number)
    }
}

impl Agent {
    /// Puts the agent's phone on a loopback SIP port, for any number of calls
    /// one after the other.
    pub async fn at(self, sip_port: u16, voice: Voice) -> Phone {
        let line = Line::open(voice).await;
        let nobody = Caller::default();
        let script = nobody.script(line.port());
        let (file, script) = match self {
            Agent::Answers { after_ms, talks_ms } => (
                "agent.xml",
                Script {
                    answer_after_ms: after_ms,
                    talk_ms: talks_ms,
                    ..script
                },
            ),
            Agent::AnswersIfAsked => (
                "agent.xml",
                Script {
                    answer_after_ms: 50,
                    talk_ms: 120_000,
                    if_asked: true,
                    ..script
                },
            ),
            Agent::Holds {
                after_ms,
                talks_ms,
                holds_ms,
            } => (
                "agent-holds.xml",
                Script {
                    answer_after_ms: after_ms,
                    talk_ms: talks_ms,
                    hold_ms: holds_ms,
                    ..script
                },
            ),
            Agent::Transfers {
                after_ms,
                talks_ms,
                holds_ms,
                to,
            } => (
                "agent-transfers.xml",
                Script {
                    hold_ms: holds_ms,
                    answer_after_ms: after_ms,
                    talk_ms: talks_ms,
                    transfer_to: to,
                    ..script
                },
            ),
            Agent::NoAnswer => (
                "agent-refuses.xml",
                Script {
                    answer_after_ms: 600_000,
                    status: 480,
                    ..script
                },
            ),
            Agent::Refuses { after_ms, status } => (
                "agent-refuses.xml",
                Script {
                    answer_after_ms: after_ms,
                    status,
                    ..script
                },
            ),
        };
        let phone = Phone::start(line, sip_port, file, &script, &[]);
        phone.is_listening_at(sip_port).await;
        phone
    }
}

fn dial(line: Line, file: &str, script: &Script<'_>, switch: &str, number: &str) -> Phone {
    let once = ["-m", "1", "-s", number, switch];
    Phone::start(line, free_port(), file, script, &once)
}

/// A UDP port that was free a moment ago.
pub fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free UDP port");
    socket.local_addr().expect("the port just bound").port()
}

/// A port with those after it that SIPp takes for its own media, which says nothing here.
fn free_media_port() -> u16 {
    let is_free = |port: u16| UdpSocket::bind(("127.0.0.1", port)).is_ok();
    let mut ports = std::iter::repeat_with(free_port);
    let all_free = |port: &u16| (1..=3).all(|nth| port.checked_add(nth).is_some_and(is_free));
    ports.find(all_free).expect("four free UDP ports in a row")
}

impl Phone {
    fn start(
        line: Line,
        sip_port: u16,
        file: &str,
        script: &Script<'_>,
        arguments: &[&str],
    ) -> Phone {
        let folder = tempfile::tempdir().expect("a folder for SIPp's files");
        let scenario = folder.path().join("scenario.xml");
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/support/sipp")
            .join(file);
        let source = std::fs::read_to_string(source).expect("the scenario");
        let mut handlebars = Handlebars::new();
        // The messages stand in CDATA.
        handlebars.register_escape_fn(handlebars::no_escape);
        let text = handlebars
            .render_template(&source, script)
            .expect("a whole scenario");
        std::fs::write(&scenario, text).expect("a writable folder");
        let screen =
            std::fs::File::create(folder.path().join("screen")).expect("a writable folder");
        let media = free_media_port().to_string();
        let sipp = Command::new("sipp")
            .args([
                "-sf",
                &scenario.display().to_string(),
                "-i",
                "127.0.0.1",
                "-p",
                &sip_port.to_string(),
                "-nostdin",
            ])
            .args(["-mi", "127.0.0.1", "-mp", &media, "-timeout", "300s"])
            .args([
                "-trace_msg",
                "-message_file",
                &in_folder(&folder, "messages"),
            ])
            .args(["-trace_err", "-error_file", &in_folder(&folder, "errors")])
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(screen.try_clone().expect("a file handle"))
            .stderr(screen)
            .kill_on_drop(true)
            .spawn()
            .expect("SIPp, from the Debian package sip-tester");
        Phone {
            line,
            sip_port,
            sipp,
            folder,
        }
    }

    /// Has a phone that [`Agent::Holds`] or [`Agent::Transfers`] do so now: its scenario waits
    /// for an INFO of its call.
    pub fn presses_key(&self) {
        self.is_told("");
    }

    /// Has a phone that [`Agent::Transfers`] put whom it talks to together with the far end of
    /// its other call: REFER with Replaces (RFC 3891).
    pub fn completes(&self, other: &Phone) {
        let story = other.story();
        let answer = story
            .split("\nSIP/2.0 200 OK")
            .nth(1)
            .expect("it was answered");
        let header = |name: &str| {
            let lines = answer.lines().map(str::trim);
            let mut found = lines.filter_map(|line| line.strip_prefix(name));
            found
                .next()
                .unwrap_or_else(|| panic!("no {name} in {answer}"))
        };
        let tag = |name: &str| header(name).split(";tag=").nth(1).expect("a tag");
        let (call, far, own) = (header("Call-ID: "), tag("To: "), tag("From: "));
        let replaces = format!("{call};to-tag={far};from-tag={own}");
        let quoted = replaces.replace('@', "%40").replace(';', "%3B");
        let quoted = quoted.replace('=', "%3D");
        self.is_told(&format!("<sip:other@127.0.0.1?Replaces={quoted}>"));
    }

    fn is_told(&self, refer_to: &str) {
        let story = self.story();
        let call = story.rsplit("Call-ID: ").next();
        let call = call.and_then(|rest| rest.lines().next()).expect("a call");
        let info = [
            "INFO sip:phone@127.0.0.1 SIP/2.0",
            "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-key",
            "From: <sip:user@127.0.0.1>;tag=user",
            "To: <sip:phone@127.0.0.1>",
            &format!("Call-ID: {call}"),
            "CSeq: 1 INFO",
            &format!("X-Refer-To: {refer_to}"),
            "Content-Length: 0",
            "",
            "",
        ];
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free UDP port");
        let info = info.join("\r\n");
        socket
            .send_to(info.as_bytes(), ("127.0.0.1", self.sip_port))
            .expect("loopback");
    }

    /// Waits until SIPp has its port: a message sent before that is lost.
    async fn is_listening_at(&self, port: u16) {
        let started = found(STARTING, || is_bound(port).then_some(())).await;
        assert!(
            started.is_some(),
            "SIPp does not listen at {port}\n{}",
            self.story()
        );
    }

    /// Once it is rung, speaks to where its call's offer says (RFC 4566), before
    /// it hears anything: of two phones that talk with each other one must begin.
    pub async fn speaks_first(&self, within: Duration) {
        let offered = || {
            let story = self.story();
            let port = story.split("m=audio ").nth(1)?.split(' ').next()?;
            port.parse::<u16>().ok()
        };
        match found(within, offered).await {
            Some(port) => self.line.face(([127, 0, 0, 1], port).into()),
            None => panic!("it is not rung\n{}", self.story()),
        }
    }

    /// Waits for the scenario's end.
    ///
    /// # Errors
    /// What SIPp saw, when the scenario did not go as written or took too long.
    pub async fn ended(&mut self, within: Duration) -> Result<(), String> {
        let status = tokio::time::timeout(within, self.sipp.wait()).await;
        match status {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("SIPp ended with {status}\n{}", self.story())),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("SIPp did not end in {within:?}\n{}", self.story())),
        }
    }

    /// The SIP messages and errors so far.
    pub fn story(&self) -> String {
        let read = |name| std::fs::read_to_string(self.file(name)).unwrap_or_default();
        format!("{}\n{}", read("errors"), read("messages"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// What another process shows sooner or later; it has no way to tell of it, and
/// so is looked at again and again.
async fn found<T>(within: Duration, look: impl Fn() -> Option<T>) -> Option<T> {
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    let looking = async {
        loop {
            looks.tick().await;
            if let Some(found) = look() {
                return found;
            }
        }
    };
    tokio::time::timeout(within, looking).await.ok()
}

/// Whether somebody has the UDP port of the loopback address, as Linux lists
/// it (proc(5)): asking by binding it could take it from SIPp.
fn is_bound(port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/udp").expect("Linux's table of UDP sockets");
    table.contains(&format!(" 0100007F:{port:04X} "))
}

fn in_folder(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}
