//! Any value from outside gives the intended ESL messages and one intended dial
//! string, read here the way FreeSWITCH reads them.

use proptest::prelude::*;
use std::collections::BTreeMap;
use switchyard::config::switch::FreeswitchConfig;
use switchyard::engine::id::{CallId, ChannelId, CommandId, SwitchId};
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::Span;
use switchyard::switch::freeswitch::command::{Dialect, Unspeakable};
use switchyard::switch::freeswitch::quote::{MAX_VALUE, inert};
use switchyard::switch::{
    Extension, Key, LegVariable, LegVariables, PhoneNumber, Ring, SupervisionMode, SwitchCommand,
    SwitchOrder, Target,
};
use ulid::Ulid;

fn say(command: SwitchCommand) -> Vec<String> {
    say_through("sofia/internal/{extension}@10.0.0.5:5070", command).expect("it can be said")
}

/// Says it on a switch whose devices are dialled through `endpoint`.
fn say_through(endpoint: &str, command: SwitchCommand) -> Result<Vec<String>, Unspeakable> {
    let settings = FreeswitchConfig {
        trunks: Default::default(),
        outbound: Some("sofia/gateway/carrier/{number}".to_owned()),
        address: "127.0.0.1:8021".to_owned(),
        password: String::new(),
        endpoint: endpoint.to_owned(),
        prompts: "/prompts".into(),
        recordings: "/recordings".into(),
        recordings_seen_at: None,
        command_connections: 1,
        fallback: "switchyard-fallback XML switchyard".to_owned(),
    };
    let switch = SwitchId::new("fs").expect("an id");
    let dialect = Dialect::new(switch.clone(), &settings).expect("settings that can be spoken");
    let call = CallId::from_ulid(Ulid::from_parts(1, 1));
    let batch = dialect.say(&SwitchOrder {
        id: CommandId(1),
        call,
        switch,
        command,
    })?;
    let messages = messages(&batch.text);
    assert_eq!(messages.len(), batch.answers);
    Ok(messages)
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
        prop_assert_eq!(rest, "sofia/internal/1001@10.0.0.5:5070");
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

fn leg(name: &str) -> ChannelId {
    ChannelId::new(name).expect("an id")
}

#[test]
fn the_timer_is_disarmed_in_the_same_write_as_the_bridge() {
    let (channel, peer) = (leg("a-1"), leg("b-2"));
    assert_eq!(
        say(SwitchCommand::Bridge { channel, peer }),
        [
            "api sched_del a-1",
            "api sched_del b-2",
            "api expand uuid:a-1 uuid_break ${variable_bridge_to} all",
            "api expand uuid:a-1 uuid_setvar ${variable_bridge_to} signal_bond",
            "api expand uuid:a-1 uuid_setvar ${variable_bridge_to} bridge_to",
            "api expand uuid:a-1 uuid_park ${variable_bridge_to}",
            "api expand uuid:b-2 uuid_break ${variable_bridge_to} all",
            "api expand uuid:b-2 uuid_setvar ${variable_bridge_to} signal_bond",
            "api expand uuid:b-2 uuid_setvar ${variable_bridge_to} bridge_to",
            "api expand uuid:b-2 uuid_park ${variable_bridge_to}",
            "api uuid_bridge a-1 b-2"
        ]
    );
}

#[test]
fn legs_that_part_forget_each_other_and_park() {
    let (channel, peer) = (leg("a-1"), leg("b-2"));
    assert_eq!(
        say(SwitchCommand::Part { channel, peer }),
        [
            "api uuid_break a-1 all",
            "api uuid_setvar a-1 signal_bond",
            "api uuid_break b-2 all",
            "api uuid_setvar b-2 signal_bond",
            "api uuid_park a-1",
            "api uuid_park b-2"
        ]
    );
}

#[test]
fn a_leg_joins_the_conference_of_a_call_and_leaves_it_by_parking() {
    let (channel, conference) = (leg("a-1"), CallId::from_ulid(Ulid::from_parts(1, 2)));
    assert_eq!(
        say(SwitchCommand::Join {
            channel: channel.clone(),
            conference
        }),
        [
            "api sched_del a-1".to_owned(),
            "api expand uuid:a-1 uuid_break ${variable_bridge_to} all".to_owned(),
            "api expand uuid:a-1 uuid_setvar ${variable_bridge_to} signal_bond".to_owned(),
            "api expand uuid:a-1 uuid_setvar ${variable_bridge_to} bridge_to".to_owned(),
            "api expand uuid:a-1 uuid_park ${variable_bridge_to}".to_owned(),
            "api uuid_setvar a-1 conference_controls none".to_owned(),
            format!(
                "api uuid_transfer a-1 conference:switchyard-{conference}@switchyard,park inline"
            )
        ]
    );
    assert_eq!(
        say(SwitchCommand::Leave {
            channel,
            conference
        }),
        ["api uuid_park a-1"]
    );
}

#[test]
fn a_supervisor_is_heard_by_those_the_mode_names() {
    for (mode, others, target_hears) in [
        (SupervisionMode::Listen, false, false),
        (SupervisionMode::Whisper, false, true),
        (SupervisionMode::Barge, true, true),
    ] {
        let (channel, target) = (leg("s-1"), leg("a-1"));
        assert_eq!(
            say(SwitchCommand::Supervise {
                channel,
                target,
                mode
            }),
            [
                format!(
                    "api uuid_setvar_multi s-1 eavesdrop_enable_dtmf=false;\
                     eavesdrop_whisper_aleg={others};eavesdrop_whisper_bleg={target_hears}"
                ),
                "api uuid_transfer s-1 eavesdrop:a-1,park inline".to_owned(),
                "api uuid_setvar a-1 switchyard_supervisor s-1".to_owned()
            ]
        );
    }
}

#[test]
fn silence_ends_supervision_too() {
    let channel = leg("s-1");
    assert_eq!(
        say(SwitchCommand::Silence { channel }),
        [
            "sendevent CUSTOM\nEvent-Subclass: switchyard::silence\nunique-id: s-1\n\
             eavesdrop-command: *",
            "api uuid_break s-1 all"
        ]
    );
}

#[test]
fn digits_are_sent_together_and_none_are_refused() {
    let key = |key| Key::try_from(key).expect("a key");
    let send = |text: &str| SwitchCommand::SendDigits {
        channel: leg("a-1"),
        digits: text.chars().map(key).collect(),
    };
    assert_eq!(say(send("18*#d")), ["api uuid_send_dtmf a-1 18*#D"]);
    let refused = say_through("user/{extension}", send(""));
    assert_eq!(refused, Err(Unspeakable::NoDigits));
}

#[test]
fn a_message_is_recorded_on_one_track_until_silence_or_its_limit() {
    let call = CallId::from_ulid(Ulid::from_parts(1, 1));
    assert_eq!(
        say(SwitchCommand::RecordMessage {
            channel: leg("a-1"),
            max: Span::millis(119_500),
            silence: Span::seconds(4),
        }),
        [format!(
            "api uuid_record a-1 start /recordings/{call}-1.wav 120 \
             {{RECORD_READ_ONLY=true,RECORD_MIN_SEC=1,RECORD_INITIAL_TIMEOUT_MS=4000,\
             RECORD_FINAL_TIMEOUT_MS=4000,RECORD_SILENCE_THRESHOLD=200}}"
        )]
    );
}

#[test]
fn a_lamp_is_lit_at_the_domain_of_the_devices() {
    let lamp = |new| SwitchCommand::SetLamp {
        mailbox: Extension::new("1001").expect("an extension"),
        new,
        old: 3,
    };
    assert_eq!(
        say(lamp(2)),
        ["sendevent MESSAGE_WAITING\nMWI-Messages-Waiting: yes\n\
          MWI-Message-Account: 1001@10.0.0.5\nMWI-Voice-Message: 2/3\nsofia-profile: internal"]
    );
    assert_eq!(
        say_through("user/{extension}@example.org", lamp(0)),
        Ok(vec![
            "sendevent MESSAGE_WAITING\nMWI-Messages-Waiting: no\n\
             MWI-Message-Account: 1001@example.org\nMWI-Voice-Message: 0/3"
                .to_owned()
        ])
    );
    for nowhere in ["user/{extension}", "sofia/gateway/pbx/{extension}"] {
        let said = say_through(nowhere, lamp(1));
        assert!(matches!(said, Err(Unspeakable::NoDomain(_))), "{said:?}");
    }
}

#[test]
fn a_number_outside_is_dialled_through_its_own_setting() {
    let number = PhoneNumber::new("+8613800138000").expect("a number");
    let SwitchCommand::Ring(ring) = ring("10010", "Bob", "4001") else {
        unreachable!("a ring");
    };
    let messages = say(SwitchCommand::Ring(Ring {
        to: Target::Number(number),
        auto_answer: true,
        ..ring
    }));
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[test]
fn a_guard_is_renewed_in_one_write() {
    let channel = leg("a-1");
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
