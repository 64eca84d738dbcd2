//! From what a client sends to what the exchange does. Wording of answers and
//! errors as on FreeSWITCH 1.10.12.

use crate::engine::id::ChannelId;
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::switch::simulated::esl::answers::Answer;
use crate::switch::simulated::esl::dial_string::{self, DialString};
use crate::switch::simulated::esl::face::{Dialling, Face, RunningRecording};
use crate::switch::simulated::esl::frame::Message;
use crate::switch::simulated::esl::leg::{self, Application, Leg, cause_named};
use crate::switch::{Extension, LegVariables, Ring, SwitchCommand, Target};
use tokio::sync::oneshot;

/// The answer to an API command: at once, or when a dialled leg is answered or over.
pub(super) enum Outcome {
    Now(String),
    Later(oneshot::Receiver<String>),
}

const NO_CHANNEL: &str = "-ERR No such channel!\n";
/// How long `originate` rings without `originate_timeout`.
const RINGING: Span = Span::seconds(60);
/// Legs that may be dialled at once.
const MAX_DIALLING: usize = 10_000;

/// The greatest length and the silence of `uuid_record … <max> {variables}`, when
/// the recording is of one side alone.
fn message(how: &[&str]) -> Option<(Span, Span)> {
    let (max, variables) = (how.first()?, how.get(1)?);
    let variables = variables.strip_prefix('{')?.strip_suffix('}')?;
    let value = |wanted: &str| {
        let mut pairs = variables.split(',').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(name, value)| (name == wanted).then_some(value))
    };
    value("RECORD_READ_ONLY")?;
    let silence = value("RECORD_FINAL_TIMEOUT_MS")?.parse().ok()?;
    Some((Span::seconds(max.parse().ok()?), Span::millis(silence)))
}

impl Face {
    /// `sendevent`: what lights a lamp, and what ends a supervision, is simulated.
    pub(super) fn send_event(&mut self, message: &Message) -> Answer {
        let name = message.line.strip_prefix("sendevent").unwrap_or_default();
        if name.trim() == "CUSTOM" {
            self.end_supervision(message);
        }
        let counts = message.header("MWI-Voice-Message");
        let counts = counts.and_then(|counts| counts.split_once('/'));
        let account = message.header("MWI-Message-Account").unwrap_or_default();
        let mailbox = account.split('@').next().unwrap_or_default();
        if name.trim() == "MESSAGE_WAITING"
            && let (Ok(mailbox), Some((new, old))) = (Extension::new(mailbox), counts)
            && let (Ok(new), Ok(old)) = (new.parse(), old.parse())
        {
            self.exchange.model.set_lamp(&mailbox, new, old);
        }
        Answer::reply("+OK")
    }

    /// Anything but `api`, `bgapi`, `sendmsg` and `sendevent`.
    pub(super) fn command(&mut self, connection: u64, line: &str) -> Answer {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let Some(subscriber) = self.subscriber(connection) else {
            return Answer::reply("-ERR not connected");
        };
        let mut words = rest.split_whitespace();
        Answer::reply(match word {
            "event" => match (words.next(), rest.split_whitespace().nth(1)) {
                (None, _) => "-ERR no keywords supplied",
                (Some("json" | "xml"), _) => "-ERR only plain events are simulated",
                (Some("plain"), None) => "-ERR no keywords supplied",
                (Some("plain"), Some(_)) => {
                    subscriber.subscribe(words);
                    "+OK event listener enabled plain"
                }
                (Some(_), _) => {
                    subscriber.subscribe(rest.split_whitespace());
                    "+OK event listener enabled plain"
                }
            },
            "nixevent" => {
                subscriber.unsubscribe(words);
                "+OK events nixed"
            }
            "noevents" => {
                subscriber.forget_events();
                "+OK no longer listening for events"
            }
            "filter" => return filter(subscriber, rest),
            "log" | "nolog" => "+OK log level  [0]",
            "linger" | "nolinger" | "divert_events" | "myevents" => {
                "-ERR not controlling a session"
            }
            _ => "-ERR command not found",
        })
    }

