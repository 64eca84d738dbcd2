use super::*;
use crate::engine::cause::Cause;

#[test]
fn nobody_answers_and_the_next_agent_is_rung() {
    let mut play = Play::begin();
    play.ready("anna");
    play.pass(Span::seconds(1));
    play.ready("bert");
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(20));
    let agent = play.rung("anna");
    play.hangs_up(&agent, Cause::NoAnswer);
    insta::assert_snapshot!(play.told(), @r#"
    21000  offer to anna: NoAnswer
    21000  anna ready
    21000  call waiting
    21000  > ring bert
    21000  bert offered
    21000  call offered
    "#);
}

#[test]
fn busy_and_rejected_agents_rest_and_are_tried_again() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    play.told();
    let agent = play.rung("anna");
    play.hangs_up(&agent, Cause::UserBusy);
    play.pass(Span::seconds(5));
    let agent = play.rung("anna");
    play.hangs_up(&agent, Cause::Rejected);
    insta::assert_snapshot!(play.told(), @r#"
    0      offer to anna: Busy
    0      anna ready
    0      call waiting
    5000   > ring anna
    5000   anna offered
    5000   call offered
    5000   offer to anna: Rejected
    5000   anna ready
    5000   call waiting
    "#);
}

#[test]
fn a_lost_ring_command_frees_agent_and_call() {
    let mut play = Play::begin();
    play.ready("anna");
    play.arrives("c1", "4001");
    play.answered("c1");
    play.accept_orders();
    play.key("c1", '1');
    play.told();
    play.pass(Span::seconds(10));
    insta::assert_snapshot!(play.told(), @r#"
    10000  command failed: the switch did not answer in time
    10000  command failed: the switch did not answer in time
    10000  > refuse the agent's leg with originator_cancel
    10000  offer to anna: Failed
    10000  anna ready
    10000  call waiting
    10000  command failed: the switch did not answer in time
    10000  command failed: the switch did not answer in time
    "#);
}

#[test]
fn a_failed_bridge_lets_the_agent_go_and_the_caller_wait_on() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    let agent = play.rung("anna");
    play.answered(&agent);
    let bridge = play.orders.last().unwrap().id;
    play.told();
    let outcome = Outcome::Failed {
        why: Failure::Refused,
        detail: OutsideText::new("no"),
    };
    play.event(Event::Completed {
        command: bridge,
        outcome,
    });
    insta::assert_snapshot!(play.told(), @r#"
    0      command failed: no
    0      > hang up the agent's leg with originator_cancel
    0      offer to anna: Failed
    0      anna ready
    0      call waiting
    0      > music default to c1
    "#);
}

#[test]
fn too_many_offers_end_the_call() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    for _ in 0..3 {
        let agent = play.rung("anna");
        play.hangs_up(&agent, Cause::UserBusy);
        play.pass(Span::seconds(5));
        play.accept_orders();
    }
    let told = play.told();
    assert!(told.contains("> hang up c1 with congestion"), "{told}");
}
