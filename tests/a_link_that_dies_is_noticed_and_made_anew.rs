//! The link to a FreeSWITCH as it fails in practice: a half-open connection, a
//! listener that the switch closed, floods of events, an engine that is behind
//! or gone. A stand-in speaks the event socket over real TCP.

mod support;

use support::freeswitch::{Controller, SOON, SWITCH};
use support::socket::EventSocket;
use support::wire::Wire;
use switchyard::config::switch::FreeswitchConfig;
use switchyard::engine::event::Event;
use switchyard::engine::id::{CallId, ChannelId, CommandId, SwitchId};
use switchyard::switch::backlog;
use switchyard::switch::freeswitch;
use switchyard::switch::link::{Inbox, LinkState};
use switchyard::switch::{SwitchCommand, SwitchEvent, SwitchOrder};
use tokio::sync::mpsc;
use ulid::Ulid;

/// The connections in the order in which the adapter makes them. The one between
/// these is for lists: it is used now and then, and each list has its deadline.
const EVENTS: usize = 0;
const FIRST_COMMANDS: usize = 2;

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

fn snapshot(event: &SwitchEvent) -> Option<()> {
    matches!(event, SwitchEvent::Snapshot(_)).then_some(())
}

fn loss(event: &SwitchEvent) -> Option<String> {
    match event {
        SwitchEvent::LinkLost { why } => Some(why.to_string()),
        _ => None,
    }
}

fn channel(name: &str) -> ChannelId {
    ChannelId::new(name).expect("a channel's name")
}