    /// `sendmsg`: runs an application on a leg, or hangs it up.
    pub(super) fn send_message(&mut self, message: &Message) -> Answer {
        let name = message
            .line
            .strip_prefix("sendmsg")
            .unwrap_or_default()
            .trim();
        let channel = self
            .live(name)
            .or_else(|| self.live(message.header("session-id")?));
        let Some(channel) = channel else {
            return Answer::Reply(format!("-ERR invalid session id [{name}]"));
        };
        match message.header("call-command") {
            Some("execute") => {
                let data = message
                    .header("execute-app-arg")
                    .unwrap_or(message.body.trim_end());
                let uuid = message
                    .header("event-uuid")
                    .map_or_else(|| self.uuid(), str::to_owned);
                let application = Application {
                    name: message
                        .header("execute-app-name")
                        .unwrap_or_default()
                        .to_owned(),
                    data: data.to_owned(),
                    uuid,
                };
                let locked = message.header("event-lock") == Some("true");
                self.run(&channel, application, locked);
            }
            Some("hangup") => {
                let cause = message
                    .header("hangup-cause")
                    .unwrap_or("NORMAL_CLEARING")
                    .to_owned();
                self.hang_up(&channel, &cause);
            }
            _ => {}
        }
        self.settle();
        Answer::reply("+OK")
    }

    /// Runs an application at once, ending what runs, or under `event-lock`
    /// after what runs. (The real switch nests the former inside what runs.)
    fn run(&mut self, channel: &ChannelId, application: Application, locked: bool) {
        let Some(leg) = self.legs.get_mut(channel) else {
            return;
        };
        if leg.running.is_none() {
            self.execute(channel, application);
        } else if locked {
            if leg.waiting.len() < leg::MAX_WAITING {
                leg.waiting.push_back(application);
            }
        } else {
            leg.waiting.push_front(application);
            self.tear(channel);
        }
    }

    /// Ends what runs on a leg for good and begins what waits.
    fn tear(&mut self, channel: &ChannelId) {
        let Some(leg) = self.legs.get_mut(channel) else {
            return;
        };
        leg.breaking = true;
        if let Some(running) = &mut leg.running {
            // What is torn off does not begin again.
            "playback".clone_into(&mut running.name);
        }
        self.attempt(&SwitchCommand::Silence {
            channel: channel.clone(),
        });
    }

    pub(super) fn hang_up(&mut self, channel: &ChannelId, cause: &str) {
        let cause = cause_named(cause);
        self.attempt(&SwitchCommand::HangUp {
            channel: channel.clone(),
            cause,
        });
    }

    /// `bgapi`: the answer comes as an event.
    pub(super) fn background(&mut self, line: &str, job: String) -> Answer {
        let (word, arguments) = line.split_once(' ').unwrap_or((line, ""));
        if word == "originate" {
            let waiting = Dialling::Job {
                job: job.clone(),
                arguments: arguments.to_owned(),
            };
            if let Err(why) = self.originate(arguments, waiting) {
                self.job_done(&job, word, arguments, &why);
            }
        } else if let Outcome::Now(result) = self.api(line) {
            self.job_done(&job, word, arguments, &result);
        }
        self.settle();
        Answer::Job(job)
    }

    pub(super) fn api(&mut self, line: &str) -> Outcome {
        let (word, arguments) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        if word == "originate" {
            let (sender, receiver) = oneshot::channel();
            let dialled = self.originate(arguments, Dialling::Caller(sender));
            self.settle();
            return dialled.map_or_else(Outcome::Now, |()| Outcome::Later(receiver));
        }
        let words: Vec<&str> = arguments.split_whitespace().collect();
        let answer = self.api_now(word, arguments, &words);
        self.settle();
        Outcome::Now(answer)
    }

