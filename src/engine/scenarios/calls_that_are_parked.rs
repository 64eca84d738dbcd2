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
    insta::assert_snapshot!(play.told(), @"");
}

#[test]
fn nobody_takes_the_caller_up_and_the_agent_who_parked_is_rung() {
    let mut play = parked();
    play.told();
    play.pass(Span::seconds(60));
    play.accept_orders();
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @"");
}

#[test]
fn a_parked_caller_leaves() {
    let mut play = parked();
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
}
