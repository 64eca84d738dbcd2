//! `switchyard bench wire`.

use crate::bench::wire::{WireBench, WireReport};
use crate::cli::bench::{Folder, Form, verdict};
use crate::cli::{CliError, Output, Verdict};
use crate::switch::simulated::esl::Latency;
use clap::Args;

/// Measure the time from an event of the switch to the command it causes
///
/// Starts the simulated FreeSWITCH as a process of its own and the controller
/// in this one. The times are taken at the switch: from writing the event that
/// frees an agent (or brings a call) to reading the `originate` (or the first
/// command) that follows. Use a release build.
#[derive(Debug, Args)]
pub struct Wire {
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
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    form: Form,
}

impl Wire {
    /// # Errors
    /// When the controller or the simulated switch cannot run.
    pub async fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let folder = self.folder.open()?;
        let bench = WireBench {
            calls_per_second: self.calls_per_second,
            agents: self.agents,
            waiting: self.waiting,
            seconds: self.seconds,
            folder: folder.path().to_owned(),
        };
        let measured = bench.run(&std::env::current_exe()?).await;
        folder.close()?;
        let report = measured?;
        self.form.print(out, &report, describe)?;
        Ok(verdict(report.lost == 0 && report.double_offered == 0))
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
