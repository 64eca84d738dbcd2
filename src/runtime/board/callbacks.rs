//! Open callbacks on the board.

use crate::engine::callback::{CallbackOrder, CallbackProgress, CallbackState, RememberedCallback};
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId, QueueId};
use crate::engine::time::Timestamp;
use crate::store::moment::Moment;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One open callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallbackView {
    pub id: String,
    pub queue: String,
    pub number: String,
    pub name: String,
    pub note: String,
    /// `zh-CN` or `en`.
    pub language: String,
    /// Its place: when the caller entered the queue, or the time arranged.
    pub entered: Moment,
    /// The call whose caller pressed the key.
    pub from_call: Option<String>,
    /// Who asked for it in the customer's stead.
    pub asked_by: Option<String>,
    /// `scheduled`, `held`, `waiting`, `offered`, `dialling` or `resting`.
    pub state: String,
    /// When the state ends by itself.
    pub until: Option<Moment>,
    /// How often the number was dialled.
    pub attempts: u32,
    pub priority: i32,
    /// The call by which it has its turn now.
    pub call: Option<String>,
    /// The agent who is rung for it, or dials.
    pub agent: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Callbacks {
    open: BTreeMap<CallId, (CallbackOrder, Option<CallbackProgress>)>,
}

impl Callbacks {
    pub(super) fn remember(&mut self, known: &[RememberedCallback]) {
        for known in known {
            let open = (known.order.clone(), Some(known.progress.clone()));
            self.open.insert(known.callback, open);
        }
    }

    pub(super) fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::CallbackRequested { callback, order } => {
                self.open.insert(*callback, (order.clone(), None));
            }
            Fact::CallbackMoved { callback, progress } => {
                if let Some((_, known)) = self.open.get_mut(callback) {
                    *known = Some(progress.clone());
                }
            }
            Fact::CallbackClosed { callback, .. } => drop(self.open.remove(callback)),
            _ => {}
        }
    }

    /// How many are open, by queue.
    pub(super) fn counts(&self) -> BTreeMap<&QueueId, u32> {
        let mut counts = BTreeMap::new();
        for (order, _) in self.open.values() {
            *counts.entry(&order.queue).or_default() += 1;
        }
        counts
    }

    /// All, those that entered first in front.
    pub(super) fn view(&self) -> Vec<CallbackView> {
        let mut open: Vec<_> = self.open.iter().collect();
        open.sort_by_key(|(id, (order, _))| (order.entered, **id));
        let view =
            |(id, (order, progress)): (&CallId, &(CallbackOrder, Option<CallbackProgress>))| {
                Some(view(*id, order, progress.as_ref()?))
            };
        open.into_iter().filter_map(view).collect()
    }
}

fn view(id: CallId, order: &CallbackOrder, progress: &CallbackProgress) -> CallbackView {
    let moment = |at: Timestamp| Moment::from_millis(at.as_millis());
    let agent = match &progress.state {
        CallbackState::Offered { agent, .. } | CallbackState::Dialling { agent, .. } => Some(agent),
        _ => None,
    };
    CallbackView {
        id: id.to_string(),
        queue: order.queue.to_string(),
        number: order.number.to_string(),
        name: order.name.to_string(),
        note: order.note.to_string(),
        language: order.language.tag().to_owned(),
        entered: moment(order.entered),
        from_call: order.from.map(|call| call.to_string()),
        asked_by: order.by.as_ref().map(|by| by.to_string()),
        state: progress.state.word().to_owned(),
        until: progress.state.until().map(moment),
        attempts: progress.attempts,
        priority: progress.priority,
        call: progress.state.call().map(|call| call.to_string()),
        agent: agent.map(AgentId::to_string),
    }
}
