use super::*;
use crate::engine::cause::Cause;

fn invite(agent: &str) -> CallRequest {
    CallRequest::Invite {
        to: Invitee::Agent(agent.parse().unwrap()),
    }
}

/// Caller, `anna` and `bert` talk together. Gives the agents' legs.
fn conferring() -> (Play, String, String) {
    let (mut play, anna) = Play::talks_among_others();
    let to = Invitee::Agent("bert".parse().unwrap());
    play.asks("anna", CallRequest::Consult { to }).unwrap();
    play.unbridged("c1", &anna);
    let bert = play.party();
    play.answered(&bert);
    assert_eq!(
        play.asks("anna", CallRequest::Conference),
        Err(Refusal::NotAnsweredYet)
    );
    play.bridged(&anna, &bert);
    play.accept_orders();
    play.told();
    play.asks("anna", CallRequest::Conference).unwrap();
    for channel in ["c1", &anna, &bert] {
        play.joined(channel);
    }
    play.accept_orders();
    (play, anna, bert)
}

#[test]
fn three_talk_and_then_two() {
    let (mut play, anna, bert) = conferring();
    play.pass(Span::seconds(60));
    play.hangs_up(&bert, Cause::NormalClearing);
    play.bridged("c1", &anna);
    play.accept_orders();
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @r#"
    0      talk conference
    0      anna on_call
    0      > join c1 to the conference
    0      > join the agent's leg to the conference
    0      > join the agent's leg to the conference
    0      anna asks: conference
    60000  bert talked
    60000  bert wrap_up
    60000  talk together
    60000  > bridge c1 and the agent's leg
    90000  bert ready
    "#);
}

#[test]
fn the_agent_leaves_and_another_serves() {
    let (mut play, anna, bert) = conferring();
    play.told();
    play.hangs_up(&anna, Cause::NormalClearing);
    play.bridged("c1", &bert);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna wrap_up
    0      bert serves
    0      talk conference
    0      > record c1 and the agent's leg
    0      talk together
    0      > bridge c1 and the agent's leg
    "#);
}

#[test]
fn the_caller_leaves_and_everybody_is_free() {
    let (mut play, _, _) = conferring();
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      > hang up the agent's leg with normal_clearing
    0      bert talked
    0      bert wrap_up
    0      call ended
    0      call ended with normal_clearing by Caller
    "#);
}

