//! `switchyard bench journal`.

use crate::bench::journal::{JournalBench, JournalReport};
use crate::cli::bench::{Folder, Form};
use crate::cli::{CliError, Output, Verdict};
use clap::Args;

/// Measure how fast the journal makes events durable, beside a raw loop
///
/// Appends the real events of calls, with the commands they cause, as fast as
/// the journal takes them; then appends and flushes the same batches of bytes
/// without a journal. Five rounds of both in turn; medians. Then it measures
/// what the wait for the disk adds to an irrevocable command at a steady load.
/// The folder's disk is what counts. Use a release build.
#[derive(Debug, Args)]
pub struct Journal {
    /// Events of each round
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    events: u64,
    /// Calls a second while the added delay is measured
    #[arg(long, value_name = "RATE", default_value_t = 100.0)]
    calls_per_second: f64,
    /// How long the added delay is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    seconds: u32,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    form: Form,
}

impl Journal {
    /// # Errors
    /// When the folder cannot be written.
    pub async fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let folder = self.folder.open()?;
        let bench = JournalBench {
            folder: folder.path().to_owned(),
            events: self.events,
            calls_per_second: self.calls_per_second,
            seconds: self.seconds,
        };
        let measured = bench.run().await;
        folder.close()?;
        self.form.print(out, &measured?, describe)?;
        Ok(Verdict::Good)
    }
}

fn describe(report: &JournalReport) -> String {
    format!(
        "journal        {:>10.0} events/s  ({:.0} bytes an event, {:.0} events a flush)\n\
         raw loop       {:>10.0} events/s\n\
         ratio          {:>10.2}\n\
         added to an irrevocable command at {} calls/s: median {:.3} ms, p99 {:.3} ms ({} samples)\n",
        report.events_per_second,
        report.bytes_per_event,
        report.events_per_batch,
        report.raw_events_per_second,
        report.ratio,
        report.calls_per_second,
        report.added_delay_p50_ms,
        report.added_delay_p99_ms,
        report.added_delay_samples,
    )
}