    pub(super) fn api_now(&mut self, word: &str, arguments: &str, words: &[&str]) -> String {
        match (word, words) {
            ("status", _) => self.status(),
            ("uptime", _) => format!("{}\n", self.uptime_s()),
            ("version", _) => "FreeSWITCH Version 1.10.12-release~64bit ( 64bit)\n".to_owned(),
            ("hostname" | "switchname", _) => "simulator".to_owned(),
            ("create_uuid", _) => self.uuid(),
            ("reloadxml", _) => "+OK [Success]\n".to_owned(),
            ("echo", _) => arguments.to_owned(),
            ("expand", _) => self.expand(arguments),
            ("show", ["channels", "as", "json"]) => self.channels_as_json(),
            ("show", ["bridged_calls", "as", "json"]) => self.bridged_calls_as_json(),
            ("show", ["channels", "count"]) => format!("\n{} total.\n", self.legs.len()),
            ("uuid_exists", [name, ..]) => self.live(name).is_some().to_string(),
            ("uuid_dump", [name, form @ ..]) => {
                let dump = self
                    .live(name)
                    .and_then(|c| self.dump(&c, form.first() == Some(&"json")));
                dump.unwrap_or_else(|| NO_CHANNEL.to_owned())
            }
            ("uuid_getvar", [name, variable]) => {
                let leg = self.live(name).and_then(|channel| self.legs.get(&channel));
                leg.map_or(NO_CHANNEL, |leg| {
                    leg.variables
                        .get(*variable)
                        .map_or("_undef_", String::as_str)
                })
                .to_owned()
            }
            ("sched_del", [name]) => self.disarm(name),
            (_, [name, ..]) if word.starts_with("uuid_") => match self.live(name) {
                Some(channel) => self.on_channel(word, &channel, arguments, words),
                None => absent(word).to_owned(),
            },
            ("sched_transfer", [after, name, _, ..]) => self.guard(after, name),
            _ => usage(word).map_or_else(
                || format!("-ERR {word} Command not found!\n"),
                str::to_owned,
            ),
        }
    }

    /// A command for a channel that exists.
    fn on_channel(
        &mut self,
        word: &str,
        channel: &ChannelId,
        arguments: &str,
        words: &[&str],
    ) -> String {
        // What follows the channel's name, spaces included.
        let rest = arguments.split_once(' ').map_or("", |(_, rest)| rest);
        let done = match (word, words) {
            ("uuid_answer", _) => self.attempt(&SwitchCommand::Answer {
                channel: channel.clone(),
            }),
            ("uuid_kill", [_, cause @ ..]) => {
                self.judge_kill(channel);
                self.hang_up(channel, cause.first().unwrap_or(&"NORMAL_CLEARING"));
                true
            }
            ("uuid_break", _) => {
                if let Some(leg) = self.legs.get_mut(channel) {
                    leg.breaking = leg.running.is_some();
                }
                self.attempt(&SwitchCommand::Silence {
                    channel: channel.clone(),
                })
            }
            ("uuid_broadcast", [_, what, ..]) => return self.broadcast(channel, what),
            ("uuid_setvar", [_, name, ..]) => {
                let value = rest.split_once(' ').map_or("", |(_, value)| value);
                self.set(channel, name, value);
                true
            }
            ("uuid_setvar_multi", [_, _, ..]) => {
                for (name, value) in rest.split(';').filter_map(|pair| pair.split_once('=')) {
                    self.set(channel, name, value);
                }
                self.judge_place(channel);
                true
            }
            ("uuid_bridge", [_, peer]) => return self.connect_legs(channel, peer),
            ("uuid_record", [_, action, file, how @ ..]) => {
                return self.record(channel, action, file, how);
            }
            ("uuid_park", _) => {
                self.park_leg(channel);
                true
            }
            ("uuid_send_dtmf", [_, _, ..]) => true,
            ("uuid_transfer", [_, applications, "inline"]) => {
                self.run_inline(channel, applications);
                true
            }
            ("uuid_transfer", [_, _, ..]) => {
                self.tearing = true;
                self.exchange.model.fall_back(self.now, channel);
                self.settle();
                self.tearing = false;
                true
            }
            _ => {
                let unknown = || format!("-ERR {word} Command not found!\n");
                return usage(word).map_or_else(unknown, str::to_owned);
            }
        };
        if done {
            "+OK\n".to_owned()
        } else {
            "-ERR Operation failed\n".to_owned()
        }
    }

