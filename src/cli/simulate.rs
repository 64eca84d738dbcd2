//! `switchyard simulate`: a whole centre in virtual time, with everything that
//! can go wrong, judged after every step.

use crate::cli::{CliError, Output, Verdict, what_if};
use crate::config::finding::ConfigErrors;
use crate::engine::time::Span;
use crate::simulation::harness;
use crate::simulation::report::{QueueReport, Report};
use crate::simulation::scenario::Scenario;
use clap::Args;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::str::FromStr;

/// Run a scenario in virtual time through the real engine, and judge every step
///
/// FILE is a TOML file: the centre, its callers, agents and trunks, what goes
/// wrong, and for how long. The same FILE and seed give the same trace, byte
/// for byte; its digest is printed. Exits 1 when a rule was broken, with the
/// command line that shows it again.
///
/// With --from, FILE is a configuration instead: the calls that a journal has
/// recorded are played to the settings in force then and to those in FILE, and
/// both outcomes stand side by side.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard simulate tests/scenarios/hotel.toml --seed 7
  switchyard simulate tests/scenarios/hotel.toml --seeds 100
  switchyard simulate tests/scenarios/hotel.toml --seeds 40..60 --json
  switchyard simulate tests/scenarios/hotel.toml --fault crashes_every_s=60 --fault link_cuts_every_s=90
  switchyard simulate tests/scenarios/hotel.toml --seed 7 --trace trace.jsonl
  switchyard simulate more-agents.toml --from /var/lib/switchyard/journal
  switchyard simulate more-agents.toml --from journal --within 30 --json")]
pub struct Simulate {
    /// The scenario, or with --from the other configuration
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Everything is drawn from it
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "seeds")]
    seed: u64,
    /// Several seeds: how many, beginning with 1, or FROM..TO without TO itself
    #[arg(long, value_name = "COUNT|FROM..TO")]
    seeds: Option<Seeds>,
    /// A setting of [faults] in place of the file's; may be given more than once
    #[arg(long = "fault", value_name = "KEY=VALUE")]
    faults: Vec<Setting>,
    /// Write every step of one seed to TRACE, one JSON object a line
    #[arg(long, value_name = "TRACE", conflicts_with = "seeds")]
    trace: Option<PathBuf>,
    /// What if: the folder of a journal whose calls FILE's settings shall meet
    #[arg(long, value_name = "JOURNAL", conflicts_with_all = ["seeds", "faults", "trace"])]
    from: Option<PathBuf>,
    /// With --from: a call answered within so many seconds is answered in time
    #[arg(long, value_name = "SECONDS", default_value_t = 20, requires = "from")]
    within: u32,
    /// Print JSON, one object a line for each seed
    #[arg(long)]
    json: bool,
}

/// From one seed to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seeds {
    from: u64,
    to: u64,
}

impl FromStr for Seeds {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            let wrong =
                |_| format!("{text:?} is not a number of seeds, nor a range such as 40..60");
            text.parse::<u64>().map_err(wrong)
        };
        let seeds = match text.split_once("..") {
            Some((from, to)) => Self {
                from: number(from)?,
                to: number(to)?,
            },
            None => Self {
                from: 1,
                to: number(text)?.saturating_add(1),
            },
        };
        if seeds.from >= seeds.to {
            return Err("there is no seed among them".to_owned());
        }
        Ok(seeds)
    }
}

#[derive(Clone, Debug)]
struct Setting {
    key: String,
    value: String,
}

