use super::*;
use crate::engine::cause::Cause;

fn drain(play: &mut Play) {
    let until = play.at + Span::seconds(10);
    play.event(Event::Drain { until });
}

#[test]
fn a_draining_controller_rings_nobody_new() {
    let mut play = Play::begin();
    drain(&mut play);
    play.ready("anna");
    play.queues_up("c1");
    assert!(play.engine.is_settled());
    assert!(!play.told().contains("ring"));
}

#[test]
fn an_agent_who_rings_may_still_answer() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    drain(&mut play);
    assert!(!play.engine.is_settled());
    let agent = play.rung("anna");
    play.told();
    play.answered(&agent);
    play.bridged("c1", &agent);
    play.accept_orders();
    assert!(play.engine.is_settled());
    insta::assert_snapshot!(play.told(), @r#"
    0      > bridge c1 and the agent's leg
    0      offer to anna: Accepted
    0      left desk: Answered
    0      call connected
    0      anna on_call
    0      > record c1 and the agent's leg
    "#);
}

#[test]
fn ringing_is_called_off_when_the_time_is_over_and_the_call_keeps_its_place() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    drain(&mut play);
    let agent = play.rung("anna");
    play.told();
    play.pass(Span::seconds(10));
    play.accept_orders();
    play.hangs_up(&agent, Cause::OriginatorCancel);
    assert!(play.engine.is_settled());
    insta::assert_snapshot!(play.told(), @r#"
    10000  > refuse the agent's leg with originator_cancel
    10000  offer to anna: Withdrawn
    10000  anna ready
    10000  call waiting
    "#);
}
