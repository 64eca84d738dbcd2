//! The sockets of the simulated FreeSWITCH: one task owns the [`Face`], every
//! connection has one that reads and one that writes.

use crate::clock;
use crate::clock::monotonic;
use crate::engine::id::{ChannelId, SwitchId};
use crate::engine::time::Timestamp;
use crate::switch::simulated::esl::answers::{AUTH_REQUEST, Answer, GOODBYE};
use crate::switch::simulated::esl::commands::Outcome;
use crate::switch::simulated::esl::dial_string::DialString;
use crate::switch::simulated::esl::face::Face;
use crate::switch::simulated::esl::frame::{Message, take_message};
use crate::switch::simulated::esl::judge::{OrderRecord, Record};
use crate::switch::simulated::esl::pace::{Cost, Pace};
use crate::switch::simulated::esl::stopwatch::{Latencies, Stopwatch};
use crate::switch::simulated::esl::subscriber::{MAX_WAITING, Outgoing, Subscriber};
use crate::switch::simulated::exchange::Exchange;
use crate::switch::simulated::model::ModelSettings;
use crate::switch::simulated::people::PeopleSettings;
use crate::switch::simulated::tally::Tally;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Messages of all connections that may wait for the face.
const REQUESTS: usize = 1_024;
/// Connections at once; more are closed.
const MAX_CONNECTIONS: usize = 64;
/// Messages of one connection that were read and not worked off.
const READ_AHEAD: usize = 1_024;
/// Bytes gathered into one write.
const MAX_WRITE: usize = 256 * 1024;

#[derive(Clone, Debug)]
pub struct EslSettings {
    pub listen: SocketAddr,
    pub password: String,
    /// The controller's id for this switch, which the dialplan puts on legs.
    pub switch: SwitchId,
    pub model: ModelSettings,
    pub people: PeopleSettings,
    pub seed: u64,
    /// Recordings below this folder are really written.
    pub recordings: Option<PathBuf>,
}

/// What was seen while the server ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EslReport {
    pub tally: Tally,
    pub latencies: Latencies,
    /// Callers on the line who have not talked with an agent yet.
    pub waiting: usize,
}

/// A bound socket that does not serve yet.
pub struct EslServer {
    listener: TcpListener,
    settings: EslSettings,
    stopwatch: Stopwatch,
    record: Record,
    reports: (
        mpsc::Sender<oneshot::Sender<EslReport>>,
        mpsc::Receiver<oneshot::Sender<EslReport>>,
    ),
    begun: watch::Sender<bool>,
}

/// Asks a running server what it saw.
#[derive(Clone)]
pub struct EslObserver {
    begun: watch::Receiver<bool>,
    record: Record,
    stopwatch: Stopwatch,
    reports: mpsc::Sender<oneshot::Sender<EslReport>>,
}

impl EslObserver {
    /// Waits until callers begin to call. None when the server has ended.
    pub async fn begun(&self) -> Option<()> {
        self.begun
            .clone()
            .wait_for(|begun| *begun)
            .await
            .ok()
            .map(drop)
    }

    /// What was seen of the order in which callers were rung for.
    pub fn order(&self) -> OrderRecord {
        self.record.so_far()
    }

    /// To be called when the controller is gone: see [`EslObserver::first_right_ring`].
    pub fn controller_gone(&self) {
        self.record.controller_gone();
    }

    /// Waits for the first device that a new controller rings for the caller
    /// whose turn it is, and says when that was.
    pub async fn first_right_ring(&self) -> Instant {
        self.record.first_right().await
    }

    /// Forgets the times measured so far.
    pub fn restart_measurement(&self) {
        self.stopwatch.restart();
    }

    /// None when the server has ended.
    pub async fn report(&self) -> Option<EslReport> {
        let (sender, receiver) = oneshot::channel();
        self.reports.send(sender).await.ok()?;
        receiver.await.ok()
    }
}

/// What a connection asks of the face.
enum Request {
    Connected {
        connection: u64,
        subscriber: Subscriber,
    },
    Said {
        connection: u64,
        message: Message,
        answer: oneshot::Sender<Heard>,
    },
    Left {
        connection: u64,
    },
}

/// The face's reaction to a message.
enum Heard {
    Answer(Answer),
    Later(oneshot::Receiver<String>),
}

impl EslServer {
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn bind(settings: EslSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let stopwatch = Stopwatch::default();
        Ok(Self {
            listener,
            settings,
            stopwatch,
            record: Record::default(),
            reports: mpsc::channel(1),
            begun: watch::Sender::new(false),
        })
    }

