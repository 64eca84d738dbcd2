//! The engine and the simulated switch together, in virtual time: an hour of
//! callers in a moment, with and without faults on the way between the two.

use std::collections::{BTreeMap, BTreeSet};
use switchyard::engine::Engine;
use switchyard::engine::agent::AgentState;
use switchyard::engine::call::CallState;
use switchyard::engine::centre::Centre;
use switchyard::engine::command::{Command, Commands};
use switchyard::engine::event::{AgentRequest, Event};
use switchyard::engine::fact::Fact;
use switchyard::engine::id::{AgentId, CallId};
use switchyard::engine::recording::FiledRecording;
use switchyard::engine::time::{Span, Timestamp};
use switchyard::switch::simulated::crowd::{Crowd, PeopleSettings};
use switchyard::switch::simulated::model::ModelSettings;
use switchyard::switch::simulated::tally::Tally;
use switchyard::switch::simulated::wire::{Faults, LinkCuts, WireSettings};
use switchyard::switch::simulated::{Population, SimOutput, Simulation, SimulationSettings};

const BEGIN: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const AGENTS: usize = 12;
const CALLS: u64 = 600;
/// Ten calls a minute: an hour of arrivals, and time for the last to end.
const UNTIL: Span = Span::seconds(2 * 3_600);

fn centre() -> Centre {
    let agents: String = (0..AGENTS)
        .map(|n| {
            format!(
                "[agents.a{n}]\nname = \"a{n}\"\nextension = \"1{n:03}\"\nswitch = \"sim\"\nqueues = [\"desk\"]\n"
            )
        })
        .collect();
    let text = format!(
        r#"
        [switches.sim]
        kind = "simulated"
        [queues.desk]
        name = "desk"
        wrap_up_s = 5
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
        {agents}"#
    );
    let config = switchyard::config::Config::read(std::path::Path::new("test.toml"), &text, []);
    config.expect("a sound configuration").centre()
}

/// What an hour left behind.
struct Past {
    facts: Vec<(Timestamp, Fact)>,
    tally: Tally,
}

fn pass_an_hour(seed: u64, faults: Faults) -> Past {
    let centre = centre();
    let mut callers = Crowd::quiet(Population::of(&centre));
    callers.arrivals.per_minute = 10;
    callers.arrivals.at_most = Some(CALLS);
    let mut people = PeopleSettings::of(vec![callers]);
    people.devices.no_answer = 50;
    people.devices.busy = 20;
    people.devices.rejects = 20;
    let wire = WireSettings {
        faults,
        ..WireSettings::default()
    };
    let settings = SimulationSettings {
        model: ModelSettings::default(),
        people,
        wire,
    };
    let mut simulation = Simulation::new(settings, seed, BEGIN);
    let mut engine = Engine::new();
    let mut past = Past {
        facts: Vec::new(),
        tally: Tally::default(),
    };

    let agents: Vec<AgentId> = centre.agents.keys().cloned().collect();
    let mut events = vec![
        Event::Started { seed },
        Event::Configured {
            centre: Box::new(centre),
        },
    ];
    events.extend(agents.into_iter().map(|agent| Event::Agent {
        agent,
        request: AgentRequest::Ready,
    }));
    let mut now = BEGIN;
    loop {
        for event in std::mem::take(&mut events) {
            let mut out = Commands::default();
            engine.handle(now, event, &mut out);
            for command in out.drain() {
                match command {
                    Command::Switch(order) => simulation.handle(now, order),
                    Command::Note(fact) => past.facts.push((now, fact)),
                    Command::File(order) => events.push(Event::RecordingFiled {
                        recording: order.recording,
                        filed: FiledRecording {
                            name: format!("{}.wav", order.recording),
                            length_ms: 0,
                            bytes: 0,
                            sha256: "0".repeat(64),
                        },
                    }),
                }
            }
        }
        let mut outputs = Vec::new();
        if events.is_empty() {
            let due = engine.next_deadline().map(|(at, _)| at);
            let Some(next) = [due, simulation.next_deadline()]
                .into_iter()
                .flatten()
                .min()
            else {
                break;
            };
            if next > BEGIN + UNTIL {
                break;
            }
            now = now.max(next);
            simulation.advance(now, &mut outputs);
            events.push(Event::Due);
        }
        events.extend(outputs.into_iter().map(|output| match output {
            SimOutput::Event(event) => switch_event(event),
            SimOutput::Completed { command, outcome } => Event::Completed { command, outcome },
            SimOutput::Recorded(tape) => switch_event(tape.finished()),
        }));
    }
    past.tally = simulation.tally().clone();
    past
}

