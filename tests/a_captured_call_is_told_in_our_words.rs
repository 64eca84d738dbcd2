//! What a real FreeSWITCH said in each scenario, told as the engine hears it.
//! The captures are made by `a_call_is_driven_over_the_event_socket`.

mod support;

use proptest::prelude::*;
use std::collections::BTreeMap;
use support::freeswitch::SWITCH;
use switchyard::config::switch::FreeswitchConfig;
use switchyard::engine::id::SwitchId;
use switchyard::switch::SwitchEvent;
use switchyard::switch::freeswitch::command::Dialect;
use switchyard::switch::freeswitch::event::EslEvent;
use switchyard::switch::freeswitch::frame::{Decoder, FrameKind};
use switchyard::switch::freeswitch::translate::Translator;

const SCENARIOS: [&str; 6] = [
    "main",
    "abandoned",
    "no-answer",
    "busy",
    "rejected",
    "caller-left-while-ringing",
];

fn capture(name: &str) -> Vec<u8> {
    std::fs::read(support::fixture::folder().join(format!("{name}.esl"))).expect("the capture")
}

fn dialect() -> Dialect {
    let settings = FreeswitchConfig {
        address: "127.0.0.1:8021".to_owned(),
        password: String::new(),
        endpoint: "user/{extension}".to_owned(),
        prompts: "/var/lib/switchyard/prompts".into(),
        recordings: "/var/lib/switchyard/recordings".into(),
        recordings_seen_at: None,
        command_connections: 1,
        fallback: "switchyard-fallback XML switchyard".to_owned(),
    };
    Dialect::new(SwitchId::new(SWITCH).expect("an id"), &settings).expect("an id")
}

fn tell(pieces: &[&[u8]]) -> Vec<SwitchEvent> {
    let (mut decoder, mut translator) = (Decoder::default(), Translator::new(dialect()));
    let mut told = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Some(frame) = decoder.next_frame().expect("a whole frame") {
            if frame.kind == FrameKind::Event {
                told.extend(translator.translate(&EslEvent::parse(&frame).expect("an event")));
            }
        }
    }
    decoder.finish().expect("nothing is left over");
    told
}

/// One line per event, with channels and recordings named in order of appearance.
fn lines(told: &[SwitchEvent]) -> String {
    let mut names = BTreeMap::new();
    let lines = told
        .iter()
        .map(|event| serde_json::to_string(event).expect("JSON"));
    let text = lines.collect::<Vec<_>>().join("\n");
    for line in text.lines() {
        for word in line.split('"') {
            if word.len() == 36 && word.matches('-').count() == 4 {
                let next = format!("leg-{}", names.len() + 1);
                names.entry(word.to_owned()).or_insert(next);
            }
        }
    }
    names
        .iter()
        .fold(text.clone(), |text, (uuid, name)| text.replace(uuid, name))
}

#[test]
fn every_scenario_is_told_as_it_was() {
    for name in SCENARIOS {
        insta::assert_snapshot!(name, lines(&tell(&[&capture(name)])));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// TCP may cut the stream anywhere.
    #[test]
    fn the_pieces_do_not_matter(size in 1..9_000_usize) {
        let bytes = capture("caller-left-while-ringing");
        let pieces = bytes.chunks(size).collect::<Vec<_>>();
        prop_assert_eq!(tell(&pieces), tell(&[&bytes]));
    }
}
