//! Keeps the board: one task applies what the driver tells it. The driver never
//! waits for whoever looks at the board; when it is far ahead it leaves steps
//! out, and the board is made anew from the journal.

use crate::engine::command::Command;
use crate::engine::event::Event;
use crate::runtime::board::Board;
use crate::store::journal::{Journal, JournalError, Recall, Step};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{mpsc, watch};

/// Steps that may wait to be shown; those beyond are left out.
pub const STEP_QUEUE: usize = 16_384;
/// Steps applied under one lock.
const BATCH: usize = 256;

/// A step and its number in the journal.
type Told = (u64, Arc<Step>);

/// The driver's end.
pub struct BoardFeed {
    steps: mpsc::Sender<Told>,
    left_out: Arc<AtomicBool>,
}

pub struct BoardKeeper {
    board: Arc<RwLock<Board>>,
    changed: watch::Sender<u64>,
    journal: Journal,
    steps: mpsc::Receiver<Told>,
    left_out: Arc<AtomicBool>,
    /// Everything up to this number is on the board.
    shown: u64,
}

impl BoardKeeper {
    /// A keeper of `board`, who bumps `changed` after each change, and the end
    /// for the driver. It ends when that is dropped.
    pub fn new(
        board: Arc<RwLock<Board>>,
        changed: watch::Sender<u64>,
        journal: Journal,
    ) -> (BoardFeed, Self) {
        let (sender, steps) = mpsc::channel(STEP_QUEUE);
        let left_out = Arc::new(AtomicBool::new(false));
        let feed = BoardFeed {
            steps: sender,
            left_out: Arc::clone(&left_out),
        };
        let keeper = Self {
            board,
            changed,
            journal,
            steps,
            left_out,
            shown: 0,
        };
        (feed, keeper)
    }

    pub async fn run(mut self) {
        let mut steps = Vec::with_capacity(BATCH);
        while self.steps.recv_many(&mut steps, BATCH).await > 0 {
            self.apply(&steps);
            steps.clear();
            if self.left_out.swap(false, Ordering::Relaxed) {
                self.start_over().await;
            }
            self.changed.send_modify(|version| *version += 1);
        }
    }

    fn apply(&mut self, steps: &[Told]) {
        let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
        for (seq, step) in steps {
            if *seq <= self.shown {
                continue;
            }
            if let Event::Configured { centre } = &step.event {
                board.configure(centre);
            }
            for command in &step.commands {
                if let Command::Note(fact) = command {
                    board.apply(step.at, fact);
                }
            }
        }
    }

    /// Reads from the journal what was left out. Today's counts lack it.
    async fn start_over(&mut self) {
        let recalled = self.recall().await;
        match recalled {
            Ok(recall) => {
                let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
                board.start_over(&recall.memory.remembered());
                self.shown = recall.seq;
                tracing::warn!(
                    "the board was behind and was made anew from the journal; today's counts lack some"
                );
            }
            Err(error) => {
                tracing::error!(%error, "the board lacks calls: it was behind, and the journal cannot be read");
            }
        }
    }

    async fn recall(&self) -> Result<Recall, JournalError> {
        let journal = self.journal.clone();
        match tokio::task::spawn_blocking(move || journal.recall()).await {
            Ok(recall) => recall,
            Err(error) => Err(JournalError::Read {
                why: error.to_string(),
            }),
        }
    }
}

impl BoardFeed {
    /// Hands a step to the board if it has room; never waits.
    pub fn show(&self, seq: u64, step: &Arc<Step>) {
        let concerns = matches!(step.event, Event::Configured { .. })
            || step
                .commands
                .iter()
                .any(|command| matches!(command, Command::Note(_)));
        if concerns && self.steps.try_send((seq, Arc::clone(step))).is_err() {
            metrics::counter!("switchyard_board_steps_left_out_total").increment(1);
            self.left_out.store(true, Ordering::Relaxed);
        }
    }

    /// Steps that wait to be shown, of [`STEP_QUEUE`].
    pub fn waiting(&self) -> usize {
        STEP_QUEUE - self.steps.capacity()
    }
}
