use super::*;
use crate::engine::cause::Cause;

fn transfer(to: Destination) -> CallRequest {
    CallRequest::Transfer { to }
}

fn to_bert() -> CallRequest {
    transfer(Destination::Agent("bert".parse().unwrap()))
}

fn to_number(number: &str) -> CallRequest {
    transfer(Destination::Number(PhoneNumber::new(number).unwrap()))
}

#[test]
fn to_a_queue_whose_agent_takes_the_caller() {
    let (mut play, anna) = Play::talks_among_others();
    let desk = Destination::Queue("desk".parse().unwrap());
    play.asks("anna", transfer(desk)).unwrap();
    play.unbridged("c1", &anna);
    play.hangs_up(&anna, Cause::NormalClearing);
    let bert = play.rung("bert");
    play.answered(&bert);
    play.bridged("c1", &bert);
    play.accept_orders();
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      call transferring
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      call waiting
    0      > ring bert
    0      bert offered
    0      call offered
    0      > music default to c1
    0      anna asks: transfer
    0      > bridge c1 and the agent's leg
    0      offer to bert: Accepted
    0      left desk: Answered
    0      call connected
    0      bert on_call
    0      > record c1 and the agent's leg
    "#);
}

#[test]
fn to_a_flow_which_greets_the_caller() {
    let (mut play, anna) = Play::talks();
    let flow = Destination::Flow("desk".parse().unwrap());
    play.asks("anna", transfer(flow)).unwrap();
    play.unbridged("c1", &anna);
    play.hangs_up(&anna, Cause::NormalClearing);
    play.key("c1", '1');
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      call in_flow
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      > play welcome to c1
    0      anna asks: transfer
    0      > silence c1
    0      call waiting
    0      > music default to c1
    "#);
}

#[test]
fn to_an_agent_who_answers() {
    let (mut play, anna) = Play::talks_among_others();
    play.asks("anna", to_bert()).unwrap();
    play.unbridged("c1", &anna);
    play.hangs_up(&anna, Cause::NormalClearing);
    let bert = play.party();
    play.answered(&bert);
    play.bridged("c1", &bert);
    play.accept_orders();
    play.hangs_up(&bert, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      call transferring
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      > music default to c1
    0      > ring bert
    0      bert offered
    0      anna asks: transfer
    0      > bridge c1 and the agent's leg
    0      bert on_call
    0      bert serves
    0      call connected
    0      > record c1 and the agent's leg
    0      bert wrap_up
    0      > hang up c1 with normal_clearing
    "#);
}

#[test]
fn to_an_agent_who_does_not_answer_and_back() {
    let (mut play, anna) = Play::talks_among_others();
    play.asks("anna", to_bert()).unwrap();
    play.unbridged("c1", &anna);
    play.hangs_up(&anna, Cause::NormalClearing);
    let bert = play.party();
    play.hangs_up(&bert, Cause::NoAnswer);
    let again = play.party();
    play.answered(&again);
    play.bridged("c1", &again);
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      call transferring
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      > music default to c1
    0      > ring bert
    0      bert offered
    0      anna asks: transfer
    0      bert no_answer
    0      bert ready
    0      > music default to c1
    0      > ring anna
    0      anna offered
    0      > bridge c1 and the agent's leg
    0      anna on_call
    0      anna serves
    0      call connected
    0      > record c1 and the agent's leg
    "#);
}

#[test]
fn to_an_agent_who_does_not_answer_and_then_the_queue() {
    let (mut play, anna) = Play::talks_among_others();
    play.asks("anna", to_bert()).unwrap();
    play.unbridged("c1", &anna);
    play.hangs_up(&anna, Cause::NormalClearing);
    let bert = play.party();
    play.hangs_up(&bert, Cause::UserBusy);
    let again = play.party();
    play.told();
    play.hangs_up(&again, Cause::Rejected);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna rejected
    0      anna ready
    0      call waiting
    0      > music default to c1
    "#);
}

#[test]
fn to_a_number_where_caller_and_number_talk_until_one_hangs_up() {
    let (mut play, anna) = Play::talks();
    play.asks("anna", to_number("13900139000")).unwrap();
    play.unbridged("c1", &anna);
    play.hangs_up(&anna, Cause::NormalClearing);
    let outside = play.party();
    play.answered(&outside);
    play.bridged("c1", &outside);
    play.accept_orders();
    play.pass(Span::seconds(300));
    play.hangs_up(&outside, Cause::NormalClearing);
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      call transferring
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      > music default to c1
    0      > ring 13900139000
    0      anna asks: transfer
    0      > bridge c1 and the agent's leg
    0      call outside
    30000  anna ready
    300000 13900139000 talked
    300000 > hang up c1 with normal_clearing
    300000 call ended
    300000 call ended with normal_clearing by Party
    "#);
}

#[test]
fn to_a_number_that_the_group_may_not_dial() {
    let (mut play, _) = Play::talks();
    assert_eq!(
        play.asks("anna", to_number("0085212345678")),
        Err(Refusal::NumberForbidden)
    );
    assert_eq!(
        play.asks("anna", to_number("95588")),
        Err(Refusal::NumberForbidden)
    );
    insta::assert_snapshot!(play.told(), @r#"
    0      anna asks: transfer, refused: the agent's group may not dial this number: see may_dial of its section in [groups]
    0      anna asks: transfer, refused: the agent's group may not dial this number: see may_dial of its section in [groups]
    "#);
}

#[test]
fn the_caller_leaves_while_somebody_rings() {
    let (mut play, anna) = Play::talks_among_others();
    play.asks("anna", to_bert()).unwrap();
    play.hangs_up(&anna, Cause::NormalClearing);
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > refuse the agent's leg with originator_cancel
    0      bert withdrawn
    0      bert ready
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn a_transfer_survives_a_kill_of_the_controller() {
    let (mut play, anna) = Play::talks_among_others();
    play.asks("anna", to_bert()).unwrap();
    play.unbridged("c1", &anna);
    play.hangs_up(&anna, Cause::NormalClearing);
    let bert = play.party();
    play.killed(vec![up("c1", None), up(&bert, None)]);
    play.bridged("c1", &bert);
    insta::assert_snapshot!(play.told(), @r#"
    0      > bridge c1 and the agent's leg
    0      link sw up
    0      reconciled: 0 adopted, 0 closed
    0      bert on_call
    0      bert serves
    0      call connected
    0      > record c1 and the agent's leg
    "#);
}
