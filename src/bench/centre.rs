//! The centre of the measurements with a FreeSWITCH: one queue that every agent
//! serves.

use crate::config::Config;
use crate::engine::event::{AgentRequest, Event};
use crate::runtime::assembly::Running;
use crate::runtime::board::view::AgentView;
use crate::switch::link::EngineGone;
use crate::switch::simulated::crowd::FIRST_EXTENSION;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Word that controller and switch share.
pub(super) const PASSWORD: &str = "bench";
/// What the callers call.
pub(super) const NUMBER: &str = "4001";
/// The controller's id of the switch.
pub(super) const SWITCH: &str = "bench";

/// No wrap-up, so that the end of a conversation frees its agent.
pub(super) struct BenchCentre<'a> {
    /// For configuration, journal, store and recordings.
    pub(super) folder: &'a Path,
    /// Devices have extensions from [`FIRST_EXTENSION`] on.
    pub(super) agents: u32,
    /// Calls that may live, and wait, at once.
    pub(super) max_calls: u32,
    /// Whether callers go through a menu into the queue.
    pub(super) menu: bool,
    /// Further settings of the switch, in TOML.
    pub(super) switch: &'a str,
}

impl BenchCentre<'_> {
    /// Where its configuration lies.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join("bench.toml")
    }

    /// Its configuration, in TOML, with the FreeSWITCH at `address` (host and port).
    pub(super) fn config(&self, address: &str) -> String {
        let Self {
            agents,
            max_calls,
            switch,
            ..
        } = self;
        let folder = self.folder.display();
        let first = if self.menu { "menu" } else { "queue" };
        let mut text = format!(
            r#"
            [switches.{SWITCH}]
            kind = "freeswitch"
            address = {address:?}
            password = {PASSWORD:?}
            endpoint = "user/{{extension}}"
            prompts = "/prompts"
            recordings = "/recordings"
            {switch}
            [store]
            url = "sqlite://{folder}/store.db"
            [journal]
            path = "{folder}/journal"
            [recordings]
            folder = "{folder}/recordings"
            [http]
            listen = "127.0.0.1:0"
            [limits]
            max_calls = {max_calls}
            missed_offer_rest_s = 1
            [queues.bench]
            name = "bench"
            wrap_up_s = 0
            record = false
            max_waiting = {max_calls}
            [numbers.{NUMBER}]
            flow = "bench"
            [flows.bench]
            name = "bench"
            start = "answer"
            [flows.bench.blocks]
            answer = {{ kind = "answer", next = "{first}" }}
            queue = {{ kind = "queue", queue = "bench" }}
            "#
        );
        if self.menu {
            text += r#"menu = { kind = "menu", prompts = ["welcome"], choices = { 1 = "queue" }, otherwise = "queue" }"#;
        }
        for number in 0..*agents {
            let extension = FIRST_EXTENSION + number;
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "\n[agents.agent{number}]\nname = \"agent{number}\"\n\
                 extension = \"{extension}\"\nswitch = {SWITCH:?}\nqueues = [\"bench\"]"
            );
        }
        text
    }
}

/// Signs in every agent of a running centre, makes them ready, and waits until
/// they are.
///
/// # Errors
/// [`EngineGone`] when the centre has stopped.
pub(super) async fn make_ready(running: &Running, config: &Config) -> Result<(), EngineGone> {
    for agent in config.agents.keys() {
        for request in [AgentRequest::SignIn, AgentRequest::Ready] {
            let agent = agent.clone();
            let event = Event::Agent { agent, request };
            let sent = running.handle.events.send(event).await;
            sent.map_err(|_| EngineGone)?;
        }
    }
    let is_on_the_way = |agent: &AgentView| ["signed_out", "not_ready"].contains(&&*agent.state);
    let mut changed = running.handle.changed.clone();
    while running.handle.view().agents.iter().any(is_on_the_way) {
        changed.changed().await.map_err(|_| EngineGone)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::assembly;
    use crate::store::journal::Reader;

    #[tokio::test(flavor = "multi_thread")]
    async fn who_was_made_ready_is_so_in_the_journal_of_a_centre_that_stops_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let centre = BenchCentre {
            folder: folder.path(),
            agents: 20,
            max_calls: 20,
            menu: true,
            switch: "",
        };
        let config = Config::read(&centre.file(), &centre.config("127.0.0.1:9"), []).unwrap();
        let running = assembly::start(&config).await.unwrap();
        make_ready(&running, &config).await.unwrap();
        running.stop().await;
        let mut journal = Reader::open(&folder.path().join("journal")).unwrap();
        let records = journal.after(0, 1_000).unwrap();
        let ready = |commands: &str| commands.matches(r#""state":"ready""#).count();
        let ready: usize = records.iter().map(|record| ready(&record.commands)).sum();
        assert_eq!(ready, 20);
    }
}
