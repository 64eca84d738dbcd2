use super::*;
use crate::engine::calendar::{Opening, Openings};
use std::sync::Arc;

#[test]
fn a_call_goes_on_in_the_flow_that_it_entered() {
    let mut play = Play::begin();
    play.arrives("c1", "4001");
    play.answered("c1");
    let mut changed = centre();
    let flow = r#"{"name":"closed","start":"bye","blocks":{"bye":{"kind":"hang_up"}}}"#;
    let flow = Arc::new(serde_json::from_str(flow).unwrap());
    changed.flows = BTreeMap::from([("desk".parse().unwrap(), flow)]);
    play.event(Event::Configured {
        centre: Box::new(changed),
    });
    play.told();
    play.key("c1", '1');
    play.arrives("c2", "4001");
    insta::assert_snapshot!(play.told(), @r#"
    0      > silence c1
    0      call waiting
    0      > music default to c1
    0      call arrived
    0      call in_flow
    0      > refuse c2 with normal_clearing
    "#);
}

fn without_the_queue() -> Centre {
    let mut changed = centre();
    changed.queues.clear();
    for agent in changed.agents.values_mut() {
        agent.queues.clear();
    }
    changed
}

#[test]
fn a_removed_queue_is_served_until_its_last_call_has_left() {
    let mut play = Play::begin();
    play.queues_up("c1");
    play.queues_up("c2");
    play.event(Event::Configured {
        centre: Box::new(without_the_queue()),
    });
    play.told();
    play.ready("anna");
    play.ready("bert");
    insta::assert_snapshot!(play.told(), @r#"
    0      anna ready
    0      > ring anna
    0      anna offered
    0      call offered
    0      bert ready
    0      > ring bert
    0      bert offered
    0      call offered
    "#);
}

#[test]
fn a_removed_agent_is_signed_out_when_free_of_calls() {
    let mut play = Play::begin();
    play.ready("anna");
    play.ready("bert");
    play.queues_up("c1");
    let agent = play.rung("anna");
    play.answered(&agent);
    play.bridged("c1", &agent);
    let mut changed = centre();
    changed.agents.clear();
    play.told();
    play.event(Event::Configured {
        centre: Box::new(changed),
    });
    play.hangs_up(&agent, crate::engine::cause::Cause::NormalClearing);
    insta::assert_snapshot!(play.told(), @r#"
    0      bert signed_out
    0      anna signed_out
    0      > hang up c1 with normal_clearing
    "#);
}

#[test]
fn a_flow_that_leads_to_a_removed_queue_gives_way_to_the_present_one() {
    let mut play = Play::begin();
    play.arrives("c1", "4001");
    play.answered("c1");
    let mut changed = without_the_queue();
    let flow = r#"{"name":"closed","start":"in","blocks":{
        "in":{"kind":"answer","next":"bye"},
        "bye":{"kind":"play","prompts":["closed"],"next":"end"},
        "end":{"kind":"hang_up"}}}"#;
    let flow = Arc::new(serde_json::from_str(flow).unwrap());
    changed.flows = BTreeMap::from([("desk".parse().unwrap(), flow)]);
    play.event(Event::Configured {
        centre: Box::new(changed),
    });
    play.told();
    play.key("c1", '1');
    insta::assert_snapshot!(play.told(), @r#"
    0      > silence c1
    0      > play closed to c1
    "#);
}

#[test]
fn the_same_settings_told_again_disturb_nothing() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    let agent = play.rung("anna");
    play.answered(&agent);
    play.bridged("c1", &agent);
    play.queues_up("c2");
    play.ready("bert");
    play.queues_up("c3");
    let mut changed = centre();
    changed.agents.remove(&"anna".parse().unwrap());
    let again = changed.clone();
    play.event(Event::Configured {
        centre: Box::new(changed),
    });
    play.accept_orders();
    play.told();
    let facts = play.facts.len();
    play.event(Event::Configured {
        centre: Box::new(again),
    });
    assert_eq!(play.told(), "");
    assert!(play.orders.is_empty());
    assert_eq!(play.facts[facts..], []);
}

#[test]
fn callers_go_by_the_hours_that_were_told_last() {
    let mut play = Play::begin();
    let open = |opens: i64, closes: i64| {
        let opening = Opening {
            opens: Timestamp::from_millis(opens),
            closes: Timestamp::from_millis(closes),
        };
        let mut centre = centre();
        let flow = r#"{"name":"desk","start":"hours","blocks":{
            "hours":{"kind":"hours","calendar":"office","open":"in","closed":"busy"},
            "in":{"kind":"answer","next":"desk"},
            "desk":{"kind":"queue","queue":"desk"},
            "busy":{"kind":"busy"}}}"#;
        let flow = Arc::new(serde_json::from_str(flow).unwrap());
        centre.flows = BTreeMap::from([("desk".parse().unwrap(), flow)]);
        let office = ("office".parse().unwrap(), Openings::new(vec![opening]));
        centre.calendars = [office].into_iter().collect();
        Event::Configured {
            centre: Box::new(centre),
        }
    };
    play.event(open(0, 2_000_000));
    play.told();
    play.arrives("c1", "4001");
    play.pass(Span::seconds(1_000));
    play.told();
    play.arrives("c2", "4001");
    play.event(open(2_000_000, 3_000_000));
    play.arrives("c3", "4001");
    insta::assert_snapshot!(play.told(), @r#"
    1000000call arrived
    1000000call in_flow
    1000000> refuse c2 with user_busy
    1000000call arrived
    1000000call in_flow
    1000000> answer c3
    "#);
}
