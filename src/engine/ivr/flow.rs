//! The flow document: a flat map of blocks, each naming what comes next.

use crate::engine::cause::Cause;
use crate::engine::condition::Condition;
use crate::engine::id::{BlockId, CalendarId, PromptId, QueueId};
use crate::engine::mailbox::Mailbox;
use crate::engine::time::Span;
use crate::engine::wishes::{AgentSet, Wishes};
use crate::switch::Key;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// What a caller goes through: begins at `start`, follows the blocks' edges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Shown to people.
    pub name: String,
    pub start: BlockId,
    pub blocks: BTreeMap<BlockId, Block>,
}

/// One step of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Block {
    /// Answer the call. Nothing is heard before this block.
    Answer { next: BlockId },
    /// Refuse an unanswered call with busy, unanswered.
    Busy,
    /// Play prompts to their end.
    Play {
        prompts: Vec<PromptId>,
        next: BlockId,
    },
    /// Play prompts, wait for one key and go where it leads. A key ends the prompts.
    Menu {
        prompts: Vec<PromptId>,
        choices: BTreeMap<MenuKey, BlockId>,
        /// How long to wait for a key after the prompts.
        #[serde(default = "default_menu_timeout")]
        timeout_s: u32,
        /// How often the menu is played before `otherwise`.
        #[serde(default = "default_menu_attempts")]
        attempts: u32,
        /// Where to go without a valid key.
        otherwise: BlockId,
    },
    /// Wait for an agent in a queue, or in several at once.
    Queue {
        queue: QueueList,
        /// Agents for one of whom the call waits alone at first.
        #[serde(default, skip_serializing_if = "AgentSet::is_empty")]
        prefer: AgentSet,
        #[serde(default = "default_prefer_wait")]
        prefer_wait_s: u32,
        /// Agents whom the call never reaches through a queue, from here on.
        #[serde(default, skip_serializing_if = "AgentSet::is_empty")]
        never: AgentSet,
        /// Where to go when all of them are full; without it the call ends with congestion.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        full: Option<BlockId>,
    },
    /// Ask for a message, and go on when it is left. What is not given here, the
    /// section `[voicemail]` says.
    Voicemail(VoicemailBlock),
    /// Go on by whether a calendar is open now.
    Hours {
        calendar: CalendarId,
        open: BlockId,
        closed: BlockId,
    },
    /// Go on by what holds for the call, of which a condition asks.
    If {
        condition: Condition,
        then: BlockId,
        otherwise: BlockId,
    },
    HangUp {
        #[serde(default = "default_hang_up_cause")]
        cause: Cause,
    },
}

/// The message that a block asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoicemailBlock {
    pub to: Mailbox,
    /// What the caller hears before the tone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptId>,
    /// The longest message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_s: Option<NonZeroU32>,
    /// Silence that ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_s: Option<NonZeroU32>,
    /// Where the call goes on afterwards.
    pub next: BlockId,
}

fn default_menu_timeout() -> u32 {
    5
}

fn default_menu_attempts() -> u32 {
    3
}

fn default_prefer_wait() -> u32 {
    30
}

fn default_hang_up_cause() -> Cause {
    Cause::NormalClearing
}

/// One queue or more, written as a name or as a list of names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "QueueForm", into = "QueueForm")]
pub struct QueueList(Vec<QueueId>);

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum QueueForm {
    One(QueueId),
    Several(Vec<QueueId>),
}

impl QueueList {
    pub fn one(queue: QueueId) -> Self {
        Self(vec![queue])
    }

    /// Never empty, and no name twice.
    pub fn as_slice(&self) -> &[QueueId] {
        &self.0
    }
}

impl TryFrom<QueueForm> for QueueList {
    type Error = String;
    fn try_from(form: QueueForm) -> Result<Self, String> {
        let queues = match form {
            QueueForm::One(queue) => return Ok(Self::one(queue)),
            QueueForm::Several(queues) => queues,
        };
        let mut names: Vec<&QueueId> = queues.iter().collect();
        names.sort_unstable();
        names.dedup();
        match names.len() {
            0 => Err("a list of queues names at least one".to_owned()),
            count if count < queues.len() => {
                Err("a list of queues names each queue once".to_owned())
            }
            _ => Ok(Self(queues)),
        }
    }
}

impl From<QueueList> for QueueForm {
    fn from(mut queues: QueueList) -> Self {
        match queues.0.len() {
            1 => QueueForm::One(queues.0.remove(0)),
            _ => QueueForm::Several(queues.0),
        }
    }
}

/// A key as the name of a table entry, which TOML and JSON want as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MenuKey(pub Key);

impl TryFrom<String> for MenuKey {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Key::try_from(c)
                .map(MenuKey)
                .map_err(|error| error.to_string()),
            _ => Err(format!(
                "{text:?} is not a single telephone key (0-9, *, #, A-D)"
            )),
        }
    }
}

impl From<MenuKey> for String {
    fn from(key: MenuKey) -> String {
        key.0.to_string()
    }
}

impl Block {
    /// Every block this one can lead to, with the name of the edge.
    pub fn edges(&self) -> Vec<(String, &BlockId)> {
        match self {
            Block::Answer { next }
            | Block::Play { next, .. }
            | Block::Voicemail(VoicemailBlock { next, .. }) => vec![("next".to_owned(), next)],
            Block::Menu {
                choices, otherwise, ..
            } => {
                let mut edges: Vec<_> = choices
                    .iter()
                    .map(|(key, to)| (format!("choices.{}", key.0), to))
                    .collect();
                edges.push(("otherwise".to_owned(), otherwise));
                edges
            }
            Block::Queue { full, .. } => full.iter().map(|to| ("full".to_owned(), to)).collect(),
            Block::Hours { open, closed, .. } => {
                vec![("open".to_owned(), open), ("closed".to_owned(), closed)]
            }
            Block::If {
                then, otherwise, ..
            } => {
                vec![
                    ("then".to_owned(), then),
                    ("otherwise".to_owned(), otherwise),
                ]
            }
            Block::Busy | Block::HangUp { .. } => Vec::new(),
        }
    }

    /// Whom a call that waits from here on prefers, and whom it must not reach.
    pub fn wishes(&self) -> Wishes {
        match self {
            Block::Queue {
                prefer,
                prefer_wait_s,
                never,
                ..
            } => Wishes {
                prefer: prefer.clone(),
                wait: Span::seconds(*prefer_wait_s),
                never: never.clone(),
            },
            _ => Wishes::default(),
        }
    }

    /// Whether it leads on without waiting for the caller or an agent.
    pub fn goes_on_alone(&self) -> bool {
        match self {
            Block::Answer { .. } | Block::Play { .. } | Block::Hours { .. } | Block::If { .. } => {
                true
            }
            Block::Menu { .. }
            | Block::Queue { .. }
            | Block::Voicemail(_)
            | Block::Busy
            | Block::HangUp { .. } => false,
        }
    }

    /// How long a menu waits for a key after its prompts.
    pub fn menu_timeout(&self) -> Option<Span> {
        match self {
            Block::Menu { timeout_s, .. } => Some(Span::seconds(*timeout_s)),
            _ => None,
        }
    }
}
