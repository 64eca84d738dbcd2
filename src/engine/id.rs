//! Identifiers. Names that people choose (agents, queues, switches) are short
//! checked strings; things the engine creates (calls, offers) are ULIDs made
//! from the time handed in and the seeded generator, so that the same seed
//! gives the same identifiers.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use ulid::Ulid;

/// Why a text cannot serve as an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("the {kind} is empty")]
    Empty { kind: &'static str },
    #[error("the {kind} may have at most {limit} characters, this one has {length}")]
    TooLong {
        kind: &'static str,
        limit: usize,
        length: usize,
    },
    #[error(
        "the {kind} may hold only letters, digits and '.', '_', '-', ':', '@', '+', not {found:?}"
    )]
    Character { kind: &'static str, found: char },
}

/// Longest identifier accepted, in bytes. FreeSWITCH uses 36, Asterisk up to 150.
pub const MAX_ID_LENGTH: usize = 150;

fn check(kind: &'static str, text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { kind });
    }
    if text.len() > MAX_ID_LENGTH {
        return Err(IdError::TooLong {
            kind,
            limit: MAX_ID_LENGTH,
            length: text.len(),
        });
    }
    match text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "._-:@+".contains(*c)))
    {
        Some(found) => Err(IdError::Character { kind, found }),
        None => Ok(()),
    }
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// # Errors
            /// [`IdError`] when the text is empty, too long or holds a character
            /// that has a meaning in some protocol.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check($kind, text)?;
                Ok(Self(Arc::from(text)))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name_id!(/// A customer organisation served by this installation.
    TenantId, "tenant id");
name_id!(/// A place where agents work.
    SiteId, "site id");
name_id!(/// One FreeSWITCH or Asterisk instance.
    SwitchId, "switch id");
name_id!(/// A person who handles calls.
    AgentId, "agent id");
name_id!(/// A queue of waiting calls.
    QueueId, "queue id");
name_id!(/// A calendar of opening hours and holidays.
    CalendarId, "calendar id");
name_id!(/// Something an agent can do, at a level.
    SkillId, "skill id");
name_id!(/// A flow (IVR).
    FlowId, "flow id");
name_id!(/// A reason for being not ready.
    ReasonId, "reason id");
name_id!(/// A list of callers.
    CallerListId, "caller list id");
name_id!(/// A group of agents with the same rights.
    GroupId, "group id");
name_id!(/// A block of a flow; unique within its flow.
    BlockId, "block id");
name_id!(/// A channel as its switch names it; unique within that switch.
    ChannelId, "channel id");
name_id!(/// The name of something played to a caller, without language or file type.
    PromptId, "prompt id");
name_id!(/// A class of music on hold, as the switch knows it.
    MusicClass, "music class");

impl PromptId {
    /// Whether a caller who hears it relies on something that must be kept first.
    pub fn is_promise(&self) -> bool {
        self.as_str() == crate::engine::say::callback::CONFIRMED
    }

    /// A name that stands in the code and was checked there by a test.
    pub(in crate::engine) fn of_word(name: &'static str) -> Self {
        debug_assert!(check("prompt id", name).is_ok(), "{name}");
        Self(Arc::from(name))
    }
}

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Ulid);

        impl $name {
            pub const fn from_ulid(ulid: Ulid) -> Self {
                Self(ulid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ulid::DecodeError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ulid::from_string(text).map(Self)
            }
        }
    };
}

ulid_id!(/// One customer contact.
    CallId);
ulid_id!(/// One agent being rung for one call.
    OfferId);
ulid_id!(/// One message that a caller left.
    MessageId);

impl OfferId {
    /// The name of the leg that rings for this offer: the same 128 bits in the
    /// form of a UUID, which FreeSWITCH wants.
    pub fn channel(&self) -> ChannelId {
        let hex = format!("{:032x}", self.0.0);
        let uuid = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ]
        .join("-");
        ChannelId(Arc::from(uuid))
    }

    /// The offer that a leg named by [`OfferId::channel`] rings for.
    pub fn of_channel(channel: &ChannelId) -> Option<Self> {
        let hex = channel.as_str().replace('-', "");
        let number = u128::from_str_radix(&hex, 16).ok();
        let offer = Self(Ulid(number.filter(|_| hex.len() == 32)?));
        Some(offer).filter(|offer| offer.channel() == *channel)
    }
}

/// One command, within one run of the engine; also the name of the playback
/// or recording it starts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CommandId(pub u64);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One request of somebody who waits for its answer; unique within one run of
/// the controller.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// One leg: a channel on a switch.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LegId {
    pub switch: SwitchId,
    pub channel: ChannelId,
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.switch, self.channel)
    }
}

impl fmt::Debug for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegId({self})")
    }
}
