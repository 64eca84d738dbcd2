//! `switchyard bench`: measurements of the controller, one file each, and what
//! their command lines share.

pub mod engine;
pub mod events;
pub mod journal;
pub mod recovery;
pub mod routing;
pub mod what_if;
pub mod wire;

use crate::cli::{CliError, Output, Verdict};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

/// Measure the controller on this machine
#[derive(Debug, Args)]
pub struct Bench {
    #[command(subcommand)]
    what: Measurement,
}

#[derive(Debug, Subcommand)]
enum Measurement {
    Engine(engine::Engine),
    Events(events::Events),
    Routing(routing::Routing),
    Journal(journal::Journal),
    Recovery(recovery::Recovery),
    #[command(name = "whatif")]
    WhatIf(what_if::WhatIf),
    Wire(wire::Wire),
}

impl Bench {
    /// # Errors
    /// When what is to be measured cannot run.
    pub async fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        match &self.what {
            Measurement::Engine(engine) => engine.run(out).await,
            Measurement::Events(events) => events.run(out),
            Measurement::Routing(routing) => routing.run(out),
            Measurement::Journal(journal) => journal.run(out).await,
            Measurement::Recovery(recovery) => recovery.run(out).await,
            Measurement::WhatIf(what_if) => what_if.run(out).await,
            Measurement::Wire(wire) => wire.run(out).await,
        }
    }
}

/// Where a measurement keeps its files.
#[derive(Debug, Args)]
pub struct Folder {
    /// Folder for journal and store; by default a new one, removed afterwards
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Folder {
    /// Makes the folder if need be.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(&self) -> io::Result<OpenFolder> {
        let (path, ours) = match &self.folder {
            Some(folder) => (folder.clone(), false),
            None => {
                let name = format!("switchyard-bench-{}", std::process::id());
                (std::env::temp_dir().join(name), true)
            }
        };
        std::fs::create_dir_all(&path)?;
        Ok(OpenFolder { path, ours })
    }
}

/// A measurement's folder while it runs.
#[derive(Debug)]
pub struct OpenFolder {
    path: PathBuf,
    /// Nobody named it: it goes when the measurement is over.
    ours: bool,
}

impl OpenFolder {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folder, unless the user named it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn close(self) -> io::Result<()> {
        match self.ours {
            true => std::fs::remove_dir_all(&self.path),
            false => Ok(()),
        }
    }
}

/// How a measurement is printed.
#[derive(Debug, Args)]
pub struct Form {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Form {
    /// Prints the report as one JSON object, or as `describe` puts it for people.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn print<R: Serialize>(
        &self,
        out: Output<'_>,
        report: &R,
        describe: impl FnOnce(&R) -> String,
    ) -> Result<(), CliError> {
        match self.json {
            true => writeln!(out, "{}", serde_json::to_string_pretty(report)?)?,
            false => write!(out, "{}", describe(report))?,
        }
        Ok(())
    }
}

/// The verdict on a measurement: `sound` when no call was lost, reordered or
/// offered twice.
pub fn verdict(sound: bool) -> Verdict {
    if sound { Verdict::Good } else { Verdict::Bad }
}
