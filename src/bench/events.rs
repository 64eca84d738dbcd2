//! How many events of the switch one core reads and translates: captured
//! FreeSWITCH events come over a TCP connection and go through the same reader
//! and translator as in the adapter. Beside it the client library
//! `freeswitch-esl-tokio` reads the same bytes over the same kind of connection.

use crate::bench::process::thread_on_core;
use crate::clock::monotonic;
use crate::config::switch::FreeswitchConfig;
use crate::engine::id::{IdError, SwitchId};
use crate::switch::freeswitch::EslError;
use crate::switch::freeswitch::command::Dialect;
use crate::switch::freeswitch::event::EslEvent;
use crate::switch::freeswitch::frame::{Decoder, FrameError, FrameKind};
use crate::switch::freeswitch::reader::FrameReader;
use crate::switch::freeswitch::setting::SettingError;
use crate::switch::freeswitch::translate::Translator;
use freeswitch_esl_tokio::{EslClient, EslConnectOptions, EventOverflow};
use serde::Serialize;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// What FreeSWITCH 1.10.12 said during six calls: one answered, recorded and
/// ended, and five that failed in different ways.
const CAPTURES: [&[u8]; 6] = [
    include_bytes!("../../tests/fixtures/esl/main.esl"),
    include_bytes!("../../tests/fixtures/esl/abandoned.esl"),
    include_bytes!("../../tests/fixtures/esl/busy.esl"),
    include_bytes!("../../tests/fixtures/esl/caller-left-while-ringing.esl"),
    include_bytes!("../../tests/fixtures/esl/no-answer.esl"),
    include_bytes!("../../tests/fixtures/esl/rejected.esl"),
];
/// The switch's id in those captures.
const SWITCH: &str = "fs-test";
/// Each reader is measured so often, in turns; the median counts.
const TURNS: usize = 3;
/// The library reads this part of the events, being so much slower.
const LIBRARY_SHARE: u32 = 10;
/// Events the library may queue between its reader and the one who asks.
const LIBRARY_QUEUE: usize = 1_000;
/// How long its reader waits for room there, instead of dropping an event.
const LIBRARY_WAITS: Duration = Duration::from_secs(10);

/// What is to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventsBench {
    /// Events to read, about.
    pub events: u32,
}