impl FromStr for Setting {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or("write it as key=value, for example crashes_every_s=60")?;
        Ok(Self {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// A seed's report with the way to it.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    report: &'a Report,
    rerun: &'a str,
}

impl Simulate {
    /// # Errors
    /// When the file has errors, or something cannot be written.
    pub fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        if let Some(journal) = &self.from {
            let within = Span::seconds(self.within);
            return what_if::run(&self.file, journal, within, self.seed, self.json, out);
        }
        let settings = self.faults.iter();
        let overlay: Vec<_> = settings
            .map(|setting| (setting.key.clone(), setting.value.clone()))
            .collect();
        let scenario = Scenario::load(&self.file, &overlay).map_err(|errors| match errors {
            ConfigErrors::Found(_) => CliError::from(format!("the scenario has errors\n{errors}")),
            unreadable => unreadable.into(),
        })?;
        let seeds = self.seeds.unwrap_or(Seeds {
            from: self.seed,
            to: self.seed + 1,
        });
        let mut failed = Vec::new();
        for seed in seeds.from..seeds.to {
            let report = self.one(&scenario, seed)?;
            let rerun = self.rerun(seed);
            if self.json {
                let line = Line {
                    report: &report,
                    rerun: &rerun,
                };
                writeln!(out, "{}", serde_json::to_string(&line)?)?;
            } else if self.seeds.is_none() {
                write!(out, "{}", describe(&report))?;
            } else if report.violation.is_none() {
                writeln!(out, "{}", brief(&report))?;
            }
            if let Some(found) = &report.violation {
                failed.push(seed);
                if !self.json {
                    let after = seconds(found.after_ms);
                    writeln!(
                        out,
                        "seed {seed}: broken after {after} s, at step {}: {}: {}\n  again: {rerun}",
                        found.step, found.rule, found.detail
                    )?;
                }
            }
            out.flush()?;
        }
        if !self.json && self.seeds.is_some() {
            let count = seeds.to - seeds.from;
            writeln!(out, "{count} seeds, {} with a broken rule", failed.len())?;
        }
        Ok(if failed.is_empty() {
            Verdict::Good
        } else {
            Verdict::Bad
        })
    }

    fn one(&self, scenario: &Scenario, seed: u64) -> Result<Report, CliError> {
        let Some(path) = &self.trace else {
            return Ok(harness::run(scenario, seed, None)?);
        };
        let mut file = BufWriter::new(File::create(path)?);
        let report = harness::run(scenario, seed, Some(&mut file))?;
        file.flush()?;
        Ok(report)
    }

    /// The command line that runs one seed again.
    fn rerun(&self, seed: u64) -> String {
        let faults = self
            .faults
            .iter()
            .map(|setting| format!(" --fault '{}={}'", setting.key, setting.value));
        format!(
            "switchyard simulate '{}' --seed {seed}{}",
            self.file.display(),
            faults.collect::<String>()
        )
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

fn brief(report: &Report) -> String {
    format!(
        "seed {}: {} calls, {} answered, {} steps, every rule held, trace {}",
        report.seed,
        report.calls.started,
        report.calls.answered,
        report.steps,
        &report.trace[..16]
    )
}

fn describe(report: &Report) -> String {
    let calls = &report.calls;
    let mut text = format!(
        "{}, seed {}: {} s of virtual time, {} steps\n\
         calls: {}, answered {}, abandoned {}, failed {}\n",
        report.scenario,
        report.seed,
        seconds(report.lasted_ms),
        report.steps,
        calls.started,
        calls.answered,
        calls.abandoned,
        calls.failed
    );
    for (id, queue) in &report.queues {
        let QueueReport {
            entered,
            answered,
            abandoned,
            failed,
            ..
        } = queue;
        text += &format!(
            "queue {id}: entered {entered}, answered {answered}, abandoned {abandoned}, failed \
             {failed}; waits: mean {} s, 95 % within {} s, longest {} s; service level {} %\n",
            seconds(queue.wait_mean_ms),
            seconds(queue.wait_p95_ms),
            seconds(queue.wait_max_ms),
            queue.service_level
        );
    }
    let list = |title: &str, counts: &std::collections::BTreeMap<&str, u64>| {
        let counts: Vec<String> = counts
            .iter()
            .map(|(name, count)| format!("{} {count}", name.replace('_', " ")))
            .collect();
        match counts.as_slice() {
            [] => format!("{title}: none\n"),
            counts => format!("{title}: {}\n", counts.join(", ")),
        }
    };
    text += &list("offers", &report.offers);
    text += &list("faults", &report.faults);
    let recoveries = &report.recoveries;
    text += &format!(
        "recoveries: restarts {}, calls remembered {}, journal entries lost {}, legs adopted {}, \
         legs closed {}\nchecked whole after {} steps; every rule {}\ntrace {}\n",
        recoveries.restarts,
        recoveries.calls_remembered,
        recoveries.entries_lost,
        recoveries.legs_adopted,
        recoveries.legs_closed,
        recoveries.full_checks,
        if report.violation.is_none() {
            "held"
        } else {
            "held until then"
        },
        report.trace
    );
    text
}
