//! `switchyard render`: files for the switches, made from the configuration.

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::config::switch::SwitchKind;
use crate::dialplan;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Write files that the switches need, made from the configuration
#[derive(Debug, Args)]
pub struct Render {
    #[command(subcommand)]
    what: Rendered,
}

#[derive(Debug, Subcommand)]
enum Rendered {
    Dialplan(Dialplan),
}

/// Write the dialplan that hands calls over, with the fallback path
///
/// The access numbers come from the configuration. Calls to them go to the
/// controller; when it is away they go to the fallback path.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard render dialplan --switch freeswitch --output /etc/freeswitch/dialplan/switchyard.xml
  switchyard render dialplan --switch asterisk --output /etc/asterisk/switchyard.conf
Then reload: fs_cli -x reloadxml, or asterisk -rx 'dialplan reload'.")]
struct Dialplan {
    /// The kind of switch
    #[arg(long, value_name = "KIND")]
    switch: Kind,
    /// Which switch of that kind, when several are configured
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Write to FILE instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Freeswitch,
    Asterisk,
}

impl Render {
    /// # Errors
    /// When the configuration, the template or the output fails.
    pub fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let Rendered::Dialplan(dialplan) = &self.what;
        dialplan.run(file, out)
    }
}

impl Dialplan {
    fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let config = file.load()?;
        let mut switches = config.switches.iter().filter(|switch| {
            self.id.as_ref().is_none_or(|id| switch.id.as_str() == id)
                && self.switch.matches(&switch.kind)
        });
        let Some(switch) = switches.next() else {
            return Err(format!(
                "the configuration has no such {} switch",
                self.switch.word()
            )
            .into());
        };
        if let Some(other) = switches.next() {
            let (first, second) = (&switch.id, &other.id);
            return Err(
                format!("\"{first}\" and \"{second}\" are both meant; name one with --id").into(),
            );
        }
        let text = dialplan::render(&config, switch)?;
        match &self.output {
            Some(path) => std::fs::write(path, text)
                .map_err(|error| format!("{} cannot be written: {error}", path.display()))?,
            None => out.write_all(text.as_bytes())?,
        }
        Ok(Verdict::Good)
    }
}

impl Kind {
    fn matches(self, kind: &SwitchKind) -> bool {
        kind.word() == self.word()
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Freeswitch => "freeswitch",
            Kind::Asterisk => "asterisk",
        }
    }
}
