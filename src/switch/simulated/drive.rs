//! Drives a simulation in real time, as the adapter of a switch of
//! `kind = "simulated"`.

use crate::clock;
use crate::config::switch::SimulatedConfig;
use crate::engine::id::CommandId;
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::switch::link::{EngineGone, Inbox, LinkState, ORDER_QUEUE, SwitchLink};
use crate::switch::simulated::crowd::{Crowd, PeopleSettings, Population};
use crate::switch::simulated::folder::RecordingsFolder;
use crate::switch::simulated::model::ModelSettings;
use crate::switch::simulated::simulation::{SimOutput, Simulation, SimulationSettings};
use crate::switch::simulated::tape::Tape;
use crate::switch::simulated::wire::WireSettings;
use crate::switch::{Outcome, SwitchEvent, SwitchOrder};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Recordings that may wait to be written; the simulation waits for room.
const TAPES_WAITING: usize = 64;

/// Starts a simulated switch whose callers call `population`'s numbers. Ends
/// when the link's `orders` is dropped or the engine is gone.
pub fn start(settings: &SimulatedConfig, population: Population, inbox: Inbox) -> SwitchLink {
    let folder = RecordingsFolder::new(settings.recordings.clone());
    let (orders, orders_in) = mpsc::channel(ORDER_QUEUE);
    let (tapes, tapes_in) = mpsc::channel(TAPES_WAITING);
    let (state, state_seen) = watch::channel(LinkState::Connecting {
        attempt: 1,
        last_error: None,
    });
    let id = inbox.switch().clone();
    let simulation = Simulation::new(
        simulation_settings(settings, population),
        settings.seed,
        clock::now(),
    );
    let drive = Drive {
        simulation,
        inbox: inbox.clone(),
        tapes,
        state,
    };
    spawn(drive.run(orders_in));
    spawn(write_tapes(tapes_in, folder.clone(), inbox));
    SwitchLink {
        id,
        orders,
        state: state_seen,
        media: Arc::new(folder),
    }
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    #[expect(clippy::disallowed_methods, reason = "an adapter runs its own tasks")]
    drop(tokio::spawn(task));
}

fn simulation_settings(settings: &SimulatedConfig, population: Population) -> SimulationSettings {
    let mut callers = Crowd::quiet(population);
    callers.arrivals.per_minute = settings.calls_per_minute;
    callers.habits.patience = Some(Span::seconds(settings.patience_s));
    callers.habits.talk = Span::seconds(settings.talk_s);
    callers.habits.presses_nothing = 50;
    let mut people = PeopleSettings::of(vec![callers]);
    people.devices.no_answer = 40;
    people.devices.busy = 15;
    people.devices.rejects = 15;
    SimulationSettings {
        model: ModelSettings::default(),
        people,
        wire: WireSettings::default(),
    }
}

struct Drive {
    simulation: Simulation,
    inbox: Inbox,
    tapes: mpsc::Sender<Tape>,
    state: watch::Sender<LinkState>,
}

impl Drive {
    async fn run(mut self, mut orders: mpsc::Receiver<SwitchOrder>) {
        let mut out = Vec::new();
        loop {
            self.simulation.advance(clock::now(), &mut out);
            for output in out.drain(..) {
                if self.deliver(output).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.simulation.handle(clock::now(), order),
                    None => break,
                },
                () = until(self.simulation.next_deadline()) => {}
            }
        }
        self.state.send_replace(LinkState::Closed);
    }

    async fn deliver(&self, output: SimOutput) -> Result<(), EngineGone> {
        match output {
            SimOutput::Event(event) => {
                self.show_link(&event);
                self.inbox.happened(event).await
            }
            SimOutput::Recorded(tape) => self.tapes.send(tape).await.map_err(|_| EngineGone),
            SimOutput::Completed { command, outcome } => self.complete(command, outcome).await,
        }
    }

    async fn complete(&self, command: CommandId, outcome: Outcome) -> Result<(), EngineGone> {
        match outcome {
            Outcome::Done => self.inbox.done(command).await,
            Outcome::Failed { why, detail } => {
                self.inbox.failed(command, why, detail.as_str()).await
            }
            Outcome::Lost => Ok(()),
        }
    }

    fn show_link(&self, event: &SwitchEvent) {
        match event {
            SwitchEvent::Snapshot(_) => drop(self.state.send_replace(LinkState::Alive)),
            SwitchEvent::LinkLost { why } => {
                let last_error = Some(why.to_string());
                self.state.send_replace(LinkState::Connecting {
                    attempt: 1,
                    last_error,
                });
            }
            _ => {}
        }
    }
}

/// Waits until a point in time; for ever when there is none.
async fn until(deadline: Option<Timestamp>) {
    match deadline {
        Some(at) => {
            let wait = at.since(clock::now()).as_millis();
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        None => std::future::pending().await,
    }
}

/// Writes recordings one after the other and tells when each is complete.
async fn write_tapes(mut tapes: mpsc::Receiver<Tape>, folder: RecordingsFolder, inbox: Inbox) {
    while let Some(tape) = tapes.recv().await {
        let (recording, finished) = (tape.recording, tape.finished());
        let event = match write_tape(tape, folder.clone()).await {
            Ok(()) => finished,
            Err(why) => SwitchEvent::RecordingFailed {
                recording,
                why: OutsideText::new(&why),
            },
        };
        if inbox.happened(event).await.is_err() {
            return;
        }
    }
}

/// # Errors
/// Why the file could not be written.
pub(super) async fn write_tape(tape: Tape, folder: RecordingsFolder) -> Result<(), String> {
    let write = move || {
        let path = folder.path(&tape.file).map_err(|error| error.to_string())?;
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|error| format!("folder {} cannot be made: {error}", parent.display()))?;
        }
        tape.write(&path)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))
    };
    let written = tokio::task::spawn_blocking(write).await;
    written.unwrap_or_else(|error| Err(format!("writing a recording failed: {error}")))
}
