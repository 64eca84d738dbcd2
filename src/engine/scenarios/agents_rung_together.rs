//! Several agents are rung for one call, and several devices for one agent: the
//! first to answer gets it.

use super::*;
use crate::engine::cause::Cause;
use crate::engine::centre::Device;
use crate::engine::explanation::Explanation;
use crate::switch::Target;

/// All three agents serve the queue, whose calls ring so.
fn ringing(strategy: Strategy) -> Play {
    let mut play = Play::with(|centre| {
        let desk = queue(centre, "desk");
        desk.strategy = strategy;
        desk.requires.clear();
        desk.record = false;
        desk.progress = Span::seconds(8);
    });
    for agent in ["anna", "bert", "carl"] {
        play.ready(agent);
        play.pass(Span::seconds(1));
    }
    play.told();
    play
}

/// An agent with a desk phone and a mobile beside bert, who has one device.
fn with_devices() -> Play {
    let mut play = Play::with(|centre| {
        let device = |to, confirm| Device {
            to,
            switch: None,
            confirm,
        };
        agent(centre, "anna").devices = vec![
            device(Target::Extension(Extension::new("anna").unwrap()), false),
            device(Target::Extension(Extension::new("soft").unwrap()), false),
        ];
    });
    play.ready("anna");
    play.queues_up("c1");
    play.told();
    play
}

/// The legs of an agent's devices, in the order in which they were rung.
fn devices(play: &Play, of: &str) -> Vec<String> {
    let legs = play.facts.iter().filter_map(|fact| match fact {
        Fact::LegStarted {
            leg,
            agent: Some(agent),
            ..
        } if agent.as_str() == of => Some(leg.channel.to_string()),
        _ => None,
    });
    legs.collect()
}

fn decisions(play: &Play) -> Vec<&Explanation> {
    let decided = play.facts.iter().filter_map(|fact| match fact {
        Fact::Decided { explanation, .. } => Some(explanation),
        _ => None,
    });
    decided.collect()
}

