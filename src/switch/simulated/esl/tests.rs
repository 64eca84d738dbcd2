//! The simulated FreeSWITCH without sockets, clocks or chance.

use crate::config::section::Section;
use crate::config::switch::FreeswitchConfig;
use crate::engine::id::{CallId, CommandId};
use crate::engine::time::{Span, Timestamp};
use crate::switch::freeswitch::command::Dialect;
use crate::switch::simulated::esl::answers::Answer;
use crate::switch::simulated::esl::commands::Outcome;
use crate::switch::simulated::esl::face::Face;
use crate::switch::simulated::esl::frame::take_message;
use crate::switch::simulated::esl::shape::decode;
use crate::switch::simulated::esl::subscriber::{Outgoing, Subscriber};
use crate::switch::simulated::exchange::Exchange;
use crate::switch::simulated::model::ModelSettings;
use crate::switch::simulated::people::{PeopleSettings, Population};
use crate::switch::{SupervisionMode, SwitchCommand, SwitchOrder};
use std::sync::Arc;
use tokio::sync::mpsc;

const AGENT: &str = "11111111-1111-4111-8111-111111111111";

/// A client without a socket, and the switch it talks to.
struct Bench {
    face: Face,
    events: mpsc::Receiver<Outgoing>,
    told: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        let population = Population {
            numbers: vec!["4001".to_owned()],
            keys: Vec::new(),
        };
        let people = PeopleSettings::quiet(population);
        let exchange = Exchange::new(ModelSettings::default(), people, 5);
        let now = Timestamp::from_millis(1_800_000_000_000);
        let mut face = Face::new(exchange, "fs1".to_owned(), None, 5, now);
        let (outgoing, events) = mpsc::channel(10_000);
        face.connect(1, Subscriber::new(outgoing, Arc::default()));
        let mut bench = Self {
            face,
            events,
            told: Vec::new(),
        };
        bench.say("event plain ALL");
        bench
    }

    /// A caller's channel, parked and not answered.
    fn call(&mut self) -> String {
        let now = self.face.now;
        let channel = self
            .face
            .exchange
            .call(now, &mut self.face.happened)
            .unwrap();
        self.face.settle();
        channel.to_string()
    }

    fn say(&mut self, text: &str) -> String {
        let mut read = format!("{text}\n\n").into_bytes();
        let message = take_message(&mut read).unwrap().unwrap();
        let (word, rest) = message.line.split_once(' ').unwrap_or((&message.line, ""));
        let answer = match word {
            "api" => match self.face.api(rest) {
                Outcome::Now(body) => return body,
                Outcome::Later(_) => return "later".to_owned(),
            },
            "bgapi" => self.face.background(rest, "job-1".to_owned()),
            "sendmsg" => self.face.send_message(&message),
            _ => self.face.command(1, &message.line),
        };
        match answer {
            Answer::Reply(text) | Answer::Job(text) | Answer::Api(text) => text,
        }
    }

    fn pass(&mut self, span: Span) {
        let until = self.face.now + span;
        self.face.advance(until);
    }

    /// The events told since the last look, as `NAME header=value…` of the
    /// headers asked for.
    fn told(&mut self, headers: &[&str]) -> Vec<String> {
        while let Ok(outgoing) = self.events.try_recv() {
            self.told
                .push(String::from_utf8(outgoing.bytes.to_vec()).unwrap());
        }
        let value = |text: &str, name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(": "));
            lines
                .find(|(known, _)| *known == name)
                .map(|(_, value)| decode(value))
        };
        let line = |text: String| {
            let wanted = headers
                .iter()
                .filter_map(|name| value(&text, name).map(|value| format!(" {name}={value}")));
            let name = value(&text, "Event-Name").unwrap_or_default();
            std::iter::once(name).chain(wanted).collect::<String>()
        };
        std::mem::take(&mut self.told)
            .into_iter()
            .map(line)
            .collect()
    }

    /// Only the events of these names.
    fn told_of(&mut self, names: &[&str], headers: &[&str]) -> Vec<String> {
        let told = self.told(headers);
        let named = |line: &String| names.contains(&line.split(' ').next().unwrap_or_default());
        told.into_iter().filter(named).collect()
    }
}

