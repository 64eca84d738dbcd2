//! The simulated FreeSWITCH over TCP, met by an ESL client that others wrote.

use freeswitch_esl_tokio::{EslClient, EslEventStream, EventFormat};
use std::time::Duration;
use switchyard::engine::id::SwitchId;
use switchyard::engine::time::Span;
use switchyard::switch::simulated::crowd::{Crowd, PeopleSettings, Population};
use switchyard::switch::simulated::esl::{EslObserver, EslServer, EslSettings};
use switchyard::switch::simulated::model::ModelSettings;
use tokio::time::timeout;

const AGENT: &str = "22222222-2222-4222-8222-222222222222";

async fn a_switch(callers: u32) -> (u16, EslObserver) {
    let population = Population {
        numbers: vec!["4001".to_owned()],
        keys: Vec::new(),
    };
    let mut crowd = Crowd::quiet(population);
    crowd.arrivals.burst = callers;
    let mut people = PeopleSettings::of(vec![crowd]);
    people.devices.answers_after = (Span::millis(10), Span::millis(20));
    let settings = EslSettings {
        listen: ([127, 0, 0, 1], 0).into(),
        password: "secret".to_owned(),
        switch: SwitchId::new("fs1").expect("an id"),
        model: ModelSettings::default(),
        people,
        seed: 1,
        recordings: None,
    };
    let server = EslServer::bind(settings).await.expect("a free port");
    let (port, observer) = (
        server.local_addr().expect("the port just bound").port(),
        server.observer(),
    );
    #[expect(clippy::disallowed_methods, reason = "the test's own server")]
    drop(tokio::spawn(server.serve()));
    (port, observer)
}

/// Waits for an event and gives its channel.
async fn channel_of(events: &mut EslEventStream, name: &str) -> String {
    let wait = async {
        loop {
            let event = events
                .recv()
                .await
                .expect("the connection lives")
                .expect("a good event");
            if event.header_str("Event-Name") == Some(name) {
                return event.header_str("Unique-ID").unwrap_or_default().to_owned();
            }
        }
    };
    timeout(Duration::from_secs(10), wait)
        .await
        .unwrap_or_else(|_| panic!("no {name}"))
}

#[tokio::test]
async fn a_call_is_answered_bridged_and_ended_over_tcp() {
    let (port, observer) = a_switch(1).await;
    let (client, mut events) = Box::pin(EslClient::connect("127.0.0.1", port, "secret"))
        .await
        .unwrap();
    client
        .filter_raw("variable_switchyard_switch", "fs1")
        .await
        .unwrap();
    client
        .subscribe_events_raw(EventFormat::Plain, "ALL")
        .await
        .unwrap();

    let caller = channel_of(&mut events, "CHANNEL_PARK").await;
    let answer = client.api(&format!("uuid_answer {caller}")).await.unwrap();
    assert!(answer.api_result().is_ok());
    let dial =
        format!("originate {{origination_uuid={AGENT},switchyard_switch=fs1}}user/1001 &park()");
    assert!(client.bgapi(&dial).await.unwrap().job_uuid().is_some());
    assert_eq!(channel_of(&mut events, "CHANNEL_PARK").await, AGENT);
    let bridge = client
        .api(&format!("uuid_bridge {caller} {AGENT}"))
        .await
        .unwrap();
    assert!(bridge.api_result().is_ok());
    assert_eq!(channel_of(&mut events, "CHANNEL_BRIDGE").await, caller);
    let kill = client.api(&format!("uuid_kill {AGENT}")).await.unwrap();
    assert!(kill.api_result().is_ok());
    assert_eq!(
        channel_of(&mut events, "CHANNEL_HANGUP_COMPLETE").await,
        AGENT
    );

    let refused = client.api("uuid_kill nobody").await.unwrap();
    assert!(refused.api_result().is_err());
    let tally = observer.report().await.unwrap().tally;
    assert_eq!(
        (tally.calls, tally.answered, tally.double_offered),
        (1, 1, 0)
    );
    drop(client.exit().await.unwrap());
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let (port, _observer) = a_switch(0).await;
    let refused = Box::pin(EslClient::connect("127.0.0.1", port, "wrong")).await;
    assert!(refused.is_err());
}
