//! One TCP connection to the event socket. Everything that knows about sockets
//! is here; the rest of the adapter sees frames and text.

use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::frame::{Frame, FrameKind};
use crate::switch::freeswitch::reader::FrameReader;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// The switch is taken for dead after this long without an answer.
pub(super) const LIVENESS: Duration = Duration::from_secs(5);

/// Probes sent without an answer before the switch is taken for dead, and the
/// time between them: together just under [`LIVENESS`].
const PROBES: u32 = 2;
const PROBE_EVERY: Duration = Duration::from_millis(1_600);

/// The cheapest command that proves that the switch still works.
pub(super) const PROBE: &str = "api uptime\n\n";

/// Messages sent ahead of their answers when many are asked at once.
const PIPELINE: usize = 64;

pub(super) struct Connection {
    reader: FrameReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Connection {
    /// Connects and signs in.
    ///
    /// # Errors
    /// [`EslError`] when the switch can't be reached or does not let us in.
    pub(super) async fn open(address: &str, password: &str) -> Result<Self, EslError> {
        let unreachable = |why| EslError::Unreachable {
            address: address.to_owned(),
            why,
        };
        let stream =
            within(async { TcpStream::connect(address).await.map_err(unreachable) }).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let mut connection = Self {
            reader: FrameReader::new(reader),
            writer,
        };
        within(connection.sign_in(address, password)).await?;
        Ok(connection)
    }

    async fn sign_in(&mut self, address: &str, password: &str) -> Result<(), EslError> {
        let greeting = self.receive().await?;
        match greeting.kind {
            FrameKind::AuthRequest => {}
            FrameKind::RudeRejection => {
                return Err(EslError::NotAdmitted {
                    address: address.to_owned(),
                });
            }
            _ => {
                return Err(EslError::Unexpected {
                    command: "(greeting)".to_owned(),
                    answer: greeting.answer().into_owned(),
                });
            }
        }
        if password.contains(['\r', '\n']) {
            return Err(EslError::Password {
                address: address.to_owned(),
            });
        }
        self.send(&format!("auth {password}\n\n")).await?;
        if self.reader.next_answer().await?.starts_with("+OK") {
            Ok(())
        } else {
            Err(EslError::Password {
                address: address.to_owned(),
            })
        }
    }

    /// Writes whole messages, in one piece.
    ///
    /// # Errors
    /// [`EslError`] when the connection is broken or the switch stopped reading.
    pub(super) async fn send(&mut self, text: &str) -> Result<(), EslError> {
        within(async {
            self.writer
                .write_all(text.as_bytes())
                .await
                .map_err(EslError::Broken)
        })
        .await
    }

    /// The next frame. May be dropped while waiting without losing anything.
    ///
    /// # Errors
    /// [`EslError`] when the connection ended or what came is not the protocol.
    pub(super) async fn receive(&mut self) -> Result<Frame<'_>, EslError> {
        self.reader.next().await
    }

    /// Whether a frame, or what is wrong with it, was read already.
    pub(super) fn has_frame(&mut self) -> bool {
        self.reader.has_frame()
    }

    /// Asks one thing and waits for its answer.
    ///
    /// # Errors
    /// [`EslError`] as [`Connection::receive`], or when the answer takes longer than [`LIVENESS`].
    pub(super) async fn ask(&mut self, message: &str) -> Result<String, EslError> {
        self.send(&format!("{message}\n\n")).await?;
        within(self.reader.next_answer()).await
    }

    /// Asks something that has to be granted.
    ///
    /// # Errors
    /// As [`Connection::ask`], and [`EslError::Unexpected`] when it is not.
    pub(super) async fn demand(&mut self, message: &str) -> Result<(), EslError> {
        let answer = self.ask(message).await?;
        if answer.starts_with("+OK") {
            Ok(())
        } else {
            Err(EslError::Unexpected {
                command: message.to_owned(),
                answer,
            })
        }
    }

    /// Asks many things, a bounded number of them ahead of their answers.
    ///
    /// # Errors
    /// As [`Connection::ask`].
    pub(super) async fn ask_all(&mut self, messages: &[String]) -> Result<Vec<String>, EslError> {
        let mut answers = Vec::with_capacity(messages.len());
        for part in messages.chunks(PIPELINE) {
            self.send(
                &part
                    .iter()
                    .map(|message| format!("{message}\n\n"))
                    .collect::<String>(),
            )
            .await?;
            for _ in part {
                answers.push(within(self.reader.next_answer()).await?);
            }
        }
        Ok(answers)
    }
}

/// Notices a switch that no longer answers, without reading a clock: probes are
/// counted, and anything that arrives sets the count back.
pub(super) struct Liveness {
    ticks: Interval,
    unanswered: u32,
}

impl Default for Liveness {
    fn default() -> Self {
        let mut ticks = interval(PROBE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            ticks,
            unanswered: 0,
        }
    }
}

impl Liveness {
    /// Waits until the next probe is due.
    ///
    /// # Errors
    /// [`EslError::Silent`] when the probes before it were not answered.
    pub(super) async fn due(&mut self) -> Result<(), EslError> {
        self.ticks.tick().await;
        if self.unanswered >= PROBES {
            return Err(EslError::Silent {
                seconds: LIVENESS.as_secs(),
            });
        }
        self.unanswered += 1;
        Ok(())
    }

    pub(super) fn heard(&mut self) {
        self.unanswered = 0;
    }
}

async fn within<T>(work: impl Future<Output = Result<T, EslError>>) -> Result<T, EslError> {
    timeout(LIVENESS, work)
        .await
        .unwrap_or(Err(EslError::Silent {
            seconds: LIVENESS.as_secs(),
        }))
}
