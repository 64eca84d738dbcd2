//! `switchyard bench`: measurements of the whole controller.

use crate::bench::wire::{WireBench, WireReport};
use crate::cli::{CliError, Output, Verdict};
use crate::switch::simulated::esl::Latency;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Measure the controller on this machine
#[derive(Debug, Args)]
pub struct Bench {
    #[command(subcommand)]
    what: Measured,
}

#[derive(Debug, Subcommand)]
enum Measured {
    Wire(Wire),
}

/// Measure the time from an event of the switch to the command it causes
///
/// Starts the simulated FreeSWITCH as a process of its own and the controller
/// in this one. The times are taken at the switch: from writing the event that
/// frees an agent (or brings a call) to reading the `originate` (or the first
/// command) that follows. Use a release build.
#[derive(Debug, Args)]
struct Wire {
    /// Calls a second
    #[arg(long, value_name = "RATE", default_value_t = 10.0)]
    calls_per_second: f64,
    /// Agents, all ready
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    agents: u32,
    /// Calls in the queue from the beginning
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    waiting: u32,
    /// How long to measure, after the queue has filled
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u32,
    /// Folder for journal and store; by default a new one, removed afterwards
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Bench {
    /// # Errors
    /// When the controller or the simulated switch cannot run.
    pub async fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let Measured::Wire(wire) = &self.what;
        wire.run(out).await
    }
}

impl Wire {
    async fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let (folder, ours) = match &self.folder {
            Some(folder) => (folder.clone(), false),
            None => {
                let name = format!("switchyard-bench-{}", std::process::id());
                (std::env::temp_dir().join(name), true)
            }
        };
        std::fs::create_dir_all(&folder)?;
        let bench = WireBench {
            calls_per_second: self.calls_per_second,
            agents: self.agents,
            waiting: self.waiting,
            seconds: self.seconds,
            folder: folder.clone(),
        };
        let measured = bench.run(&std::env::current_exe()?).await;
        if ours {
            std::fs::remove_dir_all(&folder)?;
        }
        let report = measured?;
        if self.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
        } else {
            write!(out, "{}", describe(&report))?;
        }
        let sound = report.lost == 0 && report.double_offered == 0;
        Ok(if sound { Verdict::Good } else { Verdict::Bad })
    }
}

fn describe(report: &WireReport) -> String {
    let line = |what: &str, latency: &Latency| {
        let ms = |micros: u64| format!("{}.{:03} ms", micros / 1_000, micros % 1_000);
        format!(
            "{what:<26} median {:>10}  p99 {:>10}  max {:>10}  ({} samples)\n",
            ms(latency.median_us),
            ms(latency.p99_us),
            ms(latency.max_us),
            latency.samples
        )
    };
    format!(
        "{} s at {} calls/s with {} agents: {} calls, {} answered, {} lost, {} double offered, {} \
         waiting at the end\n{}{}",
        report.seconds,
        report.calls_per_second,
        report.agents,
        report.calls,
        report.answered,
        report.lost,
        report.double_offered,
        report.waiting,
        line(
            "agent freed to originate",
            &report.latencies.agent_freed_to_originate
        ),
        line(
            "call brought to command",
            &report.latencies.call_brought_to_command
        ),
    )
}
