//! `switchyard simulate-switch` as a process of its own, which tells one JSON
//! object a line.

use crate::bench::centre::{NUMBER, PASSWORD, SWITCH};
use crate::cli::simulate_switch::Listening;
use serde::de::DeserializeOwned;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

pub(super) struct Simulator {
    /// Where it listens.
    pub(super) address: SocketAddr,
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
}

#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    #[error("the simulated switch could not be started: {0}")]
    Start(io::Error),
    #[error("the simulated switch said {said:?} instead of what was expected: {why}")]
    Said {
        said: String,
        why: serde_json::Error,
    },
    #[error("the simulated switch ended or fell silent")]
    Silent,
}

impl Simulator {
    /// Starts `program` (this program) and waits until it listens.
    ///
    /// # Errors
    /// [`SimulatorError`] when it does not `within` that time.
    pub(super) async fn start(
        program: &Path,
        arguments: &[(&str, String)],
        within: Duration,
    ) -> Result<Self, SimulatorError> {
        let mut process = Command::new(program)
            .args(["simulate-switch", "--json", "--listen", "127.0.0.1:0"])
            .args(["--password", PASSWORD, "--switch", SWITCH])
            .args(["--number", NUMBER])
            .args(arguments.iter().flat_map(|(name, value)| [*name, value]))
            // One thread is enough, and leaves the other core to the controller.
            .env("TOKIO_WORKER_THREADS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(SimulatorError::Start)?;
        let output = process.stdout.take().ok_or(SimulatorError::Silent)?;
        let mut output = BufReader::new(output).lines();
        let Listening { listening } = next(&mut output, within).await?;
        Ok(Self {
            address: listening,
            process,
            output,
        })
    }

    /// What it tells next.
    ///
    /// # Errors
    /// [`SimulatorError`] when it tells nothing `within` that time, or something else.
    pub(super) async fn says<T: DeserializeOwned>(
        &mut self,
        within: Duration,
    ) -> Result<T, SimulatorError> {
        next(&mut self.output, within).await
    }

    pub(super) async fn end(mut self) {
        // It ends by itself after its report; otherwise it is of no more use.
        if self.process.kill().await.is_err() {
            tracing::debug!("the simulated switch had ended");
        }
    }
}

async fn next<T: DeserializeOwned>(
    output: &mut Lines<BufReader<ChildStdout>>,
    within: Duration,
) -> Result<T, SimulatorError> {
    let Ok(Ok(Some(said))) = timeout(within, output.next_line()).await else {
        return Err(SimulatorError::Silent);
    };
    serde_json::from_str(&said).map_err(|why| SimulatorError::Said { said, why })
}
