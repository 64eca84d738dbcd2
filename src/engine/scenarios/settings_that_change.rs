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
