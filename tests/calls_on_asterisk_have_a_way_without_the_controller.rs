//! The safety net on the real Asterisk: what happens to calls while the
//! controller is away, and that it finds them again.

mod support;

use support::asterisk::{Asterisk, CHANNELS};
use support::audio::Voice;
use support::phone::{Caller, Phone};
use support::switch::{DEADLINE, Driver};
use support::wire::Wire;
use switchyard::engine::cause::Cause;
use switchyard::engine::id::{ChannelId, MusicClass};
use switchyard::engine::time::Span;
use switchyard::switch::link::LinkState;
use switchyard::switch::{
    Arrival, ChannelState, LegVariable, LegVariables, Snapshot, SwitchCommand, SwitchEvent,
};
use tokio::sync::Mutex;

/// Only one controller can have the application at a time.
static APPLICATION: Mutex<()> = Mutex::const_new(());

async fn attach(asterisk: &Asterisk) -> (Driver, Snapshot) {
    let settings = asterisk.settings.clone();
    let start = move |inbox| switchyard::switch::asterisk::start(&settings, inbox);
    Driver::attach("asterisk", start).await
}

/// Drops the link and waits until the adapter is gone.
async fn leave(driver: Driver) {
    let mut state = driver.link.state.clone();
    drop(driver);
    let closed = state.wait_for(|state| *state == LinkState::Closed);
    tokio::time::timeout(DEADLINE, closed)
        .await
        .expect("it ends")
        .expect("it says so");
}

/// A caller who was answered and waits with music, guarded for `guard`.
async fn a_waiting_caller(
    asterisk: &Asterisk,
    driver: &mut Driver,
    guard: Span,
) -> (Phone, ChannelId) {
    let caller = Caller::default()
        .calls(&asterisk.sip, "4001", Voice::Silent)
        .await;
    let channel = driver.arrival().await.channel;
    let waiting = LegVariables::default()
        .with(LegVariable::Call, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .with(LegVariable::Queue, "reservations")
        .with(LegVariable::Entered, 1_795_000_000_000_i64)
        .with(LegVariable::Priority, 3);
    driver
        .tell(SwitchCommand::SetVariables {
            channel: channel.clone(),
            variables: waiting,
        })
        .await;
    driver
        .tell(SwitchCommand::Guard {
            channel: channel.clone(),
            after: guard,
        })
        .await;
    driver
        .tell(SwitchCommand::Answer {
            channel: channel.clone(),
        })
        .await;
    driver.expect_answered(&channel).await;
    let class = MusicClass::new("default").expect("a class");
    driver
        .tell(SwitchCommand::Music {
            channel: channel.clone(),
            class,
        })
        .await;
    caller
        .line
        .hears_tone(440.0, caller.line.mark(), DEADLINE)
        .await
        .expect("the sound");
    (caller, channel)
}

fn assert_remembered(arrival: &Arrival, channel: &ChannelId) {
    assert_eq!(arrival.channel, *channel);
    assert_eq!(arrival.state, ChannelState::Answered);
    assert_eq!(arrival.dialled.as_str(), "4001");
    let variable = |name| arrival.variables.get(name);
    assert_eq!(
        variable(LegVariable::Call),
        Some("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    );
    assert_eq!(variable(LegVariable::Queue), Some("reservations"));
    assert_eq!(variable(LegVariable::Entered), Some("1795000000000"));
    assert_eq!(variable(LegVariable::Priority), Some("3"));
}

async fn hang_up(driver: &mut Driver, channel: ChannelId) {
    let cause = Cause::NormalClearing;
    driver
        .tell(SwitchCommand::HangUp {
            channel: channel.clone(),
            cause,
        })
        .await;
    driver.expect(SwitchEvent::HungUp { channel, cause }).await;
}

#[tokio::test]
async fn calls_go_to_the_fallback_path_and_come_back_with_the_controller() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let caller = Caller::default()
        .calls(&asterisk.sip, "4001", Voice::Silent)
        .await;
    caller.line.hears_tone(440.0, 0, DEADLINE).await.unwrap();
    let mut unknown = Caller::default()
        .is_refused(&asterisk.sip, "4999", 486)
        .await;
    unknown.ended(DEADLINE).await.unwrap();

    let (mut driver, snapshot) = attach(&asterisk).await;
    assert_eq!(
        snapshot.legs,
        [],
        "a call on the fallback path is not in our hands yet"
    );
    let arrival = driver.arrival().await;
    assert_eq!(arrival.state, ChannelState::Answered);
    assert_eq!(arrival.dialled.as_str(), "4001");
    hang_up(&mut driver, arrival.channel).await;
    leave(driver).await;
}

#[tokio::test]
async fn a_waiting_call_goes_there_when_its_timer_runs_out_and_keeps_its_place() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let (mut driver, _) = attach(&asterisk).await;
    let (caller, channel) = a_waiting_caller(&asterisk, &mut driver, Span::seconds(3)).await;
    // Renewed, it lasts; then the controller is gone.
    driver
        .tell(SwitchCommand::Guard {
            channel: channel.clone(),
            after: Span::seconds(3),
        })
        .await;
    leave(driver).await;
    wait_for_fallback(&asterisk, &caller, &channel).await;

    let (mut driver, snapshot) = attach(&asterisk).await;
    assert_eq!(snapshot.legs, []);
    assert_remembered(&driver.arrival().await, &channel);
    hang_up(&mut driver, channel).await;
    leave(driver).await;
}

/// The announcement of the fallback path is speech, and the music stops for it.
async fn wait_for_fallback(asterisk: &Asterisk, caller: &Phone, channel: &ChannelId) {
    caller
        .line
        .hears_speech(caller.line.mark(), DEADLINE)
        .await
        .expect("the sound");
    let channels = asterisk.console(CHANNELS).await;
    assert!(
        channels.contains("!switchyard-in-fallback!"),
        "{channel}: {channels}"
    );
}

#[tokio::test]
async fn a_call_that_runs_into_its_timer_is_told_as_lost_by_it() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let (mut driver, _) = attach(&asterisk).await;
    let (_caller, channel) = a_waiting_caller(&asterisk, &mut driver, Span::seconds(1)).await;
    let cause = Cause::Timeout;
    driver
        .expect(SwitchEvent::HungUp {
            channel: channel.clone(),
            cause,
        })
        .await;
    assert_remembered(&driver.arrival().await, &channel);
    hang_up(&mut driver, channel).await;
    leave(driver).await;
}

