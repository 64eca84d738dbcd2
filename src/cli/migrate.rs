//! `switchyard migrate`: brings the store's tables up to date.

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::store::Store;
use clap::Args;

/// Bring the store's tables up to date
///
/// `switchyard serve` does it at its start as well; run it by hand to see it
/// succeed before an upgrade. Running it twice changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard migrate
  SWITCHYARD_STORE__URL=postgres://switchyard@db/switchyard switchyard migrate")]
pub struct Migrate {
    /// Print the names of the migrations that were run as JSON
    #[arg(long)]
    json: bool,
}

impl Migrate {
    /// # Errors
    /// When the configuration cannot be used, the database is away or a migration fails.
    pub async fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let config = file.load()?;
        let store = Store::open(&config.store.url)?;
        let run = store.migrate().await?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &run)?;
            writeln!(out)?;
        } else if run.is_empty() {
            writeln!(out, "{}: up to date", store.url())?;
        } else {
            writeln!(out, "{}: done: {}", store.url(), run.join(", "))?;
        }
        Ok(Verdict::Good)
    }
}
