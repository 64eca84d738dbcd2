//! What a real Asterisk 22 said, replayed: the fixtures are its messages, one
//! a line, as they came over the websocket.

use super::message::{Bridge, Channel, Message};
use super::translate::Translator;
use std::path::PathBuf;

fn fixture(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ari");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Each message that meant something, with what it meant.
fn transcript(translator: &mut Translator, messages: &str) -> String {
    let mut lines = Vec::new();
    for line in messages.lines() {
        let message: Message = serde_json::from_str(line).unwrap();
        let meaning = translator.message(message);
        for event in meaning.events {
            lines.push(serde_json::to_string(&event).unwrap());
        }
        for chore in meaning.chores {
            lines.push(format!("  {chore:?}"));
        }
    }
    lines.join("\n")
}

#[test]
fn what_asterisk_said_is_understood_as_before() {
    for name in [
        "a-caller-gives-up-before-the-answer",
        "a-caller-hangs-up-while-an-agent-rings",
        "a-caller-hangs-up-while-waiting",
        "a-caller-is-refused",
        "a-caller-is-transferred-after-a-consultation",
        "a-caller-leaves-messages",
        "a-phone-asks-for-a-transfer",
        "a-phone-holds-and-resumes",
        "a-supervisor-listens-and-takes-over",
        "an-agent-answers-talks-and-hangs-up",
        "an-agent-does-not-answer",
        "an-agent-is-busy",
        "an-agent-rejects",
        "the-timer-leads-to-the-fallback-path-and-back",
        "three-talk-in-a-conference-and-one-leaves",
    ] {
        let messages = fixture(&format!("{name}.jsonl"));
        let transcript = transcript(&mut Translator::new("switchyard"), &messages);
        insta::assert_snapshot!(name, transcript);
    }
}

#[test]
fn a_restart_in_the_middle_of_a_conversation_finds_both_legs_and_their_end() {
    #[derive(serde::Deserialize)]
    struct Alive {
        channels: Vec<Channel>,
        bridges: Vec<Bridge>,
    }
    let alive: Alive = serde_json::from_str(&fixture("a-conversation-is-under-way.json")).unwrap();
    let mut translator = Translator::new("switchyard");
    let snapshot = translator.adopt(&alive.channels, &alive.bridges);
    let found = serde_json::to_string_pretty(&snapshot).unwrap();
    insta::assert_snapshot!("a-conversation-is-found", found);

    let messages = fixture("an-agent-answers-talks-and-hangs-up.jsonl");
    let end = messages
        .lines()
        .skip_while(|line| !line.contains("ChannelHangupRequest"));
    let end: Vec<&str> = end.collect();
    let transcript = transcript(&mut translator, &end.join("\n"));
    insta::assert_snapshot!("a-conversation-found-ends", transcript);
}

#[test]
fn a_transfer_after_a_consultation_names_the_leg_that_is_replaced() {
    let messages = fixture("a-phone-asks-for-a-transfer.jsonl");
    let asks = messages
        .lines()
        .find(|line| line.contains("ChannelTransfer"));
    let mut asks: serde_json::Value = serde_json::from_str(asks.unwrap()).unwrap();
    let consulted = asks["referred_by"]["connected_channel"].take();
    asks["refer_to"]["destination_channel"] = consulted;
    asks["refer_to"]["requested_destination"] = serde_json::json!({"protocol_id": "1-2@host"});
    let before = messages
        .lines()
        .take_while(|line| !line.contains("ChannelTransfer"));
    let mut translator = Translator::new("switchyard");
    transcript(&mut translator, &before.collect::<Vec<_>>().join("\n"));
    insta::assert_snapshot!(transcript(&mut translator, &asks.to_string()), @r#"{"event":"transfer_asked","channel":"01M81CPRMVGKS52SJNXZCVTAGG","to":"","replaces":"1795343212.149"}"#);
}

#[test]
fn an_application_of_another_name_is_not_ours() {
    let alive = fixture("a-conversation-is-under-way.json");
    #[derive(serde::Deserialize)]
    struct Alive {
        channels: Vec<Channel>,
    }
    let alive: Alive = serde_json::from_str(&alive).unwrap();
    let snapshot = Translator::new("other").adopt(&alive.channels, &[]);
    assert_eq!(snapshot.legs, []);
}

#[test]
fn unknown_and_malformed_messages_harm_nothing() {
    let unknown = r#"{"type":"ChannelToneDetected","application":"switchyard","x":[1,{}]}"#;
    let message: Message = serde_json::from_str(unknown).unwrap();
    assert_eq!(message, Message::Unknown);
    for malformed in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"type":5}"#,
        r#"{"type":"StasisStart"}"#,
        r#"{"type":"StasisStart","channel":{"id":"1"}}"#,
        r#"{"type":"ChannelDestroyed","cause":-1,"channel":null}"#,
    ] {
        assert!(
            serde_json::from_str::<Message>(malformed).is_err(),
            "{malformed}"
        );
    }
}

#[test]
fn a_channel_of_an_impossible_name_is_left_alone() {
    let line = fixture("a-caller-is-refused.jsonl");
    let line = line.lines().next().unwrap();
    let id: serde_json::Value = serde_json::from_str(line).unwrap();
    let id = id["channel"]["id"].as_str().unwrap();
    for impossible in ["../../x", "a b", "", "Local/1@x;1"] {
        let line = line.replace(id, impossible);
        let transcript = transcript(&mut Translator::new("switchyard"), &line);
        assert_eq!(transcript, "", "{impossible}");
    }
}

#[test]
fn a_caller_name_of_ten_kilobytes_is_cut() {
    let line = fixture("a-caller-is-refused.jsonl");
    let line = line.lines().next().unwrap();
    let long = line.replace(
        "\"name\":\"Caller\"",
        &format!("\"name\":\"{}\"", "张\\r\\n".repeat(3_000)),
    );
    let transcript = transcript(&mut Translator::new("switchyard"), &long);
    assert!(transcript.contains("\"event\":\"arrived\""), "{transcript}");
    assert!(transcript.len() < 2_000);
}
