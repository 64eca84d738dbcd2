//! How long the controller takes from an event on the wire to the command it
//! causes: the real runtime and FreeSWITCH adapter here, the simulated
//! FreeSWITCH as a process of its own, which also holds the clock.

use crate::cli::simulate_switch::{BURST_GAP, FIRST_EXTENSION, Listening};
use crate::config::Config;
use crate::config::finding::ConfigErrors;
use crate::engine::event::{AgentRequest, Event};
use crate::engine::id::{AgentId, IdError};
use crate::engine::time::Span;
use crate::runtime::assembly::{self, Running, StartError};
use crate::switch::simulated::esl::{EslReport, Latencies};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// Word that the two processes share for one run.
const PASSWORD: &str = "bench";
/// What the callers call, and the controller's id of the switch.
const NUMBER: &str = "4001";
const SWITCH: &str = "bench";
/// Seconds after the last call of the beginning before anything is measured.
const SETTLING_S: u32 = 10;
/// How much longer than planned the other process may take.
const PATIENCE: Duration = Duration::from_secs(60);
const MAX_AGENTS: u32 = 5_000;

/// What is to be measured.
#[derive(Clone, Debug, PartialEq)]
pub struct WireBench {
    pub calls_per_second: f64,
    pub agents: u32,
    /// Calls that wait in the queue from the beginning.
    pub waiting: u32,
    pub seconds: u32,
    /// Folder for journal and store; emptied by nobody.
    pub folder: PathBuf,
}

/// What was measured, in the seconds after the queue had filled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireReport {
    pub calls_per_second: f64,
    pub agents: u32,
    pub seconds: u32,
    pub calls: u64,
    pub answered: u64,
    /// Callers turned away or hung up on before they met an agent.
    pub lost: u64,
    /// Devices rung while they rang or talked.
    pub double_offered: u64,
    /// Calls that waited at the end.
    pub waiting: usize,
    #[serde(flatten)]
    pub latencies: Latencies,
}

