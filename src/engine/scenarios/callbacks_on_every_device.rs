use super::*;
use crate::engine::cause::Cause;

fn device(to: Target, confirm: bool) -> crate::engine::centre::Device {
    crate::engine::centre::Device {
        to,
        switch: None,
        confirm,
    }
}

/// A callback for which `anna` is rung on her desk phone, a second one and a
/// mobile that has to be confirmed. Gives their legs.
fn rings() -> (Play, [String; 3]) {
    let mut play = Play::with(|centre| {
        queue(centre, "desk").callback = Some(callbacks());
        agent(centre, "anna").devices = vec![
            device(Target::Extension(Extension::new("anna").unwrap()), false),
            device(Target::Extension(Extension::new("2001").unwrap()), false),
            device(
                Target::Number(PhoneNumber::new("13900139000").unwrap()),
                true,
            ),
        ];
    });
    play.asks_to_be_called_back("c1");
    play.told();
    play.ready("anna");
    let legs = play.rung_to_dial().try_into().unwrap();
    (play, legs)
}

#[test]
fn every_device_rings_and_the_first_to_be_answered_dials() {
    let (mut play, [desk, second, mobile]) = rings();
    play.answered(&second);
    play.hangs_up(&desk, Cause::AnsweredElsewhere);
    play.hangs_up(&mobile, Cause::AnsweredElsewhere);
    let customer = play.party();
    play.answered(&customer);
    play.bridged(&second, &customer);
    play.accept_orders();
    play.hangs_up(&second, Cause::NormalClearing);
    play.hangs_up(&customer, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    30000  anna ready
    30000  call arrived
    30000  call transferring
    30000  > ring anna
    30000  > ring 2001
    30000  > ring 13900139000
    30000  anna offered
    30000  callback offered after 0
    30000  > refuse the agent's leg with answered_elsewhere
    30000  > refuse the agent's leg with answered_elsewhere
    30000  callback dialling after 1
    30000  anna on_call
    30000  > ring tone to the agent's leg
    30000  > ring 13800138000
    30000  > bridge 0000000f-b770-57d8-c582-fc029401cb65 and the agent's leg
    30000  call connected
    30000  callback closed: reached
    30000  > record 0000000f-b770-222f-161d-82bde559eec4 and the agent's leg
    30000  anna wrap_up
    30000  > hang up the agent's leg with normal_clearing
    30000  call ended
    30000  call ended with normal_clearing by Agent
    "#);
}

#[test]
fn a_device_that_cannot_be_reached_leaves_the_others_ringing() {
    let (mut play, [desk, second, mobile]) = rings();
    play.told();
    play.hangs_up(&desk, Cause::NotReachable);
    play.hangs_up(&second, Cause::UserBusy);
    play.answered(&mobile);
    play.key(&mobile, '1');
    let customer = play.party();
    play.answered(&customer);
    play.bridged(&mobile, &customer);
    insta::assert_snapshot!(play.told(), @r#"
    30000  > play say-confirm to the agent's leg
    30000  anna confirms
    30000  callback dialling after 1
    30000  anna on_call
    30000  > ring tone to the agent's leg
    30000  > ring 13800138000
    30000  > bridge 0000000f-b770-3536-a17d-0bb7d8e8f4d0 and the agent's leg
    30000  call connected
    30000  callback closed: reached
    30000  > record 0000000f-b770-222f-161d-82bde559eec4 and the agent's leg
    "#);
}

#[test]
fn a_refusal_on_one_device_is_the_agents() {
    let (mut play, [desk, second, mobile]) = rings();
    play.told();
    play.hangs_up(&second, Cause::Rejected);
    play.hangs_up(&mobile, Cause::OriginatorCancel);
    play.hangs_up(&desk, Cause::OriginatorCancel);
    insta::assert_snapshot!(play.told(), @r#"
    30000  > refuse the agent's leg with originator_cancel
    30000  > refuse the agent's leg with rejected
    30000  anna ready
    30000  call ended
    30000  call ended with rejected by System
    30000  callback waiting after 0
    "#);
}

#[test]
fn a_mailbox_that_picks_up_has_not_answered_and_nobody_is_dialled_for_it() {
    let (mut play, [desk, second, mobile]) = rings();
    play.told();
    play.hangs_up(&desk, Cause::NoAnswer);
    play.hangs_up(&second, Cause::NoAnswer);
    play.answered(&mobile);
    play.pass(Span::seconds(15));
    play.hangs_up(&mobile, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    30000  > play say-confirm to the agent's leg
    45000  > hang up the agent's leg with no_answer
    45000  anna ready
    45000  call ended
    45000  call ended with no_answer by System
    45000  callback waiting after 0
    "#);
}

#[test]
fn while_a_key_is_awaited_another_device_may_answer() {
    let (mut play, [desk, second, mobile]) = rings();
    play.answered(&mobile);
    play.told();
    play.answered(&desk);
    play.hangs_up(&second, Cause::AnsweredElsewhere);
    play.hangs_up(&mobile, Cause::NormalClearing);
    // The key comes too late.
    play.key(&mobile, '1');
    insta::assert_snapshot!(play.told(), @r#"
    30000  > refuse the agent's leg with answered_elsewhere
    30000  > hang up the agent's leg with answered_elsewhere
    30000  callback dialling after 1
    30000  anna on_call
    30000  > ring tone to the agent's leg
    30000  > ring 13800138000
    "#);
}

#[test]
fn a_wrong_key_lets_the_device_go_and_the_others_ring_on() {
    let (mut play, [desk, second, mobile]) = rings();
    play.hangs_up(&desk, Cause::NotReachable);
    play.answered(&mobile);
    play.told();
    play.key(&mobile, '5');
    play.hangs_up(&mobile, Cause::NormalClearing);
    play.pass(Span::seconds(25));
    play.hangs_up(&second, Cause::OriginatorCancel);
    insta::assert_snapshot!(play.told(), @r#"
    30000  > hang up the agent's leg with originator_cancel
    55000  overdue: party
    55000  > refuse the agent's leg with no_answer
    55000  anna ready
    55000  call ended
    55000  call ended with no_answer by System
    55000  callback waiting after 0
    "#);
}

#[test]
fn an_order_that_fails_for_one_device_leaves_the_others() {
    let (mut play, [_, second, _]) = rings();
    play.told();
    let rings = play.orders.iter().filter_map(|order| match &order.command {
        SwitchCommand::Ring(ring) => Some((ring.channel.to_string(), order.id)),
        _ => None,
    });
    let rings: Vec<_> = rings.collect();
    let desk = play.rung_last();
    let failed = rings
        .iter()
        .find(|(channel, _)| *channel == desk)
        .unwrap()
        .1;
    play.event(Event::Completed {
        command: failed,
        outcome: Outcome::Failed {
            why: Failure::Refused,
            detail: OutsideText::new("no such endpoint"),
        },
    });
    play.answered(&second);
    insta::assert_snapshot!(play.told(), @r#"
    30000  command failed: no such endpoint
    30000  > refuse the agent's leg with originator_cancel
    30000  > refuse the agent's leg with answered_elsewhere
    30000  callback dialling after 1
    30000  anna on_call
    30000  > ring tone to the agent's leg
    30000  > ring 13800138000
    "#);
}

#[test]
fn a_new_run_knows_every_device_that_rings() {
    let (mut play, [desk, second, mobile]) = rings();
    play.hangs_up(&desk, Cause::NotReachable);
    play.answered(&mobile);
    let legs = vec![
        shown(&second, ChannelState::Ringing, None),
        shown(&mobile, ChannelState::Answered, None),
    ];
    play.killed(legs);
    play.told();
    play.key(&mobile, '1');
    play.hangs_up(&second, Cause::AnsweredElsewhere);
    insta::assert_snapshot!(play.told(), @r#"
    30000  anna confirms
    30000  > refuse the agent's leg with answered_elsewhere
    30000  callback dialling after 1
    30000  anna on_call
    30000  > ring tone to the agent's leg
    30000  > ring 13800138000
    "#);
    // And when it was killed after the answer, who dials and from where.
    let legs = vec![
        shown(&mobile, ChannelState::Answered, None),
        shown(&play.party(), ChannelState::Ringing, None),
    ];
    let customer = play.party();
    play.killed(legs);
    play.told();
    play.answered(&customer);
    play.bridged(&mobile, &customer);
    insta::assert_snapshot!(play.told(), @r#"
    30000  > bridge 0000000f-b770-3536-a17d-0bb7d8e8f4d0 and the agent's leg
    30000  call connected
    30000  callback closed: reached
    30000  > record 0000000f-b770-ee79-f9a4-db6c3bf03421 and the agent's leg
    "#);
}

#[test]
fn a_callback_rings_on_the_leg_that_stands() {
    let mut play = Play::with(|centre| {
        queue(centre, "desk").callback = Some(callbacks());
        agent(centre, "anna").line = crate::engine::centre::Line::Standing;
    });
    play.ready("anna");
    let line = play.line("anna");
    play.answered(&line);
    play.agent(
        "anna",
        AgentRequest::NotReady {
            reason: OutsideText::default(),
        },
    );
    play.asks_to_be_called_back("c1");
    play.told();
    play.ready("anna");
    play.tone_ends();
    let customer = play.party();
    play.hangs_up(&customer, Cause::NoAnswer);
    insta::assert_snapshot!(play.told(), @r#"
    30000  anna ready
    30000  call arrived
    30000  call transferring
    30000  anna offered
    30000  callback offered after 0
    30000  > play offer-tone to the agent's leg
    30000  callback dialling after 1
    30000  anna on_call
    30000  > ring tone to the agent's leg
    30000  > ring 13800138000
    30000  13800138000 no_answer
    30000  callback resting after 1
    30000  > silence the agent's leg
    30000  the leg is kept
    30000  anna ready
    30000  call ended
    30000  call ended with normal_clearing by System
    "#);
}
