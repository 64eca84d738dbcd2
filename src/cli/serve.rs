//! `switchyard serve`: take calls.

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::clock;
use crate::runtime::serve::{Service, Up, serve};
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
  SWITCHYARD_LOG__FILTER=debug switchyard --config /etc/switchyard/switchyard.toml serve
  switchyard serve --take-over           replace a running controller; no call is lost

Signals:
  SIGTERM, Ctrl-C  drain: nobody new is rung, who rings may answer for `drain_s`; a second one ends at once
  SIGHUP           read the configuration again, like `switchyard reload`")]
pub struct Serve {
    /// Ask the controller that runs with the same journal to hand over, and go on in its place
    #[arg(long)]
    take_over: bool,
}

impl Serve {
    /// # Errors
    /// When the configuration, the journal, the store or the address cannot be used.
    pub async fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let config = file.load()?;
        telemetry::start(&config.log)?;
        for warning in config.warnings_at(clock::now()) {
            tracing::warn!("{warning}");
        }
        let mut told = Ok(());
        let service = Service {
            config,
            file: Some(file.path()?),
            take_over: self.take_over,
        };
        serve(service, |up| told = tell(&up, out), std::future::pending()).await?;
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
