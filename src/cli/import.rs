//! `switchyard import`: settings of the switches' own queues as ours.

use crate::cli::{CliError, Output, Verdict};
use crate::engine::id::SwitchId;
use crate::import::{ImportError, Imported, callcenter, queues};
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Turn the settings of a switch's own queues into sections of switchyard.toml
///
/// The sections are printed to standard output. Everything that could not be taken
/// over is told on standard error, with its line and what to do instead, and
/// everything that behaves a little differently as a note. Exits 0 when nothing was
/// lost, 1 otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard import callcenter /etc/freeswitch/autoload_configs/callcenter.conf.xml --switch fs
  switchyard import queues /etc/asterisk/queues.conf --switch pbx >> switchyard.toml
  switchyard check")]
pub struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// FreeSWITCH's mod_callcenter: callcenter.conf.xml
    Callcenter(Source),
    /// Asterisk's app_queue: queues.conf
    Queues(Source),
}

#[derive(Debug, Args)]
struct Source {
    /// The file to read
    file: PathBuf,
    /// The switch that the agents' devices are on, as in [switches.<id>]
    #[arg(long, value_name = "ID", default_value = "pbx")]
    switch: SwitchId,
}

impl Import {
    /// # Errors
    /// When the file cannot be read, or is no file of that kind.
    pub fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let (file, imported) = match &self.from {
            From::Callcenter(source) => (&source.file, source.read(callcenter::import)?),
            From::Queues(source) => (&source.file, source.read(queues::import)?),
        };
        out.write_all(imported.toml.as_bytes())?;
        out.flush()?;
        report(file, &imported, &mut io::stderr().lock())?;
        Ok(if imported.is_complete() {
            Verdict::Good
        } else {
            Verdict::Bad
        })
    }
}

impl Source {
    fn read(
        &self,
        import: impl Fn(&str, &str) -> Result<Imported, ImportError>,
    ) -> Result<Imported, CliError> {
        let bytes = std::fs::read(&self.file)
            .map_err(|error| format!("{} cannot be read: {error}", self.file.display()))?;
        // Comments in old files may be in any encoding.
        let text = String::from_utf8_lossy(&bytes);
        let imported = import(&text, self.switch.as_str());
        imported.map_err(|error| format!("{}: {error}", self.file.display()).into())
    }
}

fn report(file: &Path, imported: &Imported, to: &mut dyn Write) -> io::Result<()> {
    for remark in &imported.remarks {
        writeln!(to, "{}", remark.about(file))?;
    }
    let lost = imported.remarks.iter().filter(|remark| remark.is_lost());
    let lost = lost.count();
    let notes = imported.remarks.len() - lost;
    writeln!(to, "{}: not mapped: {lost}, notes: {notes}", file.display())
}
