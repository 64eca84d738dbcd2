use super::*;
use crate::engine::cause::Cause;
use crate::engine::centre::{Device, Whisper};

/// Whispers to agents, and tells callers their number.
fn briefing(centre: &mut Centre) {
    let desk = queue(centre, "desk");
    desk.whisper = Some(Whisper {
        prompt: Some("reservations".parse().unwrap()),
        wait: true,
    });
    desk.announce_agent = true;
    desk.record = false;
    for (name, number) in [("anna", "1024"), ("bert", "1025")] {
        agent(centre, name).number = Some(Extension::new(number).unwrap());
        agent(centre, name).language = Language::English;
    }
}

/// A caller who waited two minutes, and `anna`, who has just answered. Gives her leg.
fn answered(change: impl FnOnce(&mut Centre)) -> (Play, String) {
    let mut play = Play::with(|centre| {
        briefing(centre);
        change(centre);
    });
    play.accepts = false;
    play.queues_up("c1");
    play.pass(Span::seconds(125));
    play.accept_orders();
    play.ready("anna");
    play.accept_orders();
    let leg = play.rung("anna");
    play.told();
    play.answered(&leg);
    (play, leg)
}

/// What the leg hears comes to its end.
fn heard(play: &mut Play, channel: &str) {
    let mut orders = play.orders.iter();
    let playback = orders.find_map(|order| match &order.command {
        SwitchCommand::Play { channel: on, .. } if on.as_str() == channel => Some(order.id),
        _ => None,
    });
    play.on_switch(SwitchEvent::PlaybackFinished {
        channel: channel.parse().unwrap(),
        playback: playback.expect("the leg hears something"),
    });
}

