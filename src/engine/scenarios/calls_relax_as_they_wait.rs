use super::*;
use crate::engine::cause::Cause;
use crate::engine::condition::Condition;

fn step(after: u32, requires: &[(&str, i64)]) -> RouteStep {
    RouteStep {
        after: Span::seconds(after),
        requires: skills(requires),
        condition: None,
        also: Vec::new(),
        max_level: None,
        priority: 0,
        skip_if: None,
    }
}

fn condition(text: &str) -> Option<Condition> {
    Some(Condition::new(text).unwrap())
}

#[test]
fn a_level_is_lowered_and_the_agent_who_waits_is_rung_in_the_same_moment() {
    let mut play = Play::with(|centre| {
        queue(centre, "desk").requires = skills(&[("desk", 5)]);
        queue(centre, "desk").steps = vec![step(20, &[("desk", 2)]), step(40, &[])];
    });
    play.ready("anna");
    play.ready("carl");
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(20));
    insta::assert_snapshot!(play.told(), @r#"
    20000  step 1 of desk
    20000  > ring anna
    20000  anna offered
    20000  call offered
    "#);
    let leg = play.rung("anna");
    play.hangs_up(&leg, Cause::UserBusy);
    play.agent("anna", AgentRequest::SignOut);
    play.pass(Span::seconds(20));
    insta::assert_snapshot!(play.told(), @r#"
    20000  offer to anna: Busy
    20000  anna ready
    20000  call waiting
    20000  anna signed_out
    40000  step 2 of desk
    40000  > ring carl
    40000  carl offered
    40000  call offered
    "#);
}

#[test]
fn agents_of_another_queue_help_out_from_a_step_on() {
    let mut play = Play::with(|centre| {
        let other = QueueSettings::new("Sales", "default".parse().unwrap());
        centre.queues.insert("sales".parse().unwrap(), other);
        agent(centre, "carl").queues = vec![Seat::plain("sales".parse().unwrap())];
        queue(centre, "desk").steps = vec![RouteStep {
            also: vec!["sales".parse().unwrap()],
            ..step(30, &[])
        }];
    });
    play.ready("carl");
    play.queues_up("c1");
    play.pass(Span::seconds(29));
    play.told();
    play.pass(Span::seconds(1));
    insta::assert_snapshot!(play.told(), @r#"
    30000  step 1 of desk
    30000  > ring carl
    30000  carl offered
    30000  call offered
    "#);
}

#[test]
fn higher_levels_of_seats_are_asked_later() {
    let mut play = Play::with(|centre| {
        agent(centre, "anna").queues[0].level = 2;
        queue(centre, "desk").max_level = Some(1);
        queue(centre, "desk").steps = vec![step(15, &[("desk", 2)])];
    });
    play.ready("anna");
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(15));
    insta::assert_snapshot!(play.told(), @r#"
    15000  step 1 of desk
    15000  > ring anna
    15000  anna offered
    15000  call offered
    "#);
}

#[test]
fn a_step_is_skipped_when_its_condition_says_so() {
    let mut play = Play::with(|centre| {
        queue(centre, "desk").requires = skills(&[("desk", 5)]);
        queue(centre, "desk").steps = vec![
            RouteStep {
                skip_if: condition("queue.signed_in < 2"),
                ..step(10, &[("desk", 2)])
            },
            RouteStep {
                skip_if: condition("call.language == 'zh-CN'"),
                ..step(20, &[("desk", 1)])
            },
        ];
    });
    play.ready("anna");
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(20));
    insta::assert_snapshot!(play.told(), @r#"
    20000  step 2 of desk
    20000  > ring anna
    20000  anna offered
    20000  call offered
    "#);
}

#[test]
fn a_condition_is_asked_of_agent_and_call() {
    let mut play = Play::with(|centre| {
        queue(centre, "desk").condition = condition("agent.tongue == call.language");
        for (name, tongue) in [("anna", "zh-CN"), ("bert", "en")] {
            let attributes = &mut agent(centre, name).attributes;
            attributes.insert("tongue".to_owned(), tongue.to_owned());
        }
    });
    play.ready("anna");
    play.ready("bert");
    play.queues_up("c1");
    play.rung("bert");
    play.told();
    play.queues_up("c2");
    let told = play.told();
    assert!(!told.contains("ring"), "{told}");
}

#[test]
fn priority_rises_and_the_call_is_taken_before_earlier_ones() {
    let mut play = Play::with(|centre| {
        let desk = queue(centre, "desk");
        desk.max_waiting = 9;
        desk.steps = vec![RouteStep {
            priority: 1,
            skip_if: condition("call.number != '13800138000'"),
            ..step(30, &[("desk", 2)])
        }];
    });
    let mut early = arrival("early", "4001");
    early.caller_number = OutsideText::new("10086");
    play.on_switch(SwitchEvent::Arrived(early));
    play.answered("early");
    play.key("early", '1');
    play.pass(Span::seconds(20));
    play.queues_up("raised");
    play.pass(Span::seconds(30));
    play.told();
    play.ready("anna");
    let told = play.told();
    let leg = play.rung("anna");
    play.answered(&leg);
    let bridged = play.told();
    assert!(bridged.contains("> bridge raised"), "{told}\n{bridged}");
}

#[test]
fn a_call_in_two_queues_is_taken_out_of_the_other_by_the_first_match() {
    let mut play = Play::with(|centre| {
        let other = QueueSettings::new("Sales", "default".parse().unwrap());
        centre.queues.insert("sales".parse().unwrap(), other);
        agent(centre, "carl").queues = vec![Seat::plain("sales".parse().unwrap())];
        let flow = r#"{"name":"both","start":"in","blocks":{
            "in":{"kind":"answer","next":"wait"},
            "wait":{"kind":"queue","queue":["desk","sales"]}}}"#;
        let flow = std::sync::Arc::new(serde_json::from_str(flow).unwrap());
        centre.flows = BTreeMap::from([("desk".parse().unwrap(), flow)]);
    });
    play.arrives("c1", "4001");
    play.answered("c1");
    play.accept_orders();
    play.told();
    play.ready("carl");
    play.ready("anna");
    let leg = play.rung("carl");
    play.answered(&leg);
    play.bridged("c1", &leg);
    insta::assert_snapshot!(play.told(), @r#"
    0      carl ready
    0      > ring carl
    0      carl offered
    0      call offered
    0      anna ready
    0      > bridge c1 and the agent's leg
    0      offer to carl: Accepted
    0      left desk: AnsweredElsewhere
    0      left sales: Answered
    0      call connected
    0      carl on_call
    "#);
}

#[test]
fn a_returning_caller_waits_for_the_agent_who_served_them_and_then_for_anybody() {
    let mut play = Play::with(|centre| {
        let desk = queue(centre, "desk");
        desk.wrap_up = Span::seconds(10);
        desk.record = false;
        desk.last_agent = Some(LastAgent {
            within: Span::seconds(86_400),
            wait: Span::seconds(20),
        });
    });
    play.ready("anna");
    for name in ["first", "again"] {
        play.queues_up(name);
        if name == "first" {
            play.ready("bert");
            let leg = play.rung("anna");
            play.answered(&leg);
            play.bridged(name, &leg);
            play.hangs_up(name, Cause::NormalClearing);
            play.hangs_up(&leg, Cause::NormalClearing);
            play.told();
        }
    }
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call in_flow
    0      > answer again
    0      > play welcome to again
    0      > silence again
    0      waits for anna
    0      call waiting
    0      > music default to again
    "#);
    // She is ready again after her wrap-up and takes the call.
    play.pass(Span::seconds(10));
    play.rung("anna");
}

#[test]
fn who_waits_for_one_agent_waits_for_anybody_when_that_agent_leaves() {
    let mut play = Play::with(|centre| {
        let desk = queue(centre, "desk");
        desk.record = false;
        desk.last_agent = Some(LastAgent {
            within: Span::seconds(86_400),
            wait: Span::seconds(300),
        });
    });
    play.ready("anna");
    play.queues_up("first");
    play.ready("bert");
    let leg = play.rung("anna");
    play.answered(&leg);
    play.bridged("first", &leg);
    play.hangs_up("first", Cause::NormalClearing);
    play.hangs_up(&leg, Cause::NormalClearing);
    play.queues_up("again");
    play.told();
    play.agent("anna", AgentRequest::SignOut);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna signed_out
    0      waits for anybody
    0      > ring bert
    0      bert offered
    0      call offered
    "#);
}

#[test]
fn what_its_leg_carries_puts_a_call_back_to_each_queue_with_its_priority_and_step() {
    let mut play = Play::with(|centre| {
        let other = QueueSettings::new("Sales", "default".parse().unwrap());
        centre.queues.insert("sales".parse().unwrap(), other);
        queue(centre, "desk").steps = vec![RouteStep {
            priority: 2,
            ..step(10, &[("desk", 2)])
        }];
    });
    let mut found = arrival("c1", "4001");
    let call = CallId::from_ulid(ulid::Ulid(1));
    found.variables = place_at_desk(call, play.at)
        .with(LegVariable::Queue, "desk/sales")
        .with(LegVariable::Priority, "2.1/0");
    play.on_switch(SwitchEvent::Arrived(found));
    let places = |play: &Play| {
        let visits = play.engine.calls[&call].visits.iter();
        let place = |visit: &crate::engine::call::Visit| {
            let queue = visit.queue().to_string();
            (queue, visit.place.priority(), visit.terms.step)
        };
        visits.map(place).collect::<Vec<_>>()
    };
    let expected = [("desk".to_owned(), 2, 1), ("sales".to_owned(), 0, 0)];
    assert_eq!(places(&play), expected);
    // The step is behind it and does not raise the priority again.
    play.pass(Span::seconds(30));
    assert_eq!(places(&play), expected);
}