    fn originate(&mut self, arguments: &str, waiting: Dialling) -> Result<(), String> {
        let DialString {
            variables,
            extension,
        } = DialString::parse(arguments).ok_or_else(|| dial_string::USAGE.to_owned())?;
        if self.dialling.len() >= MAX_DIALLING {
            return Err("-ERR NORMAL_CIRCUIT_CONGESTION\n".to_owned());
        }
        let name = variables
            .get("origination_uuid")
            .cloned()
            .unwrap_or_else(|| self.uuid());
        let channel = ChannelId::new(&name).map_err(|_| "-ERR DUPLICATE_UUID\n".to_owned())?;
        let timeout = variables
            .get("originate_timeout")
            .and_then(|text| text.parse().ok());
        let mut leg = Leg::dialled(channel.clone(), extension.clone(), self.now);
        let variable = |name: &str| variables.get(name).cloned().unwrap_or_default();
        leg.caller_number = variable("origination_caller_id_number");
        leg.caller_name = variable("origination_caller_id_name");
        for (name, value) in &variables {
            leg.set(name, value);
        }
        if self.legs.contains_key(&channel) {
            return Err("-ERR DUPLICATE_UUID\n".to_owned());
        }
        let ring = SwitchCommand::Ring(Ring {
            channel: channel.clone(),
            to: Target::Extension(extension),
            auto_answer: false,
            caller_number: OutsideText::new(&leg.caller_number),
            caller_name: OutsideText::new(&leg.caller_name),
            timeout: timeout.map_or(RINGING, Span::seconds),
            variables: LegVariables::default(),
            originator: None,
        });
        self.legs.insert(channel.clone(), leg);
        self.dialling.insert(channel.clone(), waiting);
        if self.obey(&ring).is_err() {
            self.legs.remove(&channel);
            self.dialling.remove(&channel);
            return Err("-ERR NORMAL_CIRCUIT_CONGESTION\n".to_owned());
        }
        Ok(())
    }

    fn broadcast(&mut self, channel: &ChannelId, what: &str) -> String {
        let (name, data) = what.split_once("::").unwrap_or(("playback", what));
        let application = Application {
            name: name.to_owned(),
            data: data.to_owned(),
            uuid: self.uuid(),
        };
        self.run(channel, application, false);
        "+OK Message sent\n".to_owned()
    }

    fn connect_legs(&mut self, channel: &ChannelId, peer: &str) -> String {
        let Some(peer) = self.live(peer) else {
            return "-ERR Invalid uuid\n".to_owned();
        };
        self.tearing = true;
        let connected = self.exchange.model.connect(self.now, channel, &peer);
        self.settle();
        self.tearing = false;
        match connected {
            Ok(()) => format!("+OK {peer}\n"),
            Err(_) => "-ERR Invalid uuid\n".to_owned(),
        }
    }

    fn record(&mut self, channel: &ChannelId, action: &str, file: &str, how: &[&str]) -> String {
        match action {
            "start" => {
                let id = self.command_id();
                let running = RunningRecording {
                    channel: channel.clone(),
                    file: file.to_owned(),
                };
                self.recordings.insert(id, running);
                let model = &mut self.exchange.model;
                let begun = match message(how) {
                    Some((max, silence)) => {
                        model.record_message(self.now, id, channel, max, silence)
                    }
                    None => model.record_channel(self.now, id, channel),
                };
                match begun {
                    Ok(()) => "+OK Success\n".to_owned(),
                    Err(_) => {
                        self.recordings.remove(&id);
                        "-ERR Cannot record session!\n".to_owned()
                    }
                }
            }
            "stop" => {
                let of = |running: &RunningRecording| {
                    running.channel == *channel && (file == "all" || running.file == file)
                };
                let found = self.recordings.iter().find(|(_, running)| of(running));
                let id = found.map(|(id, _)| *id);
                match id.is_some_and(|id| self.exchange.model.stop_recording(self.now, id)) {
                    true => "+OK Success\n".to_owned(),
                    false => "-ERR Cannot stop record session!\n".to_owned(),
                }
            }
            _ => "+OK Success\n".to_owned(),
        }
    }

