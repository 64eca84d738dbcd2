//! `switchyard simulate FILE --from JOURNAL`.

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::clock;
use crate::engine::time::Span;
use crate::simulation::what_if::tally::{Course, Figures};
use crate::simulation::what_if::{self, WhatIf};
use std::collections::BTreeSet;
use std::path::Path;

/// # Errors
/// When the configuration has errors, or the journal holds no day.
pub(super) fn run(
    file: &Path,
    journal: &Path,
    within: Span,
    seed: u64,
    json: bool,
    out: Output<'_>,
) -> Result<Verdict, CliError> {
    let centre = ConfigFile::at(file).load()?.centre(clock::now());
    let outcome = what_if::run(journal, &centre, within, seed)?;
    match json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&outcome)?)?,
        false => write!(out, "{}", describe(&outcome, file))?,
    }
    Ok(Verdict::Good)
}

fn describe(outcome: &WhatIf, file: &Path) -> String {
    let WhatIf {
        recorded,
        again,
        then,
        ..
    } = outcome;
    let mut text = format!(
        "{}: {} to {}\n\n{:<28}{:>14}{:>14}{:>14}\n",
        outcome.journal,
        outcome.from.utc,
        outcome.to.utc,
        "",
        "recorded",
        "played again",
        "with FILE"
    );
    let courses = [recorded, again, then];
    text += &line("calls", courses.map(|course| course.calls.to_string()));
    text += &figures(courses.map(|course| &course.total), outcome.within_ms);
    text += &line(
        "occupancy",
        courses.map(|course| percent(course.occupancy_percent)),
    );
    text += &line("offers", courses.map(|course| course.offers.to_string()));
    text += &line(
        "  missed",
        courses.map(|course| course.offers_missed.to_string()),
    );
    let queues: BTreeSet<&String> = courses
        .iter()
        .flat_map(|course| course.queues.keys())
        .collect();
    let none = Figures::default();
    for queue in queues {
        text += &format!("\nqueue {queue}\n");
        let of = |course: &'_ Course| course.queues.get(queue).cloned().unwrap_or(none.clone());
        let all = courses.map(of);
        text += &figures(all.each_ref(), outcome.within_ms);
    }
    text += &format!(
        "\nrecorded: as it was; played again: the same callers with the journal's settings; with FILE: with {}\n",
        file.display()
    );
    for remark in &outcome.remarks {
        text += &format!("note: {remark}\n");
    }
    text
}

fn figures(all: [&Figures; 3], within_ms: u64) -> String {
    let counted = |name: &str, of: fn(&Figures) -> u64| line(name, all.map(|f| of(f).to_string()));
    let waited = |name: &str, of: fn(&Figures) -> u64| line(name, all.map(|f| seconds(of(f))));
    let level = format!("answered within {} s", within_ms / 1_000);
    [
        counted("entered a queue", |f| f.entered),
        counted("answered", |f| f.answered),
        counted("abandoned", |f| f.abandoned),
        counted("left otherwise", |f| f.otherwise),
        line(&level, all.map(|f| percent(f.service_level_percent))),
        waited("wait: mean", |f| f.wait_mean_ms),
        waited("  half within", |f| f.wait_p50_ms),
        waited("  90 % within", |f| f.wait_p90_ms),
        waited("  99 % within", |f| f.wait_p99_ms),
        waited("  longest", |f| f.wait_max_ms),
    ]
    .concat()
}

fn line(name: &str, [recorded, again, then]: [String; 3]) -> String {
    format!("{name:<28}{recorded:>14}{again:>14}{then:>14}\n")
}

fn percent(value: f64) -> String {
    format!("{value:.1} %")
}

fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}
