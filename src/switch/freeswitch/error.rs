//! What can go wrong between us and an event socket.

use crate::switch::backlog::Overrun;
use crate::switch::freeswitch::frame::FrameError;
use crate::switch::freeswitch::setting::SettingError;
use std::io;

#[derive(Debug, thiserror::Error)]
pub enum EslError {
    #[error(
        "cannot connect to the event socket at {address}: {why}; is FreeSWITCH running and mod_event_socket loaded?"
    )]
    Unreachable { address: String, why: io::Error },
    #[error(
        "the event socket at {address} refused the password; compare `password` with event_socket.conf.xml"
    )]
    Password { address: String },
    #[error(
        "the event socket at {address} does not admit this host; see `apply-inbound-acl` in event_socket.conf.xml"
    )]
    NotAdmitted { address: String },
    #[error("the event socket sent {0}")]
    Frame(#[from] FrameError),
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("FreeSWITCH closed the connection")]
    Closed,
    #[error("FreeSWITCH did not answer for {seconds} s")]
    Silent { seconds: u64 },
    #[error("FreeSWITCH answered {answer:?} to {command:?}")]
    Unexpected { command: String, answer: String },
    #[error("{question:?} cannot be asked: it holds a line break")]
    Unaskable { question: String },
    #[error("more than {limit} bytes of events came before the answer to a command")]
    Flood { limit: usize },
    #[error(transparent)]
    Overrun(#[from] Overrun),
    #[error("the list of channels cannot be read: {0}")]
    Snapshot(#[from] serde_json::Error),
    #[error("a task of the adapter ended unexpectedly: {0}")]
    Crashed(#[from] tokio::task::JoinError),
    #[error(transparent)]
    Setting(#[from] SettingError),
}
