//! How long the controller takes from an event on the wire to the command it
//! causes: the real runtime and FreeSWITCH adapter here, the simulated
//! FreeSWITCH as a process of its own, which also holds the clock.

use crate::bench::centre::{self, BenchCentre};
use crate::bench::process;
use crate::bench::simulator::{Simulator, SimulatorError};
use crate::cli::simulate_switch::{BURST_GAP, Measured, Measuring};
use crate::config::Config;
use crate::config::finding::ConfigErrors;
use crate::engine::time::Span;
use crate::runtime::assembly::{self, Running, StartError};
use crate::runtime::board::Board;
use crate::switch::link::EngineGone;
use crate::switch::simulated::esl::EslReport;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// What was measured, in the seconds after the queue had filled. Times are
/// seen from the switch: from writing an event to reading the command it causes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WireReport {
    /// From the event that frees an agent to the `originate` of that agent's device.
    pub freed_to_command_p50_ms: f64,
    pub freed_to_command_p99_ms: f64,
    pub freed_to_command_max_ms: f64,
    /// Agents freed and rung again.
    pub freed_samples: u64,
    /// From the event that brings a call to the first command for it.
    pub arrival_to_command_p50_ms: f64,
    pub arrival_to_command_p99_ms: f64,
    pub arrival_to_command_max_ms: f64,
    pub calls: u64,
    pub answered: u64,
    /// Callers turned away or hung up on before they met an agent.
    pub lost: u64,
    /// Devices rung while they rang or talked.
    pub double_offered: u64,
    /// Memory of the controller's process at the end.
    pub rss_mib: f64,
    /// Time of the controller's process on a core, of all its threads.
    pub cpu_seconds: f64,
    /// The same of the simulated switch's process.
    pub switch_cpu_seconds: f64,
    /// Calls that waited at the end.
    pub waiting: usize,
    /// Calls that lived when the measuring began, and what each had added to
    /// the controller's memory since its agents were ready.
    pub live_calls: usize,
    pub bytes_per_live_call: u64,
    pub calls_per_second: f64,
    pub agents: u32,
    pub seconds: u32,
}

/// What the controller's process used.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    live_calls: usize,
    bytes_per_live_call: u64,
    cpu: Duration,
    resident: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("--agents is a number from 1 to {MAX_AGENTS}, not {0}")]
    Agents(u32),
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    #[error("the controller's configuration: {0}")]
    Config(#[from] ConfigErrors),
    #[error("the controller could not start: {0}")]
    Start(#[from] StartError),
    #[error("before it was measured {0}")]
    Stopped(#[from] EngineGone),
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
        let mut simulator = self.start_switch(program).await?;
        let centre = self.centre();
        let text = centre.config(&simulator.address.to_string());
        let config = Config::read(&centre.file(), &text, [])?;
        let running = assembly::start(&config).await?;
        let measured = self.measure(&running, &config, &mut simulator).await;
        running.stop().await;
        simulator.end().await;
        let (measured, used) = measured?;
        Ok(self.report(&measured, used))
    }

    async fn start_switch(&self, program: &Path) -> Result<Simulator, SimulatorError> {
        let arguments = [
            ("--calls-per-second", self.calls_per_second.to_string()),
            ("--agents", self.agents.to_string()),
            ("--waiting", self.waiting.to_string()),
            ("--warm-up-s", self.warm_up_s().to_string()),
            ("--measure-s", self.seconds.to_string()),
        ];
        Simulator::start(program, &arguments, PATIENCE).await
    }

    fn report(&self, measured: &Measured, used: Used) -> WireReport {
        let EslReport {
            tally,
            latencies,
            waiting,
        } = &measured.report;
        let freed = &latencies.agent_freed_to_originate;
        let brought = &latencies.call_brought_to_command;
        WireReport {
            freed_to_command_p50_ms: ms(freed.median_us),
            freed_to_command_p99_ms: ms(freed.p99_us),
            freed_to_command_max_ms: ms(freed.max_us),
            freed_samples: freed.samples,
            arrival_to_command_p50_ms: ms(brought.median_us),
            arrival_to_command_p99_ms: ms(brought.p99_us),
            arrival_to_command_max_ms: ms(brought.max_us),
            calls: tally.calls,
            answered: tally.answered,
            lost: tally.lost(),
            double_offered: tally.double_offered,
            rss_mib: mib(used.resident),
            cpu_seconds: used.cpu.as_secs_f64(),
            switch_cpu_seconds: measured.cpu_seconds,
            waiting: *waiting,
            live_calls: used.live_calls,
            bytes_per_live_call: used.bytes_per_live_call,
            calls_per_second: self.calls_per_second,
            agents: self.agents,
            seconds: self.seconds,
        }
    }

    async fn measure(
        &self,
        running: &Running,
        config: &Config,
        simulator: &mut Simulator,
    ) -> Result<(Measured, Used), WireError> {
        centre::make_ready(running, config).await?;
        let live = || running.handle.read(Board::live);
        let (calls_before, resident_before) = (live(), process::resident().unwrap_or_default());
        let warm_up = Duration::from_secs(self.warm_up_s().into());
        let _: Measuring = simulator.says(warm_up + PATIENCE).await?;
        let (live_calls, resident) = (live(), process::resident().unwrap_or_default());
        let cpu_before = process::on_core().unwrap_or_default();
        let planned = Duration::from_secs(self.seconds.into());
        let measured = simulator.says(planned + PATIENCE).await?;
        let grown = resident.saturating_sub(resident_before);
        let came = live_calls.saturating_sub(calls_before).max(1) as u64;
        let used = Used {
            live_calls,
            bytes_per_live_call: grown / came,
            cpu: process::on_core().unwrap_or_default() - cpu_before,
            resident: process::resident().unwrap_or_default(),
        };
        Ok((measured, used))
    }

    /// Until the calls of the beginning are there and the agents talk.
    fn warm_up_s(&self) -> u32 {
        let burst = Span::millis(u64::from(self.waiting + self.agents) * BURST_GAP.as_millis());
        u32::try_from(burst.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX) + SETTLING_S
    }

    fn centre(&self) -> BenchCentre<'_> {
        BenchCentre {
            folder: &self.folder,
            agents: self.agents,
            max_calls: self.waiting * 4 + self.agents * 4 + 20_000,
            menu: false,
            switch: "",
        }
    }
}

fn ms(micros: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let micros = micros as f64;
    micros / 1_000.0
}

fn mib(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let kib = (bytes / 1_024) as f64;
    kib / 1_024.0
}