#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("--agents is a number from 1 to {MAX_AGENTS}, not {0}")]
    Agents(u32),
    #[error("the simulated switch could not be started: {0}")]
    Simulator(io::Error),
    #[error("the simulated switch said {said:?} instead of what was expected: {why}")]
    Said {
        said: String,
        why: serde_json::Error,
    },
    #[error("the simulated switch ended or fell silent")]
    Silent,
    #[error("the controller's configuration: {0}")]
    Config(#[from] ConfigErrors),
    #[error("an agent's name: {0}")]
    Name(#[from] IdError),
    #[error("the controller could not start: {0}")]
    Start(#[from] StartError),
    #[error("the controller stopped while it was measured")]
    Stopped,
}

impl WireBench {
    /// Runs `program` (this program) as the simulated switch and measures.
    ///
    /// # Errors
    /// [`WireError`] when either side cannot be started or ends early.
    pub async fn run(&self, program: &Path) -> Result<WireReport, WireError> {
        if !(1..=MAX_AGENTS).contains(&self.agents) {
            return Err(WireError::Agents(self.agents));
        }
        let mut simulator = Simulator::start(self, program).await?;
        let address = simulator.listening.listening.to_string();
        let config = Config::read(&self.folder.join("bench.toml"), &self.config(&address), [])?;
        let running = assembly::start(&config).await?;
        let measured = self.measure(&running, &mut simulator).await;
        running.stop().await;
        simulator.end().await;
        let EslReport {
            tally,
            latencies,
            waiting,
        } = measured?;
        Ok(WireReport {
            calls_per_second: self.calls_per_second,
            agents: self.agents,
            seconds: self.seconds,
            calls: tally.calls,
            answered: tally.answered,
            lost: tally.lost(),
            double_offered: tally.double_offered,
            waiting,
            latencies,
        })
    }

    async fn measure(
        &self,
        running: &Running,
        simulator: &mut Simulator,
    ) -> Result<EslReport, WireError> {
        for number in 0..self.agents {
            let agent = AgentId::new(&agent_name(number))?;
            for request in [AgentRequest::SignIn, AgentRequest::Ready] {
                let event = Event::Agent {
                    agent: agent.clone(),
                    request,
                };
                running
                    .handle
                    .events
                    .send(event)
                    .await
                    .map_err(|_| WireError::Stopped)?;
            }
        }
        let planned = Duration::from_secs((self.warm_up_s() + self.seconds).into());
        let line = simulator.line(planned + PATIENCE).await?;
        serde_json::from_str(&line).map_err(|why| WireError::Said { said: line, why })
    }

    /// Until the calls of the beginning are there and the agents talk.
    fn warm_up_s(&self) -> u32 {
        let burst = Span::millis(u64::from(self.waiting + self.agents) * BURST_GAP.as_millis());
        u32::try_from(burst.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX) + SETTLING_S
    }

    /// A centre with one queue that every agent serves; no wrap-up, so that the
    /// end of a conversation frees its agent.
    fn config(&self, address: &str) -> String {
        let folder = self.folder.display();
        let most = self.waiting * 4 + self.agents * 4 + 10_000;
        let mut text = format!(
            "[switches.{SWITCH}]\nkind = \"freeswitch\"\naddress = {address:?}\n\
             password = {PASSWORD:?}\nendpoint = \"user/{{extension}}\"\n\
             prompts = \"/prompts\"\nrecordings = \"/recordings\"\n\
             [store]\nurl = \"sqlite://{folder}/store.db\"\n\
             [journal]\npath = \"{folder}/journal\"\n\
             [recordings]\nfolder = \"{folder}/recordings\"\n\
             [limits]\nmax_calls = {most}\n\
             [queues.bench]\nname = \"bench\"\nwrap_up_s = 0\nrecord = false\nmax_waiting = {most}\n\
             [numbers.{NUMBER}]\nflow = \"bench\"\n\
             [flows.bench]\nname = \"bench\"\nstart = \"answer\"\n\
             [flows.bench.blocks.answer]\nkind = \"answer\"\nnext = \"queue\"\n\
             [flows.bench.blocks.queue]\nkind = \"queue\"\nqueue = \"bench\"\n"
        );
        for number in 0..self.agents {
            let (name, extension) = (agent_name(number), FIRST_EXTENSION + number);
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "[agents.{name}]\nname = {name:?}\nextension = \"{extension}\"\n\
                 switch = {SWITCH:?}\nqueues = [\"bench\"]\n"
            );
        }
        text
    }
}

fn agent_name(number: u32) -> String {
    format!("agent{number}")
}

/// The simulated switch as a process of its own.
struct Simulator {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
    listening: Listening,
}

impl Simulator {
    async fn start(bench: &WireBench, program: &Path) -> Result<Self, WireError> {
        let mut process = Command::new(program)
            .args(["simulate-switch", "--json", "--listen", "127.0.0.1:0"])
            .args([
                "--password",
                PASSWORD,
                "--switch",
                SWITCH,
                "--number",
                NUMBER,
            ])
            .args(["--calls-per-second", &bench.calls_per_second.to_string()])
            .args(["--agents", &bench.agents.to_string()])
            .args(["--waiting", &bench.waiting.to_string()])
            .args(["--warm-up-s", &bench.warm_up_s().to_string()])
            .args(["--measure-s", &bench.seconds.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(WireError::Simulator)?;
        let output = process.stdout.take().ok_or(WireError::Silent)?;
        let mut output = BufReader::new(output).lines();
        let line = next_line(&mut output, PATIENCE).await?;
        let listening =
            serde_json::from_str(&line).map_err(|why| WireError::Said { said: line, why })?;
        Ok(Self {
            process,
            output,
            listening,
        })
    }

    async fn line(&mut self, within: Duration) -> Result<String, WireError> {
        next_line(&mut self.output, within).await
    }

    async fn end(mut self) {
        // It ends by itself after its report; otherwise it is of no more use.
        if self.process.kill().await.is_err() {
            tracing::debug!("the simulated switch had ended");
        }
    }
}

async fn next_line(
    output: &mut Lines<BufReader<ChildStdout>>,
    within: Duration,
) -> Result<String, WireError> {
    match timeout(within, output.next_line()).await {
        Ok(Ok(Some(line))) => Ok(line),
        _ => Err(WireError::Silent),
    }
}
