//! `switchyard bench recovery`.

use crate::bench::recovery::{RecoveryBench, RecoveryReport};
use crate::cli::bench::{Folder, Form, verdict};
use crate::cli::{CliError, Output, Verdict};
use clap::Args;

/// Kill the controller again and again, and see what becomes of its calls
///
/// Runs `switchyard serve` as a process of its own on a simulated FreeSWITCH
/// with so many live calls, waiting, ringing, talking and in a menu. Kills it
/// with SIGKILL at random instants and starts it at once. The time is taken
/// from the start of the process to the first agent it rings for the caller
/// whose turn it is; what is lost or out of order is judged by the switch's own
/// record. Use a release build.
#[derive(Debug, Args)]
pub struct Recovery {
    /// Live calls
    #[arg(long, value_name = "COUNT", default_value_t = 5_000)]
    calls: u32,
    /// How often the controller is killed
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    kills: u32,
    /// The same seed gives the same callers and the same lives of the controller
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    form: Form,
}

impl Recovery {
    /// # Errors
    /// When the controller or the simulated switch cannot run.
    pub async fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let folder = self.folder.open()?;
        let bench = RecoveryBench {
            calls: self.calls,
            kills: self.kills,
            seed: self.seed,
            folder: folder.path().to_owned(),
        };
        let measured = bench.run(&std::env::current_exe()?).await;
        folder.close()?;
        let report = measured?;
        self.form.print(out, &report, describe)?;
        let sound = report.lost == 0 && report.reordered == 0 && report.double_offered == 0;
        Ok(verdict(sound))
    }
}

fn describe(report: &RecoveryReport) -> String {
    format!(
        "{} live calls, controller killed {} times: {} lost, {} reordered, {} double offered\n\
         first right decision after {} ms (median), {} ms (longest)\n\
         meanwhile {} devices rung, {} callers answered, {} sent to the fallback path\n",
        report.calls,
        report.kills,
        report.lost,
        report.reordered,
        report.double_offered,
        report.recover_p50_ms,
        report.recover_max_ms,
        report.rung,
        report.answered,
        report.fallbacks,
    )
}
