//! `switchyard bench wire`.

use crate::bench::wire::{WireBench, WireReport};
use crate::cli::bench::{Folder, Form, verdict};
use crate::cli::{CliError, Output, Verdict};
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
    let line = |what: &str, median: f64, p99: f64, max: f64| {
        format!("{what:<26} median {median:>8.3} ms  p99 {p99:>8.3} ms  max {max:>8.3} ms\n")
    };
    let WireReport {
        seconds,
        calls_per_second,
        agents,
        calls,
        answered,
        lost,
        double_offered,
        waiting,
        ..
    } = report;
    format!(
        "{seconds} s at {calls_per_second} calls/s with {agents} agents: {calls} calls, \
         {answered} answered, {lost} lost, {double_offered} double offered, {waiting} waiting at \
         the end\n{}{}controller {:.2} s on a core, {:.1} MiB, {} bytes for each of {} live \
         calls; simulated switch {:.2} s on a core\n",
        line(
            "agent freed to command",
            report.freed_to_command_p50_ms,
            report.freed_to_command_p99_ms,
            report.freed_to_command_max_ms
        ),
        line(
            "call brought to command",
            report.arrival_to_command_p50_ms,
            report.arrival_to_command_p99_ms,
            report.arrival_to_command_max_ms
        ),
        report.cpu_seconds,
        report.rss_mib,
        report.bytes_per_live_call,
        report.live_calls,
        report.switch_cpu_seconds,
    )
}
