//! Everything that can happen to the engine.

use crate::engine::centre::Centre;
use crate::engine::fact::Remembered;
use crate::engine::id::{AgentId, CommandId, RequestId, SwitchId};
use crate::engine::recording::FiledRecording;
use crate::engine::request::{Principal, Request};
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::switch::{Outcome, SwitchEvent};
use serde::{Deserialize, Serialize};

/// One thing that happened. Serialisable: a journal of these, with their
/// times, replays to the same commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A run begins; `seed` feeds the generator behind identifiers and jitter.
    Started { seed: u64 },
    /// The centre's configuration, given at the start and whenever it changes.
    Configured { centre: Box<Centre> },
    /// What the store knew of calls and agents when this run began.
    Remembered { remembered: Remembered },
    Switch {
        switch: SwitchId,
        event: SwitchEvent,
    },
    /// The one answer to a command.
    Completed {
        command: CommandId,
        outcome: Outcome,
    },
    /// An agent asks for something, from the desk or through the API.
    Agent {
        agent: AgentId,
        request: AgentRequest,
    },
    /// Somebody asks for something about a call, and waits for the answer.
    Asked {
        request: RequestId,
        by: Principal,
        what: Request,
    },
    /// A recording lies in the recordings folder, complete and hashed.
    RecordingFiled {
        recording: CommandId,
        filed: FiledRecording,
    },
    RecordingLost {
        recording: CommandId,
        why: OutsideText,
    },
    /// The controller is about to leave: nobody new is rung, and who has not
    /// answered by `until` is called off.
    Drain { until: Timestamp },
    /// The time of [`crate::engine::Engine::next_deadline`] has come.
    Due,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum AgentRequest {
    /// Sign in, not ready yet.
    SignIn,
    /// Ready for calls; ends wrap-up early.
    Ready,
    NotReady {
        reason: OutsideText,
    },
    SignOut,
}
