//! The names we give to playbacks, bridges, snoop channels and recordings:
//! made of the call and the command, so that an event tells what it is about
//! and no two runs give the same name to different things.

use crate::engine::id::{CallId, CommandId};
use std::fmt;

/// What a command of a call started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) call: CallId,
    pub(super) command: CommandId,
}

/// One side of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Caller,
    Agent,
}

impl Side {
    pub(super) const BOTH: [Side; 2] = [Side::Caller, Side::Agent];

    fn word(self) -> &'static str {
        match self {
            Side::Caller => "caller",
            Side::Agent => "agent",
        }
    }
}

impl Name {
    /// Reads `<call>-<command>`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (call, command) = text.split_once('-')?;
        Some(Self {
            call: call.parse().ok()?,
            command: CommandId(command.parse().ok()?),
        })
    }

    /// The recording of one side, and the snoop channel it is made on.
    pub(super) fn track(&self, side: Side) -> String {
        format!("{self}-{}", side.word())
    }

    /// Reads `<call>-<command>-<side>`.
    pub(super) fn read_track(text: &str) -> Option<(Self, Side)> {
        let (name, word) = text.rsplit_once('-')?;
        let side = Side::BOTH.into_iter().find(|side| side.word() == word)?;
        Some((Self::read(name)?, side))
    }

    /// The recording of a message.
    pub(super) fn message(&self) -> String {
        format!("{self}-message")
    }

    pub(super) fn read_message(text: &str) -> Option<Self> {
        Self::read(text.strip_suffix("-message")?)
    }

    /// The snoop channel through which a supervisor listens.
    pub(super) fn listener(&self) -> String {
        format!("{self}-listener")
    }
}

/// What a bridge of ours is for, as its id says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Two legs talk.
    Pair(Name),
    /// Everybody in it talks; named after the call.
    Conference(CallId),
    /// A supervisor's leg and its [`Name::listener`].
    Supervision(Name),
}

impl Purpose {
    pub(super) fn read(bridge: &str) -> Option<Self> {
        let (name, word) = bridge.rsplit_once('-')?;
        match word {
            "bridge" => Name::read(name).map(Purpose::Pair),
            "conference" => name.parse().ok().map(Purpose::Conference),
            "supervision" => Name::read(name).map(Purpose::Supervision),
            _ => None,
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Purpose::Pair(name) => write!(f, "{name}-bridge"),
            Purpose::Conference(call) => write!(f, "{call}-conference"),
            Purpose::Supervision(name) => write!(f, "{name}-supervision"),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.call, self.command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_nothing_else_is() {
        let name = Name {
            call: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            command: CommandId(7),
        };
        assert_eq!(Name::read(&name.to_string()), Some(name));
        let track = name.track(Side::Agent);
        assert_eq!(track, "01ARZ3NDEKTSV4RRFFQ69G5FAV-7-agent");
        assert_eq!(Name::read_track(&track), Some((name, Side::Agent)));
        for other in ["", "p1", "1-2", &track, "01ARZ3NDEKTSV4RRFFQ69G5FAV-x"] {
            assert_eq!(Name::read(other), None, "{other}");
        }
        assert_eq!(Name::read_message(&name.message()), Some(name));
        assert_eq!(Name::read_message(&name.listener()), None);
    }

    #[test]
    fn a_bridge_says_what_it_is_for() {
        let call = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let command = CommandId(7);
        let name = Name { call, command };
        for purpose in [
            Purpose::Pair(name),
            Purpose::Conference(call),
            Purpose::Supervision(name),
        ] {
            assert_eq!(Purpose::read(&purpose.to_string()), Some(purpose));
        }
        for other in [
            "",
            "conference",
            "1-conference",
            &name.to_string(),
            "a-b-bridge",
        ] {
            assert_eq!(Purpose::read(other), None, "{other}");
        }
    }
}