#[test]
fn one_more_is_invited_and_does_not_answer() {
    let (mut play, _, _) = conferring();
    play.told();
    play.asks("anna", invite("carl")).unwrap();
    let carl = play.party();
    play.hangs_up(&carl, Cause::NoAnswer);
    insta::assert_snapshot!(play.told(), @r#"
    0      > ring carl
    0      carl offered
    0      anna asks: invite
    0      carl no_answer
    0      carl ready
    "#);
}

#[test]
fn one_who_is_invited_into_a_conversation_makes_it_a_conference() {
    let (mut play, anna) = Play::talks_among_others();
    play.asks("anna", invite("bert")).unwrap();
    assert_eq!(
        play.asks("anna", CallRequest::Hold),
        Err(Refusal::WrongMoment)
    );
    let bert = play.party();
    play.answered(&bert);
    play.unbridged("c1", &anna);
    for channel in ["c1", &anna, &bert] {
        play.joined(channel);
    }
    play.accept_orders();
    play.pass(Span::seconds(60));
    assert!(!play.told().contains("overdue"));
}

#[test]
fn the_agent_leaves_the_caller_with_a_number_outside() {
    let (mut play, anna) = Play::talks();
    let to = Invitee::Number(PhoneNumber::new("13900139000").unwrap());
    play.asks("anna", CallRequest::Invite { to }).unwrap();
    let outside = play.party();
    play.answered(&outside);
    for channel in ["c1", &anna, &outside] {
        play.joined(channel);
    }
    play.accept_orders();
    play.told();
    play.hangs_up(&anna, Cause::NormalClearing);
    play.bridged("c1", &outside);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna wrap_up
    0      call transferring
    0      > bridge c1 and the agent's leg
    0      call outside
    "#);
}

#[test]
fn a_conference_has_a_limit() {
    let (mut play, _) = Play::talks_among_others();
    let mut small = centre();
    small.in_call.max_conference = 2;
    play.event(Event::Configured {
        centre: Box::new(small),
    });
    assert_eq!(
        play.asks("anna", invite("bert")),
        Err(Refusal::ConferenceFull)
    );
}

#[test]
fn a_conference_survives_a_kill_of_the_controller() {
    let (mut play, anna, bert) = conferring();
    let call = play.call();
    let inside = |channel: &str| LiveLeg {
        conference: Some(call),
        ..up(channel, None)
    };
    play.killed(vec![inside("c1"), inside(&anna), inside(&bert)]);
    play.pass(Span::seconds(60));
    play.hangs_up(&bert, Cause::NormalClearing);
    play.bridged("c1", &anna);
    insta::assert_snapshot!(play.told(), @r#"
    0      link sw up
    0      reconciled: 0 adopted, 0 closed
    60000  bert talked
    60000  bert wrap_up
    60000  talk together
    60000  > bridge c1 and the agent's leg
    "#);
}

impl Play {
    /// The switch takes the leg out of the conference of the one live call.
    fn leaves_conference(&mut self, channel: &str) {
        let channel = channel.parse().unwrap();
        let conference = self.call();
        self.on_switch(SwitchEvent::Left {
            channel,
            conference,
        });
    }

    /// The switch answers what it was asked about legs.
    fn tells(&mut self, legs: Vec<LiveLeg>) {
        self.on_switch(examined(legs));
        self.accept_orders();
    }
}

#[test]
fn the_agent_who_silently_leaves_is_brought_back() {
    let (mut play, anna, bert) = conferring();
    play.accepts = true;
    play.told();
    let call = play.call();
    let inside = |channel: &str| LiveLeg {
        conference: Some(call),
        ..up(channel, None)
    };
    play.leaves_conference(&anna);
    play.pass(Span::seconds(10));
    play.tells(vec![inside("c1"), up(&anna, None)]);
    play.joined(&anna);
    play.pass(Span::seconds(60));
    play.hangs_up(&bert, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    10000  > examine c1, the agent's leg
    10000  > join the agent's leg to the conference
    70000  bert talked
    70000  bert wrap_up
    70000  talk together
    70000  > bridge c1 and the agent's leg
    "#);
}

#[test]
fn the_agent_who_cannot_be_brought_back_leaves_the_caller_to_the_other() {
    let (mut play, anna, bert) = conferring();
    play.accepts = true;
    play.told();
    let call = play.call();
    let inside = |channel: &str| LiveLeg {
        conference: Some(call),
        ..up(channel, None)
    };
    play.leaves_conference(&anna);
    play.pass(Span::seconds(10));
    play.tells(vec![inside("c1"), up(&anna, None)]);
    play.pass(Span::seconds(10));
    play.hangs_up(&anna, Cause::NormalClearing);
    play.bridged("c1", &bert);
    play.accept_orders();
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @r#"
    10000  > examine c1, the agent's leg
    10000  > join the agent's leg to the conference
    20000  overdue: apart
    20000  > hang up the agent's leg with normal_clearing
    20000  anna wrap_up
    20000  bert serves
    20000  talk conference
    20000  > record c1 and the agent's leg
    20000  talk together
    20000  > bridge c1 and the agent's leg
    50000  anna ready
    50000  overdue: recording
    50000  > find the recording
    80000  recording lost: the switch told neither its end nor where it is
    "#);
}

#[test]
fn another_who_silently_leaves_is_brought_back_once_and_then_let_go() {
    let (mut play, anna, bert) = conferring();
    play.accepts = true;
    play.told();
    play.leaves_conference(&bert);
    play.pass(Span::seconds(10));
    play.accept_orders();
    play.joined(&bert);
    play.pass(Span::seconds(20));
    play.leaves_conference(&bert);
    play.pass(Span::seconds(20));
    play.hangs_up(&bert, Cause::NormalClearing);
    play.bridged("c1", &anna);
    insta::assert_snapshot!(play.told(), @r#"
    10000  > join the agent's leg to the conference
    40000  > join the agent's leg to the conference
    45000  overdue: party
    45000  > hang up the agent's leg with normal_clearing
    45000  bert talked
    45000  bert wrap_up
    45000  talk together
    45000  > bridge c1 and the agent's leg
    "#);
}

#[test]
fn the_caller_who_silently_leaves_is_brought_back_whoever_serves_meanwhile() {
    let (mut play, anna, bert) = conferring();
    play.accepts = true;
    play.asks("anna", invite("carl")).unwrap();
    let carl = play.party();
    play.answered(&carl);
    play.joined(&carl);
    play.accept_orders();
    play.told();
    let call = play.call();
    let inside = |channel: &str| LiveLeg {
        conference: Some(call),
        ..up(channel, None)
    };
    play.leaves_conference("c1");
    play.hangs_up(&anna, Cause::NormalClearing);
    play.pass(Span::seconds(10));
    play.tells(vec![up("c1", None), inside(&bert), inside(&carl)]);
    play.joined("c1");
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @r#"
    0      anna wrap_up
    0      bert serves
    0      talk conference
    0      > record c1 and the agent's leg
    10000  > examine c1, the agent's leg
    10000  > join c1 to the conference
    30000  anna ready
    30000  overdue: recording
    30000  > find the recording
    60000  recording lost: the switch told neither its end nor where it is
    "#);
}
