//! The driver: the only loop that owns the engine. It stamps each event with
//! the time, lets the engine handle it, and carries the commands out; nothing
//! in it waits for a disk, a switch or a page.

use crate::clock;
use crate::engine::Engine;
use crate::engine::command::{Command, Commands};
use crate::engine::event::Event;
use crate::engine::recording::FilingOrder;
use crate::engine::time::Timestamp;
use crate::runtime::answers::Answers;
use crate::runtime::board::keeper::BoardFeed;
use crate::runtime::count::count;
use crate::runtime::executor::Executor;
use crate::runtime::load::Load;
use crate::store::journal::{Journal, Step};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Events that may wait for the driver; adapters wait beyond that.
pub const EVENT_QUEUE: usize = 16_384;

/// Events handled before the loop looks at deadlines and its end again.
const BATCH: usize = 256;

/// A question that the engine's state answers, changing nothing.
pub type Look = Box<dyn FnOnce(&Engine) + Send>;

pub struct Driver {
    pub engine: Engine,
    pub events: mpsc::Receiver<Event>,
    pub journal: Journal,
    pub executor: Executor,
    pub filing: mpsc::Sender<FilingOrder>,
    pub board: BoardFeed,
    /// Each is taken as soon as the loop comes round.
    pub looks: mpsc::Receiver<Look>,
    pub load: watch::Sender<Load>,
    /// Whoever waits for an answer of the engine.
    pub answers: Answers,
}

impl Driver {
    /// Handles what the run begins with, before any switch is heard.
    pub fn begin(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.take(event);
        }
    }

    /// Runs until `stop` is given, every sender of events is gone, or a draining
    /// engine is settled. What was accepted until `stop` is handled.
    pub async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        loop {
            let deadline = self.engine.next_deadline().map(|(at, _)| at);
            let event = tokio::select! {
                event = self.events.recv() => match event {
                    Some(event) => event,
                    None => return,
                },
                () = until(deadline) => Event::Due,
                Some(look) = self.looks.recv() => {
                    look(&self.engine);
                    continue;
                }
                _ = &mut stop => return self.finish(),
            };
            self.weigh();
            let mut ordered = self.take(event);
            for _ in 1..BATCH {
                if ordered {
                    break;
                }
                match self.events.try_recv() {
                    Ok(event) => ordered = self.take(event),
                    Err(_) => break,
                }
            }
            if self.engine.is_settled() {
                return self.finish();
            }
            if ordered {
                // The adapters' tasks wait on this thread: what was ordered is
                // written before the next event is looked at.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Handles what was accepted before the end: nobody is told again.
    fn finish(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.take(event);
        }
    }

    /// Tells the others when the load has changed.
    fn weigh(&self) {
        let waiting = self.events.len();
        self.load.send_if_modified(|load| {
            let now = load.after(waiting);
            let changed = now != *load;
            if changed {
                metrics::counter!("switchyard_load_changes_total", "to" => now.word()).increment(1);
                if now > *load {
                    tracing::error!(waiting, load = now.word(), "the engine is behind");
                } else {
                    tracing::warn!(waiting, load = now.word(), "the engine catches up");
                }
            }
            *load = now;
            changed
        });
    }

    /// Handles one event, and the refusals that its orders met on the spot.
    /// Tells whether a switch was given orders.
    fn take(&mut self, event: Event) -> bool {
        let mut events = VecDeque::from([event]);
        let mut ordered = false;
        while let Some(event) = events.pop_front() {
            ordered |= self.handle(event, &mut events);
        }
        ordered
    }

    /// Whether a switch was given orders that leave at once.
    fn handle(&mut self, event: Event, refused: &mut VecDeque<Event>) -> bool {
        let at = clock::now();
        let mut commands = Commands::default();
        self.engine.handle(at, event.clone(), &mut commands);
        let mut ordered = false;
        // Orders that can be taken back go first: nothing below delays them.
        for command in commands.as_slice() {
            if let Command::Switch(order) = command
                && !order.command.is_irrevocable()
            {
                refused.extend(self.executor.send(order.clone()));
                ordered = true;
            }
        }
        let step = Arc::new(Step::new(at, event, commands.drain().collect()));
        let seq = self.journal.append(Arc::clone(&step));
        self.board.show(seq, &step);
        for command in &step.commands {
            match command {
                Command::Switch(order) if order.command.is_irrevocable() => {
                    refused.extend(self.executor.send_when_kept(seq, order.clone()));
                }
                Command::Switch(_) => {}
                Command::Answer { request, outcome } => self.answers.give(*request, *outcome),
                Command::Note(fact) => count(fact),
                Command::File(order) => refused.extend(file(&self.filing, order.clone())),
            }
        }
        ordered
    }
}

/// Hands a recording to be filed, or says that it can't be.
fn file(filing: &mpsc::Sender<FilingOrder>, order: FilingOrder) -> Option<Event> {
    let recording = order.recording;
    filing.try_send(order).err().map(|error| {
        let why = format!("the recording could not be handed to the recordings folder: {error}");
        tracing::error!(%recording, "{why}");
        Event::RecordingLost {
            recording,
            why: crate::engine::text::OutsideText::new(&why),
        }
    })
}

async fn until(deadline: Option<Timestamp>) {
    let Some(at) = deadline else {
        return std::future::pending().await;
    };
    // While our time is slower than the runtime's, its timers fire early.
    loop {
        let wait = at.since(clock::now()).as_millis();
        if wait == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}
