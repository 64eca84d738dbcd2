//! An event never comes: the audit finds out from the switch's list, or the
//! deadline of the state that waits for it passes. Either way it is noted.

use super::*;
use crate::engine::call::CallState;
use crate::engine::cause::Cause;

/// A centre whose switch is compared with every thirty seconds.
fn audited() -> Play {
    let mut play = Play::unconnected();
    let mut centre = centre();
    centre.limits.audit_every = Span::seconds(30);
    play.event(Event::Configured {
        centre: Box::new(centre),
    });
    play.on_switch(SwitchEvent::Snapshot(Snapshot::default()));
    play.transcript.clear();
    play
}

/// Answers every list that is asked for in the next half minute.
fn list(play: &mut Play, legs: &[LiveLeg]) {
    for _ in 0..34 {
        play.pass(Span::seconds(1));
        let asked = |order: &SwitchOrder| order.command == SwitchCommand::List;
        if play.orders.iter().any(asked) {
            play.accept_orders();
            play.on_switch(SwitchEvent::Listed(Snapshot {
                legs: legs.to_vec(),
                ..Snapshot::default()
            }));
        }
        play.accept_orders();
    }
}

fn drifts(play: &Play) -> Vec<&'static str> {
    let drift = play.facts.iter().filter_map(|fact| match fact {
        Fact::Drift { kind, .. } => Some(kind.word()),
        _ => None,
    });
    drift.collect()
}

fn overdue(play: &Play) -> Vec<&'static str> {
    let overdue = play.facts.iter().filter_map(|fact| match fact {
        Fact::Overdue { stuck, .. } => Some(stuck.word()),
        _ => None,
    });
    overdue.collect()
}

/// anna talks with the caller of c1; gives the name of her leg.
fn talking(play: &mut Play) -> String {
    play.ready("anna");
    play.queues_up("c1");
    let leg = play.rung("anna");
    play.answered(&leg);
    play.bridged("c1", &leg);
    play.accept_orders();
    play.told();
    leg
}

#[test]
fn an_arrival_that_was_not_told_is_found() {
    let mut play = audited();
    list(&mut play, &[shown("c1", ChannelState::Ringing, None)]);
    assert_eq!(drifts(&play), ["arrival"]);
    assert_eq!(play.engine.calls.len(), 1);
}

#[test]
fn an_answer_that_was_not_told_is_found() {
    let mut play = audited();
    play.arrives("c1", "4001");
    play.accept_orders();
    list(&mut play, &[up("c1", None)]);
    assert_eq!(drifts(&play), ["answer"]);
    assert!(play.told().contains("> play welcome to c1"));
}

#[test]
fn an_end_that_was_not_told_is_found_and_frees_the_agent() {
    let mut play = audited();
    let leg = talking(&mut play);
    list(&mut play, &[]);
    assert_eq!(drifts(&play), ["end", "end"]);
    assert!(play.engine.calls.is_empty(), "{}", play.told());
    let ended = play.facts.iter().any(|fact| {
        matches!(
            fact,
            Fact::CallEnded {
                cause: Cause::Unseen,
                ..
            }
        )
    });
    assert!(ended, "{leg}");
}

#[test]
fn a_parting_that_was_not_told_is_found() {
    let mut play = audited();
    let leg = talking(&mut play);
    list(&mut play, &[up("c1", None), up(&leg, None)]);
    assert_eq!(drifts(&play)[0], "parting");
    assert_eq!(overdue(&play)[0], "apart");
}

#[test]
fn a_bridge_that_was_not_told_is_found_before_its_deadline_or_taken_down() {
    let mut play = audited();
    play.ready("anna");
    play.queues_up("c1");
    let leg = play.rung("anna");
    // Known to be answered just before the list that shows them together.
    play.pass(Span::millis(1_900));
    play.answered(&leg);
    play.accept_orders();
    list(&mut play, &[up("c1", Some(&leg)), up(&leg, Some("c1"))]);
    assert_eq!(drifts(&play)[0], "bridge");
    assert!(play.told().contains("anna on_call"));
}

#[test]
fn what_one_list_shows_alone_is_no_drift() {
    let mut play = audited();
    let leg = talking(&mut play);
    play.pass(Span::seconds(2));
    play.on_switch(SwitchEvent::Listed(Snapshot::default()));
    play.on_switch(SwitchEvent::Listed(Snapshot {
        legs: vec![up("c1", Some(&leg)), up(&leg, Some("c1"))],
        ..Snapshot::default()
    }));
    play.on_switch(SwitchEvent::Listed(Snapshot::default()));
    assert_eq!(drifts(&play), [""; 0]);
    assert_eq!(play.engine.calls.len(), 1);
}

