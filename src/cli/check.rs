//! `switchyard check`: what is wrong with the configuration and its flows.

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::config::Config;
use crate::config::example::example;
use crate::config::finding::{ConfigErrors, Finding, Severity};
use clap::Args;

/// Check the configuration and its flows without touching a switch
///
/// Every finding is shown with its file, line and column, what is wrong and the
/// likely repair. Exits 1 when there is an error; warnings alone exit 0.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard check
  switchyard --config /etc/switchyard/switchyard.toml check --json
  switchyard check --print-example > switchyard.toml")]
pub struct Check {
    /// Print the findings as JSON
    #[arg(long, conflicts_with = "print_example")]
    json: bool,
    /// Print a documented example of a configuration file and stop
    #[arg(long)]
    print_example: bool,
}

impl Check {
    /// # Errors
    /// When the file cannot be read or the output cannot be written.
    pub fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        if self.print_example {
            out.write_all(example().as_bytes())?;
            return Ok(Verdict::Good);
        }
        let path = file.path()?;
        let findings = match Config::load(&path) {
            Ok(config) => config.warnings,
            Err(ConfigErrors::Found(findings)) => findings,
            Err(unreadable) => return Err(unreadable.into()),
        };
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &findings)?;
            writeln!(out)?;
        } else {
            for finding in &findings {
                writeln!(out, "{finding}")?;
            }
            writeln!(out, "{}: {}", path.display(), summary(&findings))?;
        }
        Ok(if errors(&findings) == 0 {
            Verdict::Good
        } else {
            Verdict::Bad
        })
    }
}

fn errors(findings: &[Finding]) -> usize {
    findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count()
}

fn summary(findings: &[Finding]) -> String {
    let errors = errors(findings);
    match (errors, findings.len() - errors) {
        (0, 0) => "nothing wrong was found".to_owned(),
        (errors, warnings) => format!("errors: {errors}, warnings: {warnings}"),
    }
}
