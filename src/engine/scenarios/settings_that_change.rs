use super::*;
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