#[test]
fn a_call_is_parked_with_the_variables_of_the_dialplan() {
    let mut bench = Bench::new();
    let caller = bench.call();
    let told = bench.told_of(
        &["CHANNEL_CREATE", "CHANNEL_PARK"],
        &[
            "Channel-State",
            "Answer-State",
            "Call-Direction",
            "variable_switchyard_switch",
        ],
    );
    assert_eq!(
        told,
        [
            "CHANNEL_CREATE Channel-State=CS_INIT Answer-State=ringing Call-Direction=inbound",
            "CHANNEL_PARK Channel-State=CS_EXECUTE Answer-State=ringing Call-Direction=inbound \
             variable_switchyard_switch=fs1",
        ]
    );
    assert_eq!(bench.say(&format!("api uuid_exists {caller}")), "true");
}

#[test]
fn two_legs_are_dialled_bridged_recorded_and_ended_as_on_the_real_switch() {
    let mut bench = Bench::new();
    let caller = bench.call();
    assert_eq!(bench.say(&format!("api uuid_answer {caller}")), "+OK\n");
    let dial = format!(
        "bgapi originate {{origination_uuid={AGENT},park_after_bridge=true,\
         api_hangup_hook=uuid_record {caller} stop /r/a.wav}}user/1001 &park()"
    );
    assert_eq!(bench.say(&dial), "job-1");
    bench.pass(Span::seconds(10));
    bench.told(&[]);
    assert_eq!(
        bench.say(&format!("api uuid_record {caller} start /r/a.wav")),
        "+OK Success\n"
    );
    assert_eq!(
        bench.say(&format!("api uuid_bridge {caller} {AGENT}")),
        format!("+OK {AGENT}\n")
    );
    assert_eq!(bench.say(&format!("api uuid_kill {AGENT} 16")), "+OK\n");
    let told = bench.told_of(
        &[
            "RECORD_START",
            "CHANNEL_BRIDGE",
            "CHANNEL_HANGUP",
            "CHANNEL_UNBRIDGE",
            "RECORD_STOP",
            "CHANNEL_PARK",
            "CHANNEL_HANGUP_COMPLETE",
        ],
        &[
            "Call-Direction",
            "Channel-State",
            "Hangup-Cause",
            "Record-File-Path",
        ],
    );
    assert_eq!(
        told,
        [
            "RECORD_START Call-Direction=inbound Channel-State=CS_EXECUTE Record-File-Path=/r/a.wav",
            "CHANNEL_BRIDGE Call-Direction=inbound Channel-State=CS_SOFT_EXECUTE",
            "CHANNEL_HANGUP Call-Direction=outbound Channel-State=CS_EXCHANGE_MEDIA \
             Hangup-Cause=NORMAL_CLEARING",
            "CHANNEL_UNBRIDGE Call-Direction=inbound Channel-State=CS_SOFT_EXECUTE",
            "RECORD_STOP Call-Direction=inbound Channel-State=CS_SOFT_EXECUTE \
             Record-File-Path=/r/a.wav",
            "CHANNEL_HANGUP_COMPLETE Call-Direction=outbound Channel-State=CS_REPORTING \
             Hangup-Cause=NORMAL_CLEARING",
            "CHANNEL_PARK Call-Direction=inbound Channel-State=CS_PARK",
        ]
    );
}

#[test]
fn a_device_nobody_answers_ends_the_job_with_its_cause() {
    let mut bench = Bench::new();
    let dial = format!("{{origination_uuid={AGENT},originate_timeout=1}}user/1001 &park()");
    bench.say(&format!("bgapi originate {dial}"));
    // The device rings first; the switch gives up before it can be answered.
    bench.say(&format!("api uuid_kill {AGENT} 19"));
    bench.pass(Span::seconds(2));
    let jobs = bench.told_of(&["BACKGROUND_JOB"], &["Job-UUID", "Job-Command"]);
    assert_eq!(
        jobs,
        ["BACKGROUND_JOB Job-UUID=job-1 Job-Command=originate"]
    );
}