    /// # Errors
    /// When the system does not know the socket's address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub fn observer(&self) -> EslObserver {
        EslObserver {
            stopwatch: self.stopwatch.clone(),
            record: self.record.clone(),
            begun: self.begun.subscribe(),
            reports: self.reports.0.clone(),
        }
    }

    /// Serves for ever; dropping the future closes every connection. The
    /// people begin to call when the first client subscribes to events.
    ///
    /// # Errors
    /// When connections can no longer be accepted.
    pub async fn serve(self) -> io::Result<()> {
        let Self {
            listener,
            settings,
            stopwatch,
            record,
            reports,
            begun,
        } = self;
        let (requests, requests_in) = mpsc::channel(REQUESTS);
        let password: Arc<str> = Arc::from(settings.password.as_str());
        let face = own_face(
            settings,
            requests_in,
            reports.1,
            begun,
            stopwatch.clone(),
            record,
        );
        tokio::pin!(face);
        let mut connections = JoinSet::new();
        let mut number = 0_u64;
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (stream, _) = accepted?;
                    if connections.len() >= MAX_CONNECTIONS {
                        continue;
                    }
                    number += 1;
                    let connection = Connection {
                        number,
                        password: password.clone(),
                        requests: requests.clone(),
                        stopwatch: stopwatch.clone(),
                        cut: Arc::default(),
                    };
                    connections.spawn(connection.run(stream));
                }
                Some(_) = connections.join_next() => {}
                () = &mut face => return Ok(()),
            }
        }
    }
}

/// Lets the face and time go on, and passes messages to it.
async fn own_face(
    settings: EslSettings,
    mut requests: mpsc::Receiver<Request>,
    mut reports: mpsc::Receiver<oneshot::Sender<EslReport>>,
    begun: watch::Sender<bool>,
    stopwatch: Stopwatch,
    record: Record,
) {
    let exchange = Exchange::new(settings.model, settings.people, settings.seed);
    let mark = settings.switch.to_string();
    let mut face = Face::new(
        exchange,
        mark,
        settings.recordings,
        settings.seed,
        clock::now(),
    );
    face.judge.record = record.clone();
    loop {
        face.advance(clock::now());
        tokio::select! {
            request = requests.recv() => match request {
                Some(request) => {
                    let now = clock::now();
                    let subscribes = take_request(&mut face, now, request);
                    if subscribes {
                        record.subscribed();
                    }
                    if subscribes && !begun.send_replace(true) {
                        face.exchange.begin(now);
                    }
                }
                None => return,
            },
            () = until(face.next_deadline()) => {}
            Some(asker) = reports.recv() => {
                let report = EslReport {
                    tally: face.tally().clone(),
                    latencies: stopwatch.latencies(),
                    waiting: face.exchange.waiting(),
                };
                // Whoever asked may have left.
                drop(asker.send(report));
            }
        }
    }
}

/// Hands a request to the face; true when it subscribed to events.
fn take_request(face: &mut Face, now: Timestamp, request: Request) -> bool {
    match request {
        Request::Connected {
            connection,
            subscriber,
        } => face.connect(connection, subscriber),
        Request::Left { connection } => face.disconnect(connection),
        Request::Said {
            connection,
            message,
            answer,
        } => {
            face.advance(now);
            let subscribes = message.line.starts_with("event ");
            // The connection may be gone.
            drop(answer.send(hear(face, connection, &message)));
            return subscribes;
        }
    }
    false
}

fn hear(face: &mut Face, connection: u64, message: &Message) -> Heard {
    let (word, rest) = message.line.split_once(' ').unwrap_or((&message.line, ""));
    Heard::Answer(match word {
        "api" => match face.api(rest) {
            Outcome::Now(body) => Answer::Api(body),
            Outcome::Later(result) => return Heard::Later(result),
        },
        "bgapi" => {
            let job = message
                .header("Job-UUID")
                .map_or_else(|| face.uuid(), str::to_owned);
            face.background(rest, job)
        }
        "sendmsg" => face.send_message(message),
        "sendevent" => face.send_event(message),
        _ => face.command(connection, &message.line),
    })
}

async fn until(deadline: Timestamp) {
    let wait = deadline.since(clock::now()).as_millis();
    tokio::time::sleep(Duration::from_millis(wait)).await;
}

struct Connection {
    number: u64,
    password: Arc<str>,
    requests: mpsc::Sender<Request>,
    stopwatch: Stopwatch,
    /// Told when the client reads too slowly.
    cut: Arc<Notify>,
}

/// Why reading ended.
enum End {
    /// The client said `exit`, or must go.
    Goodbye,
    /// The socket or the server is gone.
    Gone,
}

impl Connection {
    async fn run(self, stream: TcpStream) {
        // Without it answers may wait for each other; with it nothing else changes.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let (reader, writer) = stream.into_split();
        let (outgoing, outgoing_in) = mpsc::channel(MAX_WAITING);
        let (messages, messages_in) = mpsc::channel(READ_AHEAD);
        let writing = write(writer, outgoing_in, self.stopwatch.clone());
        let talking = async {
            let end = tokio::select! {
                end = self.talk(messages_in, &outgoing) => end,
                end = self.read(reader, messages) => end,
            };
            if let End::Goodbye = end {
                say(&outgoing, GOODBYE.as_bytes().to_vec()).await;
            }
            // Without the face's sender and this one, writing ends.
            self.leave().await;
            drop(outgoing);
        };
        tokio::select! {
            _ = async { tokio::join!(writing, talking) } => {}
            () = self.cut.notified() => self.leave().await,
        }
    }

