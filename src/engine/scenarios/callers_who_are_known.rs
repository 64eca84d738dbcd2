use super::*;
use crate::engine::call::CallState;
use crate::engine::caller_list::{CallerList, Callers, ListEntry, ListKind, Numbering};
use crate::engine::cause::Cause;
use crate::engine::wishes::{AgentSet, Wishes};
use std::sync::Arc;

/// The number that [`arrival`] shows.
const OURS: &str = "13800138000";

fn set(agents: &[&str]) -> AgentSet {
    AgentSet::new(agents.iter().map(|agent| agent.parse().unwrap())).unwrap()
}

fn list(kind: ListKind) -> CallerList {
    CallerList {
        name: "List".to_owned(),
        kind,
        priority: 0,
        queue: None,
        wishes: Wishes::default(),
        attributes: BTreeMap::new(),
    }
}

/// The caller of [`arrival`] is on this list, and nobody else.
fn listed(centre: &mut Centre, name: &str, list: CallerList) {
    let entry = ListEntry {
        list: name.parse().unwrap(),
        name: OutsideText::new("王先生"),
        priority: None,
        prefer: AgentSet::default(),
        never: AgentSet::default(),
        attributes: BTreeMap::new(),
    };
    centre.callers = Arc::new(Callers {
        numbering: Numbering {
            rewrite: BTreeMap::from([("+86".to_owned(), String::new())]),
        },
        lists: BTreeMap::from([(name.parse().unwrap(), list)]),
        numbers: BTreeMap::from([(OURS.to_owned(), entry)]),
        ..Callers::default()
    });
}

fn from(channel: &str, number: &str) -> SwitchEvent {
    SwitchEvent::Arrived(Arrival {
        caller_number: OutsideText::new(number),
        ..arrival(channel, "4001")
    })
}

/// A call from a number from its arrival until it stands in the queue.
fn queues_up(play: &mut Play, channel: &str, number: &str) {
    play.on_switch(from(channel, number));
    play.answered(channel);
    play.key(channel, '1');
    play.accept_orders();
}

#[test]
fn a_vip_goes_first_whichever_way_the_number_is_written() {
    let mut play = Play::with(|centre| {
        let vip = CallerList {
            priority: 5,
            ..list(ListKind::Vip)
        };
        listed(centre, "vip", vip);
    });
    queues_up(&mut play, "c1", "13900139000");
    play.pass(Span::seconds(20));
    play.told();
    queues_up(&mut play, "c2", "+86 138-0013-8000");
    play.ready("anna");
    insta::assert_snapshot!(play.told(), @r#"
    20000  call arrived
    20000  first_contact on vip, 王先生
    20000  call in_flow
    20000  > answer c2
    20000  > play welcome to c2
    20000  > silence c2
    20000  call waiting
    20000  > music default to c2
    20000  anna ready
    20000  > ring anna
    20000  anna offered
    20000  call offered
    "#);
    let offered = play
        .engine
        .calls
        .values()
        .find(|call| call.state == CallState::Offered);
    assert_eq!(offered.unwrap().caller.id.channel.as_str(), "c2");
}

#[test]
fn a_vip_waits_in_the_list_s_own_queue_too() {
    let mut play = Play::with(|centre| {
        let sales = QueueSettings::new("Sales", "default".parse().unwrap());
        centre.queues.insert("sales".parse().unwrap(), sales);
        agent(centre, "carl").queues = vec![Seat::plain("sales".parse().unwrap())];
        let vip = CallerList {
            queue: Some("sales".parse().unwrap()),
            ..list(ListKind::Vip)
        };
        listed(centre, "vip", vip);
    });
    play.ready("carl");
    queues_up(&mut play, "c1", OURS);
    insta::assert_snapshot!(play.told(), @r#"
    0      carl ready
    0      call arrived
    0      first_contact on vip, 王先生
    0      call in_flow
    0      > answer c1
    0      > play welcome to c1
    0      > silence c1
    0      call waiting
    0      > ring carl
    0      carl offered
    0      call offered
    0      > music default to c1
    "#);
}

#[test]
fn a_blocked_caller_is_refused_before_the_answer() {
    let mut play = Play::with(|centre| {
        listed(centre, "pests", list(ListKind::Refused(Cause::Rejected)));
    });
    play.on_switch(from("c1", OURS));
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      first_contact on pests, 王先生
    0      blocked by pests
    0      > refuse c1 with rejected
    "#);
}

#[test]
fn a_blocked_caller_is_led_to_a_flow_of_their_own() {
    let mut play = Play::with(|centre| {
        let flow = r#"{"name":"blocked","start":"in","blocks":{
            "in":{"kind":"answer","next":"told"},
            "told":{"kind":"play","prompts":["blocked"],"next":"bye"},
            "bye":{"kind":"hang_up"}}}"#;
        let flow = serde_json::from_str(flow).unwrap();
        centre.flows.insert("blocked".parse().unwrap(), flow);
        listed(
            centre,
            "pests",
            list(ListKind::Led("blocked".parse().unwrap())),
        );
    });
    play.on_switch(from("c1", OURS));
    play.answered("c1");
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      first_contact on pests, 王先生
    0      blocked by pests, led to blocked
    0      call in_flow
    0      > answer c1
    0      > play blocked to c1
    "#);
}