#[test]
fn a_break_ends_a_prompt_but_not_an_endless_one() {
    let mut bench = Bench::new();
    let caller = bench.call();
    bench.say(&format!("api uuid_answer {caller}"));
    bench.told(&[]);
    let play = |application: &str, id: &str| {
        format!(
            "sendmsg {caller}\ncall-command: execute\nexecute-app-name: {application}\n\
             execute-app-arg: /p/a.wav\nevent-lock: true\nevent-uuid: {id}"
        )
    };
    assert_eq!(bench.say(&play("playback", "one")), "+OK");
    bench.say(&format!("api uuid_break {caller} all"));
    let names = [
        "PLAYBACK_START",
        "PLAYBACK_STOP",
        "CHANNEL_EXECUTE_COMPLETE",
    ];
    let told = bench.told_of(&names, &["Application-Response", "Application-UUID"]);
    assert_eq!(
        told,
        [
            "PLAYBACK_START",
            "PLAYBACK_STOP",
            "CHANNEL_EXECUTE_COMPLETE Application-Response=FILE PLAYED Application-UUID=one",
        ]
    );
    bench.say(&play("endless_playback", "two"));
    bench.say(&format!("api uuid_break {caller} all"));
    assert_eq!(
        bench.told_of(&names, &[]),
        ["PLAYBACK_START", "PLAYBACK_STOP", "PLAYBACK_START"]
    );
}

#[test]
fn a_timer_that_expires_sends_the_call_to_the_fallback_path_and_back() {
    let mut bench = Bench::new();
    let caller = bench.call();
    bench.say(&format!("api uuid_answer {caller}"));
    assert_eq!(
        bench.say(&format!(
            "api sched_transfer +5 {caller} fallback XML public"
        )),
        "+OK\n"
    );
    assert_eq!(
        bench.say(&format!("api sched_del {caller}")),
        "+OK Deleted: 1\n"
    );
    assert_eq!(
        bench.say(&format!(
            "api sched_transfer +5 {caller} fallback XML public"
        )),
        "+OK\n"
    );
    bench.told(&[]);
    bench.pass(Span::seconds(11));
    let told = bench.told_of(&["CHANNEL_PARK"], &["Answer-State", "Channel-State"]);
    assert_eq!(
        told,
        ["CHANNEL_PARK Answer-State=answered Channel-State=CS_EXECUTE"]
    );
    assert_eq!(bench.face.tally().fallbacks, 1);
}

#[test]
fn answers_and_errors_are_worded_as_on_the_real_switch() {
    let mut bench = Bench::new();
    for (said, answered) in [
        ("api nonsense x", "-ERR nonsense Command not found!\n"),
        ("api uuid_kill nope", "-ERR No such channel!\n"),
        ("api uuid_kill", "-USAGE: <uuid> [cause]\n"),
        ("api uuid_answer nope", "-ERROR\n"),
        ("api uuid_bridge a b", "-ERR Invalid uuid\n"),
        (
            "api uuid_record nope start /x.wav",
            "-ERR Cannot locate session!\n",
        ),
        ("api uuid_exists nope", "false"),
        ("api sched_del nope", "+OK Deleted: 0\n"),
        ("api show channels as json", "{\"row_count\":0}\n"),
        ("sendmsg nope", "-ERR invalid session id [nope]"),
        ("nonsense", "-ERR command not found"),
        ("linger", "-ERR not controlling a session"),
        ("event", "-ERR no keywords supplied"),
        (
            "filter Event-Name DTMF",
            "+OK filter added. [Event-Name]=[DTMF]",
        ),
        ("noevents", "+OK no longer listening for events"),
    ] {
        assert_eq!(bench.say(said), answered, "{said}");
    }
}

