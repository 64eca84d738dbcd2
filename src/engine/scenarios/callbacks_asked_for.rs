use super::*;
use crate::engine::calendar::{Opening, Openings};
use crate::engine::cause::Cause;
use crate::engine::request::{CallbackRequest, NewCallback};

fn user() -> Principal {
    Principal::User(OutsideText::new("web"))
}

fn id(nth: u128) -> CallId {
    CallId::from_ulid(ulid::Ulid(nth))
}

/// Asks for a callback by the API.
fn arrange(play: &mut Play, number: &str, at: Option<Timestamp>) -> Result<(), Refusal> {
    let new = NewCallback {
        queue: "desk".parse().unwrap(),
        number: PhoneNumber::new(number).unwrap(),
        language: Language::Chinese,
        at,
        name: OutsideText::new("李四"),
        note: OutsideText::default(),
    };
    let callback = id(u128::from(number.len() as u64) * 1_000 + play.facts.len() as u128);
    let ask = CallbackRequest::Arrange { callback, new };
    play.request(user(), Request::Callback { ask })
}

#[test]
fn a_caller_presses_the_key_confirms_the_number_and_hangs_up() {
    let mut play = calls_back();
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(30));
    play.key("c1", '1');
    play.key("c1", '1');
    let playing = play.orders.last().unwrap().id;
    play.on_switch(SwitchEvent::PlaybackFinished {
        channel: "c1".parse().unwrap(),
        playback: playing,
    });
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    30000  > play press-to-be-called-back to c1
    30000  > play callback-number-is, say-1, say-3, say-8, say-0, say-0, say-1, say-3, say-8, say-0, say-0, say-0, callback-confirm to c1
    30000  left desk: CalledBack
    30000  callback of 13800138000 by desk
    30000  callback held after 0
    30000  call in_flow
    30000  > play callback-confirmed to c1
    30000  > hang up c1 with normal_clearing
    30000  call ended
    30000  call ended with normal_clearing by System
    30000  callback waiting after 0
    "#);
    assert_eq!(play.engine.callbacks.len(), 1);
}

