//! `switchyard bench whatif`.

use crate::bench::what_if::{WhatIfBench, WhatIfReport};
use crate::cli::bench::{Folder, Form};
use crate::cli::{CliError, Output, Verdict};
use clap::Args;

/// Measure how long a what-if takes
///
/// Plays a day of a large centre, writes its journal, reads it and plays it
/// with the same settings and with more agents, as `switchyard simulate FILE
/// --from JOURNAL` does. Reading and playing are measured. Use a release build;
/// the journal of a whole day takes some gigabytes in the folder.
#[derive(Debug, Args)]
#[command(name = "whatif")]
pub struct WhatIf {
    /// Calls of the day
    #[arg(long, value_name = "COUNT", default_value_t = 350_000)]
    calls: u32,
    #[arg(long, value_name = "COUNT", default_value_t = 2_500)]
    agents: u32,
    /// So many percent more agents in the other settings
    #[arg(long, value_name = "PERCENT", default_value_t = 2)]
    more: u32,
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    form: Form,
}

impl WhatIf {
    /// # Errors
    /// When the journal cannot be made or read.
    pub async fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let folder = self.folder.open()?;
        let bench = WhatIfBench {
            folder: folder.path().to_owned(),
            calls: self.calls,
            agents: self.agents,
            more_percent: self.more,
            seed: self.seed,
        };
        let measured = bench.run().await;
        folder.close()?;
        self.form.print(out, &measured?, describe)?;
        Ok(Verdict::Good)
    }
}

fn describe(report: &WhatIfReport) -> String {
    let WhatIfReport {
        calls,
        agents,
        entries,
        journal_bytes,
        read_seconds,
        play_seconds,
        total_seconds,
        cpu_seconds,
        outcome,
    } = report;
    let level = |course: &crate::simulation::what_if::tally::Course| {
        let figures = &course.total;
        format!(
            "{:.1} % in time, {} abandoned, occupancy {:.1} %",
            figures.service_level_percent, figures.abandoned, course.occupancy_percent
        )
    };
    format!(
        "{calls} calls, {agents} agents; journal of {entries} entries, {} MB\n\
         read {read_seconds:.1} s, played twice {play_seconds:.1} s, together {total_seconds:.1} s; \
         processor {cpu_seconds:.1} s\n\
         recorded      {}\nplayed again  {}\nmore agents   {}\n",
        journal_bytes / 1_000_000,
        level(&outcome.recorded),
        level(&outcome.again),
        level(&outcome.then),
    )
}
