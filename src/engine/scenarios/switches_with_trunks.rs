use super::*;
use crate::engine::cause::Cause;

const FAR: &str = "far";

/// Two switches with trunks to each other; `bert` is on the far one.
fn linked() -> Play {
    two_switches(true)
}

fn two_switches(linked: bool) -> Play {
    let far: SwitchId = FAR.parse().unwrap();
    let mut play = Play::with(|centre| {
        centre.switches.push(far.clone());
        if linked {
            for switch in centre.switches.clone() {
                centre.pools.insert(switch, far.clone());
            }
        }
        agent(centre, "bert").switch = far.clone();
    });
    play.on_far(SwitchEvent::Snapshot(Snapshot::default()));
    play.told();
    play
}

impl Play {
    fn on_far(&mut self, event: SwitchEvent) {
        let switch = FAR.parse().unwrap();
        self.event(Event::Switch { switch, event });
    }

    /// Where and whom the last ring was ordered.
    fn last_ring(&self) -> (String, Target) {
        let ring = self
            .orders
            .iter()
            .rev()
            .find_map(|order| match &order.command {
                SwitchCommand::Ring(ring) => Some((order.switch.to_string(), ring.to.clone())),
                _ => None,
            });
        ring.expect("somebody was rung")
    }
}

fn bert_over_the_trunk() -> (String, Target) {
    let extension = Extension::new("bert").unwrap();
    let switch = FAR.parse().unwrap();
    (SWITCH.to_owned(), Target::Remote { switch, extension })
}

/// The same, with callbacks; only `dials` dials outside.
fn calls_back_over(dials: &str) -> Play {
    let far: SwitchId = FAR.parse().unwrap();
    let mut play = Play::with(|centre| {
        centre.switches.push(far.clone());
        for switch in centre.switches.clone() {
            centre.pools.insert(switch, far.clone());
        }
        agent(centre, "bert").switch = far.clone();
        centre.outbound = vec![dials.parse().unwrap()];
        queue(centre, "desk").callback = Some(callbacks());
    });
    play.on_far(SwitchEvent::Snapshot(Snapshot::default()));
    play
}

fn lost(why: &str) -> SwitchEvent {
    SwitchEvent::LinkLost {
        why: OutsideText::new(why),
    }
}