#[test]
fn filters_let_through_what_any_of_them_matches() {
    let mut bench = Bench::new();
    bench.say("filter variable_switchyard_switch other");
    bench.say("filter Event-Name DTMF");
    bench.call();
    assert!(bench.told(&[]).is_empty());
    bench.say("filter variable_switchyard_switch fs1");
    bench.call();
    assert!(bench.told(&[]).contains(&"CHANNEL_PARK".to_owned()));
}

#[test]
fn a_dump_can_be_read_as_json() {
    let mut bench = Bench::new();
    let caller = bench.call();
    bench.say(&format!(
        "api uuid_setvar_multi {caller} switchyard_queue=sales;switchyard_call=01A"
    ));
    let dump = bench.say(&format!("api uuid_dump {caller} json"));
    let fields: std::collections::BTreeMap<String, String> = serde_json::from_str(&dump).unwrap();
    assert_eq!(fields["Unique-ID"], caller);
    assert_eq!(fields["variable_switchyard_queue"], "sales");
    assert_eq!(fields["Caller-Destination-Number"], "4001");
}

#[test]
fn a_two_leg_call_is_about_as_large_as_a_real_one() {
    let mut bench = Bench::new();
    let caller = bench.call();
    bench.say(&format!("api uuid_answer {caller}"));
    let dial = format!("{{origination_uuid={AGENT},park_after_bridge=true}}user/1001 &park()");
    bench.say(&format!("bgapi originate {dial}"));
    bench.pass(Span::seconds(10));
    bench.say(&format!("api uuid_bridge {caller} {AGENT}"));
    bench.say(&format!("api uuid_kill {AGENT}"));
    bench.say(&format!("api uuid_kill {caller}"));
    let names = [
        "BACKGROUND_JOB",
        "CHANNEL_CREATE",
        "CHANNEL_PARK",
        "CHANNEL_ANSWER",
        "CHANNEL_BRIDGE",
        "CHANNEL_UNBRIDGE",
        "CHANNEL_PROGRESS",
        "CHANNEL_HANGUP",
        "CHANNEL_HANGUP_COMPLETE",
        "CHANNEL_DESTROY",
    ];
    let (mut events, mut bytes) = (0, 0);
    while let Ok(outgoing) = bench.events.try_recv() {
        let text = String::from_utf8(outgoing.bytes.to_vec()).unwrap();
        if names
            .iter()
            .any(|name| text.contains(&format!("Event-Name: {name}\n")))
        {
            events += 1;
            bytes += text.len();
        }
    }
    assert!((17..=24).contains(&events), "{events} events");
    assert!((90_000..=160_000).contains(&bytes), "{bytes} bytes");
}

/// Two legs in conversation, the caller's first.
fn two_who_talk(bench: &mut Bench) -> String {
    let caller = bench.call();
    bench.say(&format!("api uuid_answer {caller}"));
    bench.say(&format!(
        "bgapi originate {{origination_uuid={AGENT},park_after_bridge=true}}user/1001 &park()"
    ));
    bench.pass(Span::seconds(10));
    bench.say(&format!("api uuid_bridge {caller} {AGENT}"));
    bench.told(&[]);
    caller
}

/// Says to the switch what our dialect makes of a command.
fn order(bench: &mut Bench, command: SwitchCommand) -> Vec<String> {
    let settings = FreeswitchConfig::parse(
        r#"
        address = "127.0.0.1:8021"
        password = "secret"
        endpoint = "user/{extension}"
    "#,
    );
    let dialect = Dialect::new("fs1".parse().unwrap(), &settings.unwrap()).unwrap();
    let order = SwitchOrder {
        id: CommandId(7),
        call: conference(),
        switch: "fs1".parse().unwrap(),
        command,
    };
    let batch = dialect.say(&order).unwrap();
    let messages = batch.text.split_terminator("\n\n");
    messages.map(|message| bench.say(message)).collect()
}

