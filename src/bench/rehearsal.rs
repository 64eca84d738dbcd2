//! What the driver hands to the journal for whole calls: engine and simulated
//! switch together in virtual time, so that a measurement has real steps.

use crate::config::Config;
use crate::config::finding::ConfigErrors;
use crate::engine::Engine;
use crate::engine::command::{Command, Commands};
use crate::engine::event::{AgentRequest, Event};
use crate::engine::id::{IdError, SwitchId};
use crate::engine::recording::FiledRecording;
use crate::engine::time::{Span, Timestamp};
use crate::store::journal::Step;
use crate::switch::simulated::crowd::{Crowd, PeopleSettings};
use crate::switch::simulated::model::ModelSettings;
use crate::switch::simulated::wire::WireSettings;
use crate::switch::simulated::{Population, Simulation, SimulationSettings};
use std::path::Path;

const BEGIN: Timestamp = Timestamp::from_millis(1_800_000_000_000);
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
    let switch = SwitchId::new(SWITCH)?;
    let centre = Config::read(Path::new("rehearsal.toml"), &settings(), [])?.centre();
    let mut callers = Crowd::quiet(Population::of(&centre));
    callers.arrivals.per_minute = RATE;
    callers.arrivals.at_most = Some(calls);
    let simulation = SimulationSettings {
        model: ModelSettings::default(),
        people: PeopleSettings::of(vec![callers]),
        wire: WireSettings::default(),
    };
    let mut simulation = Simulation::new(simulation, SEED, BEGIN);
    let mut engine = Engine::new();
    let mut events: Vec<Event> = centre
        .agents
        .keys()
        .map(|agent| Event::Agent {
            agent: agent.clone(),
            request: AgentRequest::Ready,
        })
        .collect();
    let begin = [
        Event::Started { seed: SEED },
        Event::Configured {
            centre: Box::new(centre),
        },
    ];
    events.splice(0..0, begin);
    let until = BEGIN + Span::seconds(3_600) + Span::seconds(u32::try_from(calls).unwrap_or(0));
    let (mut now, mut steps) = (BEGIN, Vec::new());
    loop {
        for event in std::mem::take(&mut events) {
            let mut out = Commands::default();
            engine.handle(now, event.clone(), &mut out);
            let commands: Vec<Command> = out.drain().collect();
            for command in &commands {
                match command {
                    Command::Switch(order) => simulation.handle(now, order.clone()),
                    Command::File(order) => events.push(Event::RecordingFiled {
                        recording: order.recording,
                        filed: FiledRecording {
                            name: format!("main/2027/01/15/{}-{}.wav", order.call, order.recording),
                            length_ms: 30_000,
                            bytes: 960_044,
                            sha256: "0".repeat(64),
                        },
                    }),
                    Command::Note(_) => {}
                }
            }
            steps.push(Step::new(now, event, commands));
        }
        if !events.is_empty() {
            continue;
        }
        let deadline = engine.next_deadline().map(|(at, _)| at);
        let Some(next) = [deadline, simulation.next_deadline()]
            .into_iter()
            .flatten()
            .min()
            .filter(|next| *next <= until)
        else {
            return Ok(steps);
        };
        now = next.max(now);
        let mut outputs = Vec::new();
        simulation.advance(now, &mut outputs);
        events.extend(outputs.into_iter().map(|output| output.told(&switch)));
        if deadline.is_some_and(|deadline| deadline <= now) {
            events.push(Event::Due);
        }
    }
}

const SWITCH: &str = "sim";

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
