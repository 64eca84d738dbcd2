//! The one owner of the simulated switch behind an event socket: the exchange,
//! the legs as FreeSWITCH would describe them, and who listens. Without sockets
//! and without a clock, so that it can be tested as it is.

use crate::engine::id::{ChannelId, CommandId};
use crate::engine::time::{Span, Timestamp};
use crate::switch::SwitchCommand;
use crate::switch::simulated::chance::Chance;
use crate::switch::simulated::esl::judge::Judge;
use crate::switch::simulated::esl::leg::{Application, Leg, cause_name};
use crate::switch::simulated::esl::shape::{Phase, Shapes, Slot, encode};
use crate::switch::simulated::esl::stopwatch::Mark;
use crate::switch::simulated::esl::subscriber::{Outgoing, Subscriber};
use crate::switch::simulated::exchange::{Exchange, Happened};
use crate::switch::simulated::refusal::Refusal;
use crate::switch::simulated::tally::Tally;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::oneshot;

/// From one HEARTBEAT to the next.
const HEARTBEAT_EVERY: Span = Span::seconds(20);

/// Events that carry no channel variables.
const BASIC_EVENTS: [&str; 4] = [
    "CHANNEL_CALLSTATE",
    "CHANNEL_OUTGOING",
    "CHANNEL_STATE",
    "DTMF",
];

pub(super) struct Face {
    pub(super) judge: Judge,
    pub(super) exchange: Exchange,
    pub(super) legs: BTreeMap<ChannelId, Leg>,
    /// What waits for the answer or the end of a leg that is being dialled.
    pub(super) dialling: BTreeMap<ChannelId, Dialling>,
    pub(super) recordings: BTreeMap<CommandId, RunningRecording>,
    /// Recordings are written when their file lies below this folder.
    pub(super) recordings_below: Option<PathBuf>,
    pub(super) now: Timestamp,
    pub(super) started: Timestamp,
    /// The value of the variable that marks a leg as handed over.
    pub(super) mark: String,
    /// A bridge or transfer tears off what runs on its legs.
    pub(super) tearing: bool,
    pub(super) happened: Vec<Happened>,
    pub(super) todo: Vec<Todo>,
    subscribers: BTreeMap<u64, Subscriber>,
    shapes: Shapes,
    chance: Chance,
    commands_given: u64,
    sequence: u64,
    next_heartbeat: Timestamp,
    dates: Dates,
}

/// Who learns how dialling a leg went.
#[derive(Debug)]
pub(super) enum Dialling {
    Job { job: String, arguments: String },
    Caller(oneshot::Sender<String>),
}

#[derive(Debug)]
pub(super) struct RunningRecording {
    pub(super) channel: ChannelId,
    pub(super) file: String,
}

/// What follows from what was just told.
#[derive(Debug)]
pub(super) enum Todo {
    /// The leg is over; tell the rest and forget it.
    Finish(ChannelId),
    /// Begin the endless application again.
    Restart(ChannelId),
    /// Begin the next waiting application.
    Next(ChannelId),
    /// Park the leg, or hang it up where it does not park after a bridge.
    AfterBridge(ChannelId),
    /// Run an API command.
    Hook(String),
}

/// The date as events write it, renewed every second.
#[derive(Debug, Default)]
struct Dates {
    second: i64,
    local: String,
    gmt: String,
}

impl Face {
    pub(super) fn new(
        exchange: Exchange,
        mark: String,
        recordings_below: Option<PathBuf>,
        seed: u64,
        now: Timestamp,
    ) -> Self {
        Self {
            judge: Judge::default(),
            exchange,
            legs: BTreeMap::new(),
            dialling: BTreeMap::new(),
            recordings: BTreeMap::new(),
            recordings_below,
            now,
            started: now,
            mark,
            tearing: false,
            happened: Vec::new(),
            todo: Vec::new(),
            subscribers: BTreeMap::new(),
            shapes: Shapes::new(),
            chance: Chance::new(seed, "esl"),
            commands_given: 0,
            sequence: 0,
            next_heartbeat: now + HEARTBEAT_EVERY,
            dates: Dates::default(),
        }
    }

    pub(super) fn tally(&self) -> &Tally {
        self.exchange.tally()
    }

    pub(super) fn connect(&mut self, connection: u64, subscriber: Subscriber) {
        self.subscribers.insert(connection, subscriber);
    }

    pub(super) fn disconnect(&mut self, connection: u64) {
        self.subscribers.remove(&connection);
    }

    pub(super) fn subscriber(&mut self, connection: u64) -> Option<&mut Subscriber> {
        self.subscribers.get_mut(&connection)
    }

