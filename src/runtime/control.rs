//! The control socket beside the journal: how a running controller is told to
//! take over new settings, to hand its calls to the next one, or to say why a call
//! waits.
//!
//! One line of JSON asks, one line answers. Only its owner and root may connect:
//! the file's mode is 0600. Whoever holds the journal's lock owns the socket.

use crate::config::difference::Difference;
use crate::engine;
use crate::engine::id::{AgentId, CallId};
use crate::engine::why::{WhyIdle, WhyWaiting};
use serde::{Deserialize, Serialize};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// Requests that may wait for the controller; more connections wait unread.
const WAITING: usize = 4;
/// Longest line accepted, in bytes.
const LONGEST_LINE: u64 = 1_024 * 1_024;
/// Clients connected at once.
const MOST_CLIENTS: usize = 16;
/// How long a connected client may take to ask.
const ASKING: Duration = Duration::from_secs(5);

/// What a running controller can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Read the configuration file again and take over what changed, all or nothing.
    Reload,
    /// Stop deciding, keep everything that was decided, and end.
    HandOver,
    /// Say why a call has no agent yet.
    WhyWaiting { call: CallId },
    /// Say why an agent gets no call.
    WhyIdle { agent: AgentId },
    /// Do what agents and supervisors ask for, in the name of the machine's operator.
    Engine { what: engine::request::Request },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Reply {
    /// The differences count from now on; none were found when there are none.
    Reloaded { differences: Vec<Difference> },
    /// Nothing was changed.
    Refused {
        why: String,
        differences: Vec<Difference>,
    },
    /// The journal is free, and no order leaves any more.
    Released,
    /// None when the controller has no such call, or not any more.
    Waiting { why: Option<WhyWaiting> },
    /// None when there is no such agent.
    Idle { why: Option<WhyIdle> },
    /// What was asked for is being done.
    Done,
}

/// A request and where its answer goes.
pub struct Asked {
    pub request: Request,
    /// The user of the machine who asks, by number.
    pub uid: u32,
    pub answer: oneshot::Sender<Reply>,
}

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("no controller runs with the journal {}: {why}", journal.display())]
    Nobody { journal: PathBuf, why: io::Error },
    #[error("the controller could not be asked at {}: {why}", path.display())]
    Connection { path: PathBuf, why: io::Error },
    #[error("the controller did not answer within {0:?}; its log may say why")]
    Silent(Duration),
    #[error("the controller answered {said:?}, which this version does not understand: {why}")]
    Said {
        said: String,
        why: serde_json::Error,
    },
    #[error("the control socket {} cannot be made: {why}", path.display())]
    Listen { path: PathBuf, why: io::Error },
}

/// Where the controller of this journal listens.
pub fn socket_of(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".control");
    PathBuf::from(name)
}

/// Asks the controller that holds `journal`, and waits for its answer.
///
/// # Errors
/// [`ControlError::Nobody`] when none runs; the others when it can't be understood.
pub async fn ask(
    journal: &Path,
    request: Request,
    patience: Duration,
) -> Result<Reply, ControlError> {
    let path = socket_of(journal);
    let stream = UnixStream::connect(&path).await.map_err(|why| {
        let nobody = [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];
        if nobody.contains(&why.kind()) {
            ControlError::Nobody {
                journal: journal.to_owned(),
                why,
            }
        } else {
            ControlError::Connection {
                path: path.clone(),
                why,
            }
        }
    })?;
    let exchange = async {
        let mut stream = BufReader::new(stream);
        let mut line = serde_json::to_vec(&request).map_err(io::Error::from)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        let mut said = String::new();
        stream.take(LONGEST_LINE).read_line(&mut said).await?;
        Ok(said)
    };
    let said = timeout(patience, exchange)
        .await
        .map_err(|_| ControlError::Silent(patience))?
        .map_err(|why| ControlError::Connection { path, why })?;
    serde_json::from_str(&said).map_err(|why| ControlError::Said { said, why })
}

