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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
}

#[test]
fn the_caller_leaves_on_hold() {
    let (mut play, agent) = held();
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    play.hangs_up(&agent, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @"");
}

#[test]
fn the_agent_leaves_with_the_caller_on_hold() {
    let (mut play, agent) = held();
    play.told();
    play.hangs_up(&agent, Cause::NormalClearing);
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
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
    insta::assert_snapshot!(play.told(), @"");
}

#[test]
fn digits_go_to_the_caller_and_hanging_up_ends_the_call() {
    let (mut play, _) = Play::talks();
    let digits = "42#".chars().map(|c| Key::try_from(c).unwrap()).collect();
    play.asks("anna", CallRequest::SendDigits { digits })
        .unwrap();
    play.asks("anna", CallRequest::HangUp).unwrap();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @"");
}