fn event(body: &str) -> Vec<u8> {
    let head = format!(
        "Content-Length: {}\nContent-Type: text/event-plain\n\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// A controller on a wire to a stand-in, attached.
async fn attached() -> (Wire, EventSocket, Controller) {
    let socket = EventSocket::saying("secret", Vec::new()).await;
    let wire = Wire::to(&socket.address()).await;
    let mut controller = Controller::start(&settings(format!("127.0.0.1:{}", wire.port())));
    controller.sees("the first snapshot", snapshot).await;
    (wire, socket, controller)
}

/// Whichever connection stops carrying anything while it stays open, the whole
/// link is given up and made anew, and an order in between is answered once.
#[tokio::test]
async fn a_half_open_connection_is_noticed_whichever_it_is() {
    for connection in [EVENTS, FIRST_COMMANDS, FIRST_COMMANDS + 1] {
        let (wire, _socket, mut controller) = attached().await;
        wire.clog_one(connection);
        let why = controller.sees("the loss of the link", loss).await;
        assert!(why.contains("did not answer for 5 s"), "{why}");
        wire.mend();
        controller.sees("a new snapshot", snapshot).await;
        controller.link_is(|state| *state == LinkState::Alive).await;
        let channel = channel("a");
        controller.does(SwitchCommand::Answer { channel }).await;
    }
}

/// FreeSWITCH kills a listener that reads too slowly or by `fsctl`, and keeps
/// the other connections.
#[tokio::test]
async fn a_closed_listener_is_replaced_and_the_switch_looked_at_anew() {
    let (wire, _socket, mut controller) = attached().await;
    wire.cut_one(EVENTS);
    let why = controller.sees("the loss of the link", loss).await;
    assert!(why.contains("closed the connection"), "{why}");
    controller.sees("a new snapshot", snapshot).await;
    let channel = channel("a");
    controller.does(SwitchCommand::Answer { channel }).await;
}

#[tokio::test]
async fn a_flood_of_events_nobody_asked_for_does_no_harm() {
    let strange = event("Event-Name: RE_SCHEDULE\nUnique-ID: b\n\n").repeat(100_000);
    let known = event("Event-Name: CHANNEL_HANGUP\nUnique-ID: a\nHangup-Cause: USER_BUSY\n\n");
    let flood = [strange, known].concat();
    let socket = EventSocket::saying("secret", vec![flood]).await;
    let mut controller = Controller::start(&settings(socket.address()));
    let asked = channel("c");
    controller.sees("the first snapshot", snapshot).await;
    controller
        .does(SwitchCommand::Answer { channel: asked })
        .await;
    controller.sees_hang_up(&channel("a")).await;
    assert!(controller.story.iter().all(|event| loss(event).is_none()));
}

/// What was read is told in order up to the limit; then the link counts as lost.
#[tokio::test]
async fn an_engine_that_is_too_far_behind_is_told_what_it_missed_by_a_snapshot() {
    // More than the system's own buffers hold.
    let many = 300_000;
    let digit = event("Event-Name: DTMF\nUnique-ID: a\nDTMF-Digit: 5\n\n").repeat(many);
    let socket = EventSocket::saying("secret", vec![digit]).await;
    let (sender, mut engine) = mpsc::channel(1_000);
    let switch = SwitchId::new(SWITCH).expect("a switch id");
    let link = freeswitch::start(&settings(socket.address()), Inbox::new(switch, sender));
    let mut told = Vec::new();
    let story = async {
        // Until the first snapshot that follows the loss.
        while told.len() < 2 || told.last() != Some(&"snapshot") {
            let Event::Switch { event, .. } = engine.recv().await.expect("the adapter lives")
            else {
                continue;
            };
            told.push(match event {
                SwitchEvent::Snapshot(_) => "snapshot",
                SwitchEvent::Digit { .. } => "digit",
                SwitchEvent::LinkLost { .. } => "loss",
                _ => "something else",
            });
            if told.len() == 1 {
                // The engine takes nothing more until the adapter has given up.
                socket.said().await;
            }
        }
    };
    tokio::time::timeout(SOON * 3, story)
        .await
        .expect("it comes soon");
    drop(link);
    let digits = told.iter().filter(|what| **what == "digit").count();
    assert!((backlog::LIMIT..many).contains(&digits), "{digits}");
    assert_eq!(told[0], "snapshot");
    assert_eq!(told[told.len() - 2..], ["loss", "snapshot"]);
}

/// Dropping the orders ends the adapter, and what it had accepted is written
/// first, though nobody waits for the answers any more.
#[tokio::test]
async fn orders_that_were_accepted_are_written_before_the_adapter_ends() {
    let socket = EventSocket::saying("secret", Vec::new()).await;
    let (sender, mut engine) = mpsc::channel(1_000);
    let switch = SwitchId::new(SWITCH).expect("a switch id");
    let mut link = freeswitch::start(
        &settings(socket.address()),
        Inbox::new(switch.clone(), sender),
    );
    let first = tokio::time::timeout(SOON, engine.recv()).await;
    assert!(matches!(first, Ok(Some(Event::Switch { .. }))), "{first:?}");
    drop(engine);
    let ordered: Vec<String> = (0..500).map(|number| format!("leg-{number}")).collect();
    for (number, name) in (0..).zip(&ordered) {
        let order = SwitchOrder {
            id: CommandId(number),
            call: CallId::from_ulid(Ulid::from_parts(1, number.into())),
            switch: switch.clone(),
            command: SwitchCommand::Answer {
                channel: channel(name),
            },
        };
        link.orders.try_send(order).expect("room for orders");
    }
    drop(link.orders);
    let closed = link.state.wait_for(|state| *state == LinkState::Closed);
    tokio::time::timeout(SOON, closed)
        .await
        .expect("it ends soon")
        .expect("it says so");
    let heard = socket.heard();
    for name in &ordered {
        let line = format!("api uuid_answer {name}");
        assert_eq!(heard.iter().filter(|said| **said == line).count(), 1);
    }
}

/// A link that is idle for longer than the limit is no dead link.
#[tokio::test]
async fn silence_of_the_callers_is_not_silence_of_the_switch() {
    let (_wire, socket, mut controller) = attached().await;
    let probes = |heard: &[String]| heard.iter().filter(|said| *said == "api uptime").count();
    // Three connections, each probed at least four times.
    tokio::time::timeout(SOON, socket.heard_enough(|heard| probes(heard) >= 12))
        .await
        .expect("probes come");
    controller.link_is(|state| *state == LinkState::Alive).await;
    assert!(controller.story.iter().all(|event| loss(event).is_none()));
}
