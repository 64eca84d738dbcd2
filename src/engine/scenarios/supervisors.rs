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
    insta::assert_snapshot!(play.told(), @"");
}

#[test]
fn the_supervisor_is_let_go_when_the_call_ends() {
    let (mut play, _, _) = listening();
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @"");
}

#[test]
fn the_supervisor_who_hangs_up_disturbs_nobody() {
    let (mut play, _, carl) = listening();
    play.told();
    play.hangs_up(&carl, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
}
