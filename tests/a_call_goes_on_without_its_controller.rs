//! The safety net on a real FreeSWITCH: what callers hear while the controller
//! is away, and how it finds them again. Skipped without one; see
//! `support/freeswitch.rs`.

mod support;

use support::audio::Voice;
use support::freeswitch::{Controller, NUMBER, SOON, Switch};
use support::phone::{Agent, Caller, Phone, free_port};
use switchyard::engine::id::{ChannelId, MusicClass, PromptId};
use switchyard::engine::time::Span;
use switchyard::switch::{
    Arrival, ChannelState, Extension, Language, LegVariable, LegVariables, LiveLeg, Ring,
    SwitchCommand, SwitchEvent, Target,
};

/// The pitch of the announcement that begins the fallback path.
const ANNOUNCEMENT_HZ: f64 = 880.0;

#[tokio::test]
async fn a_call_that_nobody_takes_is_answered_told_and_offered_again() {
    let Some(switch) = Switch::for_test("the fallback path of FreeSWITCH").await else {
        return;
    };
    hurry(&switch).await;
    let caller = Caller::default();
    let caller = caller.calls(&switch.sip, NUMBER, Voice::Silent).await;
    is_told(&caller).await;
    let mark = caller.line.mark();
    caller.line.hears_anything(mark, SOON).await.unwrap();

    // Whoever comes now finds the call in its first look, and is offered it again.
    let mut controller = Controller::start(&switch.settings("127.0.0.1:9"));
    let found = sees_legs(&mut controller).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].arrival.dialled.as_str(), NUMBER);
    assert_eq!(found[0].arrival.state, ChannelState::Answered);
    let offered = arrives(&mut controller).await;
    assert_eq!(offered, found[0].arrival);
    takes(&mut controller, &caller, &offered.channel).await;
}