#[test]
fn all_ring_and_the_first_to_answer_gets_the_call() {
    let mut play = ringing(Strategy::RingAll);
    play.queues_up("c1");
    let (anna, bert, carl) = (play.rung("anna"), play.rung("bert"), play.rung("carl"));
    play.answered(&bert);
    play.bridged("c1", &bert);
    for leg in [&anna, &carl] {
        play.hangs_up(leg, Cause::AnsweredElsewhere);
    }
    insta::assert_snapshot!(play.told(), @r#"
    3000   call arrived
    3000   call in_flow
    3000   > answer c1
    3000   > play welcome to c1
    3000   > silence c1
    3000   call waiting
    3000   > ring anna
    3000   anna offered
    3000   call offered
    3000   > ring bert
    3000   bert offered
    3000   > ring carl
    3000   carl offered
    3000   > music default to c1
    3000   > refuse the agent's leg with answered_elsewhere
    3000   offer to anna: AnsweredElsewhere
    3000   anna ready
    3000   > refuse the agent's leg with answered_elsewhere
    3000   offer to carl: AnsweredElsewhere
    3000   carl ready
    3000   > bridge c1 and the agent's leg
    3000   offer to bert: Accepted
    3000   left desk: Answered
    3000   call connected
    3000   bert on_call
    "#);
    let decisions = decisions(&play);
    assert_eq!(decisions.len(), 1, "one decision for all of them");
    assert_eq!((decisions[0].rung, decisions[0].eligible), (3, 3));
    assert!(serde_json::to_string(decisions[0]).unwrap().len() < 1_024);
}

#[test]
fn who_answers_second_is_let_go_and_nobody_has_missed_anything() {
    let mut play = ringing(Strategy::RingAll);
    play.queues_up("c1");
    let (anna, bert, carl) = (play.rung("anna"), play.rung("bert"), play.rung("carl"));
    play.answered(&anna);
    play.told();
    // The order to stop ringing has crossed the answer.
    play.answered(&carl);
    play.hangs_up(&bert, Cause::AnsweredElsewhere);
    play.hangs_up(&carl, Cause::NormalClearing);
    play.bridged("c1", &anna);
    insta::assert_snapshot!(play.told(), @r#"
    3000   > hang up the agent's leg with normal_clearing
    3000   offer to anna: Accepted
    3000   left desk: Answered
    3000   call connected
    3000   anna on_call
    "#);
    let missed = |fact: &&Fact| matches!(fact, Fact::OfferMissed { .. } | Fact::AgentRests { .. });
    assert_eq!(play.facts.iter().find(missed), None);
    play.queues_up("c2");
    let decided = play.facts.iter().rev().find_map(|fact| match fact {
        Fact::Decided { explanation, .. } => Some(explanation.chosen.agent.to_string()),
        _ => None,
    });
    assert_eq!(
        decided.as_deref(),
        Some("bert"),
        "idle for as long as before"
    );
}

#[test]
fn a_caller_who_leaves_stops_all_phones() {
    let mut play = ringing(Strategy::RingAll);
    play.queues_up("c1");
    let legs = [play.rung("anna"), play.rung("bert"), play.rung("carl")];
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    for leg in &legs {
        play.hangs_up(leg, Cause::OriginatorCancel);
    }
    insta::assert_snapshot!(play.told(), @r#"
    3000   > refuse the agent's leg with originator_cancel
    3000   offer to anna: CallerLeft
    3000   anna ready
    3000   > refuse the agent's leg with originator_cancel
    3000   offer to bert: CallerLeft
    3000   bert ready
    3000   > refuse the agent's leg with originator_cancel
    3000   offer to carl: CallerLeft
    3000   carl ready
    3000   left desk: Abandoned
    3000   call ended
    3000   call ended with normal_clearing by Caller
    "#);
}

#[test]
fn who_becomes_free_meanwhile_is_rung_for_the_most_urgent_call() {
    let mut play = ringing(Strategy::RingAll);
    play.agent(
        "carl",
        AgentRequest::NotReady {
            reason: OutsideText::new("lunch"),
        },
    );
    play.queues_up("c1");
    play.pass(Span::seconds(1));
    play.queues_up("c2");
    play.told();
    play.ready("carl");
    // One who has not answered rests, and is rung for the same call again.
    let bert = play.rung("bert");
    play.hangs_up(&bert, Cause::NoAnswer);
    play.pass(Span::seconds(5));
    insta::assert_snapshot!(play.told(), @r#"
    4000   carl ready
    4000   > ring carl
    4000   carl offered
    4000   offer to bert: NoAnswer
    4000   bert ready
    9000   > ring bert
    9000   bert offered
    "#);
    // Whoever was rung for the call that anna takes is rung for the other one as
    // soon as their devices are free.
    let (anna, bert, carl) = (play.rung("anna"), play.rung("bert"), play.rung("carl"));
    play.answered(&anna);
    play.bridged("c1", &anna);
    insta::assert_snapshot!(play.told(), @r#"
    9000   > refuse the agent's leg with answered_elsewhere
    9000   offer to carl: AnsweredElsewhere
    9000   carl ready
    9000   > refuse the agent's leg with answered_elsewhere
    9000   offer to bert: AnsweredElsewhere
    9000   bert ready
    9000   > bridge c1 and the agent's leg
    9000   offer to anna: Accepted
    9000   left desk: Answered
    9000   call connected
    9000   anna on_call
    "#);
    for leg in [&bert, &carl] {
        play.hangs_up(leg, Cause::AnsweredElsewhere);
    }
    insta::assert_snapshot!(play.told(), @r#"
    9000   > ring bert
    9000   bert offered
    9000   call offered
    9000   > ring carl
    9000   carl offered
    "#);
    assert!(play.rung("bert") != bert && play.rung("carl") != carl);
}

#[test]
fn nobody_answers_and_the_rounds_are_counted() {
    let mut play = ringing(Strategy::RingAll);
    play.queues_up("c1");
    for _ in 0..3 {
        for agent in ["anna", "bert", "carl"] {
            let leg = play.rung(agent);
            play.hangs_up(&leg, Cause::NoAnswer);
        }
        play.accept_orders();
        play.pass(Span::seconds(5));
    }
    let told = play.told();
    assert!(told.contains("> hang up c1 with congestion"), "{told}");
    let offers = |fact: &&Fact| matches!(fact, Fact::Offered { .. });
    assert_eq!(play.facts.iter().filter(offers).count(), 9);
}

#[test]
fn a_call_that_waited_too_long_overflows_although_phones_ring() {
    let mut play = Play::with(|centre| {
        let desk = queue(centre, "desk");
        desk.strategy = Strategy::RingAll;
        desk.overflow = vec![OverflowRule {
            when: OverflowWhen::Wait(Span::seconds(10)),
            to: OverflowTo::HangUp,
        }];
    });
    play.ready("anna");
    play.ready("bert");
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(10));
    insta::assert_snapshot!(play.told(), @r#"
    10000  overflow of desk: Wait(Span(10000)) to HangUp
    10000  > refuse the agent's leg with originator_cancel
    10000  offer to anna: Withdrawn
    10000  anna ready
    10000  > refuse the agent's leg with originator_cancel
    10000  offer to bert: Withdrawn
    10000  bert ready
    10000  left desk: Overflowed
    10000  > silence c1
    10000  > hang up c1 with normal_clearing
    "#);
}

#[test]
fn one_more_is_rung_each_while_and_those_before_ring_on() {
    let mut play = ringing(Strategy::Progressive);
    play.queues_up("c1");
    play.pass(Span::seconds(8));
    let anna = play.rung("anna");
    // No answer: the next is rung at once, and the one after in its time.
    play.hangs_up(&anna, Cause::NoAnswer);
    play.accept_orders();
    play.pass(Span::seconds(8));
    let bert = play.rung("bert");
    play.answered(&bert);
    play.bridged("c1", &bert);
    insta::assert_snapshot!(play.told(), @r#"
    3000   call arrived
    3000   call in_flow
    3000   > answer c1
    3000   > play welcome to c1
    3000   > silence c1
    3000   call waiting
    3000   > ring anna
    3000   anna offered
    3000   call offered
    3000   > music default to c1
    11000  > ring bert
    11000  bert offered
    11000  offer to anna: NoAnswer
    11000  anna ready
    11000  > ring carl
    11000  carl offered
    19000  > ring anna
    19000  anna offered
    19000  > refuse the agent's leg with answered_elsewhere
    19000  offer to carl: AnsweredElsewhere
    19000  carl ready
    19000  > refuse the agent's leg with answered_elsewhere
    19000  offer to anna: AnsweredElsewhere
    19000  anna ready
    19000  > bridge c1 and the agent's leg
    19000  offer to bert: Accepted
    19000  left desk: Answered
    19000  call connected
    19000  bert on_call
    "#);
    let decided = decisions(&play);
    let beside: Vec<u32> = decided.iter().map(|decided| decided.beside).collect();
    assert_eq!(beside, [0, 1, 1, 2]);
}

#[test]
fn a_new_run_lets_all_phones_ring_on() {
    let mut play = ringing(Strategy::RingAll);
    play.queues_up("c1");
    play.accept_orders();
    let mut memory = crate::engine::memory::Memory::default();
    for (at, fact) in &play.dated {
        memory.apply(*at, fact);
    }
    let legs = [play.rung("anna"), play.rung("bert"), play.rung("carl")];
    let mut heir = Play::told_of(play.settings.clone());
    heir.at = play.at;
    heir.accepts = true;
    heir.event(Event::Remembered {
        remembered: memory.remembered(),
    });
    let mut shown: Vec<LiveLeg> = legs
        .iter()
        .map(|leg| super::shown(leg, ChannelState::Ringing, None))
        .collect();
    shown.push(up("c1", None));
    heir.on_switch(SwitchEvent::Snapshot(Snapshot {
        legs: shown,
        ..Snapshot::default()
    }));
    heir.told();
    heir.answered(&legs[1]);
    insta::assert_snapshot!(heir.told(), @r#"
    3000   > refuse the agent's leg with answered_elsewhere
    3000   offer to anna: AnsweredElsewhere
    3000   anna ready
    3000   > refuse the agent's leg with answered_elsewhere
    3000   offer to carl: AnsweredElsewhere
    3000   carl ready
    3000   > bridge c1 and the agent's leg
    "#);
}

#[test]
fn all_devices_of_an_agent_ring_and_the_first_to_answer_counts() {
    let mut play = with_devices();
    let legs = devices(&play, "anna");
    assert_eq!(legs.len(), 2);
    play.answered(&legs[1]);
    play.bridged("c1", &legs[1]);
    play.hangs_up(&legs[0], Cause::AnsweredElsewhere);
    insta::assert_snapshot!(play.told(), @r#"
    0      > refuse the agent's leg with answered_elsewhere
    0      > bridge c1 and the agent's leg
    0      offer to anna: Accepted
    0      left desk: Answered
    0      call connected
    0      anna on_call
    0      > record c1 and the agent's leg
    "#);
}

#[test]
fn a_busy_device_does_not_end_an_offer_while_another_rings() {
    let mut play = with_devices();
    let legs = devices(&play, "anna");
    play.hangs_up(&legs[0], Cause::UserBusy);
    assert_eq!(play.told(), "");
    play.hangs_up(&legs[1], Cause::NoAnswer);
    insta::assert_snapshot!(play.told(), @r#"
    0      offer to anna: NoAnswer
    0      anna ready
    0      call waiting
    "#);
}

#[test]
fn who_refuses_on_one_device_has_refused_on_all() {
    let mut play = with_devices();
    let legs = devices(&play, "anna");
    play.hangs_up(&legs[0], Cause::Rejected);
    insta::assert_snapshot!(play.told(), @r#"
    0      > refuse the agent's leg with originator_cancel
    0      offer to anna: Rejected
    0      anna ready
    0      call waiting
    "#);
}
