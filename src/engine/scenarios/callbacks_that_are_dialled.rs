use super::*;
use crate::engine::cause::Cause;

/// A callback for which `anna`'s device rings. Gives her leg.
fn rings() -> (Play, String) {
    let mut play = calls_back();
    play.asks_to_be_called_back("c1");
    play.ready("anna");
    let anna = play.rung_last();
    play.told();
    (play, anna)
}

/// The same, answered. Gives her leg and the customer's.
fn dials() -> (Play, String, String) {
    let (mut play, anna) = rings();
    play.answered(&anna);
    let customer = play.party();
    (play, anna, customer)
}

#[test]
fn the_agent_then_the_customer_and_they_talk_recorded_and_wrap_up() {
    let mut play = calls_back();
    play.asks_to_be_called_back("c1");
    play.told();
    play.ready("anna");
    let ring = play
        .orders
        .iter()
        .rev()
        .find_map(|order| match &order.command {
            SwitchCommand::Ring(ring) => Some(ring.clone()),
            _ => None,
        });
    let ring = ring.unwrap();
    assert_eq!(ring.caller_number.as_str(), "13800138000");
    assert_eq!(ring.caller_name.as_str(), "Callback 张三");
    let anna = play.rung_last();
    play.answered(&anna);
    let customer = play.party();
    play.answered(&customer);
    play.bridged(&anna, &customer);
    play.accept_orders();
    play.hangs_up(&customer, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    30000  anna ready
    30000  call arrived
    30000  call transferring
    30000  > ring anna
    30000  anna offered
    30000  callback offered after 0
    30000  callback dialling after 1
    30000  anna on_call
    30000  > ring tone to the agent's leg
    30000  > ring 13800138000
    30000  > bridge 0000000f-b770-cc68-9152-ad2353f9c60c and the agent's leg
    30000  call connected
    30000  callback closed: reached
    30000  > record 0000000f-b770-57d8-c582-fc029401cb65 and the agent's leg
    30000  > hang up the agent's leg with normal_clearing
    30000  anna wrap_up
    30000  call ended
    30000  call ended with normal_clearing by Caller
    "#);
    assert!(play.engine.callbacks.is_empty());
}

#[test]
fn the_offer_is_missed_and_goes_to_the_next_agent() {
    let (mut play, anna) = rings();
    play.ready("bert");
    play.hangs_up(&anna, Cause::NoAnswer);
    insta::assert_snapshot!(play.told(), @r#"
    30000  bert ready
    30000  anna ready
    30000  call ended
    30000  call ended with no_answer by Agent
    30000  callback waiting after 0
    30000  call arrived
    30000  call transferring
    30000  > ring bert
    30000  bert offered
    30000  callback offered after 0
    "#);
}

#[test]
fn a_device_that_rings_on_is_called_off() {
    let (mut play, anna) = rings();
    play.pass(Span::seconds(25));
    play.hangs_up(&anna, Cause::OriginatorCancel);
    insta::assert_snapshot!(play.told(), @r#"
    55000  overdue: party
    55000  > refuse the agent's leg with no_answer
    55000  anna ready
    55000  call ended
    55000  call ended with no_answer by System
    55000  callback waiting after 0
    "#);
}

#[test]
fn the_customer_is_not_reached_and_tried_again_and_then_given_up() {
    let (mut play, anna, customer) = dials();
    play.hangs_up(&customer, Cause::UserBusy);
    play.hangs_up(&anna, Cause::NormalClearing);
    play.pass(Span::seconds(300));
    insta::assert_snapshot!(play.told(), @r#"
    30000  callback dialling after 1
    30000  anna on_call
    30000  > ring tone to the agent's leg
    30000  > ring 13800138000
    30000  13800138000 busy
    30000  callback resting after 1
    30000  > hang up the agent's leg with normal_clearing
    30000  anna ready
    30000  call ended
    30000  call ended with normal_clearing by System
    330000 callback waiting after 1
    330000 call arrived
    330000 call transferring
    330000 > ring anna
    330000 anna offered
    330000 callback offered after 1
    "#);
    let anna = play.rung_last();
    play.answered(&anna);
    let customer = play.party();
    play.hangs_up(&customer, Cause::NoAnswer);
    play.hangs_up(&anna, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    330000 callback dialling after 2
    330000 anna on_call
    330000 > ring tone to the agent's leg
    330000 > ring 13800138000
    330000 13800138000 no_answer
    330000 callback closed: unreached
    330000 > hang up the agent's leg with normal_clearing
    330000 anna ready
    330000 call ended
    330000 call ended with normal_clearing by System
    "#);
    assert!(play.engine.callbacks.is_empty());
}

#[test]
fn an_agent_who_hangs_up_while_it_rings_has_used_an_attempt() {
    let (mut play, anna, customer) = dials();
    play.told();
    play.hangs_up(&anna, Cause::NormalClearing);
    play.hangs_up(&customer, Cause::OriginatorCancel);
    insta::assert_snapshot!(play.told(), @r#"
    30000  anna ready
    30000  > refuse the agent's leg with originator_cancel
    30000  13800138000 withdrawn
    30000  call ended
    30000  call ended with normal_clearing by Agent
    30000  callback resting after 1
    "#);
}

#[test]
fn the_agent_wraps_up_an_attempt_when_the_queue_says_so() {
    let mut play = Play::with(|centre| {
        queue(centre, "desk").callback = Some(CallbackSettings {
            wrap_up_unreached: true,
            ..callbacks()
        });
    });
    play.asks_to_be_called_back("c1");
    play.ready("anna");
    let anna = play.rung_last();
    play.answered(&anna);
    let customer = play.party();
    play.told();
    play.hangs_up(&customer, Cause::NoAnswer);
    play.hangs_up(&anna, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    30000  13800138000 no_answer
    30000  callback resting after 1
    30000  > hang up the agent's leg with normal_clearing
    30000  anna wrap_up
    30000  call ended
    30000  call ended with normal_clearing by System
    "#);
}

#[test]
fn calls_and_callbacks_go_in_the_order_of_their_places() {
    let mut play = calls_back();
    play.asks_to_be_called_back("c1");
    let second = Arrival {
        caller_number: OutsideText::new("13700137000"),
        ..arrival("c2", "4001")
    };
    play.on_switch(SwitchEvent::Arrived(second));
    play.answered("c2");
    play.key("c2", '1');
    play.accept_orders();
    play.told();
    // Who called later does not go first, and is next.
    play.ready("anna");
    assert!(play.told().contains("> ring anna"));
    assert!(
        play.engine
            .callbacks
            .values()
            .next()
            .unwrap()
            .progress
            .state
            .call()
            .is_some()
    );
    play.ready("bert");
    assert!(play.told().contains("> ring bert"));
    assert_ne!(play.rung("bert"), play.rung_last());
}

#[test]
fn a_customer_who_is_on_the_line_is_not_dialled() {
    let mut play = calls_back();
    play.queues_up("c1");
    play.pass(Span::seconds(30));
    play.key("c1", '1');
    play.key("c1", '1');
    play.told();
    // The caller still hears the confirmation.
    play.ready("anna");
    assert!(!play.told().contains("> ring"));
    play.hangs_up("c1", Cause::NormalClearing);
    assert!(play.told().contains("> ring anna"));
}

#[test]
fn steps_relax_what_a_callback_asks_as_they_do_for_a_call() {
    let mut play = Play::with(|centre| {
        let desk = queue(centre, "desk");
        desk.callback = Some(callbacks());
        desk.steps = vec![RouteStep {
            after: Span::seconds(90),
            requires: skills(&[("desk", 1)]),
            condition: None,
            also: Vec::new(),
            max_level: None,
            priority: 2,
            skip_if: None,
        }];
    });
    play.asks_to_be_called_back("c1");
    play.ready("carl");
    play.told();
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @r#"
    90000  callback waiting after 0
    90000  call arrived
    90000  call transferring
    90000  > ring carl
    90000  carl offered
    90000  callback offered after 0
    "#);
}

#[test]
fn a_controller_that_leaves_lets_the_agent_go_and_keeps_the_callback() {
    let (mut play, anna) = rings();
    play.event(Event::Drain {
        until: play.at + Span::seconds(3),
    });
    play.pass(Span::seconds(3));
    play.hangs_up(&anna, Cause::OriginatorCancel);
    insta::assert_snapshot!(play.told(), @r#"
    33000  > refuse the agent's leg with originator_cancel
    33000  anna ready
    33000  call ended
    33000  call ended with originator_cancel by System
    33000  callback waiting after 0
    "#);
    assert_eq!(play.engine.callbacks.len(), 1);
}

#[test]
fn what_is_not_its_turn_for_too_long_is_given_up() {
    let mut play = calls_back();
    play.asks_to_be_called_back("c1");
    play.told();
    play.pass(Span::seconds(86_400));
    insta::assert_snapshot!(play.told(), @r#"
    86430000callback closed: expired
    "#);
}

#[test]
fn agents_who_all_miss_it_are_not_rung_for_ever() {
    let mut play = calls_back();
    play.asks_to_be_called_back("c1");
    play.ready("anna");
    for _ in 0..3 {
        let anna = play.rung_last();
        play.hangs_up(&anna, Cause::NoAnswer);
        play.pass(Span::seconds(6));
    }
    assert!(play.told().contains("callback closed: unserved"));
}