#[test]
fn the_agent_hears_whose_call_it_is_and_the_caller_who_comes_at_the_same_time() {
    let (mut play, leg) = answered(|_| {});
    insta::assert_snapshot!(play.told(), @r#"
    125000 anna is briefed
    125000 > play reservations, say-waited, say-2, say-minutes to the agent's leg
    125000 > play say-agent, say-1, say-0, say-2, say-4, say-agent-end to c1
    "#);
    play.pass(Span::seconds(3));
    heard(&mut play, "c1");
    insta::assert_snapshot!(play.told(), @"");
    heard(&mut play, &leg);
    play.bridged("c1", &leg);
    insta::assert_snapshot!(play.told(), @r#"
    128000 > bridge c1 and the agent's leg
    128000 offer to anna: Accepted
    128000 left desk: Answered
    128000 call connected
    128000 anna on_call
    "#);
}

#[test]
fn a_key_of_the_agent_cuts_it_short() {
    let (mut play, leg) = answered(|_| {});
    play.told();
    play.key(&leg, '5');
    insta::assert_snapshot!(play.told(), @r#"
    125000 > bridge c1 and the agent's leg
    "#);
    // The end of what was cut short moves nothing.
    heard(&mut play, &leg);
    insta::assert_snapshot!(play.told(), @"");
}

#[test]
fn the_bridge_comes_though_nobody_tells_that_the_prompts_ended() {
    let (mut play, _) = answered(|centre| centre.limits.max_prompt = Span::seconds(10));
    play.accept_orders();
    play.told();
    play.pass(Span::seconds(10));
    insta::assert_snapshot!(play.told(), @r#"
    135000 > bridge c1 and the agent's leg
    "#);
}

#[test]
fn a_prompt_that_is_missing_holds_nobody_up() {
    let (mut play, leg) = answered(|centre| queue(centre, "desk").announce_agent = false);
    play.told();
    let playback = play.orders.iter().find_map(|order| match &order.command {
        SwitchCommand::Play { .. } => Some(order.id),
        _ => None,
    });
    play.on_switch(SwitchEvent::PlaybackFailed {
        channel: leg.parse().unwrap(),
        playback: playback.unwrap(),
        why: OutsideText::new("no such file"),
    });
    insta::assert_snapshot!(play.told(), @r#"
    125000 command failed: no such file
    125000 > bridge c1 and the agent's leg
    "#);
}

#[test]
fn an_agent_who_hangs_up_meanwhile_leaves_the_caller_in_place_with_music() {
    let (mut play, leg) = answered(|_| {});
    play.told();
    play.hangs_up(&leg, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    125000 > music default to c1
    125000 offer to anna: Rejected
    125000 anna ready
    125000 call waiting
    "#);
}

#[test]
fn a_caller_who_hangs_up_meanwhile_sets_the_agent_free() {
    let (mut play, _) = answered(|_| {});
    play.told();
    play.hangs_up("c1", Cause::OriginatorCancel);
    insta::assert_snapshot!(play.told(), @r#"
    125000 > hang up the agent's leg with originator_cancel
    125000 offer to anna: CallerLeft
    125000 anna ready
    125000 left desk: Abandoned
    125000 call ended
    125000 call ended with originator_cancel by Caller
    "#);
}

#[test]
fn a_new_run_connects_who_was_being_told() {
    let (mut play, leg) = answered(|_| {});
    play.killed(vec![up("c1", None), up(&leg, None)]);
    insta::assert_snapshot!(play.told(), @r#"
    125000 > bridge c1 and the agent's leg
    125000 link sw up
    125000 reconciled: 0 adopted, 0 closed
    "#);
}

fn outside(centre: &mut Centre) {
    agent(centre, "anna").devices = vec![Device {
        to: Target::Number(PhoneNumber::new("13900139000").unwrap()),
        switch: None,
        confirm: true,
    }];
}

#[test]
fn who_answers_a_number_outside_confirms_by_key() {
    let (mut play, leg) = answered(outside);
    insta::assert_snapshot!(play.told(), @r#"
    125000 > play say-confirm to the agent's leg
    "#);
    play.pass(Span::seconds(3));
    play.told();
    play.key(&leg, '1');
    insta::assert_snapshot!(play.told(), @r#"
    128000 anna confirms
    128000 anna is briefed
    128000 > play reservations, say-waited, say-2, say-minutes to the agent's leg
    128000 > play say-agent, say-1, say-0, say-2, say-4, say-agent-end to c1
    "#);
    play.killed(vec![up("c1", None), up(&leg, None)]);
    insta::assert_snapshot!(play.told(), @r#"
    128000 > bridge c1 and the agent's leg
    128000 link sw up
    128000 reconciled: 0 adopted, 0 closed
    "#);
}

#[test]
fn who_is_found_talking_has_confirmed() {
    let (mut play, leg) = answered(outside);
    play.told();
    play.killed(vec![up("c1", Some(&leg)), up(&leg, Some("c1"))]);
    insta::assert_snapshot!(play.told(), @r#"
    125000 offer to anna: Accepted
    125000 left desk: Answered
    125000 call connected
    125000 anna on_call
    125000 link sw up
    125000 reconciled: 0 adopted, 0 closed
    "#);
}

#[test]
fn no_key_is_no_answer_and_the_caller_keeps_the_place() {
    let (mut play, _) = answered(outside);
    play.accepts = true;
    play.told();
    play.pass(Span::seconds(15));
    insta::assert_snapshot!(play.told(), @r#"
    140000 > hang up the agent's leg with originator_cancel
    140000 offer to anna: NoAnswer
    140000 anna ready
    140000 call waiting
    "#);
}

#[test]
fn a_wrong_key_or_a_hang_up_is_no_answer_either() {
    let (mut play, leg) = answered(outside);
    play.told();
    play.key(&leg, '2');
    insta::assert_snapshot!(play.told(), @r#"
    125000 > hang up the agent's leg with originator_cancel
    125000 offer to anna: NoAnswer
    125000 anna ready
    125000 call waiting
    "#);
    let (mut play, leg) = answered(outside);
    play.told();
    play.hangs_up(&leg, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    125000 offer to anna: NoAnswer
    125000 anna ready
    125000 call waiting
    "#);
}

#[test]
fn a_new_run_still_awaits_the_key() {
    let (mut play, leg) = answered(outside);
    play.killed(vec![up("c1", None), up(&leg, None)]);
    play.told();
    play.key(&leg, '1');
    insta::assert_snapshot!(play.told(), @r#"
    125000 anna confirms
    125000 anna is briefed
    125000 > play reservations, say-waited, say-2, say-minutes to the agent's leg
    125000 > play say-agent, say-1, say-0, say-2, say-4, say-agent-end to c1
    "#);
}
