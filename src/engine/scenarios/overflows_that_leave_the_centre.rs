use super::*;
use crate::engine::cause::Cause;
use crate::engine::centre::{SiteEntrance, SiteSettings};

fn number() -> OverflowTo {
    OverflowTo::Number(PhoneNumber::new("+861012345678").unwrap())
}

fn waits(seconds: u32, to: OverflowTo) -> OverflowRule {
    let when = OverflowWhen::Wait(Span::seconds(seconds));
    OverflowRule { when, to }
}

fn with_rules(rules: Vec<OverflowRule>) -> Play {
    Play::with(|centre| {
        let north = QueueSettings::new("North", "jazz".parse().unwrap());
        centre.queues.insert("north".parse().unwrap(), north);
        queue(centre, "desk").overflow = rules;
        for (id, entrance) in [
            ("north", SiteEntrance::Queue("north".parse().unwrap())),
            (
                "south",
                SiteEntrance::Number(PhoneNumber::new("02012345678").unwrap()),
            ),
        ] {
            let name = id.to_owned();
            let site = SiteSettings { name, entrance };
            centre.sites.insert(id.parse().unwrap(), site);
        }
    })
}

#[test]
fn a_caller_who_waited_too_long_goes_to_a_number_outside() {
    let mut play = with_rules(vec![waits(60, number())]);
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(60));
    let party = play.party();
    play.answered(&party);
    play.bridged("c1", &party);
    play.pass(Span::seconds(30));
    play.hangs_up(&party, Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    60000  overflow of desk: Wait(Span(60000)) to Number(PhoneNumber("+861012345678"))
    60000  left desk: Overflowed
    60000  > silence c1
    60000  call transferring
    60000  diverted from desk
    60000  > music default to c1
    60000  > ring +861012345678
    60000  > bridge c1 and the agent's leg
    60000  call outside
    90000  +861012345678 talked
    90000  > hang up c1 with normal_clearing
    "#);
}

#[test]
fn nobody_outside_answers_and_the_caller_has_their_place_again() {
    let mut play = with_rules(vec![waits(60, number())]);
    play.queues_up("c1");
    play.pass(Span::seconds(10));
    play.queues_up("c2");
    play.pass(Span::seconds(50));
    let party = play.party();
    play.told();
    play.hangs_up(&party, Cause::NoAnswer);
    play.pass(Span::seconds(5));
    insta::assert_snapshot!(play.told(), @r#"
    60000  +861012345678 no_answer
    60000  call waiting
    60000  > music default to c1
    "#);
    // Before c2, who came later.
    play.ready("anna");
    let leg = play.rung("anna");
    play.answered(&leg);
    let told = play.told();
    assert!(told.contains("> bridge c1"), "{told}");
}

#[test]
fn nobody_outside_answers_and_the_next_rule_leads_on() {
    let mut play = with_rules(vec![
        waits(60, number()),
        waits(60, OverflowTo::Voicemail(None)),
    ]);
    play.queues_up("c1");
    play.pass(Span::seconds(60));
    let party = play.party();
    play.told();
    play.hangs_up(&party, Cause::UserBusy);
    insta::assert_snapshot!(play.told(), @r#"
    60000  +861012345678 busy
    60000  overflow of desk: Wait(Span(60000)) to Voicemail(None)
    60000  call voicemail
    60000  message for queue:desk
    60000  > play leave-a-message, tone to c1
    "#);
}

#[test]
fn a_site_is_its_queue_or_its_number() {
    let north = OverflowTo::Site("north".parse().unwrap());
    let mut play = with_rules(vec![OverflowRule {
        when: OverflowWhen::NobodySignedIn,
        to: north,
    }]);
    play.arrives("c1", "4001");
    play.answered("c1");
    play.told();
    play.key("c1", '1');
    insta::assert_snapshot!(play.told(), @r#"
    0      > silence c1
    0      overflow of desk: NobodySignedIn to Site(SiteId(north))
    0      call waiting
    0      > music jazz to c1
    "#);
    let south = OverflowTo::Site("south".parse().unwrap());
    let mut play = with_rules(vec![waits(60, south)]);
    play.queues_up("c1");
    play.told();
    play.pass(Span::seconds(60));
    insta::assert_snapshot!(play.told(), @r#"
    60000  overflow of desk: Wait(Span(60000)) to Site(SiteId(south))
    60000  left desk: Overflowed
    60000  > silence c1
    60000  call transferring
    60000  diverted from desk
    60000  > music default to c1
    60000  > ring 02012345678
    "#);
}

#[test]
fn a_caller_who_hangs_up_while_a_number_is_rung_leaves_nothing_behind() {
    let mut play = with_rules(vec![waits(60, number())]);
    play.queues_up("c1");
    play.pass(Span::seconds(60));
    play.told();
    play.hangs_up("c1", Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    60000  > refuse the agent's leg with originator_cancel
    60000  +861012345678 withdrawn
    60000  call ended
    60000  call ended with normal_clearing by Caller
    "#);
}

#[test]
fn the_next_run_knows_whence_a_caller_went_outside() {
    let mut play = with_rules(vec![waits(60, number())]);
    play.queues_up("c1");
    play.pass(Span::seconds(60));
    let mut memory = crate::engine::memory::Memory::default();
    for (at, fact) in &play.all {
        memory.apply(*at, fact);
    }
    let known = &memory.remembered().calls[0];
    let call = play.engine.calls.values().next().unwrap();
    assert!(call.diverted.is_some());
    assert_eq!(known.diverted, call.diverted);
    assert_eq!(known.rules_tried, call.rules_tried);
    let party = play.party();
    play.hangs_up(&party, Cause::NoAnswer);
    assert!(
        play.engine
            .calls
            .values()
            .all(|call| call.diverted.is_none())
    );
}

#[test]
fn a_flow_after_a_queue_takes_the_place_off_the_leg() {
    let mut play = with_rules(vec![waits(60, OverflowTo::Flow("desk".parse().unwrap()))]);
    play.queues_up("c1");
    play.pass(Span::seconds(59));
    play.orders.clear();
    play.accepts = false;
    play.pass(Span::seconds(1));
    let dropped = play.orders.iter().any(|order| match &order.command {
        SwitchCommand::SetVariables { variables, .. } => {
            variables.get(LegVariable::Entered) == Some("")
        }
        _ => false,
    });
    assert!(dropped);
}
