use super::*;
use crate::engine::cause::Cause;

fn to(agent: &str) -> Invitee {
    Invitee::Agent(agent.parse().unwrap())
}

/// `anna` asks `bert` while the caller hears music. Gives both legs.
fn consulting(answers: bool) -> (Play, String, String) {
    let (mut play, anna) = Play::talks_among_others();
    play.asks("anna", CallRequest::Consult { to: to("bert") })
        .unwrap();
    play.unbridged("c1", &anna);
    let bert = play.party();
    if answers {
        play.answered(&bert);
        play.bridged(&anna, &bert);
    }
    play.accept_orders();
    (play, anna, bert)
}

#[test]
fn the_agent_asks_and_gives_the_caller_away() {
    let (mut play, anna, bert) = consulting(true);
    play.asks("anna", CallRequest::Complete).unwrap();
    play.unbridged(&anna, &bert);
    play.bridged("c1", &bert);
    play.hangs_up(&anna, Cause::NormalClearing);
    play.accept_orders();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      talk consulting
    0      anna consult
    0      > music default to c1
    0      > ring bert
    0      bert offered
    0      anna asks: consult
    0      > bridge 0000000f-4240-d3f1-7ddf-9c182042f642 and the agent's leg
    0      bert on_call
    0      call transferring
    0      > bridge c1 and the agent's leg
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      anna asks: complete
    0      bert serves
    0      call connected
    0      > record c1 and the agent's leg
    0      > hang up the agent's leg with normal_clearing
    0      bert wrap_up
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn the_agent_asks_and_goes_back() {
    let (mut play, anna, bert) = consulting(true);
    play.told();
    play.asks("anna", CallRequest::Return).unwrap();
    play.unbridged(&anna, &bert);
    play.bridged("c1", &anna);
    play.hangs_up(&bert, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      talk together
    0      anna on_call
    0      > bridge c1 and the agent's leg
    0      > hang up the agent's leg with normal_clearing
    0      bert talked
    0      bert wrap_up
    0      anna asks: return
    "#);
}

#[test]
fn who_is_asked_does_not_answer_and_the_caller_stays_on_hold() {
    let (mut play, anna, bert) = consulting(false);
    play.hangs_up(&bert, Cause::NoAnswer);
    play.asks("anna", CallRequest::Resume).unwrap();
    play.bridged("c1", &anna);
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      talk consulting
    0      anna consult
    0      > music default to c1
    0      > ring bert
    0      bert offered
    0      anna asks: consult
    0      bert no_answer
    0      bert ready
    0      talk held
    0      anna hold
    0      talk together
    0      anna on_call
    0      > bridge c1 and the agent's leg
    0      anna asks: resume
    "#);
}

#[test]
fn nothing_is_told_of_who_is_asked() {
    let (mut play, _, _) = consulting(false);
    play.told();
    play.pass(Span::seconds(36));
    insta::assert_snapshot!(play.told(), @r#"
    35000  overdue: party
    35000  > refuse the agent's leg with originator_cancel
    35000  bert no_answer
    35000  bert ready
    35000  talk held
    35000  anna hold
    "#);
}

#[test]
fn the_caller_leaves_a_consultation() {
    let (mut play, _, _) = consulting(true);
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      > hang up the agent's leg with normal_clearing
    0      bert talked
    0      bert wrap_up
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn who_is_asked_leaves_a_consultation() {
    let (mut play, _, bert) = consulting(true);
    play.told();
    play.hangs_up(&bert, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      bert talked
    0      bert wrap_up
    0      talk held
    0      anna hold
    "#);
}

#[test]
fn the_agent_who_hangs_up_leaves_the_caller_to_who_is_asked() {
    let (mut play, anna, bert) = consulting(true);
    play.told();
    play.hangs_up(&anna, Cause::NormalClearing);
    play.bridged("c1", &bert);
    insta::assert_snapshot!(play.told(), @r#"
    0      call transferring
    0      > bridge c1 and the agent's leg
    0      anna wrap_up
    0      bert serves
    0      call connected
    0      > record c1 and the agent's leg
    "#);
}

#[test]
fn the_agent_who_hangs_up_while_it_rings_makes_it_a_transfer() {
    let (mut play, anna, bert) = consulting(false);
    play.told();
    play.hangs_up(&anna, Cause::NormalClearing);
    play.answered(&bert);
    play.bridged("c1", &bert);
    insta::assert_snapshot!(play.told(), @r#"
    0      call transferring
    0      anna wrap_up
    0      > bridge c1 and the agent's leg
    0      bert on_call
    0      bert serves
    0      call connected
    0      > record c1 and the agent's leg
    "#);
}

#[test]
fn a_consultation_survives_a_kill_of_the_controller() {
    let (mut play, anna, bert) = consulting(true);
    play.killed(vec![
        up("c1", None),
        up(&anna, Some(&bert)),
        up(&bert, Some(&anna)),
    ]);
    play.asks("anna", CallRequest::Complete).unwrap();
    play.bridged("c1", &bert);
    insta::assert_snapshot!(play.told(), @r#"
    0      link sw up
    0      reconciled: 0 adopted, 0 closed
    0      > music default to c1
    0      call transferring
    0      > bridge c1 and the agent's leg
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      anna asks: complete
    0      bert serves
    0      call connected
    0      > record c1 and the agent's leg
    "#);
}

#[test]
fn one_who_cannot_be_rung_is_not_asked() {
    let (mut play, _) = Play::talks();
    let mut consult = |agent: &str| play.asks("anna", CallRequest::Consult { to: to(agent) });
    assert_eq!(consult("bert"), Err(Refusal::SignedOut));
    assert_eq!(consult("anna"), Err(Refusal::Busy));
    assert_eq!(consult("dora"), Err(Refusal::NoSuchAgent));
}

#[test]
fn agent_and_consulted_who_come_apart_without_hanging_up_are_connected_again() {
    let (mut play, anna) = Play::talks_among_others();
    let to = Invitee::Agent("bert".parse().unwrap());
    play.asks("anna", CallRequest::Consult { to }).unwrap();
    play.unbridged("c1", &anna);
    let bert = play.party();
    play.answered(&bert);
    play.bridged(&anna, &bert);
    play.accept_orders();
    play.told();
    play.unbridged(&anna, &bert);
    play.pass(Span::seconds(10));
    play.bridged(&anna, &bert);
    play.accept_orders();
    play.pass(Span::seconds(20));
    play.unbridged(&anna, &bert);
    play.hangs_up(&bert, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    10000  > bridge 0000000f-4240-d3f1-7ddf-9c182042f642 and the agent's leg
    30000  bert talked
    30000  bert wrap_up
    30000  talk held
    30000  anna hold
    "#);
}
