//! `switchyard bench events`.

use crate::bench::events::{EventsBench, EventsReport};
use crate::cli::bench::Form;
use crate::cli::{CliError, Output, Verdict};
use clap::Args;

/// Measure how many FreeSWITCH events one core reads and translates
///
/// Captured events (about 6.5 kB and 150 headers each, the mix of whole calls)
/// come over a TCP connection and are cut, read and translated as in the
/// controller. Beside it the client library freeswitch-esl-tokio reads the same
/// bytes, without translating them. Rates are per second on one core. Use a
/// release build.
#[derive(Debug, Args)]
pub struct Events {
    /// Events to read in each of three turns; the library reads a tenth of them
    #[arg(long, value_name = "COUNT", default_value_t = 200_000)]
    events: u32,
    #[command(flatten)]
    form: Form,
}

impl Events {
    /// # Errors
    /// When a reader does not read everything.
    pub fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let bench = EventsBench {
            events: self.events,
        };
        self.form.print(out, &bench.run()?, describe)?;
        Ok(Verdict::Good)
    }
}

fn describe(report: &EventsReport) -> String {
    let mega = |bytes: u64| bytes / 1_000_000;
    format!(
        "switchyard            {:>9} events/s  {:>6} MB/s\n\
         freeswitch-esl-tokio  {:>9} events/s  {:>6} MB/s\n\
         {} events of {} bytes; {} of them meant something to the engine\n",
        report.events_per_second,
        mega(report.bytes_per_second),
        report.library_events_per_second,
        mega(report.library_bytes_per_second),
        report.events,
        report.bytes_per_event,
        report.told,
    )
}
