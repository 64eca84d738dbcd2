//! Whatever an event socket sends, the adapter says what was wrong, connects
//! again and looks at the switch anew.

mod support;

use proptest::prelude::*;
use support::freeswitch::{Controller, SWITCH};
use support::socket::EventSocket;
use switchyard::config::switch::FreeswitchConfig;
use switchyard::engine::cause::Cause;
use switchyard::engine::id::{ChannelId, SwitchId};
use switchyard::switch::freeswitch::command::Dialect;
use switchyard::switch::freeswitch::event::EslEvent;
use switchyard::switch::freeswitch::frame::{Decoder, FrameKind};
use switchyard::switch::freeswitch::translate::Translator;
use switchyard::switch::link::LinkState;
use switchyard::switch::{Failure, Outcome, SwitchCommand, SwitchEvent};

fn settings(address: String) -> FreeswitchConfig {
    FreeswitchConfig {
        trunks: Default::default(),
        outbound: None,
        address,
        password: "secret".to_owned(),
        endpoint: "user/{extension}".to_owned(),
        prompts: "/prompts".into(),
        recordings: "/recordings".into(),
        recordings_seen_at: None,
        command_connections: 2,
        fallback: "switchyard-fallback XML switchyard".to_owned(),
    }
}

async fn snapshot(controller: &mut Controller) {
    controller
        .sees("a snapshot", |event| match event {
            SwitchEvent::Snapshot(snapshot) => Some(snapshot.clone()),
            _ => None,
        })
        .await;
}

async fn loss(controller: &mut Controller) -> String {
    controller
        .sees("the loss of the link", |event| match event {
            SwitchEvent::LinkLost { why } => Some(why.as_str().to_owned()),
            _ => None,
        })
        .await
}

fn event(length: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("Content-Length: {length}\nContent-Type: text/event-plain\n\n");
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn each_kind_of_nonsense_is_named_and_survived() {
    let oversized = (1_u64 << 40).to_string();
    let long_line = [b"X: ".as_slice(), &vec![b'y'; 100_000]].concat();
    for (nonsense, expected) in [
        (
            b"Content-Type: text/event-plain\n\n".to_vec(),
            "without Content-Length",
        ),
        (event("-5", b""), "\"-5\" is not a number"),
        (event("many", b""), "\"many\" is not a number"),
        (event(&oversized, b""), "1099511627776 bytes; at most"),
        (event("9", b"\xff\xfe: \xfd\n\n"), "not UTF-8"),
        (event("9", b"no header"), "not a header: \"no header\""),
        (b"Reply-Text: +OK\n\n".to_vec(), "without Content-Type"),
        (b"GET / HTTP/1.1\n\n".to_vec(), "not a header"),
        (long_line, "longer than"),
        (
            b"Content-Type: text/disconnect-notice\n\n".to_vec(),
            "closed the connection",
        ),
    ] {
        let socket = EventSocket::saying("secret", vec![nonsense]).await;
        let mut controller = Controller::start(&settings(socket.address()));
        snapshot(&mut controller).await;
        let why = loss(&mut controller).await;
        assert!(why.contains(expected), "{why:?} does not say {expected:?}");
        snapshot(&mut controller).await;
    }
}

#[tokio::test]
async fn an_unknown_event_is_passed_over() {
    let name = b"Event-Name: SOMETHING_NEW\nUnique-ID: a\n\n";
    let known = b"Event-Name: CHANNEL_HANGUP\nUnique-ID: a\nHangup-Cause: USER_BUSY\n\n";
    let both = [
        event(&name.len().to_string(), name),
        event(&known.len().to_string(), known),
    ];
    let socket = EventSocket::saying("secret", vec![both.concat()]).await;
    let mut controller = Controller::start(&settings(socket.address()));
    let leg = ChannelId::new("a").unwrap();
    assert_eq!(controller.sees_hang_up(&leg).await, Cause::UserBusy);
}

#[tokio::test]
async fn a_wrong_password_is_told_and_tried_again() {
    let socket = EventSocket::saying("other", Vec::new()).await;
    let mut controller = Controller::start(&settings(socket.address()));
    controller
        .link_is(|state| match state {
            LinkState::Connecting {
                attempt: 2..,
                last_error,
            } => last_error
                .as_ref()
                .is_some_and(|why| why.contains("refused the password")),
            _ => false,
        })
        .await;
    let channel = ChannelId::new("a").unwrap();
    let order = controller.order(SwitchCommand::Answer { channel }).await;
    let Outcome::Failed { why, .. } = controller.outcome(order).await else {
        panic!("an order was carried out without a link");
    };
    assert_eq!(why, Failure::LinkDown);
}

#[tokio::test]
async fn a_setting_that_would_be_syntax_keeps_the_link_down_and_says_so() {
    let socket = EventSocket::saying("secret", Vec::new()).await;
    let endpoint = "user/{extension} &system(true)".to_owned();
    let settings = FreeswitchConfig {
        trunks: Default::default(),
        outbound: None,
        endpoint,
        ..settings(socket.address())
    };
    let mut controller = Controller::start(&settings);
    controller
        .link_is(|state| match state {
            LinkState::Connecting {
                last_error: Some(why),
                ..
            } => why.contains("`endpoint`"),
            _ => false,
        })
        .await;
    assert_eq!(socket.heard(), Vec::<String>::new());
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8)) {
        feed(&pieces);
    }

    #[test]
    fn no_damage_to_a_real_capture_makes_anything_panic(
        at in 0..153_000_usize,
        damage in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let mut bytes = std::fs::read(support::fixture::folder().join("main.esl")).unwrap();
        let at = at.min(bytes.len());
        let end = (at + damage.len()).min(bytes.len());
        bytes.splice(at..end, damage);
        feed(&[bytes]);
    }
}

/// Decodes and translates until the bytes or the patience end.
fn feed(pieces: &[Vec<u8>]) {
    let switch = SwitchId::new(SWITCH).expect("an id");
    let dialect =
        Dialect::new(switch, &settings(String::new())).expect("settings that can be spoken");
    let mut translator = Translator::new(dialect);
    let mut decoder = Decoder::default();
    for piece in pieces {
        decoder.push(piece);
        while let Ok(Some(frame)) = decoder.next_frame() {
            if frame.kind == FrameKind::Event
                && let Ok(event) = EslEvent::parse(&frame)
            {
                translator.translate(&event);
            }
        }
    }
    let _ = decoder.finish();
}
