use super::*;
use crate::engine::cause::Cause;

fn parked() -> Play {
    let (mut play, anna) = Play::talks_among_others();
    play.asks("anna", CallRequest::Park).unwrap();
    play.unbridged("c1", &anna);
    play.hangs_up(&anna, Cause::NormalClearing);
    play.accept_orders();
    play
}

#[test]
fn another_agent_takes_the_caller_up() {
    let mut play = parked();
    assert_eq!(
        play.asks("bert", CallRequest::Retrieve { slot: 701 }),
        Err(Refusal::SlotEmpty)
    );
    play.asks("bert", CallRequest::Retrieve { slot: 700 })
        .unwrap();
    let bert = play.party();
    play.answered(&bert);
    play.bridged("c1", &bert);
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      call parked
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      parked in 700
    0      > music default to c1
    0      anna asks: park
    0      bert asks: retrieve, refused: nobody is parked in this slot
    0      call transferring
    0      > ring bert
    0      bert offered
    0      bert asks: retrieve
    0      > bridge c1 and the agent's leg
    0      bert on_call
    0      bert serves
    0      call connected
    0      > record c1 and the agent's leg
    "#);
}

#[test]
fn nobody_takes_the_caller_up_and_the_agent_who_parked_is_rung() {
    let mut play = parked();
    play.told();
    play.pass(Span::seconds(60));
    play.accept_orders();
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @r#"
    30000  anna ready
    37681  command failed: the switch did not answer in time
    47681  command failed: the switch did not answer in time
    57681  command failed: the switch did not answer in time
    95072  command failed: the switch did not answer in time
    105072 command failed: the switch did not answer in time
    115072 command failed: the switch did not answer in time
    120000 call transferring
    120000 > music default to c1
    120000 > ring anna
    120000 anna offered
    "#);
}

#[test]
fn a_parked_caller_leaves() {
    let mut play = parked();
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn every_slot_is_taken() {
    let (mut play, _) = Play::talks_among_others();
    let mut none = centre();
    none.in_call.slots = (700, 699);
    play.event(Event::Configured {
        centre: Box::new(none),
    });
    assert_eq!(
        play.asks("anna", CallRequest::Park),
        Err(Refusal::NoSlotFree)
    );
}

#[test]
fn a_parked_call_survives_a_kill_of_the_controller() {
    let mut play = parked();
    play.killed(vec![up("c1", None)]);
    play.pass(Span::seconds(30));
    play.asks("bert", CallRequest::Retrieve { slot: 700 })
        .unwrap();
    let bert = play.party();
    play.answered(&bert);
    play.bridged("c1", &bert);
    insta::assert_snapshot!(play.told(), @r#"
    0      link sw up
    0      reconciled: 0 adopted, 0 closed
    0      > music default to c1
    10000  command failed: the switch did not answer in time
    10000  command failed: the switch did not answer in time
    20000  command failed: the switch did not answer in time
    30000  anna ready
    30000  command failed: the switch did not answer in time
    30000  call transferring
    30000  > ring bert
    30000  bert offered
    30000  bert asks: retrieve
    30000  > bridge c1 and the agent's leg
    30000  bert on_call
    30000  bert serves
    30000  call connected
    30000  > record c1 and the agent's leg
    "#);
}
