//! The centre of the measurements with a FreeSWITCH: one queue that every agent
//! serves.

use crate::config::Config;
use crate::engine::event::{AgentRequest, Event};
use crate::runtime::assembly::Running;
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

/// Signs in every agent of a running centre and makes them ready.
///
/// # Errors
/// [`EngineGone`] when the centre has stopped.
pub(super) async fn make_ready(running: &Running, config: &Config) -> Result<(), EngineGone> {
    for agent in config.centre().agents.into_keys() {
        for request in [AgentRequest::SignIn, AgentRequest::Ready] {
            let agent = agent.clone();
            let event = Event::Agent { agent, request };
            let sent = running.handle.events.send(event).await;
            sent.map_err(|_| EngineGone)?;
        }
    }
    Ok(())
}
