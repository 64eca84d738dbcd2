//! `switchyard doctor`: tries everything a centre needs, for real, before the
//! first caller does.

mod ari;
mod asterisk;
mod freeswitch;
mod room;
mod tags;

use crate::config::Config;
use crate::config::switch::SwitchKind;
use crate::engine::id::PromptId;
use crate::engine::ivr::flow::Block;
use crate::switch::Language;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// One thing the doctor found, good or bad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    pub severity: Severity,
    /// The part of the installation: `switch pbx`, `store`, `recordings` …
    pub part: String,
    pub what: String,
    /// How to mend it; absent when there is nothing to mend.
    pub mend: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Good,
    /// Could not be looked at from here.
    Unseen,
    /// Calls work, and something is unsafe or missing.
    Warning,
    /// Calls will not work.
    Error,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.severity {
            Severity::Good => "ok     ",
            Severity::Unseen => "unseen ",
            Severity::Warning => "warning",
            Severity::Error => "error  ",
        };
        write!(f, "{mark} {}: {}", self.part, self.what)?;
        match &self.mend {
            Some(mend) => write!(f, "\n        {mend}"),
            None => Ok(()),
        }
    }
}

/// What is found about one part.
struct Chart {
    part: String,
    found: Vec<Diagnosis>,
}

impl Chart {
    fn of(part: impl Into<String>) -> Self {
        Self {
            part: part.into(),
            found: Vec::new(),
        }
    }

    fn good(&mut self, what: impl Into<String>) {
        self.add(Severity::Good, what.into(), None);
    }

    fn unseen(&mut self, what: impl Into<String>, mend: impl Into<String>) {
        self.add(Severity::Unseen, what.into(), Some(mend.into()));
    }

    fn warning(&mut self, what: impl Into<String>, mend: impl Into<String>) {
        self.add(Severity::Warning, what.into(), Some(mend.into()));
    }

    fn error(&mut self, what: impl Into<String>, mend: impl Into<String>) {
        self.add(Severity::Error, what.into(), Some(mend.into()));
    }

    fn add(&mut self, severity: Severity, what: String, mend: Option<String>) {
        self.found.push(Diagnosis {
            severity,
            part: self.part.clone(),
            what,
            mend,
        });
    }
}

/// Examines every switch, the store, the folders and the port.
pub async fn examine(config: &Config) -> Vec<Diagnosis> {
    let mut charts = Vec::new();
    for switch in &config.switches {
        let chart = Chart::of(format!("switch {}", switch.id));
        charts.push(match &switch.kind {
            SwitchKind::Freeswitch(settings) => freeswitch::examine(config, settings, chart).await,
            SwitchKind::Asterisk(settings) => asterisk::examine(config, settings, chart).await,
            SwitchKind::Simulated(settings) => room::folder(chart, &settings.recordings),
        });
    }
    charts.push(room::store(&config.store).await);
    charts.push(room::journal(&config.journal));
    charts.push(room::folder(
        Chart::of("recordings"),
        &config.recordings.folder,
    ));
    charts.push(room::http(&config.http).await);
    charts.into_iter().flat_map(|chart| chart.found).collect()
}

/// Passwords that everybody knows, from the switches' sample files and ours.
const KNOWN_PASSWORDS: [&str; 6] = [
    "ClueCon",
    "asterisk",
    "switchyard",
    "change-me",
    "password",
    "secret",
];

fn password(chart: &mut Chart, password: &str, file: &str) {
    if KNOWN_PASSWORDS.contains(&password) {
        chart.warning(
            format!("the password is {password:?}, which everybody knows"),
            format!("choose another, in {file} and in password_file"),
        );
    }
}

/// Every prompt that a caller can hear, in the languages of the numbers that
/// lead to it, and in the centre's for the queues.
fn prompts(config: &Config) -> BTreeSet<(Language, &PromptId)> {
    let mut prompts = BTreeSet::new();
    let home = config.centre.language;
    prompts.insert((home, &config.dialplan.announcement));
    let mut languages = BTreeSet::from([home]);
    for number in config.numbers.values() {
        let language = number.language.unwrap_or(home);
        languages.insert(language);
        let blocks = config
            .flows
            .get(&number.flow)
            .into_iter()
            .flat_map(|flow| flow.blocks.values());
        for block in blocks {
            if let Block::Play {
                prompts: played, ..
            }
            | Block::Menu {
                prompts: played, ..
            } = block
            {
                prompts.extend(played.iter().map(|prompt| (language, prompt)));
            }
        }
    }
    for greeting in config
        .queues
        .values()
        .filter_map(|queue| queue.greeting.as_ref())
    {
        prompts.extend(languages.iter().map(|language| (*language, greeting)));
    }
    prompts
}

/// Every class of music a caller can hear.
fn music(config: &Config) -> BTreeSet<&str> {
    let queues = config.queues.values().map(|queue| queue.music.as_str());
    queues.chain([config.dialplan.music.as_str()]).collect()
}

/// Whether only this machine can reach the host.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}
