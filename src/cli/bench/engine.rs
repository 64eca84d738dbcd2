//! `switchyard bench engine`.

use crate::bench::engine::{EngineBench, EngineReport};
use crate::cli::bench::{Folder, Form, verdict};
use crate::cli::{CliError, Output, Verdict};
use clap::Args;

/// Measure whole calls through the engine, with its journal
///
/// Calls come, are answered, go through a menu into a queue, are offered,
/// answered, connected, recorded and hung up, and the agent wraps up. The
/// simulated switch prepares the events beforehand; measured is the engine, in
/// this process, with a journal on disk. Use a release build.
#[derive(Debug, Args)]
pub struct Engine {
    /// Calls a second
    #[arg(long, value_name = "RATE", default_value_t = 1_000)]
    calls_per_second: u32,
    #[arg(long, value_name = "COUNT", default_value_t = 2_500)]
    agents: u32,
    /// How long to measure, after ten seconds of calls
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    seconds: u32,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    form: Form,
}

impl Engine {
    /// # Errors
    /// When the journal cannot be kept.
    pub async fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let folder = self.folder.open()?;
        let bench = EngineBench {
            calls_per_second: self.calls_per_second,
            agents: self.agents,
            seconds: self.seconds,
            folder: folder.path().to_owned(),
        };
        let measured = bench.run().await;
        folder.close()?;
        let report = measured?;
        self.form.print(out, &report, describe)?;
        Ok(verdict(report.lost == 0 && report.dropped == 0))
    }
}

fn describe(report: &EngineReport) -> String {
    format!(
        "{:.1} s with {} agents: {:.0} calls/s, {} calls, {} lost\n\
         {:.0} events/s, {} events, {} dropped by the journal, at most {:.1} ms behind\n\
         {:.2} s on the processor, {:.2} s of them the engine: {:.0} calls for each second of one core\n",
        report.seconds,
        report.agents,
        report.calls_per_second,
        report.calls,
        report.lost,
        report.events_per_second,
        report.events,
        report.dropped,
        report.behind_max_ms,
        report.cpu_seconds,
        report.engine_cpu_seconds,
        report.calls_per_cpu_second,
    )
}
