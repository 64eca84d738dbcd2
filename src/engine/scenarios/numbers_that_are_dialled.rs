use super::*;
use crate::engine::cause::Cause;

fn dial(number: &str) -> CallRequest {
    CallRequest::Dial {
        to: PhoneNumber::new(number).unwrap(),
    }
}

/// `anna`'s device is rung, for a number. Gives her leg.
fn dialling() -> (Play, String) {
    let mut play = Play::begin();
    play.ready("anna");
    play.told();
    play.asks("anna", dial("13900139000")).unwrap();
    let ring = play
        .orders
        .iter()
        .rev()
        .find_map(|order| match &order.command {
            SwitchCommand::Ring(ring) => Some(ring.channel.to_string()),
            _ => None,
        });
    (play, ring.unwrap())
}

#[test]
fn the_agent_then_the_number_and_they_talk() {
    let (mut play, anna) = dialling();
    play.answered(&anna);
    let outside = play.party();
    play.answered(&outside);
    play.bridged(&anna, &outside);
    play.accept_orders();
    // From here on it is a call like any other.
    play.asks("anna", CallRequest::Hold).unwrap();
    play.unbridged(&outside, &anna);
    play.asks("anna", CallRequest::Resume).unwrap();
    play.bridged(&outside, &anna);
    play.hangs_up(&outside, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call transferring
    0      > ring anna
    0      anna offered
    0      anna asks: dial
    0      anna on_call
    0      > ring tone to the agent's leg
    0      > ring 13900139000
    0      > bridge 0000000f-4240-01d4-d5c3-6c5a10a7d3f1 and the agent's leg
    0      call connected
    0      > part the agent's leg and the agent's leg
    0      talk held
    0      anna hold
    0      > music default to 0000000f-4240-f642-9784-88fbd770faef
    0      anna asks: hold
    0      talk together
    0      anna on_call
    0      > bridge 0000000f-4240-f642-9784-88fbd770faef and the agent's leg
    0      anna asks: resume
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn the_agent_does_not_pick_up() {
    let (mut play, anna) = dialling();
    play.hangs_up(&anna, Cause::NoAnswer);
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call transferring
    0      > ring anna
    0      anna offered
    0      anna asks: dial
    0      anna ready
    0      call ended
    0      call ended with no_answer by Agent
    "#);
}

#[test]
fn the_number_is_busy() {
    let (mut play, anna) = dialling();
    play.answered(&anna);
    let outside = play.party();
    play.hangs_up(&outside, Cause::UserBusy);
    play.hangs_up(&anna, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call transferring
    0      > ring anna
    0      anna offered
    0      anna asks: dial
    0      anna on_call
    0      > ring tone to the agent's leg
    0      > ring 13900139000
    0      13900139000 busy
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      call ended
    0      call ended with normal_clearing by System
    "#);
}

#[test]
fn the_agent_hangs_up_while_the_number_rings() {
    let (mut play, anna) = dialling();
    play.answered(&anna);
    play.told();
    play.hangs_up(&anna, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna wrap_up
    0      > refuse the agent's leg with originator_cancel
    0      13900139000 withdrawn
    0      call ended
    0      call ended with normal_clearing by Agent
    "#);
}

#[test]
fn what_the_group_may_not_dial_is_not_dialled() {
    let mut play = Play::begin();
    play.ready("anna");
    assert_eq!(
        play.asks("anna", dial("0049891234")),
        Err(Refusal::NumberForbidden)
    );
}

#[test]
fn a_conversation_that_was_dialled_survives_a_kill_of_the_controller() {
    let (mut play, anna) = dialling();
    play.answered(&anna);
    let outside = play.party();
    play.answered(&outside);
    play.bridged(&anna, &outside);
    play.killed(vec![up(&outside, Some(&anna)), up(&anna, Some(&outside))]);
    play.asks("anna", CallRequest::HangUp).unwrap();
    play.hangs_up(&outside, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      link sw up
    0      reconciled: 0 adopted, 0 closed
    0      > hang up the agent's leg with normal_clearing
    0      anna asks: hang_up
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      call ended
    0      call ended with normal_clearing by Agent
    "#);
}

#[test]
fn one_who_answered_and_could_not_be_connected_is_not_told_as_one_who_did_not_answer() {
    let (mut play, anna) = dialling();
    play.answered(&anna);
    let outside = play.party();
    play.answered(&outside);
    play.accept_orders();
    play.told();
    play.pass(Span::seconds(5));
    insta::assert_snapshot!(play.told(), @r#"
    5000   overdue: party
    5000   > hang up the agent's leg with normal_clearing
    5000   13900139000 failed
    5000   > hang up the agent's leg with normal_clearing
    "#);
}
