//! A whole centre in one process: configuration, engine, journal, store,
//! recordings and a simulated switch in real time.

use std::path::Path;
use std::time::Duration;
use switchyard::config::Config;
use switchyard::engine::event::{AgentRequest, Event};
use switchyard::engine::id::AgentId;
use switchyard::recordings::folder::digest;
use switchyard::runtime::assembly::{self, Running};
use switchyard::store::calls::{self, CallDetail, CallFilter};
use switchyard::store::journal::Reader;
use switchyard::store::page::MAX_PAGE;

fn config(folder: &Path) -> Config {
    let folder = folder.display();
    let text = format!(
        r#"
        [switches.sim]
        kind = "simulated"
        seed = 5
        calls_per_minute = 240
        talk_s = 2
        patience_s = 60
        recordings = "{folder}/switch"
        [store]
        url = "sqlite://{folder}/store.db"
        [journal]
        path = "{folder}/journal"
        [recordings]
        folder = "{folder}/recordings"
        [queues.desk]
        name = "前台"
        requires = {{ desk = 2 }}
        wrap_up_s = 1
        [agents.anna]
        name = "安娜"
        extension = "1001"
        switch = "sim"
        skills = {{ desk = 3 }}
        queues = ["desk"]
        [numbers.4001]
        flow = "desk"
        [flows.desk]
        name = "desk"
        start = "answer"
        [flows.desk.blocks]
        answer = {{ kind = "answer", next = "menu" }}
        menu = {{ kind = "menu", prompts = ["welcome"], choices = {{ 1 = "wait" }}, otherwise = "end" }}
        wait = {{ kind = "queue", queue = "desk" }}
        end = {{ kind = "hang_up" }}
        "#
    );
    Config::read(Path::new("test.toml"), &text, []).expect("a sound configuration")
}

/// Waits, bounded, until the store has a call that satisfies `wanted`.
async fn stored(running: &Running, wanted: impl Fn(&CallDetail) -> bool) -> CallDetail {
    let mut projection = running.projection();
    let search = async {
        loop {
            // Of all: those served are soon among the oldest.
            let all = CallFilter {
                limit: Some(MAX_PAGE),
                ..CallFilter::default()
            };
            let page = calls::list(&running.store, all)
                .await
                .expect("the store answers");
            for call in page.calls {
                let id = call.call.parse().expect("a call id");
                let detail = calls::show(&running.store, id)
                    .await
                    .expect("the store answers");
                if let Some(detail) = detail.filter(&wanted) {
                    return detail;
                }
            }
            projection.changed().await.expect("the projector runs");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), search)
        .await
        .expect("within a minute")
}

fn words(states: &[switchyard::store::calls::StateChange]) -> Vec<&str> {
    states.iter().map(|change| change.state.as_str()).collect()
}

#[tokio::test]
async fn a_caller_is_bridged_recorded_and_stored_with_the_reasons() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = assembly::start(&config(folder.path()))
        .await
        .expect("the centre starts");
    let anna = "anna".parse().expect("an id");
    running
        .handle
        .ask(&anna, AgentRequest::Ready)
        .await
        .expect("anna is known");

    let call = stored(&running, |call| {
        call.call.ended.is_some()
            && call
                .recordings
                .iter()
                .any(|recording| recording.status == "filed")
    })
    .await;

    assert_eq!(
        words(&call.states),
        [
            "arrived",
            "in_flow",
            "waiting",
            "offered",
            "connected",
            "ended"
        ]
    );
    assert_eq!(call.digits[0].key, "1");
    assert_eq!(call.queue_visits[0].reason.as_deref(), Some("answered"));
    assert_eq!(call.decisions[0].agent, "anna");
    assert_eq!(call.decisions[0].explanation.eligible, 1);
    let roles: Vec<&str> = call.legs.iter().map(|leg| leg.role.as_str()).collect();
    assert_eq!(roles, ["caller", "agent"]);
    assert!(
        call.legs
            .iter()
            .all(|leg| leg.ended.is_some() && leg.cause.is_some())
    );

    let recording = &call.recordings[0];
    let file = folder
        .path()
        .join("recordings")
        .join(recording.name.as_deref().expect("a name"));
    let found = digest(&file).expect("the file is there");
    assert_eq!(Some(found.sha256.as_str()), recording.sha256.as_deref());
    assert_eq!(
        hound::WavReader::open(&file)
            .expect("a WAV file")
            .spec()
            .channels,
        2
    );
    running.stop().await;
}

#[tokio::test]
async fn a_second_run_knows_the_agents_of_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let anna = "anna".parse().expect("an id");
    let first = assembly::start(&config).await.expect("the centre starts");
    let lunch = AgentRequest::NotReady {
        reason: switchyard::engine::text::OutsideText::new("lunch"),
    };
    first.handle.ask(&anna, lunch).await.expect("anna is known");
    first.stop().await;

    let second = assembly::start(&config)
        .await
        .expect("the centre starts again");
    let view = second
        .handle
        .read(|board| board.agent(&anna, switchyard::clock::now()));
    assert_eq!(
        view.expect("anna is known").reason.as_deref(),
        Some("lunch")
    );
    second.stop().await;
}

#[tokio::test]
async fn what_was_accepted_before_the_end_is_kept() {
    const REQUESTS: usize = 3_000;
    let folder = tempfile::tempdir().expect("a folder");
    let running = assembly::start(&config(folder.path()))
        .await
        .expect("the centre starts");
    let agent = AgentId::new("anna").expect("an id");
    for _ in 0..REQUESTS {
        let event = Event::Agent {
            agent: agent.clone(),
            request: AgentRequest::SignIn,
        };
        let accepted = running.handle.events.send(event).await;
        accepted.expect("the engine takes it");
    }
    running.stop().await;
    let mut journal = Reader::open(&folder.path().join("journal")).expect("the journal");
    let entries = journal.after(0, u32::MAX).expect("its entries");
    let kept = entries.iter().filter(|record| {
        let entry = record.entry().expect("an entry of this version");
        matches!(entry.event, Event::Agent { .. })
    });
    assert_eq!(kept.count(), REQUESTS);
}
