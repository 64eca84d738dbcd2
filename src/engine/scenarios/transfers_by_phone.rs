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

    /// The phone of `extension` calls on a channel of its own.
    fn calls_itself(&mut self, extension: &str, channel: &str, dialled: &str) {
        let device = Some(crate::switch::Extension::new(extension).unwrap());
        self.on_switch(SwitchEvent::Arrived(Arrival {
            device,
            ..arrival(channel, dialled)
        }));
    }

    /// The phone on this channel asks by REFER with Replaces that who it holds and who is on
    /// its other call talk to each other.
    fn joins_its_calls(&mut self, channel: &str, other: &str) {
        self.on_switch(SwitchEvent::TransferAsked {
            channel: channel.parse().unwrap(),
            to: OutsideText::default(),
            replaces: Some(other.parse().unwrap()),
        });
    }

    /// Anna's phone holds the caller, calls Bert by a second call, and talks to him.
    fn consults_on_the_phone() -> (Self, String, String) {
        let (mut play, anna) = Self::talks_among_others();
        play.on_switch(SwitchEvent::Held {
            channel: anna.parse().unwrap(),
        });
        play.unbridged("c1", &anna);
        play.calls_itself("anna", "a2", "bert");
        let bert = play.rung_beside("bert");
        play.answered(&bert);
        play.answered("a2");
        play.bridged("a2", &bert);
        play.accept_orders();
        (play, anna, bert)
    }

    /// The channel on which somebody was rung beside caller and serving agent.
    fn rung_beside(&self, agent: &str) -> String {
        let rung = self.facts.iter().rev().find_map(|fact| match fact {
            Fact::PartyAdded { leg, who, .. }
                if who.agent().is_some_and(|own| own.as_str() == agent) =>
            {
                Some(leg.channel.to_string())
            }
            _ => None,
        });
        rung.unwrap_or_else(|| panic!("{agent} was not rung"))
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
fn who_is_consulted_on_the_phone_gets_the_caller_by_its_own_key() {
    let (mut play, anna, bert) = Play::consults_on_the_phone();
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      talk held
    0      anna hold
    0      > music default to c1
    0      anna asks: hold
    0      talk consulting
    0      anna consult
    0      > music default to c1
    0      > ring bert
    0      bert offered
    0      anna asks: consult
    0      > answer a2
    0      > bridge a2 and the agent's leg
    0      bert on_call
    "#);
    play.joins_its_calls(&anna, "a2");
    play.hangs_up("a2", Cause::NormalClearing);
    play.hangs_up(&anna, Cause::NormalClearing);
    play.bridged("c1", &bert);
    insta::assert_snapshot!(play.told(), @r#"
    0      > grant the transfer of the agent's leg with nobody
    0      > hang up a2 with normal_clearing
    0      anna talked
    0      call transferring
    0      > bridge c1 and the agent's leg
    0      > hang up the agent's leg with normal_clearing
    0      anna wrap_up
    0      anna asks: complete
    0      bert serves
    0      call connected
    0      > record c1 and the agent's leg
    "#);
    play.hangs_up(&bert, Cause::NormalClearing);
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      bert wrap_up
    0      > hang up c1 with normal_clearing
    0      call ended
    0      call ended with normal_clearing by Agent
    "#);
}

#[test]
fn the_key_is_obeyed_on_either_call_of_the_phone() {
    let (mut play, anna, bert) = Play::consults_on_the_phone();
    play.joins_its_calls("a2", &anna);
    play.bridged("c1", &bert);
    assert_eq!(play.last_asked(), (String::new(), None));
}

#[test]
fn only_two_calls_of_one_phone_are_put_together() {
    let (mut play, anna, bert) = Play::consults_on_the_phone();
    for (other, refusal) in [
        ("stranger", Refusal::NoSuchCall),
        ("c1", Refusal::NobodyConsulted),
        (bert.as_str(), Refusal::NobodyConsulted),
    ] {
        play.joins_its_calls(&anna, other);
        assert_eq!(play.last_asked(), (String::new(), Some(refusal)), "{other}");
    }
    let (mut play, anna) = Play::talks_among_others();
    play.joins_its_calls(&anna, "c1");
    let refused = (String::new(), Some(Refusal::NobodyConsulted));
    assert_eq!(play.last_asked(), refused);
}

#[test]
fn a_call_of_the_phone_is_bound_by_what_the_group_may_dial() {
    let (mut play, _) = Play::talks();
    play.calls_itself("anna", "a2", "0085212345678");
    play.hangs_up("a2", Cause::UserBusy);
    play.calls_itself("anna", "a3", "desk");
    play.hangs_up("a3", Cause::UserBusy);
    insta::assert_snapshot!(play.told(), @r#"
    0      anna asks: consult, refused: the agent's group may not dial this number: see may_dial of its section in [groups]
    0      > refuse a2 with no_answer
    0      anna withdrawn
    0      anna asks: consult, refused: there is no such agent
    0      > refuse a3 with no_answer
    0      anna withdrawn
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

#[test]
fn whoever_ends_a_consultation_on_the_phone_leaves_the_caller_on_hold() {
    for consulted in [true, false] {
        let (mut play, anna, bert) = Play::consults_on_the_phone();
        let (gone, left) = match consulted {
            true => (bert.as_str(), "a2"),
            false => ("a2", bert.as_str()),
        };
        play.hangs_up(gone, Cause::NormalClearing);
        play.hangs_up(left, Cause::NormalClearing);
        play.on_switch(SwitchEvent::Unheld {
            channel: anna.parse().unwrap(),
        });
        play.bridged("c1", &anna);
        assert!(play.told().ends_with("anna asks: resume"), "{consulted}");
    }
}

#[test]
fn who_does_not_answer_the_phone_leaves_it_refused_and_the_caller_on_hold() {
    let (mut play, anna) = Play::talks_among_others();
    play.calls_itself("anna", "a2", "bert");
    play.unbridged("c1", &anna);
    let bert = play.rung_beside("bert");
    play.hangs_up(&bert, Cause::NoAnswer);
    play.hangs_up("a2", Cause::NoAnswer);
    insta::assert_snapshot!(play.told(), @r#"
    0      > part c1 and the agent's leg
    0      talk consulting
    0      anna consult
    0      > music default to c1
    0      > ring bert
    0      bert offered
    0      anna asks: consult
    0      bert no_answer
    0      bert ready
    0      > refuse a2 with no_answer
    0      anna withdrawn
    0      talk held
    0      anna hold
    "#);
}

#[test]
fn a_new_run_knows_who_is_consulted_on_the_phone() {
    let (mut play, anna, bert) = Play::consults_on_the_phone();
    play.killed(vec![
        up("c1", None),
        up(&anna, None),
        up("a2", Some(&bert)),
        up(&bert, Some("a2")),
    ]);
    insta::assert_snapshot!(play.told(), @r#"
    0      link sw up
    0      reconciled: 0 adopted, 0 closed
    0      > music default to c1
    "#);
    play.joins_its_calls(&anna, "a2");
    play.bridged("c1", &bert);
    assert_eq!(play.last_asked(), (String::new(), None));
}

#[test]
fn a_phone_of_one_who_serves_nobody_calls_as_a_caller_does() {
    let mut play = Play::begin();
    play.ready("bert");
    play.calls_itself("anna", "a1", "bert");
    insta::assert_snapshot!(play.told(), @r#"
    0      bert ready
    0      call arrived
    0      > refuse a1 with user_busy
    "#);
}
