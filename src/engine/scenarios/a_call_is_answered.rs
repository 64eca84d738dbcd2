use super::*;
use crate::engine::cause::Cause;
use crate::engine::explanation::Exclusion;
use crate::engine::recording::FiledRecording;

#[test]
fn from_arrival_to_wrap_up() {
    let mut play = Play::begin();
    play.ready("bert");
    play.pass(Span::seconds(60));
    play.ready("anna");
    play.arrives("c1", "4001");
    play.answered("c1");
    play.key("c1", '1');
    play.accept_orders();
    let agent = play.rung("bert");
    play.pass(Span::seconds(3));
    play.answered(&agent);
    play.bridged("c1", &agent);
    let record = play
        .orders
        .iter()
        .find(|order| matches!(order.command, SwitchCommand::Record { .. }));
    let recording = record.expect("a recording is asked for").id;
    play.accept_orders();
    play.pass(Span::seconds(120));
    play.hangs_up(&agent, Cause::NormalClearing);
    play.on_switch(SwitchEvent::RecordingFinished {
        recording,
        media: RecordedMedia::Stereo {
            file: "r.wav".into(),
        },
    });
    play.hangs_up("c1", Cause::NormalClearing);
    let filed = FiledRecording {
        name: "hotel/r.wav".into(),
        length_ms: 120_000,
        heard_ms: None,
        bytes: 1,
        sha256: "0".repeat(64),
    };
    play.event(Event::RecordingFiled { recording, filed });
    play.pass(Span::seconds(30));
    insta::assert_snapshot!(play.told(), @r#"
    0      bert ready
    60000  anna ready
    60000  call arrived
    60000  call in_flow
    60000  > answer c1
    60000  > play welcome to c1
    60000  > silence c1
    60000  call waiting
    60000  > ring bert
    60000  bert offered
    60000  call offered
    60000  > music default to c1
    63000  > bridge c1 and the agent's leg
    63000  offer to bert: Accepted
    63000  left desk: Answered
    63000  call connected
    63000  bert on_call
    63000  > record c1 and the agent's leg
    183000 bert wrap_up
    183000 > hang up c1 with normal_clearing
    183000 > file the recording
    183000 call ended
    183000 call ended with normal_clearing by Agent
    183000 recorded hotel/r.wav
    193000 command failed: the switch did not answer in time
    213000 bert ready
    "#);
}

#[test]
fn an_unknown_number_is_refused_with_busy_and_never_answered() {
    let mut play = Play::begin();
    play.arrives("c1", "4999");
    play.accept_orders();
    play.hangs_up("c1", Cause::UserBusy);
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      > refuse c1 with user_busy
    0      call ended
    0      call ended with user_busy by System
    "#);
}

#[test]
fn the_decision_is_kept_with_its_reasons() {
    let mut play = Play::begin();
    play.ready("bert");
    play.pass(Span::seconds(60));
    play.ready("anna");
    play.ready("carl");
    play.queues_up("c1");
    let explanation = play.facts.iter().find_map(|fact| match fact {
        Fact::Decided { explanation, .. } => Some(explanation.clone()),
        _ => None,
    });
    let explanation = explanation.expect("a decision");
    assert_eq!(explanation.chosen.agent.as_str(), "bert");
    assert_eq!(explanation.chosen.idle, Span::seconds(60));
    assert_eq!(explanation.eligible, 2);
    assert_eq!(explanation.nearest[0].agent.as_str(), "anna");
    assert_eq!(explanation.excluded, [(Exclusion::Skill, 1)].into());
}

#[test]
fn a_freed_agent_gets_the_call_that_waited_longest_in_the_same_step() {
    let mut play = Play::begin();
    play.queues_up("c1");
    play.pass(Span::seconds(1));
    play.queues_up("c2");
    play.told();
    play.ready("anna");
    insta::assert_snapshot!(play.told(), @r#"
    1000   anna ready
    1000   > ring anna
    1000   anna offered
    1000   call offered
    "#);
    let offered = play.facts.iter().rev().find_map(|fact| match fact {
        Fact::Offered { call, .. } => Some(*call),
        _ => None,
    });
    let first = play.facts.iter().find_map(|fact| match fact {
        Fact::CallStarted { call, .. } => Some(*call),
        _ => None,
    });
    assert_eq!(offered, first);
}

#[test]
fn a_full_queue_takes_the_other_edge() {
    let mut play = Play::begin();
    play.queues_up("c1");
    play.queues_up("c2");
    play.told();
    play.queues_up("c3");
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call in_flow
    0      > answer c3
    0      > play welcome to c3
    0      > silence c3
    0      > hang up c3 with normal_clearing
    "#);
}

#[test]
fn the_same_events_and_seed_give_the_same_commands() {
    let run = || {
        let mut play = Play::begin();
        play.ready("anna");
        play.queues_up("c1");
        play.pass(Span::seconds(25));
        play.facts
    };
    assert_eq!(run(), run());
}
