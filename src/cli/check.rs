//! `switchyard check`: what is wrong with the configuration and its flows.

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::clock;
use crate::config::Config;
use crate::config::calendar::openings::DAYS_AHEAD;
use crate::config::example::example;
use crate::config::finding::{ConfigErrors, Finding, Severity};
use crate::engine::id::CalendarId;
use crate::nearest;
use clap::Args;
use jiff::civil::Date;

/// Check the configuration and its flows without touching a switch
///
/// Every finding is shown with its file, line and column, what is wrong and the
/// likely repair. Exits 1 when there is an error; warnings alone exit 0.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard check
  switchyard --config /etc/switchyard/switchyard.toml check --json
  switchyard check --print-example > switchyard.toml
  switchyard check --calendar office                    the open hours of the coming weeks
  switchyard check --calendar office --on 2027-02-20    and of one day")]
pub struct Check {
    /// Print the findings as JSON
    #[arg(long, conflicts_with = "print_example")]
    json: bool,
    /// Print a documented example of a configuration file and stop
    #[arg(long)]
    print_example: bool,
    /// Print the days of a calendar with their hours and stop
    #[arg(long, value_name = "ID", conflicts_with_all = ["json", "print_example"])]
    calendar: Option<CalendarId>,
    /// With --calendar: this day only, such as 2027-02-20
    #[arg(long, value_name = "DATE", requires = "calendar")]
    on: Option<Date>,
}

impl Check {
    /// # Errors
    /// When the file cannot be read or the output cannot be written.
    pub fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        if self.print_example {
            out.write_all(example().as_bytes())?;
            return Ok(Verdict::Good);
        }
        if let Some(calendar) = &self.calendar {
            return self.print_days(calendar, &file.load()?, out);
        }
        let path = file.path()?;
        let findings = match Config::load(&path) {
            Ok(config) => config.warnings_at(clock::now()),
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

impl Check {
    fn print_days(
        &self,
        id: &CalendarId,
        config: &Config,
        out: Output<'_>,
    ) -> Result<Verdict, CliError> {
        let Some(calendar) = config.calendars.get(id) else {
            let known = config.calendars.keys().map(CalendarId::as_str);
            let known = nearest::suggestion(id.as_str(), known)
                .unwrap_or_else(|| "none is configured".to_owned());
            return Err(format!("unknown calendar \"{id}\"; {known}").into());
        };
        let (first, count) = match self.on {
            Some(date) => (date, 1),
            None => (calendar.date(clock::now()), DAYS_AHEAD),
        };
        for day in calendar.days(first, count) {
            writeln!(out, "{day}")?;
        }
        Ok(Verdict::Good)
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
