use super::*;
use crate::engine::calendar::Openings;

fn rule(when: OverflowWhen, to: OverflowTo) -> OverflowRule {
    OverflowRule { when, to }
}

fn sales() -> OverflowTo {
    OverflowTo::Queue("sales".parse().unwrap())
}

/// The queue `sales`, served by carl, beside `desk` with these rules.
fn with_rules(rules: Vec<OverflowRule>) -> Play {
    Play::with(|centre| {
        let other = QueueSettings::new("Sales", "jazz".parse().unwrap());
        centre.queues.insert("sales".parse().unwrap(), other);
        agent(centre, "carl").queues = vec![Seat::plain("sales".parse().unwrap())];
        queue(centre, "desk").overflow = rules;
        let flow = r#"{"name":"sorry","start":"sorry","blocks":{
            "sorry":{"kind":"play","prompts":["closed"],"next":"bye"},
            "bye":{"kind":"hang_up"}}}"#;
        let flow = std::sync::Arc::new(serde_json::from_str(flow).unwrap());
        centre.flows.insert("sorry".parse().unwrap(), flow);
    })
}

#[test]
fn who_waited_too_long_goes_to_another_queue_and_keeps_the_time_waited() {
    let mut play = with_rules(vec![rule(OverflowWhen::Wait(Span::seconds(60)), sales())]);
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @r#"
    60000  overflow of desk: Wait(Span(60000)) to Queue(QueueId(sales))
    60000  left desk: Overflowed
    60000  > music jazz to c1
    "#);
    play.ready("carl");
    let waited = play.facts.iter().rev().find_map(|fact| match fact {
        Fact::Decided { explanation, .. } => Some(explanation.waited),
        _ => None,
    });
    assert_eq!(waited, Some(Span::seconds(60)));
}

#[test]
fn an_agent_who_rings_is_waited_for_before_a_call_goes_elsewhere() {
    let mut play = with_rules(vec![rule(
        OverflowWhen::Wait(Span::seconds(60)),
        OverflowTo::HangUp,
    )]);
    play.queues_up("c1");
    play.pass(Span::seconds(55));
    play.ready("anna");
    play.accept_orders();
    play.told();
    play.pass(Span::seconds(15));
    assert_eq!(play.told(), "");
    let leg = play.rung("anna");
    play.hangs_up(&leg, crate::engine::cause::Cause::NoAnswer);
    play.pass(Span::ZERO);
    insta::assert_snapshot!(play.told(), @r#"
    70000  offer to anna: NoAnswer
    70000  anna ready
    70000  call waiting
    70000  overflow of desk: Wait(Span(60000)) to HangUp
    70000  left desk: Overflowed
    70000  > silence c1
    70000  > hang up c1 with normal_clearing
    "#);
}

#[test]
fn a_queue_without_agents_leads_to_a_flow() {
    let flow = OverflowTo::Flow("sorry".parse().unwrap());
    let mut play = with_rules(vec![rule(OverflowWhen::NobodySignedIn, flow)]);
    play.arrives("c1", "4001");
    play.answered("c1");
    play.told();
    play.key("c1", '1');
    insta::assert_snapshot!(play.told(), @r#"
    0      > silence c1
    0      overflow of desk: NobodySignedIn to Flow(FlowId(sorry))
    0      > play closed to c1
    "#);
    play.agent("anna", AgentRequest::SignIn);
    play.queues_up("c2");
    let told = play.told();
    assert!(told.contains("call waiting"), "{told}");
}

#[test]
fn a_long_queue_and_one_without_ready_agents_turn_callers_away() {
    let mut play = with_rules(vec![
        rule(OverflowWhen::Length(1), OverflowTo::Busy),
        rule(OverflowWhen::EstimatedWait(Span::seconds(3_600)), sales()),
    ]);
    play.queues_up("c1");
    play.told();
    play.queues_up("c2");
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call in_flow
    0      > answer c2
    0      > play welcome to c2
    0      > silence c2
    0      overflow of desk: Length(1) to Busy
    0      > hang up c2 with user_busy
    "#);
    let mut play = with_rules(vec![rule(OverflowWhen::NobodyReady, sales())]);
    play.queues_up("c1");
    let told = play.told();
    assert!(told.contains("overflow of desk: NobodyReady"), "{told}");
    play.ready("anna");
    play.queues_up("c2");
    play.rung("anna");
}

#[test]
fn a_closed_queue_leads_elsewhere_and_who_waits_already_waits_on() {
    let closed = rule(OverflowWhen::Closed, OverflowTo::Busy);
    let mut play = with_rules(vec![closed.clone()]);
    play.queues_up("c1");
    let mut changed = centre();
    queue(&mut changed, "desk").overflow = vec![closed];
    queue(&mut changed, "desk").calendar = Some("never".parse().unwrap());
    changed.calendars = [("never".parse().unwrap(), Openings::default())]
        .into_iter()
        .collect();
    play.event(Event::Configured {
        centre: Box::new(changed),
    });
    play.told();
    play.queues_up("c2");
    let told = play.told();
    assert!(told.contains("overflow of desk: Closed to Busy"), "{told}");
    play.ready("anna");
    let leg = play.rung("anna");
    play.answered(&leg);
    let told = play.told();
    assert!(told.contains("> bridge c1"), "{told}");
}

#[test]
fn queues_that_overflow_into_each_other_keep_the_call() {
    let mut play = with_rules(vec![rule(OverflowWhen::NobodyReady, sales())]);
    let mut changed = play.engine.centre.clone().unwrap();
    let back = rule(
        OverflowWhen::NobodyReady,
        OverflowTo::Queue("desk".parse().unwrap()),
    );
    queue(&mut changed, "sales").overflow = vec![back];
    play.event(Event::Configured {
        centre: Box::new(changed),
    });
    play.queues_up("c1");
    let told = play.told();
    assert!(told.contains("call waiting"), "{told}");
}

/// A call waits in `desk`, which overflows after a minute, and in `sales`.
fn in_both_queues(strategy: Strategy) -> Play {
    let mut play = with_rules(vec![rule(OverflowWhen::Wait(Span::seconds(60)), sales())]);
    let centre = &mut play.settings;
    queue(centre, "desk").strategy = strategy;
    let flow = r#"{"name":"both","start":"in","blocks":{
        "in":{"kind":"answer","next":"wait"},
        "wait":{"kind":"queue","queue":["desk","sales"]}}}"#;
    let flow = std::sync::Arc::new(serde_json::from_str(flow).unwrap());
    centre.flows.insert("desk".parse().unwrap(), flow);
    play.event(Event::Configured {
        centre: Box::new(play.settings.clone()),
    });
    play
}