    async fn leave(&self) {
        // The server may have ended.
        drop(
            self.requests
                .send(Request::Left {
                    connection: self.number,
                })
                .await,
        );
    }

    /// Reads messages, and stops the time of each when it has come: also while
    /// the one before it is being worked off. Ends when the socket does.
    async fn read(&self, mut reader: OwnedReadHalf, messages: mpsc::Sender<Message>) -> End {
        let mut read = Vec::new();
        loop {
            match take_message(&mut read) {
                Ok(Some(message)) => {
                    self.measure(&message.line);
                    if messages.send(message).await.is_err() {
                        return End::Gone;
                    }
                }
                Ok(None) => {
                    if !matches!(reader.read_buf(&mut read).await, Ok(count) if count > 0) {
                        return End::Gone;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "an ESL client is cut off");
                    return End::Goodbye;
                }
            }
        }
    }

    async fn talk(
        &self,
        mut messages: mpsc::Receiver<Message>,
        outgoing: &mpsc::Sender<Outgoing>,
    ) -> End {
        say(outgoing, AUTH_REQUEST.as_bytes().to_vec()).await;
        let mut admitted = false;
        let mut pace = Pace::default();
        while let Some(message) = messages.recv().await {
            if message.line == "exit" {
                say(outgoing, Answer::reply("+OK bye").into_bytes()).await;
                return End::Goodbye;
            }
            let answer = if admitted {
                let wait = pace.take(monotonic(), Cost::of(&message.line));
                let Some(answer) = self.answer(message).await else {
                    return End::Gone;
                };
                if let Some(wait) = wait {
                    tokio::time::sleep(wait).await;
                }
                answer
            } else {
                match message.line.strip_prefix("auth ") {
                    Some(password) if password == &*self.password => {
                        admitted = true;
                        let subscriber = Subscriber::new(outgoing.clone(), self.cut.clone());
                        let connected = Request::Connected {
                            connection: self.number,
                            subscriber,
                        };
                        if self.requests.send(connected).await.is_err() {
                            return End::Gone;
                        }
                        Answer::reply("+OK accepted")
                    }
                    Some(_) => {
                        say(outgoing, Answer::reply("-ERR invalid").into_bytes()).await;
                        return End::Goodbye;
                    }
                    None => Answer::reply("-ERR command not found"),
                }
            };
            say(outgoing, answer.into_bytes()).await;
        }
        End::Gone
    }

    /// None when the server has ended.
    async fn answer(&self, message: Message) -> Option<Answer> {
        let (sender, receiver) = oneshot::channel();
        let said = Request::Said {
            connection: self.number,
            message,
            answer: sender,
        };
        self.requests.send(said).await.ok()?;
        Some(match receiver.await.ok()? {
            Heard::Answer(answer) => answer,
            Heard::Later(result) => Answer::Api(result.await.ok()?),
        })
    }

    /// Stops the time of what this command answers.
    fn measure(&self, line: &str) {
        if let Some(arguments) = line.strip_prefix("bgapi originate ") {
            if let Some(dialled) = DialString::parse(arguments) {
                self.stopwatch.originated(&dialled.extension);
            }
            return;
        }
        let names = line.split_whitespace().skip(1).take(3);
        for channel in names
            .filter(|name| name.len() == 36)
            .flat_map(ChannelId::new)
        {
            self.stopwatch.commanded(&channel);
        }
    }
}

/// Waits for room; what cannot be said any more is left unsaid.
async fn say(outgoing: &mpsc::Sender<Outgoing>, bytes: Vec<u8>) {
    drop(
        outgoing
            .send(Outgoing {
                bytes: Arc::new(bytes),
                mark: None,
            })
            .await,
    );
}

/// Writes what is waiting, several messages in one write, until nothing more can come.
async fn write(
    mut writer: OwnedWriteHalf,
    mut outgoing: mpsc::Receiver<Outgoing>,
    stopwatch: Stopwatch,
) {
    while let Some(first) = outgoing.recv().await {
        let mut bytes = Vec::with_capacity(first.bytes.len());
        let mut marks = Vec::new();
        let mut next = Some(first);
        while let Some(Outgoing { bytes: more, mark }) = next {
            bytes.extend_from_slice(&more);
            marks.extend(mark);
            next = if bytes.len() < MAX_WRITE {
                outgoing.try_recv().ok()
            } else {
                None
            };
        }
        for mark in &marks {
            stopwatch.writing(mark);
        }
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
