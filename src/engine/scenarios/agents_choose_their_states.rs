use super::*;
use crate::engine::agent::AgentState;
use crate::engine::cause::Cause;
use crate::engine::centre::{NotReadyReason, WrapUpExtension};

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

/// A centre that names one reason, and lets wrap-up be extended twice.
fn named() -> Play {
    Play::with(|centre| {
        let meal = NotReadyReason {
            name: "用餐".into(),
            name_en: Some("Meal".into()),
            productive: false,
            limit: Some(Span::seconds(2_700)),
        };
        centre.not_ready_reasons = BTreeMap::from([("meal".parse().unwrap(), meal)]);
        queue(centre, "desk").extension = WrapUpExtension {
            times: 2,
            by: Span::seconds(20),
        };
    })
}

#[test]
fn where_reasons_are_named_no_other_is_taken() {
    let mut play = named();
    let asks = |play: &mut Play, reason: &str| {
        let agent: AgentId = "anna".parse().unwrap();
        let ask = AgentRequest::NotReady {
            reason: OutsideText::new(reason),
        };
        play.request(
            Principal::Agent(agent.clone()),
            Request::State { agent, ask },
        )
    };
    play.ready("anna");
    assert_eq!(asks(&mut play, "smoke"), Err(Refusal::UnknownReason));
    assert_eq!(asks(&mut play, "meal"), Ok(()));
    let state = AgentRequest::NotReady {
        reason: OutsideText::new("smoke"),
    };
    let agent = "anna".parse().unwrap();
    let forced = play.supervises("carl", SupervisorRequest::SetState { agent, state });
    assert_eq!(forced, Err(Refusal::UnknownReason));
    insta::assert_snapshot!(play.told(), @r#"
    0      anna ready
    0      anna asks: set_state, refused: this reason for being not ready is none of those in [not_ready_reasons]
    0      anna not_ready
    0      carl asks: force_state, refused: this reason for being not ready is none of those in [not_ready_reasons]
    "#);
}

#[test]
fn wrap_up_is_extended_as_often_as_the_queue_allows_also_over_a_restart() {
    let mut play = named();
    assert_eq!(
        play.asks("anna", CallRequest::ExtendWrapUp),
        Err(Refusal::NotInWrapUp)
    );
    play.ready("anna");
    play.queues_up("c1");
    let leg = play.rung("anna");
    play.answered(&leg);
    play.bridged("c1", &leg);
    play.hangs_up("c1", Cause::NormalClearing);
    play.hangs_up(&leg, Cause::NormalClearing);
    play.told();
    play.pass(Span::seconds(29));
    assert_eq!(play.asks("anna", CallRequest::ExtendWrapUp), Ok(()));
    play.killed(Vec::new());
    assert_eq!(play.asks("anna", CallRequest::ExtendWrapUp), Ok(()));
    assert_eq!(
        play.asks("anna", CallRequest::ExtendWrapUp),
        Err(Refusal::NoMoreExtensions)
    );
    play.pass(Span::seconds(40));
    insta::assert_snapshot!(play.told(), @r#"
    29000  link sw up
    29000  reconciled: 0 adopted, 0 closed
    29000  wrap-up extended: 2
    29000  anna asks: extend_wrap_up
    29000  anna asks: extend_wrap_up, refused: wrap-up was extended as often as wrap_up_extensions of the agent's queues allows
    59000  overdue: recording
    59000  > find the recording
    "#);
    play.pass(Span::seconds(1));
    insta::assert_snapshot!(play.told(), @r#"
    70000  anna ready
    "#);
}

#[test]
fn a_device_that_answers_by_itself_is_asked_to() {
    let mut play = Play::with(|centre| agent(centre, "anna").auto_answer = true);
    for (name, expected) in [("anna", true), ("bert", false)] {
        play.queues_up(name);
        play.ready(name);
        let rings = play.orders.iter().filter_map(|order| match &order.command {
            SwitchCommand::Ring(ring) => Some(ring.auto_answer),
            _ => None,
        });
        assert_eq!(rings.collect::<Vec<_>>(), [expected], "{name}");
    }
}
