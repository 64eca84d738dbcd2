//! The real FreeSWITCH with a listener of the test's own on its event stream,
//! which knows nothing of the controller.

use super::story::{Entry, Party, Story, What};
use super::{Rig, TURN};
use crate::support::controller::SOON;
use crate::support::freeswitch::{SWITCH, Switch};
use crate::support::phone::{Phone, free_port};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::MutexGuard;
use tokio::task::JoinHandle;

const MENU_HZ: f64 = 440.0;
const EVENTS: &str = "CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_HANGUP";

pub struct FreeswitchRig {
    switch: Switch,
    phones: Vec<u16>,
    seen: Arc<Mutex<Vec<Entry>>>,
    listener: JoinHandle<()>,
    _turn: MutexGuard<'static, ()>,
}

impl FreeswitchRig {
    /// `None`, loudly, when there is none.
    pub async fn running() -> Option<FreeswitchRig> {
        let turn = TURN.lock().await;
        let switch = Switch::for_test("the chaos on FreeSWITCH").await?;
        switch.prompt("welcome", MENU_HZ, 1.0);
        switch.prompt("menu", MENU_HZ, 1.0);
        switch.prompt("please-wait", 330.0, 1.0);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = listen(&switch, &seen).await;
        let phones = (0..8).map(|_| free_port()).collect();
        Some(FreeswitchRig {
            switch,
            phones,
            seen,
            listener,
            _turn: turn,
        })
    }
}

impl Drop for FreeswitchRig {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Rig for FreeswitchRig {
    fn id(&self) -> &'static str {
        SWITCH
    }

    fn control(&self) -> String {
        self.switch.esl.clone()
    }

    fn settings(&self, control: &str) -> String {
        let settings = self.switch.settings("127.0.0.1:{extension}");
        format!(
            "kind = \"freeswitch\"\naddress = \"{control}\"\npassword = {:?}\nendpoint = {:?}\nprompts = {:?}\nrecordings = {:?}\n",
            settings.password, settings.endpoint, settings.prompts, settings.recordings
        )
    }

    fn music(&self) -> &'static str {
        "moh"
    }

    fn sip(&self) -> &str {
        &self.switch.sip
    }

    /// Phones are dialled by their port, which is their extension too.
    fn extension(&self, nth: u16) -> u16 {
        self.phones[usize::from(nth)]
    }

    fn phone_port(&self, extension: u16) -> u16 {
        extension
    }

    async fn hears_menu(&self, caller: &Phone, mark: usize) {
        let heard = caller.line.hears_tone(MENU_HZ, mark, SOON).await;
        heard.expect("the menu");
    }

    async fn hang_up(&self, channel: &str) {
        self.switch.api(&format!("uuid_kill {channel}")).await;
    }

    async fn restart(&mut self) {
        self.switch.api("fsctl shutdown restart").await;
        // The end of the listener is the end of the switch.
        let ended = tokio::time::timeout(SOON, &mut self.listener).await;
        ended.expect("it ends").expect("no panic");
        self.listener = listen(&self.switch, &self.seen).await;
    }

    async fn story(&self) -> Story {
        Story::of(self.seen.lock().expect("no panic").clone())
    }
}

/// Keeps what happens to every channel, from a connection of its own, which is
/// tried again while the switch starts.
async fn listen(switch: &Switch, seen: &Arc<Mutex<Vec<Entry>>>) -> JoinHandle<()> {
    let subscribed = async {
        loop {
            if let Some(socket) = subscribe(switch).await {
                return socket;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let socket = tokio::time::timeout(SOON, subscribed).await;
    let (socket, seen) = (socket.expect("the event socket"), seen.clone());
    #[expect(clippy::disallowed_methods, reason = "it listens beside the test")]
    tokio::spawn(async move { keep(socket, &seen).await })
}

async fn subscribe(switch: &Switch) -> Option<BufReader<TcpStream>> {
    let settings = switch.settings("");
    let socket = TcpStream::connect(&switch.esl).await.ok()?;
    let mut socket = BufReader::new(socket);
    let hello = format!("auth {}\n\nevent plain {EVENTS}\n\n", settings.password);
    socket.get_mut().write_all(hello.as_bytes()).await.ok()?;
    loop {
        let (headers, _) = frame(&mut socket).await?;
        let reply = headers.get("Reply-Text").cloned().unwrap_or_default();
        if reply.starts_with("+OK event listener enabled") {
            return Some(socket);
        }
    }
}

async fn keep(mut socket: BufReader<TcpStream>, seen: &Mutex<Vec<Entry>>) {
    while let Some((_, event)) = frame(&mut socket).await {
        if let Some(entry) = entry(&event) {
            seen.lock().expect("no panic").push(entry);
        }
    }
}

type Headers = BTreeMap<String, String>;

/// The headers of one message, and those of the event that it holds.
async fn frame(socket: &mut BufReader<TcpStream>) -> Option<(Headers, Headers)> {
    let mut head = String::new();
    while !head.ends_with("\n\n") {
        if socket.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = headers(&head);
    let length = head
        .get("Content-Length")
        .and_then(|text| text.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    socket.read_exact(&mut body).await.ok()?;
    Some((head, headers(&String::from_utf8_lossy(&body))))
}

fn headers(text: &str) -> Headers {
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn entry(event: &Headers) -> Option<Entry> {
    let header = |name: &str| event.get(name).cloned();
    let channel = header("Unique-ID")?;
    let party = match header("Call-Direction")?.as_str() {
        "inbound" => Party::Caller(header("Caller-Caller-ID-Number")?),
        _ => {
            let name = header("Channel-Name")?;
            let dialled = name.rsplit('/').next()?;
            let digits = dialled.chars().take_while(char::is_ascii_digit);
            Party::Phone(digits.collect())
        }
    };
    let what = match header("Event-Name")?.as_str() {
        "CHANNEL_CREATE" => What::Begun,
        "CHANNEL_ANSWER" => What::Answered,
        "CHANNEL_BRIDGE" => {
            let sides = [header("Bridge-A-Unique-ID")?, header("Bridge-B-Unique-ID")?];
            What::Bridged(sides.into_iter().find(|side| *side != channel)?)
        }
        "CHANNEL_HANGUP" => What::Ended(header("Hangup-Cause").unwrap_or_default()),
        _ => return None,
    };
    Some(Entry {
        channel,
        party,
        what,
    })
}
