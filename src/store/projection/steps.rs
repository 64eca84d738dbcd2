//! What is done with calls while they wait, what is asked for in them and by
//! supervisors, and what becomes of it.

use crate::engine::callback::CallbackState;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId};
use crate::engine::wishes::SoughtWhy;
use crate::store::projection::rows::{Shape, Table};
use crate::store::projection::{HISTORY, Taking};
use diesel::QueryResult;

pub(super) const CALL_STEPS: Table = Table {
    name: "call_steps",
    shape: Shape {
        first: HISTORY,
        second: &[
            ("call", "TEXT"),
            ("kind", "TEXT"),
            ("word", "TEXT"),
            ("subject", "TEXT"),
            ("agent", "TEXT"),
            ("asked_by", "TEXT"),
            ("refused", "TEXT"),
        ],
    },
};

/// One row of `call_steps`.
struct Step<'a> {
    call: Option<CallId>,
    kind: &'static str,
    word: &'a str,
    subject: String,
    agent: Option<&'a AgentId>,
    by: Option<String>,
    refused: Option<&'static str>,
}

impl<'a> Step<'a> {
    fn of(call: CallId, kind: &'static str, word: &'a str, subject: String) -> Self {
        Self {
            call: Some(call),
            kind,
            word,
            subject,
            agent: None,
            by: None,
            refused: None,
        }
    }
}

impl<'a> Step<'a> {
    fn of_callback(callback: CallId, call: Option<CallId>, word: &'a str) -> Self {
        let about = call.unwrap_or(callback);
        Self::of(about, "callback", word, callback.to_string())
    }
}

impl Taking<'_> {
    /// Takes a fact of what is done in a call; any other adds nothing.
    pub(super) fn in_call(&mut self, fact: &Fact) -> QueryResult<()> {
        let step = match fact {
            Fact::Asked {
                by,
                agent,
                call,
                ask,
                object,
                refused,
            } => Step {
                call: *call,
                kind: "asked",
                word: ask.as_str(),
                subject: object.as_str().to_owned(),
                agent: agent.as_ref(),
                by: Some(by.to_string()),
                refused: refused.map(|refused| refused.word()),
            },
            Fact::TalkMoved { call, talk } => Step::of(*call, "talk", talk.word(), String::new()),
            Fact::PartyAdded {
                call, who, role, ..
            } => Step {
                agent: who.agent(),
                ..Step::of(*call, "rung", role.word(), who.to_string())
            },
            Fact::PartyLeft {
                call, who, outcome, ..
            } => Step {
                agent: who.agent(),
                ..Step::of(*call, "left", outcome.word(), who.to_string())
            },
            Fact::HandedOver { call, agent, .. } => Step {
                agent: Some(agent),
                ..Step::of(*call, "handed_over", "served", agent.to_string())
            },
            Fact::Parked { call, parking } => Step {
                agent: Some(&parking.by),
                ..Step::of(*call, "parked", "parked", parking.slot.to_string())
            },
            Fact::DialledOut { call, dialler } => Step {
                agent: Some(&dialler.agent),
                ..Step::of(*call, "dialled", "dialled", dialler.number.to_string())
            },
            // Told of the call that it is about, which names the callback; where there is
            // none, of the callback itself.
            Fact::CallbackRequested { callback, order } => Step {
                by: order.by.as_ref().map(|by| by.to_string()),
                ..Step::of_callback(*callback, order.from, "asked")
            },
            Fact::CallbackMoved { callback, progress } => {
                let agent = match &progress.state {
                    CallbackState::Offered { agent, .. }
                    | CallbackState::Dialling { agent, .. } => Some(agent),
                    _ => None,
                };
                let state = &progress.state;
                Step {
                    agent,
                    ..Step::of_callback(*callback, state.call(), state.word())
                }
            }
            Fact::CallbackClosed {
                callback,
                why,
                call,
                agent,
                ..
            } => Step {
                agent: agent.as_ref(),
                ..Step::of_callback(*callback, *call, why.word())
            },
            Fact::StepReached {
                call, queue, step, ..
            } => Step::of(*call, "step", "step", format!("{queue} / {step}")),
            Fact::Overflowed {
                call,
                queue,
                why,
                to,
            } => Step::of(*call, "overflow", why.word(), format!("{queue} → {to}")),
            Fact::MessageAsked { call, leaving } => {
                Step::of(*call, "message", "asked", leaving.mailbox.to_string())
            }
            Fact::MessageDropped {
                call, mailbox, why, ..
            } => Step::of(*call, "message", why.word(), mailbox.to_string()),
            Fact::MessageLeft { message } => {
                Step::of(message.call, "message", "left", message.mailbox.to_string())
            }
            Fact::OfferMissed {
                call,
                agent,
                missed,
                in_a_row,
                then,
                ..
            } => Step {
                agent: Some(agent),
                ..Step::of(
                    *call,
                    "missed",
                    missed.word(),
                    match then {
                        Some(then) => format!("{in_a_row} → {then}"),
                        None => in_a_row.to_string(),
                    },
                )
            },
            Fact::AgentSought {
                call, agents, why, ..
            } => {
                let word = match (agents.is_empty(), why) {
                    (true, _) => "anybody",
                    (false, SoughtWhy::LastAgent) => "one",
                    (false, SoughtWhy::Preferred) => "preferred",
                };
                Step::of(*call, "sought", word, agents.names())
            }
            Fact::Recognised { call, recognition } => {
                let word = recognition.familiarity.word();
                Step::of(*call, "caller", word, recognition.listed())
            }
            Fact::Wished { call, wishes } if !wishes.never.is_empty() => {
                Step::of(*call, "wished", "never", wishes.never.names())
            }
            Fact::Confirmed { call, agent, .. } => Step {
                agent: Some(agent),
                ..Step::of(*call, "confirmed", "confirmed", String::new())
            },
            Fact::Briefed {
                call,
                agent,
                whispered,
                told,
            } => {
                let word = match (whispered, told) {
                    (true, true) => "both",
                    (true, false) => "whispered",
                    (false, _) => "told",
                };
                Step {
                    agent: Some(agent),
                    ..Step::of(*call, "briefed", word, String::new())
                }
            }
            Fact::CallerBlocked { call, list, flow } => match flow {
                None => Step::of(*call, "blocked", "refused", list.to_string()),
                Some(flow) => Step::of(*call, "blocked", "led", format!("{list} → {flow}")),
            },
            _ => return Ok(()),
        };
        let place = match step.call {
            Some(call) => self.place_of(call),
            None => std::rc::Rc::new(self.centre()),
        };
        let row = (
            step.call.map(|call| call.to_string()),
            step.kind,
            step.word,
            step.subject,
            step.agent,
            step.by,
            step.refused,
        );
        self.add(&CALL_STEPS, &place, row)
    }
}
