//! `switchyard serve`: take calls.

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::runtime::serve::{Up, serve};
use crate::telemetry;
use clap::Args;
use std::io;

/// Attach to the switches and take calls, until SIGTERM or Ctrl-C
///
/// Brings the store up to date, takes up the calls that are alive, and serves
/// the pages and the API. When it stops, conversations go on and waiting callers
/// take the fallback path of the dialplan. The password of the first
/// administrator is printed once, on the first start.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard serve
  SWITCHYARD_LOG__FILTER=debug switchyard --config /etc/switchyard/switchyard.toml serve")]
pub struct Serve {}

impl Serve {
    /// # Errors
    /// When the configuration, the journal, the store or the address cannot be used.
    pub async fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let config = file.load()?;
        telemetry::start(&config.log)?;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let mut told = Ok(());
        serve(&config, |up| told = tell(&up, out), std::future::pending()).await?;
        told?;
        Ok(Verdict::Good)
    }
}

fn tell(up: &Up<'_>, out: Output<'_>) -> io::Result<()> {
    writeln!(out, "switchyard takes calls; pages: http://{}/", up.address)?;
    if let Some(admin) = &up.first_admin {
        writeln!(
            out,
            "sign in as {} with the password {} (shown this once)",
            admin.login, admin.password
        )?;
    }
    out.flush()
}
