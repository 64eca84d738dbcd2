//! `switchyard doctor`: whether everything a centre needs is ready.

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::doctor::{self, Severity};
use clap::Args;

/// Try each switch, the store, the folders and the port, for real
///
/// Signs in to every switch, looks at its dialplan, prompts and music, and says
/// what is unsafe or missing and how to mend it. No call is made and nothing is
/// changed. Exits 1 when something would keep calls from working.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard doctor
  switchyard --config /etc/switchyard/switchyard.toml doctor --json")]
pub struct Doctor {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// # Errors
    /// When the configuration cannot be used or the output cannot be written.
    pub async fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let config = file.load()?;
        let diagnoses = doctor::examine(&config).await;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &diagnoses)?;
            writeln!(out)?;
        } else {
            for diagnosis in &diagnoses {
                writeln!(out, "{diagnosis}")?;
            }
        }
        let ill = diagnoses
            .iter()
            .any(|diagnosis| diagnosis.severity == Severity::Error);
        Ok(if ill { Verdict::Bad } else { Verdict::Good })
    }
}
