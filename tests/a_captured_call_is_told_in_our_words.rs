//! What a real FreeSWITCH said in each scenario, told as the engine hears it.
//! The captures are made by `a_call_is_driven_over_the_event_socket`. The client
//! library `freeswitch-esl-tokio` is the judge of how the bytes are to be read.

mod support;

use freeswitch_esl_tokio::{EslClient, EslConnectOptions, EventOverflow};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use support::freeswitch::SWITCH;
use switchyard::config::switch::FreeswitchConfig;
use switchyard::engine::id::SwitchId;
use switchyard::switch::SwitchEvent;
use switchyard::switch::freeswitch::command::Dialect;
use switchyard::switch::freeswitch::event::EslEvent;
use switchyard::switch::freeswitch::fields::Lookup;
use switchyard::switch::freeswitch::frame::{Decoder, FrameKind};
use switchyard::switch::freeswitch::translate::Translator;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

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
        trunks: Default::default(),
        outbound: None,
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

/// An event as either reader gives it: names in lower case with their values
/// (none twice, none empty), and the body.
type Read = (BTreeMap<String, String>, String);

/// What was read of the bytes, and whether something in them was refused.
#[derive(Debug, Default)]
struct Reading {
    events: Vec<Read>,
    refused: bool,
}

/// Headers by their names. FreeSWITCH's own client leaves out spaces and tabs before a
/// value, the library spaces alone: they do not count here.
fn named<'a>(headers: impl Iterator<Item = (&'a str, String)>) -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    let mut twice = Vec::new();
    for (name, value) in headers {
        let name = name.to_lowercase();
        let value = value.trim_start().to_owned();
        if named.insert(name.clone(), value).is_some() {
            twice.push(name);
        }
    }
    named.retain(|name, value| !value.is_empty() && !twice.contains(name));
    named
}

/// The events of a capture alone, each whole.
fn events(name: &str) -> Vec<Vec<u8>> {
    let bytes = capture(name);
    let mut decoder = Decoder::default();
    decoder.push(&bytes);
    let mut events = Vec::new();
    while let Some(frame) = decoder.next_frame().expect("a whole frame") {
        if frame.kind == FrameKind::Event {
            events.push(frame.whole.to_owned());
        }
    }
    events
}

fn read_by_us(bytes: &[u8]) -> Reading {
    let (mut decoder, mut reading) = (Decoder::default(), Reading::default());
    decoder.push(bytes);
    loop {
        match decoder.next_frame() {
            Ok(Some(frame)) => match EslEvent::parse(&frame) {
                Ok(event) => {
                    let value = |name: &str| event.get(name).unwrap_or_default().into_owned();
                    let headers = event.fields.iter().map(|(name, _)| (name, value(name)));
                    reading
                        .events
                        .push((named(headers), event.body.to_string()));
                }
                Err(_) => reading.refused = true,
            },
            Ok(None) => break,
            Err(_) => reading.refused = true,
        }
        if reading.refused {
            break;
        }
    }
    reading
}

async fn read_by_library(bytes: &[u8]) -> Reading {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("the port just bound");
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (near, (mut far, _)) = (near.expect("a connection"), far.expect("a connection"));
    let options = EslConnectOptions::new()
        .with_event_overflow(EventOverflow::BlockFor(Duration::from_secs(10)));
    let (client, mut stream) = EslClient::adopt_stream_with_options(near, &[], options)
        .expect("a stream the library takes");
    let mut reading = Reading::default();
    let send = async {
        // The library may hang up on what it refuses.
        let _ = far.write_all(bytes).await;
        drop(far);
    };
    let receive = async {
        while let Some(event) = stream.recv().await {
            let Ok(event) = event else {
                reading.refused = true;
                break;
            };
            let headers = event.headers().iter();
            let headers = headers.map(|(name, value)| (name.as_str(), value.clone()));
            let body = event.body().unwrap_or_default().to_owned();
            reading.events.push((named(headers), body));
        }
    };
    tokio::join!(send, receive);
    drop(client);
    reading
}

fn judged(bytes: &[u8]) -> Reading {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(read_by_library(bytes))
}

#[test]
fn the_library_reads_the_same_names_and_values() {
    for name in SCENARIOS {
        let bytes = events(name).concat();
        let (ours, theirs) = (read_by_us(&bytes), judged(&bytes));
        assert!(!ours.refused && !theirs.refused, "{name}");
        assert_eq!(ours.events.len(), events(name).len(), "{name}");
        for (ours, theirs) in ours.events.iter().zip(&theirs.events) {
            assert_eq!(ours, theirs, "{name}");
        }
        assert_eq!(ours.events.len(), theirs.events.len(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Damage inside an event: whatever both still read, they read alike, and
    /// what the library refuses, we refuse.
    #[test]
    fn the_library_and_we_read_a_damaged_event_alike(
        which in 0..20_usize,
        at in 0.0..1.0_f64,
        damage in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'%'), Just(b'\n'), Just(b':')], 1..4),
    ) {
        let mut events = events("main");
        let which = which.min(events.len() - 1);
        let body = events[which].windows(2).position(|pair| pair == b"\n\n").expect("a head") + 2;
        let room = events[which].len() - body - damage.len();
        let at = body + (at * room as f64) as usize;
        events[which][at..at + damage.len()].copy_from_slice(&damage);
        let bytes = events.concat();
        let (ours, theirs) = (read_by_us(&bytes), judged(&bytes));
        for (ours, theirs) in ours.events.iter().zip(&theirs.events) {
            prop_assert_eq!(ours, theirs);
        }
        prop_assert!(!theirs.refused || ours.refused, "the library refuses, and we do not");
        prop_assert!(ours.refused || ours.events.len() == theirs.events.len());
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