    pub(super) fn next_deadline(&self) -> Timestamp {
        self.exchange
            .next_deadline()
            .map_or(self.next_heartbeat, |at| at.min(self.next_heartbeat))
    }

    /// Lets everything due until `now` happen and tells it.
    pub(super) fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        while self.next_deadline() <= self.now {
            if self.next_heartbeat <= self.now {
                self.next_heartbeat = self.now + HEARTBEAT_EVERY;
                self.heartbeat();
            }
            let at = self.next_deadline().min(self.now);
            self.exchange.advance(at, &mut self.happened);
            self.settle();
        }
    }

    /// Has the exchange obey a command; returns its id.
    pub(super) fn obey(&mut self, command: &SwitchCommand) -> Result<CommandId, Refusal> {
        let id = self.command_id();
        self.exchange
            .obey(self.now, id, command, &mut self.happened)
            .map(|()| id)
    }

    /// Has the exchange obey a command whose refusal changes nothing, as on the
    /// real switch; false when it was refused.
    pub(super) fn attempt(&mut self, command: &SwitchCommand) -> bool {
        self.obey(command).is_ok()
    }

    pub(super) fn command_id(&mut self) -> CommandId {
        self.commands_given += 1;
        CommandId(self.commands_given)
    }

    pub(super) fn uuid(&mut self) -> String {
        self.chance.uuid()
    }

    /// Tells what happened, and does and tells what follows from it, to the end.
    pub(super) fn settle(&mut self) {
        loop {
            self.exchange.settle(self.now, &mut self.happened);
            for (_, happening) in std::mem::take(&mut self.happened) {
                self.tell(happening);
            }
            let todo = std::mem::take(&mut self.todo);
            if todo.is_empty() && self.happened.is_empty() {
                return;
            }
            for item in todo {
                self.follow(item);
            }
        }
    }

    fn follow(&mut self, item: Todo) {
        match item {
            Todo::Finish(channel) => self.finish(&channel),
            Todo::Restart(channel) => {
                let running = self
                    .legs
                    .get_mut(&channel)
                    .and_then(|leg| leg.running.take());
                if let Some(application) = running {
                    self.begin(&channel, application);
                }
            }
            Todo::Next(channel) => {
                let waiting = self
                    .legs
                    .get_mut(&channel)
                    .and_then(|leg| leg.waiting.pop_front());
                if let Some(application) = waiting {
                    self.execute(&channel, application);
                }
            }
            Todo::AfterBridge(channel) => self.after_bridge(&channel),
            Todo::Hook(line) => drop(self.api(&line)),
        }
    }

    /// Sends an event of a leg to whoever asked for it.
    pub(super) fn emit(&mut self, event: &str, channel: &ChannelId, extra: &[(&str, &str)]) {
        self.sequence += 1;
        if !self.is_wanted(event, channel) {
            return;
        }
        if let Some(text) = self.event_text(event, channel, extra) {
            let mark = self.mark_of(event, channel);
            self.send(event, &text, mark);
        }
    }

    /// Whether the event of a leg has any chance to pass somebody's filters,
    /// told before it is put together.
    fn is_wanted(&self, event: &str, channel: &ChannelId) -> bool {
        let leg = self.legs.get(channel);
        let variables = leg
            .filter(|_| !BASIC_EVENTS.contains(&event))
            .map(|leg| &leg.variables);
        self.subscribers
            .values()
            .any(|subscriber| subscriber.wants(event) && subscriber.may_pass(event, variables))
    }

    /// The whole text of an event of a leg; none when the leg is not there.
    pub(super) fn event_text(
        &mut self,
        event: &str,
        channel: &ChannelId,
        extra: &[(&str, &str)],
    ) -> Option<String> {
        self.dates.renew(self.now);
        let leg = self.legs.get(channel)?;
        let peer = leg.peer.as_ref().and_then(|peer| self.legs.get(peer));
        let mut slots = leg.slots(peer.map(|peer| peer.dialled.as_str()).unwrap_or_default());
        let now_us = self.now.as_millis() * 1_000;
        slots.set(Slot::Event, event);
        slots.set(Slot::Sequence, self.sequence.to_string());
        slots.set(Slot::NowMicros, now_us.to_string());
        slots.set(Slot::NowSeconds, (now_us / 1_000_000).to_string());
        slots.set(Slot::DateLocal, self.dates.local.as_str());
        slots.set(Slot::DateGmt, self.dates.gmt.as_str());
        let full = !BASIC_EVENTS.contains(&event);
        let mut text = String::with_capacity(12_000);
        self.shapes
            .of(leg.is_inbound(), leg.phase(event))
            .write(&slots, full, &mut text);
        if full {
            for (name, value) in &leg.variables {
                if !value.is_empty() {
                    text.push_str("variable_");
                }
                push_header(&mut text, name, value);
            }
        }
        if let (Some(cause), Phase::Ringing | Phase::Answered | Phase::Bridged) =
            (leg.cause, leg.phase(event))
        {
            push_header(&mut text, "Hangup-Cause", cause_name(cause));
        }
        for (name, value) in extra {
            push_header(&mut text, name, value);
        }
        text.push('\n');
        Some(text)
    }

    /// Sends an event that belongs to no leg.
    pub(super) fn emit_plain(&mut self, event: &str, headers: &[(&str, &str)], body: &str) {
        self.sequence += 1;
        self.dates.renew(self.now);
        let mut text = format!(
            "Event-Name: {event}\nCore-UUID: 006b3445-fd7f-4e25-8676-26f108e6584f\n\
             FreeSWITCH-Hostname: simulator\nFreeSWITCH-Switchname: simulator\n\
             FreeSWITCH-IPv4: 192.0.2.2\nFreeSWITCH-IPv6: fd00%3A%3A2\n\
             Event-Date-Local: {}\nEvent-Date-GMT: {}\nEvent-Date-Timestamp: {}\n\
             Event-Calling-File: switch_core.c\nEvent-Calling-Function: simulated\n\
             Event-Calling-Line-Number: 95\nEvent-Sequence: {}\n",
            self.dates.local,
            self.dates.gmt,
            self.now.as_millis() * 1_000,
            self.sequence,
        );
        for (name, value) in headers {
            push_header(&mut text, name, value);
        }
        if !body.is_empty() {
            push_header(&mut text, "Content-Length", &body.len().to_string());
        }
        text.push('\n');
        text.push_str(body);
        self.send(event, &text, None);
    }

    fn send(&mut self, event: &str, text: &str, mark: Option<Mark>) {
        let mut framed = String::with_capacity(text.len() + 64);
        // Writing to a string cannot fail.
        let _ = write!(
            framed,
            "Content-Length: {}\nContent-Type: text/event-plain\n\n{text}",
            text.len()
        );
        let outgoing = Outgoing {
            bytes: Arc::new(framed.into_bytes()),
            mark,
        };
        self.subscribers.retain(|_, subscriber| {
            let wanted = subscriber.wants(event) && subscriber.passes(event, text);
            !wanted || subscriber.send(outgoing.clone())
        });
    }

    fn mark_of(&self, event: &str, channel: &ChannelId) -> Option<Mark> {
        let leg = self.legs.get(channel)?;
        match (event, &leg.extension) {
            ("CHANNEL_HANGUP", Some(extension)) => Some(Mark::Freed(extension.clone())),
            ("CHANNEL_PARK", None) if !leg.was_answered => Some(Mark::Brought(channel.clone())),
            _ => None,
        }
    }

    fn heartbeat(&mut self) {
        let up_ms = self.now.since(self.started).as_millis().to_string();
        let sessions = self.legs.len().to_string();
        let headers = [
            ("Event-Info", "System Ready"),
            ("FreeSWITCH-Version", "1.10.12-release~64bit"),
            ("Uptime-msec", up_ms.as_str()),
            ("Session-Count", sessions.as_str()),
            ("Max-Sessions", "3000"),
            ("Session-Per-Sec", "500"),
            ("Idle-CPU", "90.000000"),
        ];
        self.emit_plain("HEARTBEAT", &headers, "");
    }

    /// Begins an application and says so.
    pub(super) fn execute(&mut self, channel: &ChannelId, application: Application) {
        let headers = [
            ("Application", application.name.as_str()),
            ("Application-Data", application.data.as_str()),
            ("Application-UUID", application.uuid.as_str()),
        ];
        self.emit("CHANNEL_EXECUTE", channel, &headers);
        self.begin(channel, application);
    }
}

fn push_header(text: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(&encode(value));
        text.push('\n');
    }
}

impl Dates {
    fn renew(&mut self, now: Timestamp) {
        let second = now.as_millis().div_euclid(1_000);
        if second == self.second && !self.local.is_empty() {
            return;
        }
        self.second = second;
        let date = jiff::Timestamp::from_second(second).unwrap_or_default();
        self.local = date.strftime("%Y-%m-%d%%20%H%%3A%M%%3A%S").to_string();
        self.gmt = date
            .strftime("%a,%%20%d%%20%b%%20%Y%%20%H%%3A%M%%3A%S%%20GMT")
            .to_string();
    }
}
