use super::*;
use crate::engine::agent::AgentState;
use crate::engine::call::CallState;
use crate::engine::call::OfferStage;
use crate::engine::cause::Cause;
use crate::engine::fact::{
    Remembered, RememberedAgent, RememberedBlock, RememberedCall, RememberedOffer, RememberedVisit,
};
use crate::engine::leg::LegState;
use crate::engine::party::Talk;
use crate::engine::shift::Shift;
use std::collections::BTreeSet;

fn snapshot(legs: Vec<LiveLeg>) -> SwitchEvent {
    SwitchEvent::Snapshot(Snapshot {
        legs,
        ..Snapshot::default()
    })
}

#[test]
fn a_lost_link_stops_offers_until_the_snapshot() {
    let mut play = Play::begin();
    play.queues_up("c1");
    play.told();
    play.on_switch(link_lost());
    play.ready("anna");
    play.pass(Span::seconds(5));
    play.on_switch(snapshot(vec![up("c1", None)]));
    insta::assert_snapshot!(play.told(), @r#"
    0      link sw down
    0      anna ready
    5000   link sw up
    5000   reconciled: 0 adopted, 0 closed
    5000   > ring anna
    5000   anna offered
    5000   call offered
    "#);
}

#[test]
fn calls_that_ended_meanwhile_are_closed_and_unknown_ones_taken_on() {
    let mut play = Play::begin();
    play.queues_up("c1");
    play.on_switch(link_lost());
    play.told();
    play.on_switch(snapshot(vec![up("c2", None)]));
    insta::assert_snapshot!(play.told(), @r#"
    0      left desk: Failed
    0      call ended
    0      call ended with network_failure by System
    0      call arrived
    0      call in_flow
    0      > play welcome to c2
    0      link sw up
    0      reconciled: 1 adopted, 1 closed
    "#);
}

#[test]
fn a_leg_that_carries_its_place_keeps_it() {
    let mut play = Play::begin();
    play.queues_up("c2");
    play.told();
    let mut old = up("c1", None);
    let earlier = Timestamp::from_millis(play.at.as_millis() - 60_000);
    old.arrival.variables = LegVariables::default()
        .with(LegVariable::Call, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .with(LegVariable::Queue, "desk")
        .with(LegVariable::Priority, 0)
        .with(LegVariable::Entered, earlier.as_millis());
    play.on_switch(snapshot(vec![old, up("c2", None)]));
    play.ready("anna");
    let offered = play.facts.iter().rev().find_map(|fact| match fact {
        Fact::Offered { call, .. } => Some(call.to_string()),
        _ => None,
    });
    assert_eq!(offered.as_deref(), Some("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
}

#[test]
fn an_unknown_conversation_is_understood_by_its_legs_and_a_strange_one_left_alone() {
    let mut play = Play::begin();
    play.ready("anna");
    let call = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let mut caller = up("c1", Some("a1"));
    caller.arrival.variables = LegVariables::default().with(LegVariable::Call, call);
    let mut agent = up("a1", Some("c1"));
    agent.arrival.variables = LegVariables::default()
        .with(LegVariable::Call, call)
        .with(LegVariable::Role, "agent")
        .with(LegVariable::Agent, "anna");
    play.told();
    let strangers = [up("x", Some("y")), up("y", Some("x"))];
    play.on_switch(snapshot([vec![caller, agent], strangers.to_vec()].concat()));
    play.hangs_up("a1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call connected
    0      anna on_call
    0      reconciled: 1 adopted, 0 closed
    0      anna wrap_up
    0      > hang up c1 with normal_clearing
    "#);
}

/// A call whose caller was answered before the run.
fn remembered_call(play: &Play, call: CallId, channel: &str, state: CallState) -> RememberedCall {
    RememberedCall {
        recognition: Default::default(),
        wishes: Default::default(),
        call,
        leg: LegId {
            switch: SWITCH.parse().unwrap(),
            channel: channel.parse().unwrap(),
        },
        caller_number: OutsideText::new("1"),
        caller_name: OutsideText::default(),
        dialled: OutsideText::new("4001"),
        started: play.at,
        state,
        state_since: play.at,
        leg_state: LegState::Answered,
        visits: Vec::new(),
        offers: 0,
        talk: Talk::default(),
        parties: Vec::new(),
        parking: None,
        served: None,
        leaving: None,
        diverted: None,
        rules_tried: Default::default(),
        dialler: None,
        devices: Vec::new(),
        rung: Default::default(),
        ringing: Vec::new(),
        called_back: false,
        offer: None,
        block: None,
        ending: None,
    }
}

#[test]
fn a_new_run_goes_on_where_the_last_one_stopped() {
    let mut play = Play::unconnected();
    let call = |id: &str, channel: &str, state: CallState| {
        remembered_call(&play, id.parse().unwrap(), channel, state)
    };
    let mut waiting = call("01ARZ3NDEKTSV4RRFFQ69G5FAV", "c1", CallState::Waiting);
    let visit = RememberedVisit {
        queue: "desk".parse().unwrap(),
        priority: 0,
        entered: play.at,
        step: 0,
        sought: None,
    };
    waiting.visits.push(visit.clone());
    let mut talking = call("01ARZ3NDEKTSV4RRFFQ69G5FAW", "c2", CallState::Connected);
    let leg = LegId {
        switch: SWITCH.parse().unwrap(),
        channel: "a2".parse().unwrap(),
    };
    talking.leg_state = LegState::Bridged;
    talking.offer = Some(RememberedOffer {
        queue: None,
        offer: OfferId::from_ulid(ulid::Ulid::nil()),
        agent: "anna".parse().unwrap(),
        leg,
        stage: OfferStage::Connected,
    });
    let mut over = call("01ARZ3NDEKTSV4RRFFQ69G5FAX", "c3", CallState::Waiting);
    over.visits.push(visit);
    let agent = |name: &str, state: AgentState, call: Option<CallId>| RememberedAgent {
        shift: Shift::default(),
        agent: name.parse().unwrap(),
        state,
        since: play.at,
        idle_since: play.at,
        call,
        until: None,
        rests_until: None,
        next: None,
        missed: BTreeMap::new(),
        extensions: 0,
        line: None,
    };
    let talked_on = talking.call;
    let remembered = Remembered {
        patrons: Default::default(),
        callbacks: Vec::new(),
        messages: Default::default(),
        lamps: Vec::new(),
        agents: vec![
            agent("anna", AgentState::OnCall, Some(talked_on)),
            agent("bert", AgentState::Ready, None),
        ],
        calls: vec![waiting, talking, over],
        closing: Vec::new(),
        recordings: Vec::new(),
        learnt: Vec::new(),
        last_command: CommandId(41),
    };
    play.told();
    play.event(Event::Remembered { remembered });
    play.on_switch(snapshot(vec![
        up("c1", None),
        up("c2", Some("a2")),
        up("a2", Some("c2")),
    ]));
    assert!(play.orders.iter().all(|order| order.id > CommandId(41)));
    insta::assert_snapshot!(play.told(), @r#"
    0      carl signed_out
    0      left desk: Abandoned
    0      call ended
    0      call ended with unseen by System
    0      link sw up
    0      reconciled: 0 adopted, 1 closed
    0      > ring bert
    0      bert offered
    0      call offered
    "#);
}

#[test]
fn an_offer_that_the_last_run_could_not_keep_rings_on() {
    let mut play = Play::begin();
    play.queues_up("c1");
    let call = *play.engine.calls.keys().next().unwrap();
    play.on_switch(link_lost());
    play.ready("anna");
    play.ready("bert");
    play.told();
    let channel = OfferId::from_ulid(ulid::Ulid(9)).channel();
    let device = ringing_for(call, "anna", &channel);
    play.on_switch(snapshot(vec![up("c1", None), device]));
    play.answered(channel.as_str());
    insta::assert_snapshot!(play.told(), @r#"
    0      anna offered
    0      call offered
    0      link sw up
    0      reconciled: 1 adopted, 0 closed
    0      > music default to c1
    0      > bridge c1 and the agent's leg
    "#);
}

#[test]
fn a_device_that_stops_ringing_while_it_is_looked_at_rings_for_nobody() {
    let mut play = Play::begin();
    play.queues_up("c1");
    let call = *play.engine.calls.keys().next().unwrap();
    play.on_switch(link_lost());
    play.ready("anna");
    let channel = OfferId::from_ulid(ulid::Ulid(9)).channel();
    play.on_switch(lagging_snapshot(&[
        ("c1", ChannelState::Answered),
        (channel.as_str(), ChannelState::Ringing),
    ]));
    play.hangs_up(channel.as_str(), Cause::NoAnswer);
    let device = ringing_for(call, "anna", &channel);
    play.on_switch(examined(vec![device]));
    play.told();
    play.accept_orders();
    assert!(play.told().contains("> ring anna"));
}

#[test]
fn a_place_that_the_last_run_could_not_keep_is_looked_for_on_the_leg() {
    let mut play = Play::unconnected();
    let entered = play.at;
    let call = CallId::from_ulid(ulid::Ulid(1));
    let in_flow = RememberedCall {
        block: Some(RememberedBlock {
            flow: "desk".parse().unwrap(),
            block: "menu".parse().unwrap(),
            attempts: 1,
        }),
        ..remembered_call(&play, call, "c1", CallState::InFlow)
    };
    play.event(Event::Remembered {
        remembered: Remembered {
            calls: vec![in_flow],
            ..Remembered::default()
        },
    });
    play.told();
    play.pass(Span::seconds(3));
    play.on_switch(lagging_snapshot(&[("c1", ChannelState::Answered)]));
    let told = play.told();
    assert!(told.contains("> examine c1"), "{told}");
    let mut leg = up("c1", None);
    leg.arrival.variables = place_at_desk(call, entered);
    play.on_switch(examined(vec![leg]));
    play.accept_orders();
    let visits = &play.engine.calls[&call].visits;
    let entries: Vec<Timestamp> = visits.iter().map(|visit| visit.place.entered).collect();
    assert_eq!(entries, [entered]);
}

#[test]
fn after_an_outage_every_dead_mans_timer_is_renewed_before_anything_else_is_repeated() {
    const CALLERS: usize = 200;
    let mut play = Play::unconnected();
    let mut centre = centre();
    for desk in centre.queues.values_mut() {
        desk.max_waiting = u32::try_from(CALLERS).unwrap();
    }
    play.event(Event::Configured {
        centre: Box::new(centre),
    });
    play.on_switch(snapshot(Vec::new()));
    let channels: Vec<String> = (0..CALLERS).map(|caller| format!("c{caller}")).collect();
    for channel in &channels {
        play.queues_up(channel);
    }
    play.on_switch(link_lost());
    play.on_switch(snapshot(
        channels.iter().map(|channel| up(channel, None)).collect(),
    ));
    play.orders.clear();
    let orders_of = |play: &Play, wanted: fn(&SwitchCommand) -> bool| {
        let wanted = play.orders.iter().filter(|order| wanted(&order.command));
        wanted
            .filter_map(|order| order.command.channel())
            .collect::<BTreeSet<_>>()
            .len()
    };
    play.pass(Span::millis(200));
    let renewed =
        |play: &Play| orders_of(play, |order| matches!(order, SwitchCommand::Guard { .. }));
    let resumed =
        |play: &Play| orders_of(play, |order| matches!(order, SwitchCommand::Music { .. }));
    assert_eq!(renewed(&play), CALLERS);
    assert!(resumed(&play) < CALLERS, "the switch is not flooded");
    play.pass(Span::seconds(2));
    assert_eq!(resumed(&play), CALLERS);
}

#[test]
fn a_run_gives_no_number_of_a_lost_run_again_though_the_clock_was_set_back() {
    let numbers = |seed| {
        let mut play = Play::unconnected();
        play.event(Event::Started { seed });
        let remembered = Remembered {
            last_command: CommandId(41),
            ..Remembered::default()
        };
        play.event(Event::Remembered { remembered });
        play.on_switch(SwitchEvent::Snapshot(Snapshot::default()));
        play.arrives("c1", "4001");
        let numbers = play.orders.iter().map(|order| order.id);
        numbers.collect::<BTreeSet<_>>()
    };
    // Both begin in the same millisecond, as far as the clock tells.
    assert!(numbers(1).is_disjoint(&numbers(2)));
}

#[test]
fn a_caller_still_together_with_a_leg_that_is_being_ended_is_taken_into_our_hands() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    let leg = play.rung("anna");
    play.answered(&leg);
    play.accept_orders();
    // The bridge is not told; her leg is to end, which is not told either.
    play.pass(Span::seconds(6));
    play.on_switch(link_lost());
    play.pass(Span::seconds(31));
    play.told();
    let found = vec![up("c1", Some(&leg)), up(&leg, Some("c1"))];
    play.on_switch(snapshot(found));
    play.pass(Span::seconds(1));
    let told = play.told();
    assert!(told.contains("> music default to c1"), "{told}");
}

#[test]
fn two_that_came_apart_before_an_outage_are_judged_by_the_list_after_it() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    let leg = play.rung("anna");
    play.answered(&leg);
    play.bridged("c1", &leg);
    play.accept_orders();
    play.on_switch(SwitchEvent::Unbridged {
        channel: leg.parse().unwrap(),
        peer: "c1".parse().unwrap(),
    });
    play.on_switch(link_lost());
    play.pass(Span::seconds(60));
    play.told();
    play.on_switch(snapshot(vec![up(&leg, None)]));
    let told = play.told();
    assert!(told.contains("call ended with unseen"), "{told}");
}

#[test]
fn a_conversation_that_the_last_run_could_not_keep_is_put_to_its_call() {
    let mut play = Play::begin();
    play.queues_up("c1");
    let call = *play.engine.calls.keys().next().unwrap();
    play.on_switch(link_lost());
    play.ready("anna");
    play.told();
    let mut agent = up("a1", Some("c1"));
    agent.arrival.variables = LegVariables::default()
        .with(LegVariable::Call, call)
        .with(LegVariable::Role, "agent")
        .with(LegVariable::Agent, "anna");
    play.on_switch(snapshot(vec![up("c1", Some("a1")), agent]));
    insta::assert_snapshot!(play.told(), @r#"
    0      left desk: Answered
    0      call connected
    0      anna on_call
    0      link sw up
    0      reconciled: 1 adopted, 0 closed
    "#);
    play.hangs_up("a1", Cause::NormalClearing);
    assert!(play.told().contains("anna wrap_up"));
}

#[test]
fn a_key_pressed_in_a_conversation_leads_nowhere_though_the_menu_was_not_left() {
    let mut play = Play::begin();
    play.arrives("c1", "4001");
    play.answered("c1");
    play.accept_orders();
    let call = *play.engine.calls.keys().next().unwrap();
    play.on_switch(link_lost());
    // The run before had put the caller into the queue and could not keep it.
    let mut caller = up("c1", None);
    caller.arrival.variables = LegVariables::default()
        .with(LegVariable::Call, call)
        .with(LegVariable::Queue, "desk")
        .with(LegVariable::Entered, play.at.as_millis())
        .with(LegVariable::Priority, 0);
    play.on_switch(snapshot(vec![caller]));
    play.ready("anna");
    let leg = play.rung("anna");
    play.answered(&leg);
    play.bridged("c1", &leg);
    play.told();
    play.key("c1", '1');
    let told = play.told();
    assert!(!told.contains("entered"), "{told}");
    assert!(!told.contains("call waiting"), "{told}");
}

#[test]
fn a_call_that_could_not_be_answered_because_its_switch_was_out_of_reach_is_answered_later() {
    let mut play = Play::begin();
    play.arrives("c1", "4001");
    let answers = |order: &&SwitchOrder| matches!(order.command, SwitchCommand::Answer { .. });
    let answer = play.orders.iter().find(answers).unwrap().id;
    play.event(Event::Completed {
        command: answer,
        outcome: Outcome::Failed {
            why: Failure::LinkDown,
            detail: OutsideText::new("reset"),
        },
    });
    play.on_switch(link_lost());
    play.told();
    let mut caller = up("c1", None);
    caller.arrival.state = ChannelState::Ringing;
    play.on_switch(snapshot(vec![caller]));
    let told = play.told();
    assert!(told.contains("> answer c1"), "{told}");
}
