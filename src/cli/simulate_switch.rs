//! `switchyard simulate-switch`: a FreeSWITCH without telephony, for tries and load.

use crate::bench::process;
use crate::cli::{CliError, Output, Verdict};
use crate::engine::id::SwitchId;
use crate::engine::time::Span;
use crate::switch::Key;
use crate::switch::simulated::crowd::{Crowd, PeopleSettings, Population};
use crate::switch::simulated::esl::{EslObserver, EslReport, EslServer, EslSettings};
use crate::switch::simulated::model::ModelSettings;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// From one to the next of the calls that wait at the beginning.
pub const BURST_GAP: Span = Span::millis(5);
/// Lines besides those of the callers that wait and talk from the beginning.
const SPARE_LINES: u32 = 10_000;
/// From ringing to answering, for a device.
const ANSWERS_AFTER: (Span, Span) = (Span::millis(500), Span::millis(1_500));

/// Be a FreeSWITCH without telephony, with callers and agents from a seed
///
/// Speaks the event socket protocol (ESL) with the events, header sets and
/// sizes of FreeSWITCH 1.10. Callers begin to call when a client subscribes to
/// events. Agents' devices have the extensions 1001, 1002 and so on.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example, with this in switchyard.toml:
  [switches.fs]
  kind = \"freeswitch\"
  address = \"127.0.0.1:8021\"
  password = \"try\"
  switchyard simulate-switch --password try --switch fs --agents 5")]
pub struct SimulateSwitch {
    /// Address to listen on; port 0 takes a free one and prints it
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8021")]
    listen: SocketAddr,
    /// The password clients must give
    #[arg(long, value_name = "WORD", env = "SWITCHYARD_SIMULATED_PASSWORD")]
    password: String,
    /// The controller's id for this switch, which calls carry as `switchyard_switch`
    #[arg(long, value_name = "ID", default_value = "fs")]
    switch: SwitchId,
    /// Calls a second, on average
    #[arg(long, value_name = "RATE", default_value_t = 0.2)]
    calls_per_second: f64,
    /// Agents' devices that can be rung
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    agents: u32,
    /// Calls that come at the beginning, above one for each agent
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    waiting: u32,
    /// The same seed gives the same callers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number that is called; may be given more than once
    #[arg(long = "number", value_name = "NUMBER", default_value = "4001")]
    numbers: Vec<String>,
    /// Key that callers press after a prompt; may be given more than once
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<char>,
    /// Mean length of a conversation in seconds; by default as long as keeps all agents busy
    #[arg(long, value_name = "SECONDS")]
    talk_s: Option<u32>,
    /// Mean patience of a waiting caller in seconds; endless by default
    #[arg(long, value_name = "SECONDS")]
    patience_s: Option<u32>,
    /// Really write recordings whose file lies below FOLDER
    #[arg(long, value_name = "FOLDER")]
    recordings: Option<PathBuf>,
    /// End after measuring for this long and print what was seen
    #[arg(long, value_name = "SECONDS")]
    measure_s: Option<u32>,
    /// Do not measure the first seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    warm_up_s: u32,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// The first line of the output with `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    pub listening: SocketAddr,
}

/// The second line with `--measure-s`, when the warm-up is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measuring {
    pub measuring_s: u32,
}

/// The last line with `--measure-s`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    #[serde(flatten)]
    pub report: EslReport,
    /// Seconds on a core while it was measured.
    pub cpu_seconds: f64,
}