#[test]
fn another_number_is_entered_and_read_back() {
    let mut play = calls_back();
    play.queues_up("c1");
    play.pass(Span::seconds(30));
    play.key("c1", '1');
    play.told();
    play.key("c1", '2');
    for digit in "13900139000#".chars() {
        play.key("c1", digit);
    }
    play.key("c1", '1');
    insta::assert_snapshot!(play.told(), @r#"
    30000  > play callback-enter-number to c1
    30000  > silence c1
    30000  > play callback-number-is, say-1, say-3, say-9, say-0, say-0, say-1, say-3, say-9, say-0, say-0, say-0, callback-confirm to c1
    30000  left desk: CalledBack
    30000  callback of 13900139000 by desk
    30000  callback held after 0
    30000  call in_flow
    30000  > play callback-confirmed to c1
    "#);
}

#[test]
fn a_number_that_may_not_be_dialled_is_refused_and_the_caller_waits_on() {
    let mut play = calls_back();
    play.queues_up("c1");
    play.pass(Span::seconds(30));
    play.key("c1", '1');
    play.key("c1", '2');
    play.told();
    for number in ["0085212345678#", "12#", "*#"] {
        for digit in number.chars() {
            play.key("c1", digit);
        }
    }
    assert!(play.engine.callbacks.is_empty());
    insta::assert_snapshot!(play.told(), @r#"
    30000  > silence c1
    30000  > play callback-number-invalid, callback-enter-number to c1
    30000  > silence c1
    30000  > play callback-number-invalid, callback-enter-number to c1
    30000  > play callback-enter-number to c1
    30000  > music default to c1
    "#);
}

#[test]
fn an_agent_who_becomes_free_ends_the_dialogue() {
    let mut play = calls_back();
    play.queues_up("c1");
    play.pass(Span::seconds(30));
    play.key("c1", '1');
    play.ready("anna");
    let leg = play.rung("anna");
    play.answered(&leg);
    play.told();
    // The key that comes too late.
    play.key("c1", '1');
    play.bridged("c1", &leg);
    insta::assert_snapshot!(play.told(), @r#"
    30000  offer to anna: Accepted
    30000  left desk: Answered
    30000  call connected
    30000  anna on_call
    30000  > record c1 and the agent's leg
    "#);
    assert!(play.engine.callbacks.is_empty());
}

#[test]
fn a_caller_who_confirms_while_an_agent_rings_is_called_back_at_once() {
    let mut play = calls_back();
    play.queues_up("c1");
    play.pass(Span::seconds(30));
    play.key("c1", '1');
    play.ready("anna");
    let leg = play.rung("anna");
    play.told();
    play.key("c1", '1');
    play.hangs_up(&leg, Cause::OriginatorCancel);
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    30000  > refuse the agent's leg with originator_cancel
    30000  offer to anna: CallerLeft
    30000  anna ready
    30000  left desk: CalledBack
    30000  callback of 13800138000 by desk
    30000  callback held after 0
    30000  call in_flow
    30000  > play callback-confirmed to c1
    30000  call ended
    30000  call ended with normal_clearing by Caller
    30000  callback waiting after 0
    30000  call arrived
    30000  call transferring
    30000  > ring anna
    30000  anna offered
    30000  callback offered after 0
    "#);
}

#[test]
fn who_says_nothing_is_asked_again_and_then_waits_on() {
    let mut play = calls_back();
    play.queues_up("c1");
    play.pass(Span::seconds(30));
    play.key("c1", '1');
    play.told();
    for _ in 0..3 {
        let playing = play.engine.playbacks.keys().next().copied().unwrap();
        play.on_switch(SwitchEvent::PlaybackFinished {
            channel: "c1".parse().unwrap(),
            playback: playing,
        });
        play.pass(Span::seconds(10));
    }
    insta::assert_snapshot!(play.told(), @r#"
    40000  > play callback-number-is, say-1, say-3, say-8, say-0, say-0, say-1, say-3, say-8, say-0, say-0, say-0, callback-confirm to c1
    50000  > play callback-number-is, say-1, say-3, say-8, say-0, say-0, say-1, say-3, say-8, say-0, say-0, say-0, callback-confirm to c1
    60000  > music default to c1
    "#);
}

#[test]
fn callbacks_are_arranged_from_outside_and_what_cannot_be_is_refused() {
    let mut play = Play::with(|centre| {
        let settings = callbacks();
        queue(centre, "desk").callback = Some(CallbackSettings { max: 2, ..settings });
        queue(centre, "desk").calendar = Some("office".parse().unwrap());
        let open = |opens, closes| Opening {
            opens: Timestamp::from_millis(opens),
            closes: Timestamp::from_millis(closes),
        };
        let hours = Openings::new(vec![open(0, 4_600_000), open(8_200_000, 11_800_000)]);
        let office = ("office".parse().unwrap(), hours);
        centre.calendars = [office].into_iter().collect();
    });
    let later = |seconds: u32| Some(Timestamp::from_millis(1_000_000) + Span::seconds(seconds));
    assert_eq!(arrange(&mut play, "13900139000", None), Ok(()));
    assert_eq!(
        arrange(&mut play, "13900139000", None),
        Err(Refusal::CallbackExists)
    );
    assert_eq!(
        arrange(&mut play, "00852123", None),
        Err(Refusal::CallbackForbidden)
    );
    assert_eq!(
        arrange(&mut play, "999123", None),
        Err(Refusal::CallbackForbidden)
    );
    assert_eq!(
        arrange(&mut play, "1#39", None),
        Err(Refusal::CallbackForbidden)
    );
    assert_eq!(
        arrange(&mut play, "1391", later(3_700)),
        Err(Refusal::QueueClosed)
    );
    assert_eq!(
        arrange(&mut play, "1391", later(9_000_000)),
        Err(Refusal::BadTime)
    );
    assert_eq!(
        arrange(&mut play, "1391", Some(Timestamp::from_millis(10))),
        Err(Refusal::BadTime)
    );
    // The last moment the queue is open; anna is there only the next day.
    assert_eq!(arrange(&mut play, "13910139", later(3_599)), Ok(()));
    assert_eq!(
        arrange(&mut play, "1392", None),
        Err(Refusal::TooManyCallbacks)
    );
    play.told();
    play.pass(Span::seconds(3_700));
    play.ready("anna");
    insta::assert_snapshot!(play.told(), @r#"
    3599000callback waiting after 0
    3700000anna ready
    3700000callback scheduled after 0
    3700000callback scheduled after 0
    "#);
    // Nobody is dialled while the queue is closed; then those who came first.
    play.pass(Span::seconds(3_500));
    insta::assert_snapshot!(play.told(), @r#"
    7200000callback waiting after 0
    7200000call arrived
    7200000call transferring
    7200000> ring anna
    7200000anna offered
    7200000callback offered after 0
    7200000callback waiting after 0
    "#);
}

#[test]
fn the_queues_of_nobody_who_dials_and_those_without_callbacks_refuse() {
    let mut play = Play::with(|centre| {
        queue(centre, "desk").callback = Some(callbacks());
        centre.outbound.clear();
    });
    assert_eq!(arrange(&mut play, "1391", None), Err(Refusal::NobodyDials));
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(40));
    assert_eq!(play.told(), "", "nothing is offered that cannot be kept");
    let mut play = Play::begin();
    assert_eq!(arrange(&mut play, "1391", None), Err(Refusal::NoCallbacks));
}

#[test]
fn a_callback_is_cancelled_and_its_agent_let_go() {
    let mut play = calls_back();
    play.ready("anna");
    arrange(&mut play, "13900139000", None).unwrap();
    let anna = play.rung_last();
    play.answered(&anna);
    let customer = play.party();
    play.told();
    let callback = *play.engine.callbacks.keys().next().unwrap();
    let ask = CallbackRequest::Cancel { callback };
    let cancel = Request::Callback { ask };
    assert_eq!(play.request(user(), cancel.clone()), Ok(()));
    assert_eq!(play.request(user(), cancel), Err(Refusal::NoSuchCallback));
    play.hangs_up(&anna, Cause::NormalClearing);
    play.hangs_up(&customer, Cause::OriginatorCancel);
    insta::assert_snapshot!(play.told(), @r#"
    0      callback closed: cancelled
    0      > hang up the agent's leg with normal_clearing
    0      web asks: cancel_callback
    0      web asks: cancel_callback, refused: there is no such callback, or it is closed
    0      anna ready
    0      > refuse the agent's leg with originator_cancel
    0      13900139000 withdrawn
    0      call ended
    0      call ended with normal_clearing by System
    "#);
}

#[test]
fn who_calls_again_takes_the_place_over() {
    let mut play = calls_back();
    play.asks_to_be_called_back("c1");
    play.pass(Span::seconds(60));
    play.told();
    play.queues_up("c2");
    insta::assert_snapshot!(play.told(), @r#"
    90000  call arrived
    90000  call in_flow
    90000  > answer c2
    90000  > play welcome to c2
    90000  > silence c2
    90000  callback closed: called_again
    90000  call waiting
    90000  > music default to c2
    "#);
    let entered = play.engine.calls.values().next().unwrap().visits[0]
        .place
        .entered;
    assert_eq!(
        entered.as_millis(),
        1_000_000,
        "the place of the first call"
    );
}

#[test]
fn who_calls_again_while_being_dialled_is_dialled_no_more() {
    let mut play = calls_back();
    play.asks_to_be_called_back("c1");
    play.ready("anna");
    let anna = play.rung_last();
    play.answered(&anna);
    let customer = play.party();
    play.told();
    play.queues_up("c2");
    play.hangs_up(&anna, Cause::NormalClearing);
    play.hangs_up(&customer, Cause::OriginatorCancel);
    insta::assert_snapshot!(play.told(), @r#"
    30000  call arrived
    30000  call in_flow
    30000  > answer c2
    30000  > play welcome to c2
    30000  > silence c2
    30000  callback closed: called_again
    30000  > hang up the agent's leg with normal_clearing
    30000  call waiting
    30000  > music default to c2
    30000  anna ready
    30000  > ring anna
    30000  anna offered
    30000  call offered
    30000  > refuse the agent's leg with originator_cancel
    30000  13800138000 withdrawn
    30000  call ended
    30000  call ended with normal_clearing by System
    "#);
}

#[test]
fn a_second_promise_to_one_number_replaces_the_first_and_keeps_its_place() {
    let mut play = calls_back();
    arrange(&mut play, "13900139000", None).unwrap();
    play.pass(Span::seconds(100));
    play.queues_up("c1");
    play.pass(Span::seconds(30));
    for key in "1213900139000#1".chars() {
        play.key("c1", key);
    }
    let callback = play.engine.callbacks.values().next().unwrap();
    assert_eq!(play.engine.callbacks.len(), 1);
    assert_eq!(callback.order.entered.as_millis(), 1_000_000);
}

#[test]
fn a_queue_without_agents_offers_to_call_back() {
    let mut play = Play::with(|centre| {
        queue(centre, "desk").callback = Some(callbacks());
        queue(centre, "desk").overflow = vec![OverflowRule {
            when: OverflowWhen::NobodySignedIn,
            to: OverflowTo::Callback,
        }];
    });
    play.queues_up("c1");
    play.key("c1", '1');
    play.hangs_up("c1", Cause::NormalClearing);
    play.ready("anna");
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call in_flow
    0      > answer c1
    0      > play welcome to c1
    0      > silence c1
    0      overflow of desk: NobodySignedIn to Callback
    0      > play callback-all-busy, callback-number-is, say-1, say-3, say-8, say-0, say-0, say-1, say-3, say-8, say-0, say-0, say-0, callback-confirm to c1
    0      callback of 13800138000 by desk
    0      callback held after 0
    0      > play callback-confirmed to c1
    0      call ended
    0      call ended with normal_clearing by Caller
    0      callback waiting after 0
    0      anna ready
    0      call arrived
    0      call transferring
    0      > ring anna
    0      anna offered
    0      callback offered after 0
    "#);
}

#[test]
fn who_waited_too_long_and_declines_is_let_go() {
    let mut play = Play::with(|centre| {
        queue(centre, "desk").callback = Some(callbacks());
        queue(centre, "desk").overflow = vec![OverflowRule {
            when: OverflowWhen::Wait(Span::seconds(60)),
            to: OverflowTo::Callback,
        }];
    });
    play.queues_up("c1");
    play.pass(Span::seconds(50));
    play.told();
    play.pass(Span::seconds(10));
    play.key("c1", '*');
    insta::assert_snapshot!(play.told(), @r#"
    60000  overflow of desk: Wait(Span(60000)) to Callback
    60000  left desk: Overflowed
    60000  > silence c1
    60000  call in_flow
    60000  > play callback-all-busy, callback-number-is, say-1, say-3, say-8, say-0, say-0, say-1, say-3, say-8, say-0, say-0, say-0, callback-confirm to c1
    60000  > hang up c1 with normal_clearing
    "#);
}

#[test]
fn a_queue_that_calls_back_no_more_closes_what_it_promised() {
    let mut play = calls_back();
    play.asks_to_be_called_back("c1");
    play.told();
    play.event(Event::Configured {
        centre: Box::new(centre()),
    });
    insta::assert_snapshot!(play.told(), @r#"
    30000  callback closed: queue_gone
    "#);
}
