//! Who calls: the list the caller is on, and whether an agent has talked with
//! them before.

use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::caller_list::ListKind;
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::condition::{CallFact, CallFacts};
use crate::engine::fact::Fact;
use crate::engine::id::{CallId, CallerListId, FlowId, QueueId};
use crate::engine::text::OutsideText;
use crate::engine::wishes::Wishes;
use crate::switch::Language;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was known of the caller when the call came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recognition {
    /// The caller's number, always written the same way; empty when withheld.
    #[serde(default)]
    pub number: OutsideText,
    pub familiarity: Familiarity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<CallerListId>,
    /// Who it is, as the list says.
    #[serde(default, skip_serializing_if = "OutsideText::is_empty")]
    pub name: OutsideText,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub vip: bool,
    /// Added to the priority of each queue.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: i32,
    /// A queue in which the call waits besides those that its flow leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueId>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

fn is_zero(priority: &i32) -> bool {
    *priority == 0
}

/// Whether an agent has talked with the caller before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Familiarity {
    FirstContact,
    Returning,
    /// The number was withheld.
    #[default]
    Unknown,
}

impl Familiarity {
    /// The word used in tables and pages.
    pub fn word(self) -> &'static str {
        match self {
            Familiarity::FirstContact => "first_contact",
            Familiarity::Returning => "returning",
            Familiarity::Unknown => "unknown",
        }
    }
}

impl Recognition {
    /// The number by which the caller is remembered.
    pub(crate) fn patron<'a>(&'a self, caller_number: &'a OutsideText) -> &'a OutsideText {
        match self.number.is_empty() {
            true => caller_number,
            false => &self.number,
        }
    }

    /// The list and the name on it.
    pub fn listed(&self) -> String {
        match (&self.list, self.name.as_str()) {
            (None, _) => String::new(),
            (Some(list), "") => list.to_string(),
            (Some(list), name) => format!("{list}, {name}"),
        }
    }
}

/// What becomes of a call whose caller is blocked.
pub(super) enum Block {
    Refuse(Cause),
    Lead(FlowId),
}

impl Engine {
    /// Finds out who calls. Gives what becomes of the call when the caller is blocked.
    pub(super) fn recognise(&mut self, call: CallId, out: &mut Commands) -> Option<Block> {
        let callers = &self.centre.as_ref()?.callers;
        let known = self.calls.get_mut(&call)?;
        let number = callers.numbering.normal(known.caller_number.as_str());
        let last = self.patrons.last(&number);
        let familiarity = match last {
            _ if number.is_empty() => Familiarity::Unknown,
            Some((_, at)) if self.now.since(at) <= callers.returning_within => {
                Familiarity::Returning
            }
            _ => Familiarity::FirstContact,
        };
        let mut recognition = Recognition {
            familiarity,
            ..Recognition::default()
        };
        let mut wishes = Wishes::default();
        let mut block = None;
        if let Some((list, entry)) = callers.find(&number) {
            recognition.list = Some(entry.list.clone());
            recognition.name = entry.name.clone();
            recognition.vip = list.kind == ListKind::Vip;
            recognition.priority = entry.priority.unwrap_or(list.priority);
            recognition.queue = list.queue.clone();
            recognition.attributes = list.attributes.clone();
            recognition.attributes.extend(entry.attributes.clone());
            wishes = list.wishes.and(&Wishes {
                prefer: entry.prefer.clone(),
                wait: list.wishes.wait,
                never: entry.never.clone(),
            });
            block = match &list.kind {
                ListKind::Refused(cause) => Some(Block::Refuse(*cause)),
                ListKind::Led(flow) => Some(Block::Lead(flow.clone())),
                ListKind::Vip | ListKind::Plain => None,
            };
        }
        recognition.number = number;
        known.recognition = recognition.clone();
        known.wishes = wishes.clone();
        out.note(Fact::Recognised { call, recognition });
        if !wishes.is_empty() {
            out.note(Fact::Wished { call, wishes });
        }
        block
    }

    /// Notes that the caller of a call is blocked.
    pub(super) fn note_block(&self, call: CallId, block: &Block, out: &mut Commands) {
        let known = self.calls.get(&call);
        if let Some(list) = known.and_then(|known| known.recognition.list.clone()) {
            let flow = match block {
                Block::Refuse(_) => None,
                Block::Lead(flow) => Some(flow.clone()),
            };
            out.note(Fact::CallerBlocked { call, list, flow });
        }
    }

    /// The priority of a call in a queue: the queue's and the caller's.
    pub(super) fn priority_in(&self, call: CallId, queue: &QueueId) -> Option<i32> {
        let base = self.queues.get(queue)?.settings.priority;
        let own = self.calls.get(&call)?.recognition.priority;
        Some(base.saturating_add(own))
    }
}

/// What conditions can ask of a call.
pub(super) fn facts_of(call: &Call) -> CallFacts {
    facts_of_caller(
        call.caller_number.as_str(),
        &call.dialled,
        call.language,
        &call.recognition,
    )
}

/// The same of somebody who is not on the line.
pub(super) fn facts_of_caller(
    number: &str,
    dialled: &OutsideText,
    language: Language,
    recognition: &Recognition,
) -> CallFacts {
    let Recognition {
        familiarity,
        list,
        vip,
        attributes,
        ..
    } = recognition;
    let list = list.as_ref().map(CallerListId::to_string);
    let first_contact = *familiarity == Familiarity::FirstContact;
    let own = [
        ("number", CallFact::Text(number.to_owned())),
        ("dialled", CallFact::Text(dialled.to_string())),
        ("language", CallFact::Text(language.tag().to_owned())),
        ("list", CallFact::Text(list.unwrap_or_default())),
        ("vip", CallFact::Flag(*vip)),
        ("first_contact", CallFact::Flag(first_contact)),
    ];
    let given = attributes.iter();
    let given = given.map(|(name, value)| (name.clone(), CallFact::Text(value.clone())));
    let own = own.map(|(name, fact)| (name.to_owned(), fact));
    // What the call says of itself counts before what a list gives it.
    given.chain(own).collect()
}
