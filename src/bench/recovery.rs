//! How long a killed controller takes to its first right decision, and whether
//! anything is lost: `switchyard serve` as a process that is killed again and
//! again, and the simulated FreeSWITCH here, which lives on and judges.

use crate::bench::centre::{self, BenchCentre, NUMBER, PASSWORD, SWITCH};
use crate::clock::monotonic;
use crate::config::Config;
use crate::config::finding::ConfigErrors;
use crate::engine::id::{IdError, SwitchId};
use crate::engine::time::Span;
use crate::runtime::assembly::{self, StartError};
use crate::switch::link::EngineGone;
use crate::switch::simulated::crowd::{Crowd, PeopleSettings, Population};
use crate::switch::simulated::esl::{EslObserver, EslReport, EslServer, EslSettings, OrderRecord};
use crate::switch::simulated::model::ModelSettings;
use crate::switch::{Key, NotAKey, NotAnExtension};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// From one to the next of the calls of the beginning.
const BURST_GAP: Span = Span::millis(2);
/// Agents freed a second, about: what a decision waits for is the controller
/// then, and not the next agent.
const FREED_PER_SECOND: u32 = 20;
/// One agent for so many live calls.
const CALLS_PER_AGENT: u32 = 10;
/// How long a start may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// From the last call of the beginning to the first kill.
const SETTLING: Duration = Duration::from_secs(15);
/// From the last recovery to the end.
const AFTERMATH: Duration = Duration::from_secs(5);
/// A controller is left to work for so long, in milliseconds, before it is killed.
const LIVES_MS: (u64, u64) = (200, 2_500);

/// What is to be measured.
#[derive(Clone, Debug, PartialEq)]
pub struct RecoveryBench {
    /// Live calls to be kept up: waiting, ringing, talking and in the menu.
    pub calls: u32,
    pub kills: u32,
    pub seed: u64,
    /// Folder for configuration, journal and store.
    pub folder: PathBuf,
}