/// The listening side; dropping it removes the socket.
pub struct Control {
    path: PathBuf,
    asked: mpsc::Receiver<Asked>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl Control {
    /// Listens for the controller that holds `journal`, in place of a socket
    /// that a killed one left behind.
    ///
    /// # Errors
    /// [`ControlError::Listen`] when the folder takes no socket.
    pub fn listen(journal: &Path) -> Result<Self, ControlError> {
        let path = socket_of(journal);
        let failed = |why| ControlError::Listen {
            path: path.clone(),
            why,
        };
        match std::fs::remove_file(&path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(failed(why)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed)?;
        let (ask, asked) = mpsc::channel(WAITING);
        let (stop, stopped) = oneshot::channel();
        #[expect(
            clippy::disallowed_methods,
            reason = "listens beside everything else, and ends with `Control`"
        )]
        let task = tokio::spawn(accept(listener, ask, stopped));
        Ok(Self {
            path,
            asked,
            stop: Some(stop),
            task: Some(task),
        })
    }

    /// The next request.
    pub async fn next(&mut self) -> Asked {
        match self.asked.recv().await {
            Some(asked) => asked,
            // The listening task ends only with `self`.
            None => std::future::pending().await,
        }
    }

    /// Takes no more requests, and gives the task that still writes answers.
    pub fn close(mut self) -> Option<JoinHandle<()>> {
        self.task.take()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the control socket was gone already");
        }
        // The task that listens may have ended with its runtime.
        let _ = self.stop.take().map(|stop| stop.send(()));
    }
}

/// Takes connections until `stopped`, and then waits for those under way.
async fn accept(
    listener: UnixListener,
    ask: mpsc::Sender<Asked>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((stream, _)) if clients.len() < MOST_CLIENTS => {
                clients.spawn(served(stream, ask.clone()));
            }
            Ok(_) => tracing::warn!("too many clients at the control socket; one was turned away"),
            Err(error) => {
                tracing::error!(%error, "the control socket takes no more connections");
                break;
            }
        }
        while clients.try_join_next().is_some() {}
    }
    drop((listener, ask));
    while clients.join_next().await.is_some() {}
}

async fn served(stream: UnixStream, ask: mpsc::Sender<Asked>) {
    if let Err(error) = converse(stream, ask).await {
        tracing::warn!(%error, "a client of the control socket was not served");
    }
}

async fn converse(stream: UnixStream, ask: mpsc::Sender<Asked>) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    let mut stream = BufReader::new(stream);
    let mut said = String::new();
    let mut limited = (&mut stream).take(LONGEST_LINE);
    timeout(ASKING, limited.read_line(&mut said)).await??;
    let request = serde_json::from_str(&said).map_err(io::Error::from)?;
    let (answer, answered) = oneshot::channel();
    let asked = Asked {
        request,
        uid,
        answer,
    };
    ask.send(asked)
        .await
        .map_err(|_| io::Error::other("the controller is ending"))?;
    let reply = answered
        .await
        .map_err(|_| io::Error::other("the controller ended without an answer"))?;
    let mut line = serde_json::to_vec(&reply).map_err(io::Error::from)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_question_is_answered_and_the_socket_goes_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let mut control = Control::listen(&journal).unwrap();
        let serve = async {
            let Asked {
                request, answer, ..
            } = control.next().await;
            assert_eq!(request, Request::Reload);
            let differences = Vec::new();
            answer.send(Reply::Reloaded { differences }).unwrap();
        };
        let (reply, ()) = tokio::join!(ask(&journal, Request::Reload, SOON), serve);
        let differences = Vec::new();
        assert_eq!(reply.unwrap(), Reply::Reloaded { differences });
        drop(control);
        let nobody = ask(&journal, Request::Reload, SOON).await;
        assert!(matches!(nobody, Err(ControlError::Nobody { .. })));
    }

    #[tokio::test]
    async fn what_a_killed_controller_left_behind_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        drop(UnixListener::bind(socket_of(&journal)).unwrap());
        assert!(Control::listen(&journal).is_ok());
    }
}