#[test]
fn a_list_that_lags_is_no_evidence_and_an_examination_is() {
    let mut play = audited();
    let leg = talking(&mut play);
    let lagging = || {
        SwitchEvent::Listed(Snapshot {
            lags: true,
            ..Snapshot::default()
        })
    };
    play.on_switch(lagging());
    play.on_switch(lagging());
    let told = play.told();
    assert!(told.contains("> examine c1"), "{told}");
    play.on_switch(examined(vec![up("c1", Some(&leg)), up(&leg, Some("c1"))]));
    assert_eq!(drifts(&play), [""; 0]);
    play.on_switch(lagging());
    play.on_switch(lagging());
    let channels = [leg.as_str(), "c1"].map(|channel| channel.parse().unwrap());
    play.on_switch(SwitchEvent::Examined(Examination {
        legs: Vec::new(),
        strangers: channels.to_vec(),
    }));
    assert_eq!(drifts(&play), ["end", "end"]);
    assert!(play.engine.calls.is_empty());
}

#[test]
fn after_an_outage_nobody_is_rung_before_the_doubtful_legs_are_known() {
    let mut play = audited();
    play.queues_up("c1");
    play.queues_up("c2");
    play.on_switch(link_lost());
    play.ready("anna");
    play.told();
    play.on_switch(lagging_snapshot(&[("c2", ChannelState::Answered)]));
    play.on_switch(SwitchEvent::Examined(Examination {
        legs: Vec::new(),
        strangers: vec!["c1".parse().unwrap()],
    }));
    play.accept_orders();
    insta::assert_snapshot!(play.told(), @r"
    0      > examine c1
    0      left desk: Abandoned
    0      call ended
    0      call ended with unseen by System
    0      link sw up
    0      reconciled: 0 adopted, 1 closed
    0      > ring anna
    0      anna offered
    0      call offered
    ");
}

#[test]
fn after_an_outage_nobody_is_rung_before_it_is_known_whose_turn_it_is() {
    let mut play = audited();
    play.queues_up("c2");
    play.on_switch(link_lost());
    play.ready("anna");
    play.told();
    // The run before this one took it into the queue and kept no word of it.
    let answered = ChannelState::Answered;
    play.on_switch(lagging_snapshot(&[("c1", answered), ("c2", answered)]));
    let call = CallId::from_ulid(ulid::Ulid(1));
    let mut first = up("c1", None);
    first.arrival.variables = place_at_desk(call, Timestamp::from_millis(500_000));
    play.on_switch(examined(vec![first]));
    play.accept_orders();
    let ringing = play.engine.calls.get(&call).map(|call| call.state);
    assert_eq!(ringing, Some(CallState::Offered), "{}", play.told());
}

#[test]
fn a_prompt_whose_end_is_not_told_ends_by_itself() {
    let mut play = Play::begin();
    play.arrives("c1", "4001");
    play.answered("c1");
    play.accept_orders();
    play.pass(Span::seconds(121));
    play.accept_orders();
    assert_eq!(overdue(&play), ["prompt"]);
    play.pass(Span::seconds(6));
    assert!(
        play.told().contains("> hang up c1"),
        "the key was awaited then"
    );
}

#[test]
fn a_call_that_is_never_answered_is_given_up() {
    let mut play = Play::begin();
    play.arrives("c1", "4001");
    play.accept_orders();
    play.pass(Span::seconds(76));
    play.accept_orders();
    assert_eq!(overdue(&play)[0], "answering");
    // It is asked to end twice more before it counts as gone.
    play.pass(Span::seconds(31));
    assert_eq!(overdue(&play), ["answering", "closing"]);
    assert!(play.engine.calls.is_empty());
}

#[test]
fn a_device_that_falls_silent_frees_the_call_and_the_agent() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    play.accept_orders();
    play.pass(Span::seconds(26));
    play.accept_orders();
    assert_eq!(overdue(&play), ["offered"]);
    let leg = play.rung("anna");
    play.pass(Span::seconds(31));
    assert_eq!(overdue(&play)[..2], ["offered", "closing"]);
    assert_ne!(
        play.rung("anna"),
        leg,
        "anna is rung again when the rest is over"
    );
}

