//! Agents whose device is rung once, and whose leg stays from call to call.

use super::*;
use crate::engine::agent::AgentState;
use crate::engine::cause::Cause;
use crate::engine::centre::Line;

fn centre_with_lines(agents: &[&str]) -> Play {
    Play::with(|centre| {
        for name in agents {
            agent(centre, name).line = Line::Standing;
        }
    })
}

/// `anna` is ready on an open standing leg, whose channel is given.
fn stands() -> (Play, String) {
    let mut play = centre_with_lines(&["anna", "carl"]);
    play.ready("anna");
    let line = play.line("anna");
    play.answered(&line);
    play.accept_orders();
    (play, line)
}

/// The same, talking to the caller on `c1`.
fn talks() -> (Play, String) {
    let (mut play, line) = stands();
    play.queues_up("c1");
    play.tone_ends();
    play.bridged("c1", &line);
    play.accept_orders();
    play.told();
    (play, line)
}

/// A standing leg as a switch shows it.
fn standing(channel: &str, agent: &str, peer: Option<&str>) -> LiveLeg {
    let mut leg = up(channel, peer);
    leg.arrival.variables = LegVariables::default()
        .with(LegVariable::Call, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .with(LegVariable::Role, "standing")
        .with(LegVariable::Agent, agent);
    leg
}

#[test]
fn the_device_is_rung_once_and_each_caller_follows_a_tone() {
    let mut play = centre_with_lines(&["anna"]);
    play.ready("anna");
    let line = play.line("anna");
    play.answered(&line);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna not_ready
    0      anna's line ringing
    0      > ring anna
    0      anna's line open
    0      anna ready
    "#);
    play.queues_up("c1");
    play.told();
    play.tone_ends();
    play.bridged("c1", &line);
    play.pass(Span::seconds(60));
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > bridge c1 and the agent's leg
    0      offer to anna: Accepted
    0      left desk: Answered
    0      call connected
    0      anna on_call
    0      > record c1 and the agent's leg
    60000  the leg is kept
    60000  anna wrap_up
    60000  call ended
    60000  call ended with normal_clearing by Caller
    "#);
    play.pass(Span::seconds(30));
    play.told();
    play.queues_up("c2");
    play.tone_ends();
    insta::assert_snapshot!(play.told(), @r#"
    90000  call arrived
    90000  call in_flow
    90000  > answer c2
    90000  > play welcome to c2
    90000  > silence c2
    90000  call waiting
    90000  anna offered
    90000  call offered
    90000  > play offer-tone to the agent's leg
    90000  > music default to c2
    90000  > bridge c2 and the agent's leg
    "#);
}

#[test]
fn who_hangs_the_leg_up_ends_the_call_and_is_not_ready_until_it_is_rung_again() {
    let (mut play, line) = talks();
    play.hangs_up(&line, Cause::NormalClearing);
    play.hangs_up("c1", Cause::NormalClearing);
    play.pass(Span::seconds(30));
    insta::assert_snapshot!(play.told(), @r#"
    0      anna's line ended
    0      anna wrap_up
    0      > hang up c1 with normal_clearing
    0      call ended
    0      call ended with normal_clearing by Agent
    30000  anna not_ready
    30000  overdue: recording
    30000  > find the recording
    "#);
    play.ready("anna");
    let again = play.line("anna");
    assert_ne!(again, line);
    play.answered(&again);
    play.hangs_up(&again, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    30000  anna not_ready
    30000  anna's line ringing
    30000  > ring anna
    30000  anna's line open
    30000  anna ready
    30000  anna's line ended
    30000  anna not_ready
    "#);
}

#[test]
fn a_device_that_does_not_answer_leaves_its_agent_not_ready() {
    let mut play = centre_with_lines(&["anna"]);
    play.agent("anna", AgentRequest::SignIn);
    let line = play.line("anna");
    play.hangs_up(&line, Cause::UserBusy);
    play.ready("anna");
    play.pass(Span::seconds(35));
    insta::assert_snapshot!(play.told(), @r#"
    0      anna not_ready
    0      anna's line ringing
    0      > ring anna
    0      anna's line ended
    0      anna not_ready
    0      anna not_ready
    0      anna's line ringing
    0      > ring anna
    35000  overdue: line
    35000  anna's line ended
    35000  anna not_ready
    35000  > refuse the agent's leg with originator_cancel
    "#);
}

#[test]
fn signing_out_ends_the_leg_and_signing_in_at_once_waits_for_the_device() {
    let (mut play, line) = stands();
    play.told();
    play.agent("anna", AgentRequest::SignOut);
    play.ready("anna");
    play.hangs_up(&line, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna signed_out
    0      anna's line ended
    0      > hang up the agent's leg with normal_clearing
    0      anna not_ready
    0      anna's line wanted
    0      anna's line ringing
    0      > ring anna
    "#);
}

#[test]
fn a_tone_that_cannot_be_played_or_whose_end_is_not_told_holds_nobody_up() {
    let (mut play, line) = stands();
    play.queues_up("c1");
    play.told();
    let playback = *play.engine.tones.keys().next().unwrap();
    play.on_switch(SwitchEvent::PlaybackFailed {
        channel: line.parse().unwrap(),
        playback,
        why: OutsideText::new("no such file"),
    });
    insta::assert_snapshot!(play.told(), @r#"
    0      command failed: no such file
    0      > bridge c1 and the agent's leg
    "#);
    let (mut play, _) = stands();
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(2));
    insta::assert_snapshot!(play.told(), @r#"
    2000   > bridge c1 and the agent's leg
    "#);
}

#[test]
fn a_caller_who_leaves_during_the_tone_silences_it() {
    let (mut play, _) = stands();
    play.queues_up("c1");
    play.told();
    play.hangs_up("c1", Cause::OriginatorCancel);
    insta::assert_snapshot!(play.told(), @r#"
    0      > silence the agent's leg
    0      the leg is kept
    0      offer to anna: CallerLeft
    0      anna ready
    0      left desk: Abandoned
    0      call ended
    0      call ended with originator_cancel by Caller
    "#);
}

#[test]
fn transfers_consultations_and_conferences_leave_the_legs_standing() {
    let (mut play, line) = talks();
    play.ready("carl");
    let other = play.line("carl");
    play.answered(&other);
    play.accept_orders();
    play.told();
    let to = Invitee::Agent("carl".parse().unwrap());
    play.asks("anna", CallRequest::Consult { to }).unwrap();
    play.unbridged("c1", &line);
    play.tone_ends();
    play.bridged(&line, &other);
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      talk consulting
    0      anna consult
    0      > music default to c1
    0      carl offered
    0      > play offer-tone to the agent's leg
    0      anna asks: consult
    0      > bridge 0000000f-4240-e80f-3b38-6b745518224d and the agent's leg
    0      carl on_call
    "#);
    play.asks("anna", CallRequest::Conference).unwrap();
    for leg in ["c1", &line, &other] {
        play.joined(leg);
    }
    play.accept_orders();
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > take the agent's leg out of the conference
    0      the leg is kept
    0      anna wrap_up
    0      > take the agent's leg out of the conference
    0      the leg is kept
    0      carl talked
    0      carl wrap_up
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
    assert!(play.engine.open_line(&"anna".parse().unwrap()).is_some());
    assert!(play.engine.open_line(&"carl".parse().unwrap()).is_some());
}

#[test]
fn who_sends_the_caller_on_keeps_the_leg_and_the_recording_is_stopped() {
    let (mut play, line) = talks();
    let to = Destination::Queue("desk".parse().unwrap());
    play.asks("anna", CallRequest::Transfer { to }).unwrap();
    play.unbridged("c1", &line);
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      call transferring
    0      > stop recording c1
    0      the leg is kept
    0      anna wrap_up
    0      call waiting
    0      > music default to c1
    0      anna asks: transfer
    "#);
}

#[test]
fn a_supervisor_listens_on_a_standing_leg() {
    let (mut play, _) = talks();
    play.ready("carl");
    let own = play.line("carl");
    play.answered(&own);
    play.accept_orders();
    play.told();
    let listen = SupervisorRequest::Listen {
        agent: "anna".parse().unwrap(),
        mode: SupervisionMode::Listen,
    };
    play.supervises("carl", listen).unwrap();
    play.tone_ends();
    play.supervises("carl", SupervisorRequest::StopListening)
        .unwrap();
    insta::assert_snapshot!(play.told(), @r#"
    0      carl offered
    0      > play offer-tone to the agent's leg
    0      carl asks: listen
    0      > Listen the agent's leg to the agent's leg
    0      carl on_call
    0      > silence the agent's leg
    0      the leg is kept
    0      carl talked
    0      carl ready
    0      carl asks: stop_listening
    "#);
}

#[test]
fn a_number_is_dialled_from_a_standing_leg_which_outlives_a_busy_signal() {
    let (mut play, _) = stands();
    play.told();
    let to = PhoneNumber::new("10086").unwrap();
    play.asks("anna", CallRequest::Dial { to }).unwrap();
    play.tone_ends();
    let number = play.party();
    play.hangs_up(&number, Cause::UserBusy);
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call transferring
    0      anna offered
    0      > play offer-tone to the agent's leg
    0      anna asks: dial
    0      anna on_call
    0      > ring tone to the agent's leg
    0      > ring 10086
    0      10086 busy
    0      > silence the agent's leg
    0      the leg is kept
    0      anna wrap_up
    0      call ended
    0      call ended with normal_clearing by System
    "#);
    assert!(play.engine.open_line(&"anna".parse().unwrap()).is_some());
}

#[test]
fn a_new_run_finds_the_leg_or_leaves_its_agent_not_ready() {
    let (mut play, line) = stands();
    play.killed(vec![standing(&line, "anna", None)]);
    play.queues_up("c1");
    play.tone_ends();
    assert!(play.told().contains("> bridge c1"));
    let (mut play, _) = stands();
    play.killed(Vec::new());
    insta::assert_snapshot!(play.told(), @r#"
    0      anna's line ended
    0      anna not_ready
    0      link sw up
    0      reconciled: 0 adopted, 1 closed
    "#);
}

#[test]
fn what_a_run_could_not_keep_of_a_standing_leg_is_seen_on_the_switch() {
    // Answered in its last instant.
    let mut play = centre_with_lines(&["anna"]);
    play.ready("anna");
    let line = play.line("anna");
    play.killed(vec![standing(&line, "anna", None)]);
    assert_eq!(
        play.engine.agents[&"anna".parse().unwrap()].state,
        AgentState::Ready
    );
    // Put together with a caller in its last instant.
    let (mut play, line) = stands();
    play.agent(
        "anna",
        AgentRequest::NotReady {
            reason: OutsideText::new("lunch"),
        },
    );
    play.queues_up("c1");
    play.killed(vec![
        up("c1", Some(&line)),
        standing(&line, "anna", Some("c1")),
    ]);
    insta::assert_snapshot!(play.told(), @r#"
    0      left desk: Answered
    0      call connected
    0      anna on_call
    0      link sw up
    0      reconciled: 0 adopted, 0 closed
    "#);
    // Rung in its last instant, for one who is ready by then: a leg too many.
    let (mut play, line) = stands();
    let stray = "0199c1c0-0000-7000-8000-000000000000";
    play.killed(vec![
        standing(&line, "anna", None),
        standing(stray, "anna", None),
    ]);
    insta::assert_snapshot!(play.told(), @r#"
    0      > hang up the agent's leg with normal_clearing
    0      link sw up
    0      reconciled: 1 adopted, 0 closed
    "#);
}

#[test]
fn a_bridge_that_is_not_told_is_undone_before_the_call_goes_on() {
    let (mut play, _) = stands();
    play.queues_up("c1");
    play.tone_ends();
    play.accept_orders();
    play.told();
    play.pass(Span::seconds(5));
    insta::assert_snapshot!(play.told(), @r#"
    5000   overdue: connecting
    5000   > part the agent's leg and c1
    5000   the leg is kept
    5000   offer to anna: NoAnswer
    5000   anna ready
    5000   call waiting
    5000   > music default to c1
    "#);
}

#[test]
fn who_is_found_talking_leaves_no_message() {
    let mut play = Play::with(|centre| {
        agent(centre, "anna").line = Line::Standing;
        queue(centre, "desk").overflow = vec![OverflowRule {
            when: OverflowWhen::Wait(Span::seconds(60)),
            to: OverflowTo::Voicemail(None),
        }];
    });
    play.ready("anna");
    let line = play.line("anna");
    play.answered(&line);
    play.agent(
        "anna",
        AgentRequest::NotReady {
            reason: OutsideText::new("lunch"),
        },
    );
    play.queues_up("c1");
    play.accept_orders();
    play.pass(Span::seconds(59));
    play.accepts = false;
    play.pass(Span::seconds(1));
    let greeting = play
        .orders
        .iter()
        .rev()
        .find_map(|order| match &order.command {
            SwitchCommand::Play { channel, .. } => Some((order.id, channel.clone())),
            _ => None,
        });
    let (playback, channel) = greeting.expect("the greeting is played");
    play.on_switch(SwitchEvent::PlaybackFinished { channel, playback });
    play.accept_orders();
    play.told();
    play.on_switch(SwitchEvent::Listed(Snapshot {
        legs: vec![up("c1", Some(&line)), standing(&line, "anna", Some("c1"))],
        ..Snapshot::default()
    }));
    play.on_switch(SwitchEvent::Listed(Snapshot {
        legs: vec![up("c1", Some(&line)), standing(&line, "anna", Some("c1"))],
        ..Snapshot::default()
    }));
    insta::assert_snapshot!(play.told(), @r#"
    60000  drift: bridge
    60000  call connected
    60000  anna on_call
    "#);
}

#[test]
fn an_agent_who_is_to_be_rung_for_each_call_loses_the_leg() {
    let (mut play, line) = talks();
    let mut settings = play.settings.clone();
    agent(&mut settings, "anna").line = Line::PerCall;
    play.event(Event::Configured {
        centre: Box::new(settings),
    });
    play.hangs_up("c1", Cause::NormalClearing);
    play.hangs_up(&line, Cause::NormalClearing);
    play.pass(Span::seconds(30));
    insta::assert_snapshot!(play.told(), @r#"
    0      anna's line ended
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      call ended
    0      call ended with normal_clearing by Caller
    30000  anna ready
    30000  overdue: recording
    30000  > find the recording
    "#);
}

#[test]
fn a_customer_is_called_back_from_a_standing_leg_which_outlives_a_busy_signal() {
    let mut play = Play::with(|centre| {
        queue(centre, "desk").callback = Some(callbacks());
        agent(centre, "anna").line = Line::Standing;
    });
    play.asks_to_be_called_back("c1");
    play.told();
    play.ready("anna");
    let line = play.line("anna");
    play.answered(&line);
    play.tone_ends();
    let customer = play.party();
    play.hangs_up(&customer, Cause::UserBusy);
    play.accept_orders();
    play.pass(Span::seconds(300));
    play.tone_ends();
    let customer = play.party();
    play.answered(&customer);
    play.bridged(&line, &customer);
    play.accept_orders();
    play.hangs_up(&customer, Cause::NormalClearing);
    let told = play.told();
    assert_eq!(told.matches("> ring anna").count(), 1, "{told}");
    assert_eq!(told.matches("the leg is kept").count(), 2, "{told}");
    assert!(told.contains("callback closed: reached"), "{told}");
}

#[test]
fn who_asks_for_ready_before_the_switch_is_there_is_rung_when_it_is() {
    let mut settings = centre();
    agent(&mut settings, "anna").line = Line::Standing;
    let mut play = Play::told_of(settings);
    play.ready("anna");
    play.on_switch(SwitchEvent::Snapshot(Snapshot::default()));
    let line = play.line("anna");
    play.answered(&line);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna not_ready
    0      anna's line wanted
    0      link sw up
    0      reconciled: 0 adopted, 0 closed
    0      anna's line ringing
    0      > ring anna
    0      anna's line open
    0      anna ready
    "#);
}
