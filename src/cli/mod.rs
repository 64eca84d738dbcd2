//! The command line: one file per subcommand, and what they share.
//!
//! Exit codes: 0 all is well, 1 something was found or failed, 2 the command
//! line could not be understood.

pub mod bench;
pub mod calls;
pub mod check;
pub mod config_file;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod import;
pub mod migrate;
pub mod reload;
pub mod render;
pub mod replay;
pub mod request;
pub mod serve;
pub mod simulate;
pub mod simulate_switch;
mod what_if;
mod why;

use clap::{Parser, Subcommand};
use config_file::ConfigFile;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

/// What a subcommand prints to. Broken pipes end it quietly.
pub type Output<'a> = &'a mut dyn Write;

/// What a subcommand found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// It did its work, and what it found is bad.
    Bad,
}

/// Why a subcommand could not do its work; shown to the user with its sources.
pub type CliError = Box<dyn Error + Send + Sync>;

/// Call-centre control plane for FreeSWITCH and Asterisk.
///
/// switchyard attaches to your switches, decides what happens to every call and
/// leaves the audio to them. When it is away, calls go the fallback way that your
/// dialplan gives them.
#[derive(Debug, Parser)]
#[command(name = "switchyard", version, propagate_version = true)]
#[command(after_help = "\
Begin with:
  switchyard demo                        a running centre on a simulated switch
  switchyard check --print-example       every setting, explained
  switchyard check                       what is wrong with switchyard.toml
  switchyard render dialplan --switch asterisk
  switchyard doctor                      whether switches, store and folders are ready
  switchyard serve                       take calls

Exit codes: 0 all is well, 1 something was found or failed, 2 wrong usage.")]
pub struct Cli {
    #[command(flatten)]
    pub config: ConfigFile,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Serve(serve::Serve),
    Reload(reload::Reload),
    Request(request::Request),
    Demo(demo::Demo),
    Check(check::Check),
    Doctor(doctor::Doctor),
    Migrate(migrate::Migrate),
    Render(render::Render),
    Import(import::Import),
    Calls(calls::Calls),
    Explain(explain::Explain),
    Simulate(simulate::Simulate),
    Replay(replay::Replay),
    SimulateSwitch(simulate_switch::SimulateSwitch),
    Bench(bench::Bench),
}

/// Runs the subcommand and says how the process ends.
pub async fn run(cli: Cli, out: Output<'_>) -> ExitCode {
    match dispatch(cli, out).await {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::FAILURE,
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli, out: Output<'_>) -> Result<Verdict, CliError> {
    let file = &cli.config;
    match cli.command {
        Command::Serve(serve) => serve.run(file, out).await,
        Command::Reload(reload) => reload.run(file, out).await,
        Command::Request(request) => request.run(file, out).await,
        Command::Demo(demo) => demo.run(file, out).await,
        Command::Check(check) => check.run(file, out),
        Command::Doctor(doctor) => doctor.run(file, out).await,
        Command::Migrate(migrate) => migrate.run(file, out).await,
        Command::Render(render) => render.run(file, out),
        Command::Import(import) => import.run(out),
        Command::Calls(calls) => calls.run(file, out).await,
        Command::Explain(explain) => explain.run(file, out).await,
        Command::Simulate(simulate) => simulate.run(out),
        Command::Replay(replay) => replay.run(out),
        Command::SimulateSwitch(simulated) => simulated.run(out).await,
        Command::Bench(bench) => bench.run(out).await,
    }
}

/// Writes the error and what caused it to standard error.
fn complain(error: &(dyn Error + 'static)) {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Many errors already show their source.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    // Nowhere is left to tell that standard error is gone.
    let _ = writeln!(io::stderr(), "switchyard: {text}");
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