#[test]
fn a_bridge_that_never_stands_frees_the_call_and_the_agent() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    let leg = play.rung("anna");
    play.answered(&leg);
    play.accept_orders();
    play.pass(Span::seconds(6));
    assert_eq!(overdue(&play), ["connecting"]);
    assert!(play.told().contains("offer to anna"));
}

#[test]
fn a_recording_whose_end_is_not_told_is_looked_for_and_then_given_up() {
    let mut play = Play::begin();
    let leg = talking(&mut play);
    play.hangs_up(&leg, Cause::NormalClearing);
    play.hangs_up("c1", Cause::NormalClearing);
    play.accept_orders();
    play.pass(Span::seconds(31));
    assert_eq!(overdue(&play), ["recording"]);
    assert!(play.told().contains("> find the recording"));
    play.accept_orders();
    play.pass(Span::seconds(31));
    assert!(play.told().contains("recording lost"));
}

#[test]
fn an_agent_whose_wrap_up_or_rest_is_over_is_free_without_a_word() {
    let mut play = Play::begin();
    let leg = talking(&mut play);
    play.hangs_up(&leg, Cause::NormalClearing);
    play.hangs_up("c1", Cause::NormalClearing);
    play.pass(Span::seconds(31));
    assert!(play.told().contains("anna ready"));
}

/// The last order that passed and says `wanted`.
fn order(play: &Play, wanted: fn(&SwitchCommand) -> bool) -> CommandId {
    let mut orders = play.orders.iter().rev();
    let found = orders.find(|order| wanted(&order.command));
    found.expect("such an order was given").id
}

#[test]
fn a_lost_order_to_hang_up_a_device_that_answered_late_leaves_it_alone_until_it_has_ended() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    let leg = play.rung("anna");
    play.hangs_up("c1", Cause::NormalClearing);
    play.event(Event::Completed {
        command: order(&play, |command| {
            matches!(command, SwitchCommand::Refuse { .. })
        }),
        outcome: Outcome::Failed {
            why: Failure::WrongState,
            detail: OutsideText::new("answered"),
        },
    });
    play.told();
    // Nothing is heard of the order to hang it up.
    play.pass(Span::seconds(11));
    play.queues_up("c2");
    let told = play.told();
    assert!(told.contains("> hang up the agent's leg"), "{told}");
    assert_eq!(play.rung("anna"), leg, "she still has a call on her phone");
    play.hangs_up(&leg, Cause::NormalClearing);
    assert_ne!(play.rung("anna"), leg);
}

#[test]
fn a_dead_mans_timer_is_renewed_again_when_an_order_to_renew_it_is_lost_or_fails() {
    for refused in [false, true] {
        let mut play = Play::begin();
        play.queues_up("c1");
        play.accept_orders();
        let renewals = |play: &Play| {
            let renews =
                |order: &&SwitchOrder| matches!(order.command, SwitchCommand::Guard { .. });
            play.orders.iter().filter(renews).count()
        };
        let half = Span::millis(play.engine.limits().dead_man.as_millis() / 2);
        play.pass(half);
        assert_eq!(renewals(&play), 1);
        let first = order(&play, |command| {
            matches!(command, SwitchCommand::Guard { .. })
        });
        if refused {
            play.event(Event::Completed {
                command: first,
                outcome: Outcome::Failed {
                    why: Failure::Refused,
                    detail: OutsideText::new("no"),
                },
            });
        }
        play.pass(Span::seconds(11));
        assert_eq!(renewals(&play), 2, "refused: {refused}");
    }
}

#[test]
fn who_hung_up_and_was_not_told_of_is_asked_for_before_a_call_is_ended() {
    let mut play = Play::begin();
    let leg = talking(&mut play);
    play.on_switch(SwitchEvent::Unbridged {
        channel: leg.parse().unwrap(),
        peer: "c1".parse().unwrap(),
    });
    play.pass(Span::seconds(11));
    play.on_switch(SwitchEvent::Examined(Examination {
        legs: vec![up(&leg, None)],
        strangers: vec!["c1".parse().unwrap()],
    }));
    let told = play.told();
    assert!(told.contains("call ended with unseen"), "{told}");
    assert_eq!(drifts(&play), ["end"]);
    assert!(overdue(&play).is_empty());
}