#[tokio::test]
async fn a_call_whose_controller_goes_keeps_what_was_known_of_it() {
    let Some(switch) = Switch::for_test("the dead-man's timer of FreeSWITCH").await else {
        return;
    };
    hurry(&switch).await;
    let mut controller = switch.attach("127.0.0.1:9").await;
    let caller = Caller::default();
    let caller = caller.calls(&switch.sip, NUMBER, Voice::Silent).await;
    let channel = arrives(&mut controller).await.channel;
    let after = Span::seconds(2);
    let guard = SwitchCommand::Guard {
        channel: channel.clone(),
        after,
    };
    controller.does(guard).await;
    let variables = LegVariables::default()
        .with(LegVariable::Call, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .with(LegVariable::Queue, "sales")
        .with(LegVariable::Dialled, NUMBER);
    let set = SwitchCommand::SetVariables {
        channel: channel.clone(),
        variables: variables.clone(),
    };
    controller.does(set).await;
    controller
        .does(SwitchCommand::Answer {
            channel: channel.clone(),
        })
        .await;
    let class = MusicClass::new("moh").unwrap();
    controller
        .does(SwitchCommand::Music {
            channel: channel.clone(),
            class,
        })
        .await;
    drop(controller);

    is_told(&caller).await;
    let mut next = switch.attach("127.0.0.1:9").await;
    let offered = arrives(&mut next).await;
    assert_eq!(offered.channel, channel);
    assert_eq!(offered.state, ChannelState::Answered);
    assert_eq!(offered.dialled.as_str(), NUMBER);
    assert_eq!(offered.variables, variables);
    takes(&mut next, &caller, &channel).await;
}

#[tokio::test]
async fn a_conversation_outlives_the_connection_and_is_found_again() {
    let Some(switch) = Switch::for_test("a lost connection to FreeSWITCH").await else {
        return;
    };
    hurry(&switch).await;
    let port = free_port();
    let agent = Agent::Answers {
        after_ms: 50,
        talks_ms: 60_000,
    };
    let agent = agent.at(port, Voice::Silent).await;
    let mut controller = switch.attach(&format!("127.0.0.1:{port}")).await;
    let caller = Caller::default();
    let voice = Voice::Tone { hz: 300.0 };
    let caller = caller.calls(&switch.sip, NUMBER, voice).await;
    let arrival = arrives(&mut controller).await;
    let channel = arrival.channel;
    let after = Span::seconds(2);
    let guard = SwitchCommand::Guard {
        channel: channel.clone(),
        after,
    };
    controller.does(guard).await;
    controller
        .does(SwitchCommand::Answer {
            channel: channel.clone(),
        })
        .await;
    // A phone here sends audio to whoever sent it some.
    let class = MusicClass::new("moh").unwrap();
    controller
        .does(SwitchCommand::Music {
            channel: channel.clone(),
            class,
        })
        .await;
    caller.line.hears_anything(0, SOON).await.unwrap();
    let peer = ChannelId::new("agent-of-a-lost-connection").unwrap();
    let ring = Ring {
        channel: peer.clone(),
        to: Target::Extension(Extension::new("1001").unwrap()),
        auto_answer: false,
        caller_number: arrival.caller_number,
        caller_name: arrival.caller_name,
        timeout: Span::seconds(10),
        variables: LegVariables::default().with(LegVariable::Role, "agent"),
        originator: Some(channel.clone()),
    };
    controller.does(SwitchCommand::Ring(ring)).await;
    controller
        .sees_exactly(SwitchEvent::Answered {
            channel: peer.clone(),
        })
        .await;
    let bridge = SwitchCommand::Bridge {
        channel: channel.clone(),
        peer: peer.clone(),
    };
    controller.does(bridge).await;
    let bridged = SwitchEvent::Bridged {
        channel: channel.clone(),
        peer: peer.clone(),
    };
    controller.sees_exactly(bridged).await;

    switch.recorder.cut();
    controller
        .sees("the loss of the link", |event| {
            matches!(event, SwitchEvent::LinkLost { .. }).then_some(())
        })
        .await;
    let legs = sees_legs(&mut controller).await;
    let peers = |of: &ChannelId| {
        let leg = legs.iter().find(|leg| leg.arrival.channel == *of);
        leg.and_then(|leg| leg.peer.clone())
    };
    assert_eq!(peers(&channel), Some(peer.clone()), "{legs:?}");
    assert_eq!(peers(&peer), Some(channel.clone()), "{legs:?}");
    assert!(legs.iter().all(|leg| leg.created.is_some()));
    // The timer of two seconds was disarmed with the bridge.
    let mark = agent.line.mark() + 8_000 * 3; // three seconds on
    agent.line.hears_tone(300.0, mark, SOON).await.unwrap();
}

/// A dialplan with short waits, and its prompts.
async fn hurry(switch: &Switch) {
    switch.prompt("please-wait", ANNOUNCEMENT_HZ, 1.0);
    switch.prompt("greeting", 440.0, 1.0);
    switch.load(&[("ADOPT_S", "1"), ("AGAIN_S", "3")]).await;
}

async fn is_told(caller: &Phone) {
    caller
        .line
        .hears_tone(ANNOUNCEMENT_HZ, 0, SOON)
        .await
        .expect("it is heard");
}

async fn arrives(controller: &mut Controller) -> Arrival {
    controller
        .sees("an arrival", |event| match event {
            SwitchEvent::Arrived(arrival) => Some(arrival.clone()),
            _ => None,
        })
        .await
}

/// The legs of ours among all that the switch lists.
async fn sees_legs(controller: &mut Controller) -> Vec<LiveLeg> {
    let listed = controller
        .sees("a snapshot", |event| match event {
            SwitchEvent::Snapshot(snapshot) => Some(snapshot.listed.clone()),
            _ => None,
        })
        .await;
    let channels = listed.into_iter().map(|leg| leg.channel).collect();
    controller.does(SwitchCommand::Examine { channels }).await;
    controller
        .sees("what was examined", |event| match event {
            SwitchEvent::Examined(found) => Some(found.legs.clone()),
            _ => None,
        })
        .await
}

/// The controller takes the call off the fallback path, and the caller hears it.
async fn takes(controller: &mut Controller, caller: &Phone, leg: &ChannelId) {
    let after = Span::seconds(60);
    controller
        .does(SwitchCommand::Guard {
            channel: leg.clone(),
            after,
        })
        .await;
    let mark = caller.line.mark();
    let prompts = vec![PromptId::new("greeting").expect("a prompt")];
    let channel = leg.clone();
    let play = SwitchCommand::Play {
        channel: channel.clone(),
        prompts,
        language: Language::English,
    };
    let playback = controller.does(play).await;
    caller
        .line
        .hears_tone(440.0, mark, SOON)
        .await
        .expect("it is heard");
    controller
        .sees_exactly(SwitchEvent::PlaybackFinished { channel, playback })
        .await;
}