impl SimulateSwitch {
    /// # Errors
    /// When the address cannot be listened on, or an argument makes no sense.
    pub async fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let server = EslServer::bind(self.settings()?).await?;
        let (listening, observer) = (server.local_addr()?, server.observer());
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&Listening { listening })?)?;
        } else {
            writeln!(
                out,
                "listening on {listening}; Ctrl-C ends it and tells what was seen"
            )?;
        }
        out.flush()?;
        tokio::select! {
            served = server.serve() => served?,
            seen = asked_to_end(&observer) => {
                let seen = seen?.ok_or("the simulated switch ended early")?;
                if self.json {
                    writeln!(out, "{}", serde_json::to_string(&seen)?)?;
                } else {
                    writeln!(out, "{}", describe(&seen))?;
                }
            }
            measured = self.measure(&observer, out) => measured?,
        }
        Ok(Verdict::Good)
    }

    /// Measures and prints what was seen; waits for ever when nothing is to be measured.
    async fn measure(&self, observer: &EslObserver, out: Output<'_>) -> Result<(), CliError> {
        let Some(measuring_s) = self.measure_s else {
            return std::future::pending().await;
        };
        let ended = "the simulated switch ended early";
        observer.begun().await.ok_or(ended)?;
        tokio::time::sleep(Duration::from_secs(self.warm_up_s.into())).await;
        let before = observer.report().await.ok_or(ended)?.tally;
        let used_before = process::on_core().unwrap_or_default();
        observer.restart_measurement();
        if self.json {
            writeln!(
                out,
                "{}",
                serde_json::to_string(&Measuring { measuring_s })?
            )?;
            out.flush()?;
        }
        tokio::time::sleep(Duration::from_secs(measuring_s.into())).await;
        let used = process::on_core().unwrap_or_default() - used_before;
        let mut report = observer.report().await.ok_or(ended)?;
        report.tally = report.tally.since(&before);
        if self.json {
            let measured = Measured {
                report,
                cpu_seconds: used.as_secs_f64(),
            };
            writeln!(out, "{}", serde_json::to_string(&measured)?)?;
        } else {
            writeln!(out, "{}", describe(&report))?;
        }
        Ok(())
    }

    fn settings(&self) -> Result<EslSettings, CliError> {
        if !(0.0..=1_000.0).contains(&self.calls_per_second) {
            return Err("--calls-per-second is a number from 0 to 1000".into());
        }
        let keys: Vec<Key> = self
            .keys
            .iter()
            .map(|key| Key::try_from(*key))
            .collect::<Result<_, _>>()?;
        let population = Population {
            numbers: self.numbers.clone(),
            keys,
        };
        let mut callers = Crowd::quiet(population);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the rate was checked to lie from 0 to 1000"
        )]
        let per_minute = (self.calls_per_second * 60.0).round() as u32;
        callers.arrivals.per_minute = per_minute;
        callers.arrivals.burst = if self.waiting == 0 {
            0
        } else {
            self.waiting + self.agents
        };
        callers.arrivals.burst_gap = BURST_GAP;
        callers.habits.patience = self.patience_s.map(Span::seconds);
        callers.habits.talk = self.talk(per_minute);
        let mut people = PeopleSettings::of(vec![callers]);
        people.devices.answers_after = ANSWERS_AFTER;
        people.devices.register(self.agents)?;
        Ok(EslSettings {
            listen: self.listen,
            password: self.password.clone(),
            switch: self.switch.clone(),
            model: self.lines(),
            people,
            seed: self.seed,
            recordings: self.recordings.clone(),
        })
    }

    /// Room for every call that may be on the line at once, and its agent's leg.
    fn lines(&self) -> ModelSettings {
        let usual = ModelSettings::default();
        let lines = match self.waiting {
            0 => usual.lines,
            waiting => waiting + self.agents + SPARE_LINES,
        };
        ModelSettings {
            lines,
            channels: usual.channels.max(lines.saturating_mul(2)),
            ..usual
        }
    }

    /// As long as given, or so long that all agents together are just busy: a
    /// call takes an agent for the conversation and about a second of ringing.
    fn talk(&self, per_minute: u32) -> Span {
        match (self.talk_s, per_minute) {
            (Some(seconds), _) => Span::seconds(seconds),
            (None, 0) => Span::seconds(60),
            (None, _) => {
                let busy = u64::from(self.agents) * 60_000 / u64::from(per_minute);
                Span::millis(busy.saturating_sub(1_200).max(1_000))
            }
        }
    }
}

/// Waits for Ctrl-C, and gives what was seen since the start.
async fn asked_to_end(observer: &EslObserver) -> std::io::Result<Option<EslReport>> {
    tokio::signal::ctrl_c().await?;
    Ok(observer.report().await)
}

fn describe(report: &EslReport) -> String {
    let EslReport {
        tally,
        latencies,
        waiting,
    } = report;
    let freed = &latencies.agent_freed_to_originate;
    let brought = &latencies.call_brought_to_command;
    format!(
        "{} calls, {} answered, {} lost, {} double offered, {waiting} waiting\n\
         agent freed to originate: median {} µs, p99 {} µs, {} samples\n\
         call brought to command: median {} µs, p99 {} µs, {} samples",
        tally.calls,
        tally.answered,
        tally.lost(),
        tally.double_offered,
        freed.median_us,
        freed.p99_us,
        freed.samples,
        brought.median_us,
        brought.p99_us,
        brought.samples,
    )
}
