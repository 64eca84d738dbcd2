use super::*;
use crate::engine::cause::Cause;

#[test]
fn while_queued() {
    let mut play = Play::begin();
    play.queues_up("c1");
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      left desk: Abandoned
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn while_an_agent_rings() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    play.told();
    play.hangs_up("c1", Cause::OriginatorCancel);
    let agent = play.rung("anna");
    play.hangs_up(&agent, Cause::OriginatorCancel);
    insta::assert_snapshot!(play.told(), @r#"
    0      > refuse the agent's leg with originator_cancel
    0      offer to anna: CallerLeft
    0      anna ready
    0      left desk: Abandoned
    0      call ended
    0      call ended with originator_cancel by Caller
    "#);
}

#[test]
fn in_the_moment_the_agent_answers() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    let agent = play.rung("anna");
    play.answered(&agent);
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    play.hangs_up(&agent, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > hang up the agent's leg with originator_cancel
    0      offer to anna: CallerLeft
    0      anna ready
    0      left desk: Abandoned
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn who_press_no_key_are_led_on() {
    let mut play = Play::begin();
    play.arrives("c1", "4001");
    play.answered("c1");
    let playback = play
        .orders
        .iter()
        .find(|order| matches!(order.command, SwitchCommand::Play { .. }))
        .unwrap()
        .id;
    play.accept_orders();
    play.told();
    play.on_switch(SwitchEvent::PlaybackFinished {
        channel: "c1".parse().unwrap(),
        playback,
    });
    play.pass(Span::seconds(6));
    insta::assert_snapshot!(play.told(), @r#"
    5000   > hang up c1 with normal_clearing
    "#);
}

#[test]
fn while_an_agent_rings_and_the_next_call_waits_until_the_ringing_has_ended() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    play.queues_up("c2");
    let agent = play.rung("anna");
    play.told();
    play.hangs_up("c1", Cause::OriginatorCancel);
    let told = play.told();
    assert!(
        !told.contains("ring"),
        "the device still rings for the first call: {told}"
    );
    play.hangs_up(&agent, Cause::OriginatorCancel);
    let told = play.told();
    assert!(told.contains("ring anna"), "{told}");
}

#[test]
fn before_the_agents_leg_exists_do_not_leave_the_agent_in_silence() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    let agent = play.rung("anna");
    play.hangs_up("c1", Cause::NormalClearing);
    let order = play.orders.last().unwrap().id;
    play.event(Event::Completed {
        command: order,
        outcome: Outcome::Failed {
            why: Failure::NoSuchChannel,
            detail: OutsideText::new("-ERR No such channel"),
        },
    });
    play.told();
    play.answered(&agent);
    insta::assert_snapshot!(play.told(), @r#"
    0      > hang up the agent's leg with normal_clearing
    "#);
}
