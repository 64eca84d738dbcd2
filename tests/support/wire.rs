//! A TCP wire between the adapter and its switch that can be cut or clogged.

use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Whole,
    /// Connections break, and new ones are closed at once.
    Cut,
    /// Connections stay open and carry nothing.
    Clogged,
    /// The same for one connection alone, counted from 0 in the order they were made.
    OneCut(usize),
    OneClogged(usize),
}

impl State {
    /// What it means for one connection.
    fn of(self, connection: usize) -> State {
        match self {
            State::OneCut(one) if one == connection => State::Cut,
            State::OneClogged(one) if one == connection => State::Clogged,
            State::OneCut(_) | State::OneClogged(_) => State::Whole,
            all => all,
        }
    }
}

pub struct Wire {
    port: u16,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

impl Wire {
    /// Listens on a loopback port and passes everything on to `target`.
    pub async fn to(target: &str) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("the port just bound").port();
        let (state, seen) = watch::channel(State::Whole);
        let target = target.to_owned();
        #[expect(clippy::disallowed_methods, reason = "the wire lies beside the test")]
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            let mut number = 0;
            while let Ok((near, _)) = listener.accept().await {
                connections.spawn(carry(number, near, target.clone(), seen.clone()));
                number += 1;
            }
        });
        Wire { port, state, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// What is sent is lost, as on a half-open connection.
    pub fn clog(&self) {
        self.state.send_replace(State::Clogged);
    }

    pub fn cut_one(&self, connection: usize) {
        self.state.send_replace(State::OneCut(connection));
    }

    pub fn clog_one(&self, connection: usize) {
        self.state.send_replace(State::OneClogged(connection));
    }

    pub fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(
    number: usize,
    mut near: TcpStream,
    target: String,
    mut state: watch::Receiver<State>,
) {
    if state.borrow().of(number) == State::Cut {
        return;
    }
    let Ok(mut far) = TcpStream::connect(&target).await else {
        return;
    };
    let now = tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => return,
        now = state.wait_for(|state| state.of(number) != State::Whole) => now.map(|now| now.of(number)),
    };
    if let Ok(State::Clogged) = now {
        // Held open, and nobody reads.
        let _ = tokio::time::timeout(Duration::from_secs(60), state.changed()).await;
    }
}
