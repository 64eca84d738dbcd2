//! `switchyard reload`: new settings for a running controller.

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::runtime::control::{self, Reply, Request};
use clap::Args;
use std::time::Duration;

/// How long the controller may take to read its file.
const PATIENCE: Duration = Duration::from_secs(30);

/// Let the running controller read its configuration again
///
/// It takes over everything that changed, or nothing: when the file has an error,
/// or a setting changed that is read only at the start, the running settings stay
/// and the reason is printed. Calls keep their places and go on in the flow that
/// they entered; a removed queue is served until its last call has left it.
#[derive(Debug, Args)]
pub struct Reload {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Reload {
    /// # Errors
    /// When no controller runs with the journal that the configuration names.
    pub async fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let journal = file.load()?.journal.path;
        let reply = control::ask(&journal, Request::Reload, PATIENCE).await?;
        if self.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&reply)?)?;
        } else {
            tell(&reply, out)?;
        }
        Ok(match reply {
            Reply::Reloaded { .. } => Verdict::Good,
            _ => Verdict::Bad,
        })
    }
}

fn tell(reply: &Reply, out: Output<'_>) -> std::io::Result<()> {
    match reply {
        Reply::Reloaded { differences } if differences.is_empty() => {
            writeln!(out, "nothing differs from what counts already")
        }
        Reply::Reloaded { differences } => {
            for difference in differences {
                writeln!(out, "{difference}")?;
            }
            writeln!(out, "{} settings reloaded", differences.len())
        }
        Reply::Refused { why, differences } => {
            for difference in differences {
                let note = match difference.needs_restart {
                    true => "  (needs a restart)",
                    false => "",
                };
                writeln!(out, "{difference}{note}")?;
            }
            writeln!(out, "nothing was changed: {why}")
        }
        Reply::Released => writeln!(out, "the controller is handing over to another one"),
        Reply::Waiting { .. } | Reply::Idle { .. } | Reply::Done => {
            writeln!(out, "the controller answered another question")
        }
    }
}