fn conference() -> CallId {
    "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
}

/// Who joined, left, was parked or bridged since the last look.
fn company(bench: &mut Bench) -> Vec<String> {
    let names = [
        "CHANNEL_BRIDGE",
        "CHANNEL_UNBRIDGE",
        "CHANNEL_PARK",
        "CUSTOM",
    ];
    let told = bench.told_of(&names, &["Unique-ID", "Action"]);
    let told = told.into_iter();
    told.map(|line| line.replace(AGENT, "agent")).collect()
}

#[test]
fn two_are_parted_and_brought_together_again_in_the_words_of_our_dialect() {
    let mut bench = Bench::new();
    let caller = two_who_talk(&mut bench);
    let (channel, peer) = (caller.parse().unwrap(), AGENT.parse().unwrap());
    let part = SwitchCommand::Part { channel, peer };
    let answers = order(&mut bench, part.clone());
    assert!(
        answers.iter().all(|answer| answer.starts_with("+OK")),
        "{answers:?}"
    );
    let told = company(&mut bench).join("\n").replace(&caller, "caller");
    insta::assert_snapshot!(told, @r#"
    CHANNEL_UNBRIDGE Unique-ID=caller
    CHANNEL_PARK Unique-ID=caller
    CHANNEL_PARK Unique-ID=agent
    "#);
    let (channel, peer) = (caller.parse().unwrap(), AGENT.parse().unwrap());
    let answers = order(&mut bench, SwitchCommand::Bridge { channel, peer });
    assert!(answers.last().unwrap().starts_with("+OK"), "{answers:?}");
    let told = company(&mut bench).join("\n").replace(&caller, "caller");
    insta::assert_snapshot!(told, @r#"
    CHANNEL_BRIDGE Unique-ID=caller
    "#);
}

#[test]
fn two_join_a_conference_a_supervisor_listens_and_one_leaves_it() {
    let mut bench = Bench::new();
    let caller = two_who_talk(&mut bench);
    for channel in [caller.as_str(), AGENT] {
        let channel = channel.parse().unwrap();
        let conference = conference();
        order(
            &mut bench,
            SwitchCommand::Join {
                channel,
                conference,
            },
        );
    }
    let dump = bench.say(&format!("api uuid_dump {AGENT}"));
    assert!(dump.contains("variable_conference_call_key"), "{dump}");
    let told = company(&mut bench).join("\n").replace(&caller, "caller");
    insta::assert_snapshot!(told, @r#"
    CHANNEL_UNBRIDGE Unique-ID=caller
    CHANNEL_PARK Unique-ID=caller
    CHANNEL_PARK Unique-ID=agent
    CUSTOM Unique-ID=caller Action=add-member
    CUSTOM Unique-ID=agent Action=add-member
    "#);

    let supervisor = bench.call();
    bench.say(&format!("api uuid_answer {supervisor}"));
    let listen = SwitchCommand::Supervise {
        channel: supervisor.parse().unwrap(),
        target: AGENT.parse().unwrap(),
        mode: SupervisionMode::Whisper,
    };
    order(&mut bench, listen);
    let target = AGENT.parse().unwrap();
    assert_eq!(bench.face.exchange.model.supervisors_of(&target).count(), 1);
    let channel = supervisor.parse().unwrap();
    order(&mut bench, SwitchCommand::Silence { channel });
    assert_eq!(bench.face.exchange.model.supervisors_of(&target).count(), 0);

    bench.told(&[]);
    let channel = AGENT.parse().unwrap();
    let conference = conference();
    order(
        &mut bench,
        SwitchCommand::Leave {
            channel,
            conference,
        },
    );
    let told = company(&mut bench).join("\n").replace(&caller, "caller");
    insta::assert_snapshot!(told, @r#"
    CUSTOM Unique-ID=agent Action=del-member
    CHANNEL_PARK Unique-ID=agent
    "#);
}
