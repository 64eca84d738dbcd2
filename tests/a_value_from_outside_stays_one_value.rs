//! Any value from outside gives the intended ESL messages and one intended dial
//! string, read here the way FreeSWITCH reads them.

use proptest::prelude::*;
use std::collections::BTreeMap;
use switchyard::config::switch::FreeswitchConfig;
use switchyard::engine::id::{CallId, ChannelId, CommandId, SwitchId};
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::Span;
use switchyard::switch::freeswitch::command::Dialect;
use switchyard::switch::freeswitch::quote::{MAX_VALUE, inert};
use switchyard::switch::{
    Extension, LegVariable, LegVariables, Ring, SwitchCommand, SwitchOrder, Target,
};
use ulid::Ulid;

fn say(command: SwitchCommand) -> Vec<String> {
    let settings = FreeswitchConfig {
        outbound: None,
        address: "127.0.0.1:8021".to_owned(),
        password: String::new(),
        endpoint: "sofia/internal/{extension}@10.0.0.5".to_owned(),
        prompts: "/prompts".into(),
        recordings: "/recordings".into(),
        recordings_seen_at: None,
        command_connections: 1,
        fallback: "switchyard-fallback XML switchyard".to_owned(),
    };
    let switch = SwitchId::new("fs").expect("an id");
    let dialect = Dialect::new(switch.clone(), &settings).expect("settings that can be spoken");
    let call = CallId::from_ulid(Ulid::from_parts(1, 1));
    let batch = dialect
        .say(&SwitchOrder {
            id: CommandId(1),
            call,
            switch,
            command,
        })
        .expect("it works");
    let messages = messages(&batch.text);
    assert_eq!(messages.len(), batch.answers);
    messages
}

/// As `read_packet` of mod_event_socket: a message ends with an empty line;
/// a carriage return is as good as a line feed.
fn messages(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = text
        .replace('\r', "\n")
        .split("\n\n")
        .map(str::to_owned)
        .collect();
    assert_eq!(
        parts.pop().as_deref(),
        Some(""),
        "the last message is whole"
    );
    parts
}

/// As `switch_separate_string`: quotes group, a backslash escapes. The quotes
/// and backslashes are gone from the parts.
fn separate(text: &str, delimiter: char) -> Vec<String> {
    let (mut parts, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for c in text.chars() {
        let part = parts.last_mut().expect("a part");
        match c {
            c if escaped => {
                part.push(c);
                escaped = false
            }
            '\\' => escaped = true,
            '\'' => quoted = !quoted,
            c if c == delimiter && !quoted => parts.push(String::new()),
            c => part.push(c),
        }
    }
    parts
}

/// As `switch_event_create_brackets`: `{name=value,…}rest`.
fn block(text: &str) -> (BTreeMap<String, String>, String) {
    let inner = text.strip_prefix('{').expect("a block of variables");
    let (block, rest) = inner.split_once('}').expect("the block's end");
    assert!(!block.contains('{') && !block.starts_with("^^"), "{block}");
    let pairs = separate(block, ',');
    let pairs = pairs
        .iter()
        .map(|pair| pair.split_once('=').expect("name=value"));
    (
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        rest.to_owned(),
    )
}

fn ring(number: &str, name: &str, variable: &str) -> SwitchCommand {
    SwitchCommand::Ring(Ring {
        channel: ChannelId::new("offer-1").expect("an id"),
        to: Target::Extension(Extension::new("1001").expect("an extension")),
        auto_answer: false,
        caller_number: OutsideText::new(number),
        caller_name: OutsideText::new(name),
        timeout: Span::millis(20_500),
        variables: LegVariables::default().with(LegVariable::Dialled, variable),
        originator: Some(ChannelId::new("caller-1").expect("an id")),
    })
}

/// Text as callers send it to see what happens.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = [
        "'",
        "\"",
        "\\",
        ",",
        ";",
        "=",
        "|",
        "&",
        "{",
        "}",
        "[",
        "]",
        "<",
        ">",
        "(",
        ")",
        "^^:",
        "^^",
        "\n",
        "\r",
        "\r\n\r\n",
        "\n\napi shutdown\n\n",
        "${hostname}",
        "$${x}",
        "${system(id)}",
        "%0a",
        " ",
        "\t",
        "\0",
        "\u{202E}",
        "\u{200F}",
        "\u{2028}",
        "\u{85}",
        "张",
        "😀",
        "Bob",
        "+86",
        "undef",
        ":_:",
        "!",
        "sched_del",
        "true",
    ];
    let piece = prop_oneof![
        prop::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        ".{0,6}"
    ];
    prop_oneof![
        9 => prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
        1 => "[\\PC\n'${},]{10}".prop_map(|text| text.repeat(1_024)),
    ]
}

