use super::*;
use crate::engine::agent::AgentState;
use crate::engine::cause::Cause;

fn talking() -> (Play, String) {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    let agent = play.rung("anna");
    play.answered(&agent);
    play.bridged("c1", &agent);
    play.accept_orders();
    play.told();
    (play, agent)
}

#[test]
fn ready_ends_wrap_up_early() {
    let (mut play, agent) = talking();
    play.hangs_up(&agent, Cause::NormalClearing);
    play.ready("anna");
    insta::assert_snapshot!(play.told(), @r#"
    0      anna wrap_up
    0      > hang up c1 with normal_clearing
    0      anna ready
    "#);
}

#[test]
fn not_ready_asked_for_during_a_call_follows_wrap_up() {
    let (mut play, agent) = talking();
    play.agent(
        "anna",
        AgentRequest::NotReady {
            reason: OutsideText::new("lunch"),
        },
    );
    play.hangs_up(&agent, Cause::NormalClearing);
    play.pass(Span::seconds(30));
    assert!(play.facts.iter().rev().any(|fact| matches!(
        fact,
        Fact::AgentMoved { state: AgentState::NotReady { reason }, .. } if reason.as_str() == "lunch"
    )));
    insta::assert_snapshot!(play.told(), @r#"
    0      anna wrap_up
    0      > hang up c1 with normal_clearing
    10000  command failed: the switch did not answer in time
    10000  > hang up c1 with normal_clearing
    20000  command failed: the switch did not answer in time
    20000  > hang up c1 with normal_clearing
    30000  anna not_ready
    30000  command failed: the switch did not answer in time
    30000  overdue: closing
    30000  call ended
    30000  call ended with normal_clearing by Agent
    "#);
}

#[test]
fn signing_out_during_a_call_takes_effect_when_it_ends() {
    let (mut play, agent) = talking();
    play.agent("anna", AgentRequest::SignOut);
    play.hangs_up(&agent, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna signed_out
    0      > hang up c1 with normal_clearing
    "#);
}

#[test]
fn an_agent_without_the_skill_is_never_rung() {
    let mut play = Play::begin();
    play.ready("carl");
    play.queues_up("c1");
    assert!(!play.told().contains("> ring"));
}

#[test]
fn without_wrap_up_the_next_caller_is_offered_in_the_same_step() {
    let mut play = Play::begin();
    let mut quick = centre();
    for queue in quick.queues.values_mut() {
        queue.wrap_up = Span::ZERO;
    }
    play.event(Event::Configured {
        centre: Box::new(quick),
    });
    play.ready("anna");
    play.queues_up("c1");
    play.queues_up("c2");
    let agent = play.rung("anna");
    play.answered(&agent);
    play.bridged("c1", &agent);
    play.told();
    play.hangs_up(&agent, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna wrap_up
    0      anna ready
    0      > ring anna
    0      anna offered
    0      call offered
    0      > hang up c1 with normal_clearing
    "#);
}