    fn guard(&mut self, after: &str, name: &str) -> String {
        let seconds = after.strip_prefix('+').unwrap_or(after).parse();
        let (Ok(seconds), Some(channel)) = (seconds, self.live(name)) else {
            return NO_CHANNEL.to_owned();
        };
        match self.obey(&SwitchCommand::Guard {
            channel,
            after: Span::seconds(seconds),
        }) {
            Ok(_) => "+OK\n".to_owned(),
            Err(_) => NO_CHANNEL.to_owned(),
        }
    }

    fn disarm(&mut self, name: &str) -> String {
        let disarmed = self
            .live(name)
            .is_some_and(|channel| self.exchange.model.disarm(&channel));
        format!("+OK Deleted: {}\n", u8::from(disarmed))
    }

    fn set(&mut self, channel: &ChannelId, name: &str, value: &str) {
        if let Some(leg) = self.legs.get_mut(channel) {
            leg.set(name, value);
        }
    }

    /// The channel of this name, if it lives.
    pub(super) fn live(&self, name: &str) -> Option<ChannelId> {
        let channel = ChannelId::new(name).ok()?;
        let lives = self
            .legs
            .get(&channel)
            .is_some_and(|leg| leg.cause.is_none());
        lives.then_some(channel)
    }
}

fn filter(subscriber: &mut super::subscriber::Subscriber, rest: &str) -> Answer {
    match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["delete", header, ..] => {
            subscriber.unfilter(header);
            Answer::Reply(format!("+OK filter deleted. [{header}]"))
        }
        [header, value] if subscriber.filter(header, value) => {
            Answer::Reply(format!("+OK filter added. [{header}]=[{value}]"))
        }
        _ => Answer::reply("-ERR invalid syntax"),
    }
}

/// What a command says when its channel is not there.
fn absent(word: &str) -> &'static str {
    match word {
        "uuid_answer" => "-ERROR\n",
        "uuid_bridge" => "-ERR Invalid uuid\n",
        "uuid_broadcast" => "-ERR invalid uuid\n",
        "uuid_record" | "uuid_recv_dtmf" | "uuid_send_dtmf" => "-ERR Cannot locate session!\n",
        "uuid_setvar_multi" => {
            "-ERR No such channel!\n-USAGE: <uuid> <var>=<value>;<var>=<value>...\n"
        }
        _ => NO_CHANNEL,
    }
}

/// What a command says when its arguments are too few.
fn usage(word: &str) -> Option<&'static str> {
    Some(match word {
        "uuid_kill" => "-USAGE: <uuid> [cause]\n",
        "uuid_bridge" => "-USAGE: <uuid> <other_uuid>\n",
        "uuid_setvar" => "-USAGE: <uuid> <var> [value]\n",
        "uuid_setvar_multi" => "-USAGE: <uuid> <var>=<value>;<var>=<value>...\n",
        "uuid_answer" | "uuid_park" => "-USAGE: <uuid>\n",
        "uuid_send_dtmf" => "-USAGE: <uuid> <dtmf_data>\n",
        "uuid_exists" => "-USAGE: <uuid>\n",
        "uuid_dump" => "-USAGE: <uuid> [format]\n",
        "uuid_getvar" => "-USAGE: <uuid> <var>\n",
        "uuid_break" => "-USAGE: <uuid> [all]\n",
        "uuid_broadcast" => "-USAGE: <uuid> <path> [aleg|bleg|holdb|both]\n",
        "uuid_record" => {
            "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n"
        }
        "uuid_transfer" => "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n",
        "sched_transfer" => "-USAGE: [+]<time> <uuid> <extension> [<dialplan>] [<context>]\n",
        "sched_del" => "-USAGE: <task_id>|<group_id>\n",
        "show" => "-USAGE: channels as json\n",
        _ => return None,
    })
}
