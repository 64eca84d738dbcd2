//! `switchyard calls`: the calls in the store.

use crate::cli::config_file::ConfigFile;
use crate::cli::explain::timeline;
use crate::cli::{CliError, Output, Verdict};
use crate::engine::id::{CallId, QueueId};
use crate::store::Store;
use crate::store::calls::{self, CallDetail, CallFilter, CallSummary};
use crate::store::page::MAX_PAGE;
use clap::{Args, Subcommand};
use std::io;

/// List the calls in the store, or show one
///
/// Only what the store has: a running controller brings it up to date within
/// moments.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard calls list
  switchyard calls list --number 138 --queue reservations --limit 200 --json
  switchyard calls show 01KAMXS3T4J5C6V7B8N9M0P1Q2")]
pub struct Calls {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List calls, newest first
    List(List),
    /// Show everything that the store has of one call
    Show(Show),
}

#[derive(Debug, Args)]
struct List {
    /// Part of the caller's number or of the number dialled
    #[arg(long)]
    number: Option<String>,
    /// The queue the call waited in last
    #[arg(long, value_name = "ID")]
    queue: Option<QueueId>,
    /// Calls older than this one
    #[arg(long, value_name = "CALL")]
    before: Option<CallId>,
    /// How many
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PAGE)))]
    limit: u32,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Show {
    /// The call's id
    call: CallId,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl Calls {
    /// # Errors
    /// When the configuration or the store cannot be used, or there is no such call.
    pub async fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let config = file.load()?;
        let store = Store::open(&config.store.url)?;
        match &self.action {
            Action::List(list) => list.run(&store, out).await,
            Action::Show(show) => show.run(&store, out).await,
        }
    }
}

impl List {
    async fn run(&self, store: &Store, out: Output<'_>) -> Result<Verdict, CliError> {
        let filter = CallFilter {
            number: self.number.clone(),
            queue: self.queue.clone(),
            before: self.before,
            limit: Some(self.limit),
            ..CallFilter::default()
        };
        let page = calls::list(store, filter).await?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &page)?;
            writeln!(out)?;
            return Ok(Verdict::Good);
        }
        writeln!(
            out,
            "{:26}  {:24}  {:16}  {:10}  {:9}  {:14}  {:12}  CAUSE",
            "CALL", "STARTED", "FROM", "TO", "STATE", "QUEUE", "AGENT"
        )?;
        for call in &page.calls {
            line(out, call)?;
        }
        if let Some(next) = &page.next {
            writeln!(out, "older ones: --before {next}")?;
        }
        Ok(Verdict::Good)
    }
}

fn line(out: Output<'_>, call: &CallSummary) -> io::Result<()> {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    writeln!(
        out,
        "{:26}  {:24}  {:16}  {:10}  {:9}  {:14}  {:12}  {}",
        call.call,
        call.started.utc,
        if call.caller_number.is_empty() {
            "withheld"
        } else {
            &call.caller_number
        },
        call.dialled,
        call.state,
        or_dash(&call.queue),
        or_dash(&call.agent),
        or_dash(&call.cause),
    )
}

impl Show {
    async fn run(&self, store: &Store, out: Output<'_>) -> Result<Verdict, CliError> {
        let call = find(store, self.call).await?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &call)?;
            writeln!(out)?;
            return Ok(Verdict::Good);
        }
        tell(out, &call)?;
        Ok(Verdict::Good)
    }
}

/// The course of a call and what was recorded of it, a line each.
pub(super) fn tell(out: Output<'_>, call: &CallDetail) -> io::Result<()> {
    for line in timeline(call) {
        writeln!(out, "{line}")?;
    }
    for recording in &call.recordings {
        if let (Some(name), Some(length), Some(sha256)) =
            (&recording.name, recording.length_ms, &recording.sha256)
        {
            writeln!(
                out,
                "recording {name}  {} s  sha256 {sha256}",
                length / 1_000
            )?;
        }
    }
    Ok(())
}

/// The call, or an error that says where it was looked for.
pub(super) async fn find(store: &Store, call: CallId) -> Result<CallDetail, CliError> {
    let found = calls::show(store, call).await?;
    found.ok_or_else(|| format!("there is no call {call} in {}", store.url()).into())
}
