use super::*;
use crate::engine::cause::Cause;

impl Play {
    /// The phone on this channel asks by REFER for its far end to be transferred.
    fn refers(&mut self, channel: &str, to: &str) {
        self.on_switch(SwitchEvent::TransferAsked {
            channel: channel.parse().unwrap(),
            to: OutsideText::new(to),
            replaces: None,
        });
    }

    /// What was asked for last: what it named, and whether it was refused.
    fn last_asked(&self) -> (String, Option<Refusal>) {
        let asked = self.facts.iter().rev().find_map(|fact| match fact {
            Fact::Asked {
                by: Principal::Device(_),
                object,
                refused,
                ..
            } => Some((object.as_str().to_owned(), *refused)),
            _ => None,
        });
        asked.expect("a phone asked for something")
    }
}

#[test]
fn to_an_extension_as_if_the_button_had_been_pressed() {
    let (mut play, anna) = Play::talks_among_others();
    play.refers(&anna, "bert");
    play.unbridged("c1", &anna);
    play.hangs_up(&anna, Cause::NormalClearing);
    let bert = play.party();
    play.answered(&bert);
    play.bridged("c1", &bert);
    insta::assert_snapshot!(play.told(), @r#"
    0      > grant the transfer of the agent's leg with c1
    0      > part c1 and the agent's leg
    0      call transferring
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      > music default to c1
    0      > ring bert
    0      bert offered
    0      anna asks: transfer
    0      > bridge c1 and the agent's leg
    0      bert on_call
    0      bert serves
    0      call connected
    0      > record c1 and the agent's leg
    "#);
}

#[test]
fn what_the_switch_parted_before_is_transferred_all_the_same() {
    let (mut play, anna) = Play::talks();
    play.unbridged("c1", &anna);
    play.refers(&anna, "13900139000");
    play.hangs_up(&anna, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      > grant the transfer of the agent's leg with c1
    0      > part c1 and the agent's leg
    0      call transferring
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      > music default to c1
    0      > ring 13900139000
    0      anna asks: transfer
    "#);
}

#[test]
fn what_the_group_may_not_dial_is_refused_and_the_two_talk_on() {
    let (mut play, anna) = Play::talks();
    play.unbridged("c1", &anna);
    play.refers(&anna, "0085212345678");
    play.bridged("c1", &anna);
    play.accept_orders();
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @r#"
    0      > refuse the transfer of the agent's leg with c1
    0      anna asks: transfer, refused: the agent's group may not dial this number: see may_dial of its section in [groups]
    "#);
    assert_eq!(
        play.last_asked(),
        ("0085212345678".into(), Some(Refusal::NumberForbidden))
    );
}

#[test]
fn what_a_phone_dials_is_understood_as_it_is_meant() {
    for (dialled, object) in [
        ("bert", "bert"),
        ("4001", "desk"),
        ("desk", "desk"),
        ("81", "spare"),
        ("13900139000", "13900139000"),
    ] {
        let mut play = Play::with(|centre| {
            let spare = queue(centre, "desk").clone();
            centre.queues.insert("spare".parse().unwrap(), spare);
            let to = Destination::Queue("spare".parse().unwrap());
            centre.in_call.transfer_codes.insert("81".into(), to);
        });
        play.ready("anna");
        play.ready("bert");
        play.queues_up("c1");
        let anna = play.rung("anna");
        play.answered(&anna);
        play.bridged("c1", &anna);
        play.refers(&anna, dialled);
        assert_eq!(play.last_asked(), (object.into(), None), "{dialled}");
    }
    let (mut play, anna) = Play::talks();
    play.refers(&anna, "n o b o d y");
    let refused = ("n o b o d y".into(), Some(Refusal::NoSuchDestination));
    assert_eq!(play.last_asked(), refused);
}

#[test]
fn a_caller_who_is_held_goes_too_and_is_kept_when_it_is_refused() {
    let (mut play, anna) = Play::talks();
    play.on_switch(SwitchEvent::Held {
        channel: anna.parse().unwrap(),
    });
    play.unbridged("c1", &anna);
    play.refers(&anna, "95588");
    play.refers(&anna, "13900139000");
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      talk held
    0      anna hold
    0      > music default to c1
    0      anna asks: hold
    0      > refuse the transfer of the agent's leg with nobody
    0      anna asks: transfer, refused: the agent's group may not dial this number: see may_dial of its section in [groups]
    0      > grant the transfer of the agent's leg with nobody
    0      call transferring
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      > music default to c1
    0      > ring 13900139000
    0      anna asks: transfer
    "#);
}

#[test]
fn a_phone_that_serves_no_call_sends_nobody_anywhere() {
    let (mut play, anna) = Play::talks();
    play.unbridged("c1", &anna);
    play.refers("c1", "13900139000");
    play.bridged("c1", &anna);
    insta::assert_snapshot!(play.told(), @r#"
    0      > refuse the transfer of c1 with the agent's leg
    "#);
}

#[test]
fn in_a_conference_it_is_refused_and_everybody_talks_on() {
    let (mut play, anna) = Play::talks_among_others();
    let bert = Invitee::Agent("bert".parse().unwrap());
    play.asks("anna", CallRequest::Invite { to: bert }).unwrap();
    let bert = play.party();
    play.answered(&bert);
    for leg in ["c1", &anna, &bert] {
        play.joined(leg);
    }
    play.accept_orders();
    play.told();
    // Neither who serves the caller nor another sends them away from the others.
    play.refers(&anna, "carl");
    assert_eq!(play.last_asked().1, Some(Refusal::WrongMoment));
    play.refers(&bert, "carl");
    assert_eq!(play.last_asked().1, Some(Refusal::NotOnACall));
    insta::assert_snapshot!(play.told(), @r#"
    0      > refuse the transfer of the agent's leg with nobody
    0      anna asks: transfer, refused: this cannot be done at this moment of the call; finish or take back what is under way first
    0      > refuse the transfer of the agent's leg with nobody
    0      bert asks: transfer, refused: the agent is not on a call
    "#);
}

#[test]
fn of_a_leg_that_serves_no_call_it_is_refused_at_once() {
    let mut play = Play::with(|centre| {
        agent(centre, "anna").line = crate::engine::centre::Line::Standing;
    });
    play.ready("anna");
    let line = play.line("anna");
    play.answered(&line);
    play.told();
    play.refers(&line, "bert");
    play.refers("stranger", "bert");
    insta::assert_snapshot!(play.told(), @r#"
    0      > refuse the transfer of the agent's leg with nobody
    0      > refuse the transfer of stranger with nobody
    "#);
}