proptest! {
    #[test]
    fn ringing_makes_one_message_with_one_dial_string(number in hostile(), name in hostile(), variable in hostile()) {
        let messages = say(ring(&number, &name, &variable));
        prop_assert_eq!(messages.len(), 1);
        let lines = messages[0].lines().collect::<Vec<_>>();
        prop_assert_eq!(lines.len(), 2);
        prop_assert_eq!(lines[1], "Job-UUID: offer-1");
        let arguments = separate(lines[0].strip_prefix("bgapi originate ").unwrap(), ' ');
        prop_assert_eq!(arguments.len(), 2);
        prop_assert_eq!(&arguments[1], "&park()");
        prop_assert!(!lines[0].contains('$'));

        let (variables, rest) = block(&arguments[0]);
        prop_assert_eq!(rest, "sofia/internal/1001@10.0.0.5");
        let shown = |text: &str| inert(OutsideText::new(text).as_str()).as_str().to_owned();
        let given = |name: &str| variables.get(name).cloned().unwrap_or_default();
        prop_assert_eq!(given("origination_uuid"), "offer-1");
        prop_assert_eq!(given("originate_timeout"), "21");
        prop_assert_eq!(given("origination_caller_id_name"), shown(&name));
        let number = if number.is_empty() { "anonymous".to_owned() } else { shown(&number) };
        prop_assert_eq!(given("origination_caller_id_number"), number);
        prop_assert_eq!(given("switchyard_dialled"), shown(&variable));
    }

    #[test]
    fn setting_variables_sets_these_and_no_others(queue in hostile(), dialled in hostile()) {
        let variables = LegVariables::default()
            .with(LegVariable::Queue, &queue)
            .with(LegVariable::Dialled, &dialled);
        let channel = ChannelId::new("caller-1").unwrap();
        let messages = say(SwitchCommand::SetVariables { channel, variables });
        prop_assert_eq!(messages.len(), 1);
        prop_assert_eq!(messages[0].lines().count(), 1);
        let line = messages[0].strip_prefix("api uuid_setvar_multi caller-1 ").unwrap();
        prop_assert!(!line.contains(['$', ' ']));
        let shown = |text: &str| inert(OutsideText::new(text).as_str()).as_str().to_owned();
        let expected = [
            format!("switchyard_queue={}", shown(&queue)),
            format!("switchyard_dialled={}", shown(&dialled)),
        ];
        prop_assert_eq!(separate(line, ';'), expected);
    }

    #[test]
    fn an_inert_value_holds_no_syntax_and_stays_itself(text in hostile()) {
        let once = inert(&text);
        let harmless = |c: char| c.is_ascii_alphanumeric() || "._-+*#@:".contains(c) || (!c.is_ascii() && !c.is_control());
        prop_assert!(once.as_str().chars().all(harmless), "{:?}", once);
        prop_assert!(once.as_str().chars().count() <= MAX_VALUE);
        prop_assert_eq!(inert(once.as_str()), once);
    }
}

#[test]
fn the_timer_is_disarmed_in_the_same_write_as_the_bridge() {
    let (channel, peer) = (
        ChannelId::new("a-1").unwrap(),
        ChannelId::new("b-2").unwrap(),
    );
    assert_eq!(
        say(SwitchCommand::Bridge { channel, peer }),
        [
            "api sched_del a-1",
            "api sched_del b-2",
            "api uuid_bridge a-1 b-2"
        ]
    );
}

#[test]
fn a_guard_is_renewed_in_one_write() {
    let channel = ChannelId::new("a-1").unwrap();
    assert_eq!(
        say(SwitchCommand::Guard {
            channel,
            after: Span::millis(59_001)
        }),
        [
            "api sched_del a-1",
            "api sched_transfer +60 a-1 switchyard-fallback XML switchyard"
        ]
    );
}
