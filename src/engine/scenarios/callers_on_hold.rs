use super::*;
use crate::engine::cause::Cause;

fn held() -> (Play, String) {
    let (mut play, agent) = Play::talks();
    play.asks("anna", CallRequest::Hold).unwrap();
    play.unbridged("c1", &agent);
    play.accept_orders();
    (play, agent)
}

#[test]
fn the_caller_hears_music_until_the_agent_comes_back() {
    let (mut play, agent) = held();
    play.pass(Span::seconds(5));
    play.asks("anna", CallRequest::Resume).unwrap();
    play.bridged("c1", &agent);
    play.accept_orders();
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      talk held
    0      anna hold
    0      > music default to c1
    0      anna asks: hold
    5000   talk together
    5000   anna on_call
    5000   > bridge c1 and the agent's leg
    5000   anna asks: resume
    "#);
}

#[test]
fn hold_again_before_the_first_has_happened_leaves_nobody_apart() {
    let (mut play, agent) = Play::talks();
    play.asks("anna", CallRequest::Hold).unwrap();
    play.asks("anna", CallRequest::Resume).unwrap();
    play.asks("anna", CallRequest::Hold).unwrap();
    play.unbridged("c1", &agent);
    play.bridged("c1", &agent);
    play.unbridged("c1", &agent);
    play.accept_orders();
    play.pass(Span::seconds(60));
    assert_eq!(play.asks("anna", CallRequest::Resume), Ok(()));
    play.bridged("c1", &agent);
    play.accept_orders();
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      talk held
    0      anna hold
    0      > music default to c1
    0      anna asks: hold
    0      talk together
    0      anna on_call
    0      > bridge c1 and the agent's leg
    0      anna asks: resume
    0      > part c1 and the agent's leg
    0      talk held
    0      anna hold
    0      > music default to c1
    0      anna asks: hold
    37904  command failed: the switch did not answer in time
    47904  command failed: the switch did not answer in time
    57904  command failed: the switch did not answer in time
    60000  talk together
    60000  anna on_call
    60000  > bridge c1 and the agent's leg
    60000  anna asks: resume
    "#);
}

#[test]
fn the_hold_key_of_the_phone_does_the_same() {
    let (mut play, agent) = Play::talks();
    let channel: ChannelId = agent.parse().unwrap();
    play.on_switch(SwitchEvent::Held {
        channel: channel.clone(),
    });
    play.unbridged("c1", &agent);
    play.on_switch(SwitchEvent::Unheld { channel });
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      talk held
    0      anna hold
    0      > music default to c1
    0      anna asks: hold
    0      talk together
    0      anna on_call
    0      > bridge c1 and the agent's leg
    0      anna asks: resume
    "#);
}

#[test]
fn the_caller_leaves_on_hold() {
    let (mut play, agent) = held();
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    play.hangs_up(&agent, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn the_agent_leaves_with_the_caller_on_hold() {
    let (mut play, agent) = held();
    play.told();
    play.hangs_up(&agent, Cause::NormalClearing);
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna wrap_up
    0      > hang up c1 with normal_clearing
    0      call ended
    0      call ended with normal_clearing by Agent
    "#);
}

#[test]
fn a_caller_on_hold_is_guarded_and_survives_a_kill_of_the_controller() {
    let (mut play, agent) = held();
    play.killed(vec![up("c1", None), up(&agent, None)]);
    assert!(
        play.orders.iter().any(|order| matches!(
            &order.command,
            SwitchCommand::Guard { channel, .. } if channel.as_str() == "c1"
        )),
        "the dead-man's timer is renewed"
    );
    play.asks("anna", CallRequest::Resume).unwrap();
    play.bridged("c1", &agent);
    insta::assert_snapshot!(play.told(), @r#"
    0      link sw up
    0      reconciled: 0 adopted, 0 closed
    0      > music default to c1
    0      talk together
    0      anna on_call
    0      > bridge c1 and the agent's leg
    0      anna asks: resume
    "#);
}

#[test]
fn requests_that_make_no_sense_are_refused_and_noted() {
    let (mut play, _) = Play::talks();
    assert_eq!(
        play.asks("anna", CallRequest::Resume),
        Err(Refusal::NotOnHold)
    );
    assert_eq!(
        play.asks("bert", CallRequest::Hold),
        Err(Refusal::NotOnACall)
    );
    assert_eq!(
        play.asks("anna", CallRequest::Complete),
        Err(Refusal::NobodyConsulted)
    );
    assert_eq!(
        play.asks("anna", CallRequest::SendDigits { digits: vec![] }),
        Err(Refusal::BadDigits)
    );
    insta::assert_snapshot!(play.told(), @r#"
    0      anna asks: resume, refused: the caller is not on hold
    0      bert asks: hold, refused: the agent is not on a call
    0      anna asks: complete, refused: nobody is being consulted
    0      anna asks: send_digits, refused: there is no digit to send, or there are more than 64
    "#);
}

#[test]
fn digits_go_to_the_caller_and_hanging_up_ends_the_call() {
    let (mut play, _) = Play::talks();
    let digits = "42#".chars().map(|c| Key::try_from(c).unwrap()).collect();
    play.asks("anna", CallRequest::SendDigits { digits })
        .unwrap();
    play.asks("anna", CallRequest::HangUp).unwrap();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > send 42# to c1
    0      anna asks: send_digits
    0      > hang up c1 with normal_clearing
    0      anna asks: hang_up
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      call ended
    0      call ended with normal_clearing by Agent
    "#);
}