#[test]
fn a_first_contact_and_a_returning_caller_go_different_ways() {
    let mut play = Play::with(|centre| {
        let flow = r#"{"name":"desk","start":"in","blocks":{
            "in":{"kind":"answer","next":"known"},
            "known":{"kind":"if","condition":"call.first_contact","then":"greet","otherwise":"desk"},
            "greet":{"kind":"play","prompts":["welcome"],"next":"desk"},
            "desk":{"kind":"queue","queue":"desk"}}}"#;
        centre
            .flows
            .insert("desk".parse().unwrap(), serde_json::from_str(flow).unwrap());
        queue(centre, "desk").record = false;
        Arc::make_mut(&mut centre.callers).returning_within = Span::seconds(3_600);
    });
    let comes = |play: &mut Play, channel: &str| {
        play.told();
        play.on_switch(from(channel, OURS));
        play.answered(channel);
        play.told()
    };
    insta::assert_snapshot!(comes(&mut play, "c1"), @r#"
    0      call arrived
    0      call in_flow
    0      > answer c1
    0      > play welcome to c1
    "#);
    let call = play.call();
    let playback = play.engine.calls[&call].playback.unwrap();
    play.on_switch(SwitchEvent::PlaybackFinished {
        channel: "c1".parse().unwrap(),
        playback,
    });
    play.ready("anna");
    let leg = play.rung("anna");
    play.answered(&leg);
    play.bridged("c1", &leg);
    play.hangs_up("c1", Cause::NormalClearing);
    play.hangs_up(&leg, Cause::NormalClearing);
    insta::assert_snapshot!(comes(&mut play, "c2"), @r#"
    0      call arrived
    0      call in_flow
    0      > answer c2
    0      call waiting
    0      > music default to c2
    "#);
    play.hangs_up("c2", Cause::OriginatorCancel);
    play.pass(Span::seconds(3_601));
    insta::assert_snapshot!(comes(&mut play, "c3"), @r#"
    3601000call arrived
    3601000call in_flow
    3601000> answer c3
    3601000> play welcome to c3
    "#);
}

#[test]
fn a_call_waits_for_preferred_agents_and_then_for_anybody() {
    let mut play = Play::with(|centre| {
        agent(centre, "carl").skills = skills(&[("desk", 2)]);
        let vip = CallerList {
            wishes: Wishes {
                prefer: set(&["anna", "carl"]),
                wait: Span::seconds(15),
                never: AgentSet::default(),
            },
            ..list(ListKind::Vip)
        };
        listed(centre, "vip", vip);
    });
    play.ready("anna");
    play.ready("bert");
    queues_up(&mut play, "c1", "13900139000");
    let leg = play.rung("anna");
    play.answered(&leg);
    play.bridged("c1", &leg);
    play.told();
    // Anna talks, carl is signed out: bert is left alone for the time being.
    queues_up(&mut play, "c2", OURS);
    play.pass(Span::seconds(14));
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      first_contact on vip, 王先生
    0      call in_flow
    0      > answer c2
    0      > play welcome to c2
    0      > silence c2
    0      waits for anna, carl
    0      call waiting
    0      > music default to c2
    "#);
    play.pass(Span::seconds(1));
    insta::assert_snapshot!(play.told(), @r#"
    15000  waits for anybody
    15000  > ring bert
    15000  bert offered
    15000  call offered
    "#);
}

#[test]
fn a_preferred_agent_who_becomes_free_in_time_is_rung() {
    let mut play = Play::with(|centre| {
        agent(centre, "carl").skills = skills(&[("desk", 2)]);
        let flow = r#"{"name":"desk","start":"in","blocks":{
            "in":{"kind":"answer","next":"desk"},
            "desk":{"kind":"queue","queue":"desk","prefer":["carl","anna"],"prefer_wait_s":30}}}"#;
        centre
            .flows
            .insert("desk".parse().unwrap(), serde_json::from_str(flow).unwrap());
    });
    for name in ["anna", "bert", "carl"] {
        play.ready(name);
    }
    for (channel, first) in [("c1", "anna"), ("c2", "carl")] {
        play.on_switch(from(channel, OURS));
        play.answered(channel);
        let leg = play.rung(first);
        play.answered(&leg);
        play.bridged(channel, &leg);
    }
    play.on_switch(from("c3", OURS));
    play.answered("c3");
    play.told();
    play.pass(Span::seconds(10));
    let leg = play.rung("carl");
    play.hangs_up(&leg, Cause::NormalClearing);
    play.agent("carl", AgentRequest::Ready);
    insta::assert_snapshot!(play.told(), @r#"
    10000  carl wrap_up
    10000  > hang up c2 with normal_clearing
    10000  carl ready
    10000  > ring carl
    10000  carl offered
    10000  call offered
    "#);
    play.killed(vec![up("c3", None)]);
    play.agent("carl", AgentRequest::SignOut);
    insta::assert_snapshot!(play.told(), @r#"
    10000  > hang up the agent's leg with normal_clearing
    10000  anna wrap_up
    10000  call ended
    10000  call ended with unseen by System
    10000  call ended
    10000  call ended with normal_clearing by Agent
    10000  offer to carl: Failed
    10000  carl ready
    10000  call waiting
    10000  > music default to c3
    10000  link sw up
    10000  reconciled: 0 adopted, 4 closed
    10000  carl signed_out
    "#);
}

#[test]
fn a_forbidden_agent_is_offered_the_call_by_no_queue_also_after_a_crash() {
    let mut play = Play::with(|centre| {
        let sales = QueueSettings::new("Sales", "default".parse().unwrap());
        centre.queues.insert("sales".parse().unwrap(), sales);
        agent(centre, "carl").queues = vec![Seat::plain("sales".parse().unwrap())];
        queue(centre, "desk").steps = vec![RouteStep {
            after: Span::seconds(10),
            requires: BTreeMap::new(),
            condition: None,
            also: vec!["sales".parse().unwrap()],
            max_level: None,
            priority: 0,
            skip_if: None,
        }];
        queue(centre, "desk").last_agent = Some(LastAgent {
            within: Span::seconds(86_400),
            wait: Span::seconds(300),
        });
        let noted = CallerList {
            wishes: Wishes {
                never: set(&["anna", "carl"]),
                ..Wishes::default()
            },
            ..list(ListKind::Plain)
        };
        listed(centre, "noted", noted);
    });
    let served = OutsideText::new(OURS);
    play.engine
        .patrons
        .served(&served, &"anna".parse().unwrap(), play.at);
    play.ready("anna");
    play.ready("carl");
    queues_up(&mut play, "c1", OURS);
    play.pass(Span::seconds(11));
    insta::assert_snapshot!(play.told(), @r#"
    0      anna ready
    0      carl ready
    0      call arrived
    0      returning on noted, 王先生
    0      never to anna, carl
    0      call in_flow
    0      > answer c1
    0      > play welcome to c1
    0      > silence c1
    0      call waiting
    0      > music default to c1
    10000  step 1 of desk
    "#);
    play.killed(vec![up("c1", None)]);
    play.pass(Span::seconds(5));
    assert!(!play.told().contains("> ring"));
    play.ready("bert");
    insta::assert_snapshot!(play.told(), @r#"
    16000  bert ready
    16000  > ring bert
    16000  bert offered
    16000  call offered
    "#);
    let explained = play.facts.iter().rev().find_map(|fact| match fact {
        Fact::Decided { explanation, .. } => Some(explanation.excluded),
        _ => None,
    });
    let forbidden = crate::engine::explanation::Exclusion::Forbidden;
    assert_eq!(explained.unwrap().count(forbidden), 2);
    let leg = play.rung("bert");
    play.answered(&leg);
    play.bridged("c1", &leg);
    play.told();
    // The queue of a transfer does not offer it to them either.
    let to = Destination::Queue("sales".parse().unwrap());
    play.asks("bert", CallRequest::Transfer { to }).unwrap();
    play.pass(Span::seconds(5));
    assert!(!play.told().contains("> ring"));
}