#[test]
fn a_call_that_stands_in_the_other_queue_already_waits_on_there() {
    let mut play = in_both_queues(Strategy::LongestIdle);
    play.arrives("c1", "4001");
    play.answered("c1");
    play.accept_orders();
    play.told();
    play.pass(Span::seconds(60));
    play.ready("carl");
    insta::assert_snapshot!(play.told(), @r#"
    60000  overflow of desk: Wait(Span(60000)) to Queue(QueueId(sales))
    60000  left desk: Overflowed
    60000  > music jazz to c1
    60000  carl ready
    60000  > ring carl
    60000  carl offered
    60000  call offered
    "#);
}

#[test]
fn a_call_that_rings_many_waits_on_in_its_other_queue() {
    let mut play = in_both_queues(Strategy::RingAll);
    play.ready("anna");
    play.arrives("c1", "4001");
    play.answered("c1");
    play.accept_orders();
    play.told();
    play.pass(Span::seconds(60));
    play.ready("carl");
    insta::assert_snapshot!(play.told(), @r#"
    25000  overdue: offered
    25000  > refuse the agent's leg with originator_cancel
    25000  offer to anna: NoAnswer
    25000  anna ready
    25000  call waiting
    35000  > hang up the agent's leg with normal_clearing
    45000  > hang up the agent's leg with normal_clearing
    55000  overdue: closing
    55000  > ring anna
    55000  anna offered
    55000  call offered
    60000  overflow of desk: Wait(Span(60000)) to Queue(QueueId(sales))
    60000  > refuse the agent's leg with originator_cancel
    60000  offer to anna: Withdrawn
    60000  anna ready
    60000  left desk: Overflowed
    60000  > music jazz to c1
    60000  call waiting
    60000  carl ready
    60000  > ring carl
    60000  carl offered
    60000  call offered
    "#);
}

#[test]
fn callers_are_told_their_place_and_how_long_it_takes() {
    let mut play = with_rules(Vec::new());
    let mut changed = play.engine.centre.clone().unwrap();
    queue(&mut changed, "desk").announce = Some(Announcements {
        every: Span::seconds(30),
        position: true,
        wait: true,
        comfort: vec!["patience".parse().unwrap(), "website".parse().unwrap()],
    });
    play.event(Event::Configured {
        centre: Box::new(changed),
    });
    play.queues_up("c1");
    play.pass(Span::seconds(5));
    play.queues_up("c2");
    play.told();
    play.pass(Span::seconds(30));
    insta::assert_snapshot!(play.told(), @r#"
    30000  > play say-position, say-1, say-position-end, patience to c1
    35000  > play say-position, say-2, say-position-end, patience to c2
    "#);
}

#[test]
fn an_announcement_never_holds_up_an_offer() {
    let mut play = with_rules(Vec::new());
    let mut changed = play.engine.centre.clone().unwrap();
    queue(&mut changed, "desk").announce = Some(Announcements {
        every: Span::seconds(30),
        position: true,
        wait: false,
        comfort: Vec::new(),
    });
    play.event(Event::Configured {
        centre: Box::new(changed),
    });
    play.queues_up("c1");
    play.pass(Span::seconds(30));
    play.told();
    play.ready("anna");
    let leg = play.rung("anna");
    play.answered(&leg);
    insta::assert_snapshot!(play.told(), @r#"
    30000  anna ready
    30000  > ring anna
    30000  anna offered
    30000  call offered
    30000  > bridge c1 and the agent's leg
    "#);
}