#[test]
fn an_agent_elsewhere_is_rung_by_the_callers_switch() {
    let mut play = linked();
    play.ready("bert");
    play.queues_up("c1");
    let rung = play.rung("bert");
    play.accepts = true;
    play.answered(&rung);
    play.bridged("c1", &rung);
    play.asks("bert", CallRequest::Hold).unwrap();
    play.unbridged("c1", &rung);
    play.asks("bert", CallRequest::Resume).unwrap();
    play.bridged("c1", &rung);
    play.hangs_up(&rung, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      bert ready
    0      call arrived
    0      call in_flow
    0      > answer c1
    0      > play welcome to c1
    0      > silence c1
    0      call waiting
    0      > ring bert
    0      bert offered
    0      call offered
    0      > music default to c1
    0      > bridge c1 and the agent's leg
    0      offer to bert: Accepted
    0      left desk: Answered
    0      call connected
    0      bert on_call
    0      > record c1 and the agent's leg
    0      > part c1 and the agent's leg
    0      talk held
    0      bert hold
    0      > music default to c1
    0      bert asks: hold
    0      talk together
    0      bert on_call
    0      > bridge c1 and the agent's leg
    0      bert asks: resume
    0      bert wrap_up
    0      > hang up c1 with normal_clearing
    "#);
}

#[test]
fn the_ring_goes_over_the_trunk() {
    let mut play = linked();
    play.ready("bert");
    play.arrives("c1", "4001");
    play.answered("c1");
    play.key("c1", '1');
    assert_eq!(play.last_ring(), bert_over_the_trunk());
    let (mut play, _) = {
        let mut play = linked();
        play.ready("anna");
        play.queues_up("c1");
        let anna = play.rung("anna");
        play.answered(&anna);
        play.bridged("c1", &anna);
        play.ready("bert");
        (play, anna)
    };
    let bert = Invitee::Agent("bert".parse().unwrap());
    play.asks("anna", CallRequest::Consult { to: bert })
        .unwrap();
    assert_eq!(play.last_ring(), bert_over_the_trunk());
}

#[test]
fn the_most_urgent_call_of_both_switches_is_next() {
    let mut play = linked();
    play.queues_up("c1");
    play.pass(Span::seconds(1));
    play.on_far(SwitchEvent::Arrived(arrival("f1", "4001")));
    let channel: ChannelId = "f1".parse().unwrap();
    play.on_far(SwitchEvent::Answered {
        channel: channel.clone(),
    });
    let digit = Digit {
        key: Key::try_from('1').unwrap(),
        method: DigitMethod::Rfc4733,
    };
    play.on_far(SwitchEvent::Digit { channel, digit });
    play.told();
    // Bert is nearer to the second caller, and the first waits longer.
    play.ready("bert");
    assert_eq!(play.last_ring(), bert_over_the_trunk());
    play.ready("anna");
    let (switch, to) = play.last_ring();
    assert_eq!(switch, FAR);
    assert_eq!(to.to_string(), "anna");
}

#[test]
fn who_is_on_a_switch_out_of_reach_waits_and_is_not_rung() {
    let mut play = linked();
    play.queues_up("c1");
    play.on_far(lost("gone"));
    play.ready("bert");
    play.pass(Span::seconds(5));
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call in_flow
    0      > answer c1
    0      > play welcome to c1
    0      > silence c1
    0      call waiting
    0      > music default to c1
    0      link far down
    0      bert ready
    "#);
    // Back, and now the caller's own switch is out of reach: nobody is rung for them.
    play.on_switch(lost("gone"));
    play.on_far(SwitchEvent::Snapshot(Snapshot::default()));
    play.pass(Span::seconds(5));
    insta::assert_snapshot!(play.told(), @r#"
    5000   link sw down
    5000   link far up
    5000   reconciled: 0 adopted, 0 closed
    "#);
    let legs = vec![up("c1", None)];
    play.on_switch(SwitchEvent::Snapshot(Snapshot {
        legs,
        ..Snapshot::default()
    }));
    assert_eq!(play.last_ring(), bert_over_the_trunk());
}

#[test]
fn without_a_trunk_each_switch_serves_its_own() {
    let mut play = two_switches(false);
    play.ready("bert");
    play.queues_up("c1");
    play.ready("anna");
    let anna = play.rung("anna");
    play.answered(&anna);
    play.bridged("c1", &anna);
    let bert = Invitee::Agent("bert".parse().unwrap());
    let asked = play.asks("anna", CallRequest::Consult { to: bert });
    assert_eq!(asked, Err(Refusal::OtherSwitch));
}

#[test]
fn a_switch_that_dials_outside_rings_the_agent_over_its_trunk_for_a_callback() {
    let mut play = calls_back_over(SWITCH);
    play.asks_to_be_called_back("c1");
    play.ready("bert");
    assert_eq!(play.last_ring(), bert_over_the_trunk());
    let bert = play.rung_last();
    play.answered(&bert);
    let (switch, to) = play.last_ring();
    assert_eq!(
        (switch.as_str(), to.to_string().as_str()),
        (SWITCH, "13800138000")
    );
    let customer = play.party();
    play.answered(&customer);
    play.bridged(&bert, &customer);
    assert!(play.told().contains("callback closed: reached"));
}

#[test]
fn a_caller_on_a_switch_that_dials_nobody_is_called_back_by_another() {
    let mut play = calls_back_over(FAR);
    play.asks_to_be_called_back("c1");
    play.ready("anna");
    let extension = Extension::new("anna").unwrap();
    let switch = SWITCH.parse().unwrap();
    let anna = Target::Remote { switch, extension };
    assert_eq!(play.last_ring(), (FAR.to_owned(), anna));
}

#[test]
fn an_agent_with_a_way_out_of_their_own_takes_it() {
    let mut play = calls_back_over(SWITCH);
    play.settings.outbound.push(FAR.parse().unwrap());
    let centre = Box::new(play.settings.clone());
    play.event(Event::Configured { centre });
    play.asks_to_be_called_back("c1");
    play.ready("bert");
    let (switch, to) = play.last_ring();
    assert_eq!((switch.as_str(), to.to_string().as_str()), (FAR, "bert"));
}

#[test]
fn a_callback_waits_for_the_switch_that_dials() {
    let mut play = calls_back_over(FAR);
    play.asks_to_be_called_back("c1");
    play.on_far(lost("gone"));
    play.ready("anna");
    play.pass(Span::seconds(5));
    assert!(!play.told().contains("> ring"));
    play.on_far(SwitchEvent::Snapshot(Snapshot::default()));
    play.pass(Span::seconds(60));
    assert!(play.told().contains("> ring anna"));
}

#[test]
fn a_number_is_dialled_over_the_switch_that_dials_or_refused() {
    let dial = || CallRequest::Dial {
        to: PhoneNumber::new("13900139000").unwrap(),
    };
    let mut play = calls_back_over(SWITCH);
    play.ready("bert");
    play.asks("bert", dial()).unwrap();
    assert_eq!(play.last_ring(), bert_over_the_trunk());
    let mut play = Play::with(|centre| centre.outbound.clear());
    play.ready("anna");
    assert_eq!(play.asks("anna", dial()), Err(Refusal::NobodyDials));
    // A caller stays where they are: their switch would have to dial.
    play.queues_up("c1");
    let anna = play.rung("anna");
    play.answered(&anna);
    play.bridged("c1", &anna);
    let to = Destination::Number(PhoneNumber::new("13900139000").unwrap());
    let asked = play.asks("anna", CallRequest::Transfer { to });
    assert_eq!(asked, Err(Refusal::NobodyDials));
}

#[test]
fn a_transfer_key_that_a_trunk_passes_on_is_obeyed_from_the_agents_own_switch() {
    let mut play = linked();
    // Both switches have a device of this extension; the phone means the nearer one.
    let mut settings = play.settings.clone();
    agent(&mut settings, "carl").switch = FAR.parse().unwrap();
    agent(&mut settings, "carl").extension = Extension::new("anna").unwrap();
    let centre = Box::new(settings);
    play.event(Event::Configured { centre });
    play.ready("bert");
    play.queues_up("c1");
    let bert = play.rung("bert");
    play.answered(&bert);
    play.bridged("c1", &bert);
    play.ready("anna");
    play.ready("carl");
    play.told();
    play.on_switch(SwitchEvent::TransferAsked {
        channel: bert.parse().unwrap(),
        to: OutsideText::new("anna"),
        replaces: None,
    });
    let switch = FAR.parse().unwrap();
    let extension = Extension::new("anna").unwrap();
    let carl = Target::Remote { switch, extension };
    assert_eq!(play.last_ring(), (SWITCH.to_owned(), carl));
    play.unbridged("c1", &bert);
    play.hangs_up(&bert, Cause::NormalClearing);
    let carl = play.party();
    play.answered(&carl);
    play.bridged("c1", &carl);
    insta::assert_snapshot!(play.told(), @r#"
    0      > grant the transfer of the agent's leg with c1
    0      > part c1 and the agent's leg
    0      call transferring
    0      > hang up the agent's leg with normal_clearing
    0      bert wrap_up
    0      > music default to c1
    0      > ring anna
    0      carl offered
    0      bert asks: transfer
    0      > bridge c1 and the agent's leg
    0      carl on_call
    0      carl serves
    0      call connected
    0      > record c1 and the agent's leg
    "#);
    // A phone's own leg on the other switch is none of ours: it is refused there.
    play.on_far(SwitchEvent::TransferAsked {
        channel: "phone".parse().unwrap(),
        to: OutsideText::new("bert"),
        replaces: None,
    });
    insta::assert_snapshot!(play.told(), @r#"
    0      > refuse the transfer of phone with nobody
    "#);
}