/// What was seen at the switch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryReport {
    pub calls: u32,
    pub kills: u32,
    /// Callers turned away or hung up on, and conversations torn apart.
    pub lost: u64,
    /// Callers who were passed over, or whose place changed.
    pub reordered: u64,
    /// Devices rung while they rang or talked, and callers for whom two rang.
    pub double_offered: u64,
    /// From starting the process to the first device it rang for the caller
    /// whose turn it was.
    pub recover_p50_ms: u64,
    pub recover_max_ms: u64,
    /// Devices rung and callers answered while this went on.
    pub rung: u64,
    pub answered: u64,
    /// Callers that a dead-man's timer sent to the fallback path.
    pub fallbacks: u64,
    /// Callers on the line without an agent at the end.
    pub waiting: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    #[error("--calls is a number from 20 to 20000, not {0}")]
    Calls(u32),
    #[error("the simulated switch: {0}")]
    Switch(io::Error),
    #[error("the simulated switch ended early")]
    SwitchEnded,
    #[error("the controller could not be started: {0}")]
    Process(io::Error),
    #[error("the controller's files: {0}")]
    Files(io::Error),
    #[error("the controller rang nobody within {} s; its log is {}", PATIENCE.as_secs(), log.display())]
    Idle { log: PathBuf },
    #[error("the controller's configuration: {0}")]
    Config(#[from] ConfigErrors),
    #[error("a name: {0}")]
    Name(#[from] IdError),
    #[error(transparent)]
    Extension(#[from] NotAnExtension),
    #[error(transparent)]
    Key(#[from] NotAKey),
    #[error("the controller could not start: {0}")]
    Start(#[from] StartError),
    #[error("before the agents were ready {0}")]
    Stopped(#[from] EngineGone),
}

/// What the switch has seen so far.
struct Seen {
    report: EslReport,
    order: OrderRecord,
}

impl Seen {
    async fn by(observer: &EslObserver) -> Result<Self, RecoveryError> {
        let report = observer.report().await;
        Ok(Self {
            report: report.ok_or(RecoveryError::SwitchEnded)?,
            order: observer.order(),
        })
    }
}

impl RecoveryBench {
    /// Kills and restarts `program` (this program) as the controller.
    ///
    /// # Errors
    /// [`RecoveryError`] when either side cannot be started or falls silent.
    pub async fn run(&self, program: &Path) -> Result<RecoveryReport, RecoveryError> {
        if !(20..=20_000).contains(&self.calls) {
            return Err(RecoveryError::Calls(self.calls));
        }
        self.prepare_journal().await?;
        let server = EslServer::bind(self.switch_settings()?)
            .await
            .map_err(RecoveryError::Switch)?;
        let address = server.local_addr().map_err(RecoveryError::Switch)?;
        let centre = self.centre();
        std::fs::write(centre.file(), centre.config(&address.to_string()))
            .map_err(RecoveryError::Files)?;
        let observer = server.observer();
        tokio::select! {
            ended = server.serve() => {
                ended.map_err(RecoveryError::Switch)?;
                Err(RecoveryError::SwitchEnded)
            }
            report = self.measure(program, &observer) => report,
        }
    }

    async fn measure(
        &self,
        program: &Path,
        observer: &EslObserver,
    ) -> Result<RecoveryReport, RecoveryError> {
        let mut chance = Pcg64::seed_from_u64(self.seed);
        let mut controller = self.start(program)?;
        let burst = Duration::from_millis(u64::from(self.calls) * BURST_GAP.as_millis());
        sleep(burst + SETTLING).await;
        let before = Seen::by(observer).await?;
        let mut times = Vec::new();
        for _ in 0..self.kills {
            let (least, most) = LIVES_MS;
            let life = least + chance.next_u64() % (most - least);
            sleep(Duration::from_millis(life)).await;
            controller.kill().await.map_err(RecoveryError::Process)?;
            observer.controller_gone();
            let started = monotonic();
            controller = self.start(program)?;
            let first = timeout(PATIENCE, observer.first_right_ring()).await;
            let first = first.map_err(|_| RecoveryError::Idle { log: self.log() })?;
            let took = first.saturating_duration_since(started);
            times.push(u64::try_from(took.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX));
            tracing::info!(ms = times.last(), "recovered");
        }
        sleep(AFTERMATH).await;
        let after = Seen::by(observer).await?;
        controller.kill().await.map_err(RecoveryError::Process)?;
        Ok(self.report(times, &before, &after))
    }

    fn report(&self, mut times: Vec<u64>, before: &Seen, after: &Seen) -> RecoveryReport {
        times.sort_unstable();
        let tally = after.report.tally.since(&before.report.tally);
        let of = |count: fn(&OrderRecord) -> u64| count(&after.order) - count(&before.order);
        RecoveryReport {
            calls: self.calls,
            kills: self.kills,
            lost: tally.lost() + of(|order| order.torn),
            reordered: of(|order| order.reordered),
            double_offered: tally.double_offered + of(|order| order.offered_twice),
            recover_p50_ms: times.get(times.len() / 2).copied().unwrap_or_default(),
            recover_max_ms: times.last().copied().unwrap_or_default(),
            rung: of(|order| order.rung),
            answered: tally.answered,
            fallbacks: tally.fallbacks,
            waiting: after.report.waiting,
        }
    }

    fn agents(&self) -> u32 {
        self.calls / CALLS_PER_AGENT
    }

    /// Mean length of a conversation.
    fn talk(&self) -> Span {
        Span::millis(u64::from(self.agents() * 1_000 / FREED_PER_SECOND).max(1_000))
    }

    /// Callers who keep the queue as long as it is, and whose prompts are long
    /// enough for some of them to be in the menu at any time.
    fn switch_settings(&self) -> Result<EslSettings, RecoveryError> {
        let population = Population {
            numbers: vec![NUMBER.to_owned()],
            keys: vec![Key::try_from('1')?],
        };
        let (agents, talk) = (self.agents(), self.talk());
        let mut callers = Crowd::quiet(population);
        callers.arrivals.burst = self.calls;
        callers.arrivals.burst_gap = BURST_GAP;
        callers.arrivals.per_minute =
            u32::try_from(u64::from(agents) * 60_000 / (talk.as_millis() + 1_500)).unwrap_or(0);
        callers.habits.patience = None;
        callers.habits.talk = talk;
        callers.habits.presses_after = (Span::seconds(3), Span::seconds(12));
        let mut people = PeopleSettings::of(vec![callers]);
        people.devices.answers_after = (Span::millis(500), Span::millis(2_500));
        people.devices.no_answer = 20;
        people.devices.rejects = 20;
        people.devices.register(agents)?;
        let model = ModelSettings {
            lines: self.calls * 4,
            channels: self.calls * 8,
            prompt_length: (Span::seconds(10), Span::seconds(15)),
            ..ModelSettings::default()
        };
        Ok(EslSettings {
            listen: ([127, 0, 0, 1], 0).into(),
            password: PASSWORD.to_owned(),
            switch: SwitchId::new(SWITCH)?,
            model,
            people,
            seed: self.seed,
            recordings: None,
        })
    }

    /// Leaves a journal in which every agent is ready, as a controller would
    /// that has not met its switch yet.
    async fn prepare_journal(&self) -> Result<(), RecoveryError> {
        let (centre, nowhere) = (self.centre(), "127.0.0.1:9");
        let config = Config::read(&centre.file(), &centre.config(nowhere), [])?;
        let running = assembly::start(&config).await?;
        centre::make_ready(&running, &config).await?;
        running.stop().await;
        Ok(())
    }

    fn start(&self, program: &Path) -> Result<Child, RecoveryError> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .map_err(RecoveryError::Files)?;
        let also = log.try_clone().map_err(RecoveryError::Files)?;
        Command::new(program)
            .arg("--config")
            .arg(self.centre().file())
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(also)
            .kill_on_drop(true)
            .spawn()
            .map_err(RecoveryError::Process)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("controller.log")
    }

    /// One command connection: what the switch reads first was decided first.
    fn centre(&self) -> BenchCentre<'_> {
        BenchCentre {
            folder: &self.folder,
            agents: self.agents(),
            max_calls: self.calls * 8,
            menu: true,
            switch: "command_connections = 1",
        }
    }
}