/// What was measured. Rates count the seconds that the reading thread was on a
/// core, where the system tells them, and else the seconds that passed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EventsReport {
    pub events_per_second: u64,
    pub library_events_per_second: u64,
    pub bytes_per_second: u64,
    pub library_bytes_per_second: u64,
    /// Events in one turn of our reader.
    pub events: u64,
    /// How many of them meant something to the engine.
    pub told: u64,
    /// Mean length of an event, framing included.
    pub bytes_per_event: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    #[error("--events is a number from 1,000, not {0}")]
    TooFew(u32),
    #[error("the captures: {0}")]
    Capture(#[from] FrameError),
    #[error("the dialect of the captures: {0}")]
    Dialect(#[from] SettingError),
    #[error("the switch of the captures: {0}")]
    Switch(#[from] IdError),
    #[error("the connection: {0}")]
    Connection(#[from] io::Error),
    #[error("our reader: {0}")]
    Reader(#[from] EslError),
    #[error("the library: {0}")]
    Library(#[from] freeswitch_esl_tokio::EslError),
    #[error("{what}: {read} events were read of {sent}")]
    Missing {
        what: &'static str,
        read: u64,
        sent: u64,
    },
    #[error("one round of the captures told {told} events and another {expected}")]
    Told { told: u64, expected: u64 },
    #[error("a thread of the measurement ended unexpectedly")]
    Crashed,
}

/// The events of all captures, one after the other, and how many they are.
struct Round {
    bytes: &'static [u8],
    events: u64,
}

/// What one turn of a reader came to.
#[derive(Clone, Copy)]
struct Turn {
    events: u64,
    told: u64,
    took: Duration,
}

impl EventsBench {
    /// # Errors
    /// [`EventsError`] when a reader does not read everything.
    pub fn run(&self) -> Result<EventsReport, EventsError> {
        if self.events < 1_000 {
            return Err(EventsError::TooFew(self.events));
        }
        let round = Round::of(&CAPTURES)?;
        let rounds = |events: u32| u64::from(events).div_ceil(round.events).max(1);
        let (ours, library) = (rounds(self.events), rounds(self.events / LIBRARY_SHARE));
        let mut our_turns = Vec::new();
        let mut library_turns = Vec::new();
        for _ in 0..TURNS {
            our_turns.push(on_a_thread(|| read_ourselves(&round, ours))?);
            library_turns.push(on_a_thread(|| read_by_library(&round, library))?);
        }
        let (our_turn, library_turn) = (median(our_turns), median(library_turns));
        let length = round.bytes.len() as u64 / round.events;
        Ok(EventsReport {
            events_per_second: our_turn.rate(),
            library_events_per_second: library_turn.rate(),
            bytes_per_second: our_turn.rate() * length,
            library_bytes_per_second: library_turn.rate() * length,
            events: our_turn.events,
            told: our_turn.told,
            bytes_per_event: length,
        })
    }
}

impl Round {
    /// Only the events: the answers between them belong to commands that nobody gives here.
    fn of(captures: &[&[u8]]) -> Result<Self, FrameError> {
        let (mut bytes, mut events) = (Vec::new(), 0);
        for capture in captures {
            let mut decoder = Decoder::default();
            decoder.push(capture);
            while let Some(frame) = decoder.next_frame()? {
                if frame.kind == FrameKind::Event {
                    bytes.extend_from_slice(frame.whole);
                    events += 1;
                }
            }
        }
        // It is sent from another thread, and the process ends with the measurement.
        let bytes = Vec::leak(bytes);
        Ok(Self { bytes, events })
    }
}

impl Turn {
    fn rate(&self) -> u64 {
        let micros = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX);
        self.events * 1_000_000 / micros.max(1)
    }
}

fn median(mut turns: Vec<Turn>) -> Turn {
    turns.sort_by_key(Turn::rate);
    turns[turns.len() / 2]
}

/// Cuts, reads and translates as the adapter's listener does.
async fn read_ourselves(round: &Round, rounds: u64) -> Result<Turn, EventsError> {
    let (stream, sender) = sent(round.bytes, rounds).await?;
    let dialect = dialect()?;
    let mut reader = FrameReader::new(stream);
    let watch = Watch::start();
    let (mut events, mut told, mut told_in_first) = (0, 0, 0);
    // The same call again is a new call: the translator knows which channels ended.
    let mut translator = Translator::new(dialect.clone());
    while events < round.events * rounds {
        let frame = reader.next().await?;
        let event = EslEvent::parse(&frame)?;
        told += u64::from(std::hint::black_box(translator.translate(&event)).is_some());
        events += 1;
        if events % round.events == 0 {
            translator = Translator::new(dialect.clone());
            if events == round.events {
                told_in_first = told;
            }
        }
    }
    let took = watch.elapsed();
    finish(sender)?;
    let expected = told_in_first * rounds;
    if told != expected {
        return Err(EventsError::Told { told, expected });
    }
    Ok(Turn { events, told, took })
}

/// Reads events as the library gives them, and does nothing with them.
async fn read_by_library(round: &Round, rounds: u64) -> Result<Turn, EventsError> {
    let (stream, sender) = sent(round.bytes, rounds).await?;
    let options = EslConnectOptions::new()
        .with_event_queue_size(LIBRARY_QUEUE)
        .with_event_overflow(EventOverflow::BlockFor(LIBRARY_WAITS));
    let watch = Watch::start();
    let (client, mut stream) = EslClient::adopt_stream_with_options(stream, &[], options)?;
    let mut events = 0;
    while let Some(event) = stream.try_next().await? {
        std::hint::black_box(event);
        events += 1;
    }
    let took = watch.elapsed();
    drop(client);
    finish(sender)?;
    let sent = round.events * rounds;
    if events != sent {
        return Err(EventsError::Missing {
            what: "the library",
            read: events,
            sent,
        });
    }
    Ok(Turn {
        events,
        told: 0,
        took,
    })
}

/// A connection over which the bytes come so many times, and the thread that sends them.
async fn sent(
    bytes: &'static [u8],
    rounds: u64,
) -> Result<(tokio::net::TcpStream, JoinHandle<io::Result<()>>), io::Error> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let address = listener.local_addr()?;
    let send = move || {
        let mut stream = std::net::TcpStream::connect(address)?;
        for _ in 0..rounds {
            stream.write_all(bytes)?;
        }
        Ok(())
    };
    let sender = spawn(send);
    let (stream, _) = listener.accept().await?;
    Ok((stream, sender))
}

fn finish(sender: JoinHandle<io::Result<()>>) -> Result<(), EventsError> {
    Ok(sender.join().map_err(|_| EventsError::Crashed)??)
}

/// Runs one turn on a thread and a runtime of its own, so that it has one core.
fn on_a_thread<F: Future<Output = Result<Turn, EventsError>>>(
    turn: impl FnOnce() -> F + Send,
) -> Result<Turn, EventsError> {
    std::thread::scope(|scope| {
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(turn())
        };
        let ended = scope.spawn(run).join();
        ended.map_err(|_| EventsError::Crashed)?
    })
}

fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the sender has a core of its own; it ends with the bytes"
    )]
    std::thread::spawn(work)
}

fn dialect() -> Result<Dialect, EventsError> {
    let settings = FreeswitchConfig {
        trunks: Default::default(),
        outbound: None,
        address: String::new(),
        password: String::new(),
        endpoint: "user/{extension}".to_owned(),
        prompts: "/var/lib/switchyard/prompts".into(),
        recordings: "/var/lib/switchyard/recordings".into(),
        recordings_seen_at: None,
        command_connections: 1,
        fallback: "switchyard-fallback XML switchyard".to_owned(),
    };
    Ok(Dialect::new(SwitchId::new(SWITCH)?, &settings)?)
}

/// Measures how long this thread was on a core.
struct Watch {
    on_core: Option<Duration>,
    begun: Instant,
}

impl Watch {
    fn start() -> Self {
        Self {
            on_core: thread_on_core(),
            begun: monotonic(),
        }
    }

    fn elapsed(&self) -> Duration {
        match (self.on_core, thread_on_core()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => monotonic().duration_since(self.begun),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readers_read_every_event() {
        let report = EventsBench { events: 1_000 }.run().unwrap();
        assert!(
            report.events >= 1_000 && report.told > report.events / 2,
            "{report:?}"
        );
        assert!(report.bytes_per_event > 5_000, "{report:?}");
        assert!(report.events_per_second > 0 && report.library_events_per_second > 0);
    }
}
