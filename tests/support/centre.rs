//! A whole centre on the real Asterisk: configuration, engine, journal, store
//! and recordings, with everything in a folder of the test.

use super::asterisk::Asterisk;
use std::path::Path;
use std::time::Duration;
use switchyard::config::Config;
use switchyard::engine::event::AgentRequest;
use switchyard::engine::id::AgentId;
use switchyard::runtime::assembly::{self, Running};
use switchyard::runtime::board::view::BoardView;
use switchyard::store::calls::{self, CallDetail, CallFilter};
use switchyard::switch::link::LinkState;

const WITHIN: Duration = Duration::from_secs(30);

/// Starts the centre of `scripts/asterisk.toml` and waits until its link is alive.
pub async fn start(asterisk: &Asterisk, folder: &Path, extra: &[(&str, &str)]) -> Running {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/asterisk.toml");
    let text = std::fs::read_to_string(&file).expect("the configuration");
    let place = |name: &str| folder.join(name).display().to_string();
    let settings = &asterisk.settings;
    let variables = [
        ("SWITCHES__ASTERISK__URL", settings.url.clone()),
        ("SWITCHES__ASTERISK__USER", settings.user.clone()),
        ("SWITCHES__ASTERISK__PASSWORD", settings.password.clone()),
        ("STORE__URL", format!("sqlite://{}", place("store.db"))),
        ("JOURNAL__PATH", place("journal")),
        ("RECORDINGS__FOLDER", place("recordings")),
    ];
    let extra = extra
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    let variables = variables.into_iter().chain(extra);
    let variables = variables.map(|(name, value)| (format!("SWITCHYARD_{name}"), value));
    let config = Config::read(&file, &text, variables).expect("a sound configuration");
    let running = assembly::start(&config).await.expect("the centre starts");
    are_attached(&running).await;
    running
}

/// Waits until the links to all switches are alive.
pub async fn are_attached(running: &Running) {
    for link in running.handle.links.values() {
        let mut link = link.clone();
        let alive = link.wait_for(|state| *state == LinkState::Alive);
        tokio::time::timeout(WITHIN, alive)
            .await
            .expect("in time")
            .expect("the adapter runs");
    }
}

pub async fn ready(running: &Running, agent: &str) {
    let agent = AgentId::new(agent).expect("an id");
    running
        .handle
        .ask(&agent, AgentRequest::Ready)
        .await
        .expect("a known agent");
}

/// Waits until the live board shows what is `wanted`.
pub async fn shows(running: &Running, what: &str, wanted: impl Fn(&BoardView) -> bool) {
    let mut changed = running.handle.changed.clone();
    let look = async {
        while !wanted(&running.handle.view()) {
            changed.changed().await.expect("the driver runs");
        }
    };
    if tokio::time::timeout(WITHIN, look).await.is_err() {
        panic!(
            "{what} was not seen within {WITHIN:?}; {:#?}",
            running.handle.view()
        );
    }
}

pub async fn shows_agent(running: &Running, agent: &str, state: &str) {
    let in_state = |board: &BoardView| {
        let mut agents = board.agents.iter();
        agents.any(|known| known.id == agent && known.state == state)
    };
    shows(running, &format!("{agent} {state}"), in_state).await;
}

/// Waits until the store has an ended call that satisfies `wanted`.
pub async fn stored(running: &Running, wanted: impl Fn(&CallDetail) -> bool) -> CallDetail {
    // The store is a moment behind the board.
    let mut projection = running.projection();
    let search = async {
        loop {
            let page = calls::list(&running.store, CallFilter::default()).await;
            for call in page.expect("the store answers").calls {
                let id = call.call.parse().expect("a call id");
                let detail = calls::show(&running.store, id)
                    .await
                    .expect("the store answers");
                if let Some(detail) =
                    detail.filter(|detail| detail.call.ended.is_some() && wanted(detail))
                {
                    return detail;
                }
            }
            projection.changed().await.expect("the projector runs");
        }
    };
    tokio::time::timeout(WITHIN, search)
        .await
        .expect("the call was stored in time")
}
