//! Engine and simulated switch together in virtual time, so that a measurement
//! has the real events and commands of whole calls.

use crate::config::Config;
use crate::config::finding::ConfigErrors;
use crate::engine::Engine;
use crate::engine::centre::Centre;
use crate::engine::command::{Command, Commands};
use crate::engine::event::{AgentRequest, Event};
use crate::engine::id::{IdError, SwitchId};
use crate::engine::recording::{FiledRecording, FilingOrder};
use crate::engine::time::{Span, Timestamp};
use crate::store::journal::Step;
use crate::switch::simulated::crowd::{Crowd, PeopleSettings};
use crate::switch::simulated::model::ModelSettings;
use crate::switch::simulated::wire::WireSettings;
use crate::switch::simulated::{Population, SimOutput, Simulation, SimulationSettings};
use std::collections::VecDeque;
use std::path::Path;

/// When every rehearsal begins: 15 January 2027, 08:00 UTC.
pub(super) const BEGIN: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const SWITCH: &str = "sim";
const AGENTS: usize = 50;
/// Calls a minute.
const RATE: u32 = 60;
const SEED: u64 = 7;

#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    #[error("the centre of the rehearsal: {0}")]
    Config(#[from] ConfigErrors),
    #[error("its switch: {0}")]
    Name(#[from] IdError),
}

/// The steps of `calls` calls through a menu and a queue to an agent, from the
/// first arrival to the last filed recording.
///
/// # Errors
/// Never with the settings that stand here.
pub fn steps(calls: u64) -> Result<Vec<Step>, RehearsalError> {
    let centre = Config::read(Path::new("rehearsal.toml"), &settings(), [])?.centre(BEGIN);
    let mut callers = Crowd::quiet(Population::of(&centre));
    callers.arrivals.per_minute = RATE;
    callers.arrivals.at_most = Some(calls);
    let settings = SimulationSettings {
        model: ModelSettings::default(),
        people: PeopleSettings::of(vec![callers]),
        wire: WireSettings::default(),
    };
    let mut rehearsal = Rehearsal::new(centre, SwitchId::new(SWITCH)?, settings, SEED);
    let until = BEGIN + Span::seconds(3_600) + Span::seconds(u32::try_from(calls).unwrap_or(0));
    Ok(std::iter::from_fn(|| rehearsal.step(until)).collect())
}

/// A new engine with one simulated switch, and what is due for it.
pub(super) struct Rehearsal {
    engine: Engine,
    switch: SwitchId,
    simulation: Simulation,
    now: Timestamp,
    /// What the engine is told now, in order.
    due: VecDeque<Event>,
    outputs: Vec<SimOutput>,
}

impl Rehearsal {
    /// A centre that starts at [`BEGIN`] and whose agents are ready at once.
    pub(super) fn new(
        centre: Centre,
        switch: SwitchId,
        settings: SimulationSettings,
        seed: u64,
    ) -> Self {
        let ready: Vec<Event> = centre
            .agents
            .keys()
            .map(|agent| Event::Agent {
                agent: agent.clone(),
                request: AgentRequest::Ready,
            })
            .collect();
        let begin = [
            Event::Started { seed },
            Event::Configured {
                centre: Box::new(centre),
            },
        ];
        Self {
            engine: Engine::new(),
            switch,
            simulation: Simulation::new(settings, seed, BEGIN),
            now: BEGIN,
            due: begin.into_iter().chain(ready).collect(),
            outputs: Vec::new(),
        }
    }

    /// One more call, besides those of the settings. Everything before `at` is
    /// over.
    pub(super) fn call(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
        self.simulation.call(self.now);
    }

    /// The next event that the engine handles, with what it led to; none when
    /// nothing happens before `until`.
    pub(super) fn step(&mut self, until: Timestamp) -> Option<Step> {
        loop {
            if let Some(event) = self.due.pop_front() {
                return Some(self.handle(event));
            }
            let deadline = self.engine.next_deadline().map(|(at, _)| at);
            let next = [deadline, self.simulation.next_deadline()];
            let next = next.into_iter().flatten().min();
            self.now = self.now.max(next.filter(|next| *next < until)?);
            self.simulation.advance(self.now, &mut self.outputs);
            let told = self.outputs.drain(..);
            self.due
                .extend(told.map(|output| output.told(&self.switch)));
            if deadline.is_some_and(|deadline| deadline <= self.now) {
                self.due.push_back(Event::Due);
            }
        }
    }

    fn handle(&mut self, event: Event) -> Step {
        let mut out = Commands::default();
        self.engine.handle(self.now, event.clone(), &mut out);
        let commands: Vec<Command> = out.drain().collect();
        for command in &commands {
            match command {
                Command::Switch(order) => self.simulation.handle(self.now, order.clone()),
                Command::File(order) => self.due.push_back(filed(order)),
                Command::Note(_) | Command::Answer { .. } => {}
            }
        }
        Step::new(self.now, event, commands)
    }
}

/// Half a minute of sound, filed at once.
fn filed(order: &FilingOrder) -> Event {
    Event::RecordingFiled {
        recording: order.recording,
        filed: FiledRecording {
            name: format!("main/2027/01/15/{}-{}.wav", order.call, order.recording),
            length_ms: 30_000,
            heard_ms: None,
            bytes: 960_044,
            sha256: "0".repeat(64),
        },
    }
}

fn settings() -> String {
    let mut text = format!(
        r#"
        [switches.{SWITCH}]
        kind = "simulated"
        [queues.desk]
        name = "desk"
        wrap_up_s = 5
        record = true
        [numbers.4001]
        flow = "desk"
        [flows.desk]
        name = "desk"
        start = "answer"
        [flows.desk.blocks]
        answer = {{ kind = "answer", next = "menu" }}
        menu = {{ kind = "menu", prompts = ["welcome"], choices = {{ 1 = "wait" }}, otherwise = "end" }}
        wait = {{ kind = "queue", queue = "desk" }}
        end = {{ kind = "hang_up" }}
        "#
    );
    for n in 0..AGENTS {
        text.push_str(&format!(
            "[agents.a{n}]\nname = \"Agent {n}\"\nextension = \"1{n:03}\"\nswitch = \"{SWITCH}\"\nqueues = [\"desk\"]\n"
        ));
    }
    text
}
