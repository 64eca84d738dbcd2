//! `switchyard replay`: a recorded journal through the engine once more.

use crate::cli::{CliError, Output, Verdict};
use crate::replay::{Difference, Hole, ReplayReport, replay};
use crate::store::journal::Reader;
use clap::Args;
use std::io;
use std::path::PathBuf;

/// Re-run a recorded journal through the engine
///
/// Every run of the controller that the journal has from its beginning is
/// handled again: the same events at the same times must give the same
/// commands. Tells the first difference, and every place where entries are
/// missing. Reads only, also while a controller writes. Exits 1 when there is a
/// difference, or when nothing could be compared.
#[derive(Debug, Args)]
pub struct Replay {
    /// The journal's folder
    #[arg(value_name = "JOURNAL")]
    journal: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Replay {
    /// # Errors
    /// When the journal cannot be read.
    pub fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let report = replay(&mut Reader::open(&self.journal)?)?;
        match self.json {
            true => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
            false => describe(&report, out)?,
        }
        let is_good = report.difference.is_none() && report.compared > 0;
        Ok(if is_good { Verdict::Good } else { Verdict::Bad })
    }
}

fn describe(report: &ReplayReport, out: Output<'_>) -> io::Result<()> {
    let (Some(first), Some(last)) = (&report.first, &report.last) else {
        return writeln!(out, "The journal {} has no entries.", report.journal);
    };
    writeln!(
        out,
        "Journal {}: entries {} ({}) to {} ({})",
        report.journal, first.seq, first.at.utc, last.seq, last.at.utc
    )?;
    if report.before_first_run > 0 {
        writeln!(
            out,
            "The first {} entries belong to a run whose beginning was removed; they are not compared.",
            report.before_first_run
        )?;
    }
    if report.runs == 0 {
        return writeln!(
            out,
            "No run of the controller begins in this journal: nothing could be compared."
        );
    }
    for hole in &report.holes {
        writeln!(out, "{}", told(hole))?;
    }
    if report.more_holes > 0 {
        writeln!(out, "… and {} more such places.", report.more_holes)?;
    }
    if report.after_holes > 0 {
        writeln!(
            out,
            "{} entries after such a place, up to the next start, are not compared.",
            report.after_holes
        )?;
    }
    writeln!(
        out,
        "{} entries of {} runs were handled again.",
        report.compared, report.runs
    )?;
    match &report.difference {
        None => writeln!(out, "No difference."),
        Some(difference) => describe_difference(difference, out),
    }
}

fn told(hole: &Hole) -> String {
    match hole {
        Hole::Lost { gap } => gap.to_string(),
        Hole::Missing { from, to } => format!("entries {from} to {to} are missing"),
        Hole::Damaged {
            segment,
            offset,
            why,
        } => format!("a line of {segment} at byte {offset} is damaged: {why}"),
        Hole::NotUnderstood { why, .. } => why.clone(),
    }
}

fn describe_difference(difference: &Difference, out: Output<'_>) -> io::Result<()> {
    let command = |command: &Option<String>| command.clone().unwrap_or("no command".to_owned());
    writeln!(
        out,
        "First difference: entry {} ({}), command {}\n  event     {}\n  expected  {}\n  got       {}",
        difference.seq,
        difference.at.utc,
        difference.nth,
        difference.event,
        command(&difference.expected),
        command(&difference.got)
    )
}
