use super::*;
use crate::engine::cause::Cause;

/// The desk calls back, and waits 20 s for the agent who served the caller last.
fn remembers() -> Play {
    Play::with(|centre| {
        let desk = queue(centre, "desk");
        desk.callback = Some(callbacks());
        desk.last_agent = Some(LastAgent {
            within: Span::seconds(86_400),
            wait: Span::seconds(20),
        });
    })
}

/// `bert` served the caller, is on another call, and the caller asked to be called back.
fn bert_is_busy() -> (Play, String) {
    let mut play = remembers();
    play.ready("bert");
    play.queues_up("c1");
    let bert = play.rung("bert");
    play.answered(&bert);
    play.bridged("c1", &bert);
    play.accept_orders();
    play.hangs_up("c1", Cause::NormalClearing);
    play.hangs_up(&bert, Cause::NormalClearing);
    play.pass(Span::seconds(30));
    let other = Arrival {
        caller_number: OutsideText::new("13700137000"),
        ..arrival("c2", "4001")
    };
    play.on_switch(SwitchEvent::Arrived(other));
    play.answered("c2");
    play.key("c2", '1');
    play.accept_orders();
    let bert = play.rung("bert");
    play.answered(&bert);
    play.bridged("c2", &bert);
    play.asks_to_be_called_back("c3");
    (play, bert)
}

#[test]
fn a_callback_waits_for_the_last_agent_and_then_for_anybody() {
    let (mut play, _) = bert_is_busy();
    play.told();
    play.ready("anna");
    play.pass(Span::seconds(20));
    insta::assert_snapshot!(play.told(), @r#"
    60000  anna ready
    80000  waits for anybody
    80000  call arrived
    80000  call transferring
    80000  > ring anna
    80000  anna offered
    80000  callback offered after 0
    "#);
}

#[test]
fn the_last_agent_who_becomes_free_in_time_is_rung() {
    let (mut play, bert) = bert_is_busy();
    play.told();
    play.ready("anna");
    play.hangs_up("c2", Cause::NormalClearing);
    play.hangs_up(&bert, Cause::NormalClearing);
    play.agent("bert", AgentRequest::Ready);
    insta::assert_snapshot!(play.told(), @r#"
    60000  anna ready
    60000  > hang up the agent's leg with normal_clearing
    60000  bert wrap_up
    60000  call ended
    60000  call ended with normal_clearing by Caller
    60000  bert ready
    60000  call arrived
    60000  call transferring
    60000  > ring bert
    60000  bert offered
    60000  callback offered after 0
    "#);
}

#[test]
fn who_is_not_there_any_more_is_not_waited_for() {
    let (mut play, bert) = bert_is_busy();
    play.told();
    play.ready("anna");
    play.agent("bert", AgentRequest::SignOut);
    play.hangs_up("c2", Cause::NormalClearing);
    play.hangs_up(&bert, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    60000  anna ready
    60000  > hang up the agent's leg with normal_clearing
    60000  bert signed_out
    60000  waits for anybody
    60000  call arrived
    60000  call transferring
    60000  > ring anna
    60000  anna offered
    60000  callback offered after 0
    60000  call ended
    60000  call ended with normal_clearing by Caller
    "#);
}

#[test]
fn a_new_run_waits_as_long_as_the_one_before_would_have() {
    let (mut play, bert) = bert_is_busy();
    play.pass(Span::seconds(15));
    play.killed(vec![up("c2", Some(&bert)), up(&bert, Some("c2"))]);
    play.told();
    play.ready("anna");
    play.pass(Span::seconds(4));
    assert!(!play.told().contains("> ring"));
    play.pass(Span::seconds(1));
    assert!(play.told().contains("> ring anna"));
}

#[test]
fn who_is_preferred_is_waited_for_and_once_only() {
    let mut play = Play::with(|centre| {
        let desk = queue(centre, "desk");
        desk.callback = Some(CallbackSettings {
            retry_after: Span::seconds(60),
            ..callbacks()
        });
        let flow = r#"{"name":"desk","start":"in","blocks":{
            "in":{"kind":"answer","next":"menu"},
            "menu":{"kind":"menu","prompts":["welcome"],"choices":{"1":"desk"},"attempts":1,"otherwise":"bye"},
            "desk":{"kind":"queue","queue":"desk","prefer":["bert"],"prefer_wait_s":30,"full":"bye"},
            "bye":{"kind":"hang_up"}}}"#;
        let flow = serde_json::from_str(flow).unwrap();
        centre.flows.insert("desk".parse().unwrap(), flow);
    });
    play.ready("bert");
    let other = Arrival {
        caller_number: OutsideText::new("13700137000"),
        ..arrival("c0", "4001")
    };
    play.on_switch(SwitchEvent::Arrived(other));
    play.answered("c0");
    play.key("c0", '1');
    play.accept_orders();
    let bert = play.rung("bert");
    play.answered(&bert);
    play.bridged("c0", &bert);
    play.asks_to_be_called_back("c1");
    play.told();
    play.ready("anna");
    assert!(!play.told().contains("> ring"));
    play.pass(Span::seconds(30));
    assert!(play.told().contains("> ring anna"));
    // Nobody was reached: the next attempt waits for nobody in particular.
    let anna = play.rung_last();
    play.answered(&anna);
    let customer = play.party();
    play.hangs_up(&customer, Cause::NoAnswer);
    play.hangs_up(&anna, Cause::NormalClearing);
    play.told();
    play.pass(Span::seconds(60));
    assert!(play.told().contains("> ring anna"));
}