#[tokio::test]
async fn a_cut_or_clogged_connection_is_noticed_and_everything_alive_is_told_again() {
    let Some(mut asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let (_, target) = asterisk.settings.url.split_once("http://").unwrap();
    let wire = Wire::to(target.trim_end_matches("/ari")).await;
    asterisk.settings.url = format!("http://127.0.0.1:{}/ari", wire.port());
    let (mut driver, _) = attach(&asterisk).await;
    let (caller, channel) = a_waiting_caller(&asterisk, &mut driver, Span::seconds(60)).await;
    for break_it in [Wire::cut, Wire::clog] {
        break_it(&wire);
        let lost =
            |event: &SwitchEvent| matches!(event, SwitchEvent::LinkLost { .. }).then_some(());
        driver.happens("the loss of the link", lost).await;
        // The caller notices nothing.
        caller
            .line
            .hears_tone(440.0, caller.line.mark(), DEADLINE)
            .await
            .unwrap();
        wire.mend();
        let legs = driver.snapshot().await.legs;
        assert_eq!(legs.len(), 1, "{legs:?}");
        assert_remembered(&legs[0].arrival, &channel);
        driver
            .tell(SwitchCommand::Guard {
                channel: channel.clone(),
                after: Span::seconds(60),
            })
            .await;
    }
    hang_up(&mut driver, channel).await;
    leave(driver).await;
}

#[tokio::test]
async fn two_controllers_of_one_application_do_not_fight_for_it() {
    let Some(asterisk) = Asterisk::running() else {
        return;
    };
    let _application = APPLICATION.lock().await;
    let (mut first, _) = attach(&asterisk).await;
    let (second, _) = attach(&asterisk).await;
    let why = first
        .happens("the loss of the application", |event| match event {
            SwitchEvent::LinkLost { why } => Some(why.clone()),
            _ => None,
        })
        .await;
    assert!(why.as_str().contains("an application of its own"), "{why}");
    leave(second).await;
    leave(first).await;
}
