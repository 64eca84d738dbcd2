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
    insta::assert_snapshot!(play.told(), @"");
}

#[test]
fn to_a_flow_which_greets_the_caller() {
    let (mut play, anna) = Play::talks();
    let flow = Destination::Flow("desk".parse().unwrap());
    play.asks("anna", transfer(flow)).unwrap();
    play.unbridged("c1", &anna);
    play.hangs_up(&anna, Cause::NormalClearing);
    play.key("c1", '1');
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
}

#[test]
fn the_caller_leaves_while_somebody_rings() {
    let (mut play, anna) = Play::talks_among_others();
    play.asks("anna", to_bert()).unwrap();
    play.hangs_up(&anna, Cause::NormalClearing);
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
}
