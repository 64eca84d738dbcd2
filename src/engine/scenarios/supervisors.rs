use super::*;
use crate::engine::cause::Cause;

fn listen(mode: SupervisionMode) -> SupervisorRequest {
    SupervisorRequest::Listen {
        agent: "anna".parse().unwrap(),
        mode,
    }
}

/// `carl` listens to `anna`. Gives both legs.
fn listening() -> (Play, String, String) {
    let (mut play, anna) = Play::talks();
    play.supervises("carl", listen(SupervisionMode::Listen))
        .unwrap();
    let carl = play.party();
    play.answered(&carl);
    play.accept_orders();
    (play, anna, carl)
}

#[test]
fn a_supervisor_listens_whispers_and_barges_in() {
    let (mut play, _, carl) = listening();
    play.supervises("carl", listen(SupervisionMode::Whisper))
        .unwrap();
    play.supervises("carl", listen(SupervisionMode::Barge))
        .unwrap();
    play.supervises("carl", SupervisorRequest::StopListening)
        .unwrap();
    play.hangs_up(&carl, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > ring carl
    0      carl offered
    0      carl asks: listen
    0      > Listen the agent's leg to the agent's leg
    0      carl on_call
    0      > Whisper the agent's leg to the agent's leg
    0      carl asks: whisper
    0      > Barge the agent's leg to the agent's leg
    0      carl asks: barge
    0      > hang up the agent's leg with normal_clearing
    0      carl talked
    0      carl signed_out
    0      carl asks: stop_listening
    "#);
}

#[test]
fn the_supervisor_is_let_go_when_the_call_ends() {
    let (mut play, _, _) = listening();
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      > hang up the agent's leg with normal_clearing
    0      carl talked
    0      carl signed_out
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn the_supervisor_who_hangs_up_disturbs_nobody() {
    let (mut play, _, carl) = listening();
    play.told();
    play.hangs_up(&carl, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      carl talked
    0      carl signed_out
    "#);
}

#[test]
fn a_supervisor_takes_over() {
    let (mut play, anna, carl) = listening();
    play.told();
    let agent = "anna".parse().unwrap();
    play.supervises("carl", SupervisorRequest::TakeOver { agent })
        .unwrap();
    play.unbridged("c1", &anna);
    play.bridged("c1", &carl);
    play.hangs_up(&anna, Cause::NormalClearing);
    play.accept_orders();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      call transferring
    0      > bridge c1 and the agent's leg
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      carl asks: take_over
    0      carl serves
    0      call connected
    0      > record c1 and the agent's leg
    0      > hang up the agent's leg with normal_clearing
    0      carl signed_out
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn only_who_supervises_the_group_may() {
    let (mut play, _) = Play::talks();
    assert_eq!(
        play.supervises("bert", listen(SupervisionMode::Listen)),
        Err(Refusal::NotPermitted)
    );
    let call = play.call();
    assert_eq!(
        play.supervises("bert", SupervisorRequest::HangUp { call }),
        Err(Refusal::NotPermitted)
    );
    let nobody = Principal::User(OutsideText::new("manager"));
    let ask = listen(SupervisionMode::Listen);
    assert_eq!(
        play.request(nobody, Request::Supervision { ask }),
        Err(Refusal::NoDevice)
    );
    insta::assert_snapshot!(play.told(), @r#"
    0      bert asks: listen, refused: you do not supervise that agent's group: see supervises in the agent's section
    0      bert asks: force_hang_up, refused: you do not supervise that agent's group: see supervises in the agent's section
    0      manager asks: listen, refused: this needs a device of one's own: sign in as an agent
    "#);
}

#[test]
fn a_supervisor_ends_a_call_and_signs_an_agent_out() {
    let (mut play, _) = Play::talks();
    let agent = "anna".parse().unwrap();
    let state = AgentRequest::SignOut;
    play.supervises("carl", SupervisorRequest::SetState { agent, state })
        .unwrap();
    let call = play.call();
    play.supervises("carl", SupervisorRequest::HangUp { call })
        .unwrap();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      carl asks: force_state
    0      > hang up c1 with normal_clearing
    0      carl asks: force_hang_up
    0      > hang up the agent's leg with normal_clearing
    0      anna signed_out
    0      call ended
    0      call ended with normal_clearing by Supervisor
    "#);
}

#[test]
fn a_waiting_call_is_given_priority_and_pulled() {
    let mut play = Play::begin();
    play.queues_up("c1");
    play.told();
    let call = play.call();
    play.supervises("carl", SupervisorRequest::SetPriority { call, priority: 9 })
        .unwrap();
    play.supervises("carl", SupervisorRequest::Pull { call })
        .unwrap();
    let carl = play.party();
    play.answered(&carl);
    play.bridged("c1", &carl);
    insta::assert_snapshot!(play.told(), @r#"
    0      left desk: Moved
    0      > music default to c1
    0      carl asks: set_priority
    0      left desk: Moved
    0      call transferring
    0      > music default to c1
    0      > ring carl
    0      carl offered
    0      carl asks: pull
    0      > bridge c1 and the agent's leg
    0      carl on_call
    0      carl serves
    0      call connected
    0      > record c1 and the agent's leg
    "#);
}

#[test]
fn a_call_that_is_offered_is_moved() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    play.told();
    let (call, to) = (play.call(), "desk".parse().unwrap());
    play.supervises("carl", SupervisorRequest::Move { call, to })
        .unwrap();
    insta::assert_snapshot!(play.told(), @r#"
    0      left desk: Moved
    0      > refuse the agent's leg with originator_cancel
    0      offer to anna: Withdrawn
    0      anna ready
    0      call waiting
    0      > music default to c1
    0      carl asks: move
    "#);
}

#[test]
fn supervision_survives_a_kill_of_the_controller() {
    let (mut play, anna, carl) = listening();
    play.killed(vec![
        up("c1", Some(&anna)),
        up(&anna, Some("c1")),
        up(&carl, None),
    ]);
    play.supervises("carl", listen(SupervisionMode::Barge))
        .unwrap();
    play.hangs_up(&anna, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      link sw up
    0      reconciled: 0 adopted, 0 closed
    0      > Barge the agent's leg to the agent's leg
    0      carl asks: barge
    0      anna wrap_up
    0      > hang up the agent's leg with normal_clearing
    0      carl talked
    0      carl signed_out
    0      > hang up c1 with normal_clearing
    "#);
}