fn switch_event(event: switchyard::switch::SwitchEvent) -> Event {
    Event::Switch {
        switch: "sim".parse().expect("an id"),
        event,
    }
}

impl Past {
    /// Calls that began and did not end.
    fn unfinished(&self) -> BTreeSet<CallId> {
        let mut live = BTreeSet::new();
        for (_, fact) in &self.facts {
            match fact {
                Fact::CallStarted { call, .. } => assert!(live.insert(*call), "{call} began twice"),
                Fact::CallEnded { call, .. } => assert!(live.remove(call), "{call} ended twice"),
                _ => {}
            }
        }
        live
    }

    /// The states in which the agents were left.
    fn agents(&self) -> BTreeMap<&AgentId, &AgentState> {
        let moved = self.facts.iter().filter_map(|(_, fact)| match fact {
            Fact::AgentMoved { agent, state, .. } => Some((agent, state)),
            _ => None,
        });
        moved.collect()
    }
}

#[test]
fn every_call_ends_once_and_no_device_is_rung_twice() {
    let past = pass_an_hour(1, Faults::default());
    assert_eq!(past.unfinished(), BTreeSet::new());
    assert!(
        past.agents()
            .values()
            .all(|state| **state == AgentState::Ready)
    );
    assert_eq!(past.tally.calls, CALLS);
    assert_eq!(
        (past.tally.lost(), past.tally.double_offered),
        (0, 0),
        "{:?}",
        past.tally
    );
    assert!(past.tally.answered > CALLS / 2, "{:?}", past.tally);
}

#[test]
fn callers_of_one_queue_are_offered_in_the_order_they_came() {
    let past = pass_an_hour(2, Faults::default());
    let mut waiting: BTreeMap<CallId, Timestamp> = BTreeMap::new();
    let mut offered = 0;
    for (_, fact) in &past.facts {
        match fact {
            Fact::QueueEntered { call, entered, .. } => drop(waiting.insert(*call, *entered)),
            Fact::QueueLeft { call, .. } => drop(waiting.remove(call)),
            Fact::CallMoved { call, state } if *state == CallState::Offered => {
                // A call whose offer failed was checked at its first one.
                let Some(mine) = waiting.remove(call) else {
                    continue;
                };
                let overtaken = waiting.values().any(|entered| *entered < mine);
                assert!(!overtaken, "{call} overtook");
                offered += 1;
            }
            _ => {}
        }
    }
    assert!(offered > 100, "{offered} offers");
}

#[test]
fn the_same_seed_gives_the_same_hour() {
    let trace =
        |seed| serde_json::to_string(&pass_an_hour(seed, Faults::default()).facts).expect("JSON");
    let first = trace(3);
    assert!(first == trace(3));
    assert!(first != trace(4));
}

#[test]
fn faults_on_the_way_leave_no_call_and_no_agent_behind() {
    for seed in 10..14 {
        let past = pass_an_hour(
            seed,
            Faults {
                duplicated_events: 10,
                late_events: 10,
                late_by: Span::millis(400),
                failed_commands: 10,
                lost_commands: 5,
                link_cuts: Some(LinkCuts {
                    every: Span::seconds(300),
                    last: Span::seconds(8),
                }),
                ..Faults::default()
            },
        );
        assert_eq!(past.unfinished(), BTreeSet::new(), "seed {seed}");
        let agents = past.agents();
        assert!(
            agents.values().all(|state| **state == AgentState::Ready),
            "seed {seed}: {agents:?}"
        );
    }
}
