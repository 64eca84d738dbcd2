//! What a simulation found that must never be.

use crate::engine::consistency;
use crate::engine::fact::OfferOutcome;
use crate::engine::id::{AgentId, CallId, CommandId, LegId, OfferId, QueueId, SwitchId};
use crate::engine::time::Timestamp;

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("the engine contradicts itself: {0}")]
    Engine(#[from] consistency::Violation),
    #[error("the engine keeps waking itself at {at:?} and gets nowhere")]
    Livelock { at: Timestamp },
    #[error("the engine panicked: {what}")]
    Panic { what: String },

    // Each call in one place, and told so.
    #[error("call {call} began twice")]
    BeganTwice { call: CallId },
    #[error("something is told of call {call}, which is not alive: {what}")]
    DeadCall { call: CallId, what: &'static str },
    #[error("leg {leg} of call {known} was taken for that of a new call {call}")]
    TakenForNew {
        leg: LegId,
        known: CallId,
        call: CallId,
    },
    #[error("call {call} was taken for ended while its leg {leg} lives")]
    EndedAlive { call: CallId, leg: LegId },
    #[error("call {call} ended while it stood in queue {queue}")]
    EndedInQueue { call: CallId, queue: QueueId },
    #[error("call {call} ended while offer {offer} was open")]
    EndedWhileOffered { call: CallId, offer: OfferId },
    #[error("the facts say of call {call} that {facts}, the engine that {engine}")]
    Untold {
        call: CallId,
        facts: String,
        engine: String,
    },
    #[error("the facts say of agent {agent} that {facts}, the engine that {engine}")]
    UntoldAgent {
        agent: AgentId,
        facts: String,
        engine: String,
    },
    #[error("the sums of the facts do not add up: {what}")]
    Sum { what: String },

    // Places in queues.
    #[error("call {call} entered queue {queue}, in which it stood already")]
    InQueueTwice { call: CallId, queue: QueueId },
    #[error("call {call} left queue {queue}, in which it did not stand")]
    LeftWithoutEntering { call: CallId, queue: QueueId },
    #[error("call {call} entered queue {queue} at {told:?}, truly at {truly:?}")]
    WrongEntry {
        call: CallId,
        queue: QueueId,
        told: Timestamp,
        truly: Timestamp,
    },
    #[error("call {call} came to queue {queue} with priority {told}, not {truly}")]
    WrongPriority {
        call: CallId,
        queue: QueueId,
        told: i32,
        truly: i32,
    },
    #[error("call {call} lost its place in queue {queue}: it was {before}, now {now}")]
    PlaceChanged {
        call: CallId,
        queue: QueueId,
        before: String,
        now: String,
    },
    #[error("call {call} was offered to {agent} while {earlier} was before it in queue {queue}")]
    Overtaken {
        call: CallId,
        agent: AgentId,
        earlier: CallId,
        queue: QueueId,
    },

    // Offers.
    #[error("call {call} was offered to {agent} while {other} had it")]
    CallOfferedTwice {
        call: CallId,
        agent: AgentId,
        other: AgentId,
    },
    #[error("agent {agent} was offered call {call} while busy with {other}")]
    AgentOfferedTwice {
        agent: AgentId,
        call: CallId,
        other: CallId,
    },
    #[error("call {call} was offered to {agent}, who is {state}")]
    OfferedUnready {
        call: CallId,
        agent: AgentId,
        state: &'static str,
    },
    #[error("call {call} was offered to {agent}, who does not serve its queue or lacks a skill")]
    OfferedUnqualified { call: CallId, agent: AgentId },
    #[error("call {call} was offered to {agent}, whom it must not reach")]
    OfferedForbidden { call: CallId, agent: AgentId },
    #[error("offer {offer} ended as {outcome:?} and was not open")]
    EndedTwice {
        offer: OfferId,
        outcome: OfferOutcome,
    },
    #[error("a device on {switch} was rung while it rang or talked")]
    DeviceRungTwice { switch: SwitchId },
    #[error("agent {agent} missed an offer and is rung again without a rest")]
    NoRest { agent: AgentId },
    #[error("agent {agent} is offered a call during wrap-up")]
    NoWrapUp { agent: AgentId },

    // Orders.
    #[error("the number of command {command} was given twice")]
    NumberReused { command: CommandId },
    #[error("leg {leg} was ordered to end again by {command} while {before} is under way")]
    EndedLegTwice {
        leg: LegId,
        command: CommandId,
        before: CommandId,
    },
    #[error("command {command} was answered and the engine still waits")]
    AnswerIgnored { command: CommandId },
    #[error("the engine waits for the answer to {command}, which was not given")]
    UnknownOrder { command: CommandId },
    #[error("call {call} waits on {leg} while the switch took it back: its timer was not renewed")]
    NotRenewed { call: CallId, leg: LegId },
    #[error("the conversation of leg {leg} was cut by the dead-man's timer")]
    ConversationCut { leg: LegId },

    // Nothing is lost.
    #[error("call {call} was ended by the system with {cause} though nothing failed for it")]
    CallLost { call: CallId, cause: String },

    #[error("the caller on {leg} heard nobody for so long that they hung up")]
    LeftAlone { leg: LegId },

    // Legs and parties.
    #[error("leg {leg} began in call {call} while it was in call {other}")]
    LegInTwoCalls {
        leg: LegId,
        call: CallId,
        other: CallId,
    },
    #[error("the end of leg {leg} is told of call {call}, which does not have it")]
    LegEndedUnknown { leg: LegId, call: CallId },
    #[error("agent {agent} is rung for call {call} while taking part in {other}")]
    AgentInTwoCalls {
        agent: AgentId,
        call: CallId,
        other: CallId,
    },
    #[error("nobody takes part in call {call} on {leg} who could serve it")]
    NoSuchParty { leg: LegId, call: CallId },
    #[error("call {call} ended while somebody took part in it on {leg}")]
    EndedWithParty { call: CallId, leg: LegId },
    #[error("the party on {leg} of call {call} answered and is told as {outcome}")]
    WrongOutcome {
        leg: LegId,
        call: CallId,
        outcome: &'static str,
    },
    #[error("{ask} was refused and yet {what}")]
    RefusedAndDone { ask: &'static str, what: String },
    #[error("{ask} was answered {count} times")]
    AnsweredNotOnce { ask: &'static str, count: usize },

    // Promises.
    #[error("callback {callback} was promised to a number that {other} is open for")]
    CallbackTwice { callback: CallId, other: CallId },
    #[error("something is told of callback {callback}, which is not open")]
    DeadCallback { callback: CallId },
    #[error("callback {callback} stands by {told:?}, its call stood by {truly:?}")]
    CallbackMoved {
        callback: CallId,
        told: Timestamp,
        truly: Timestamp,
    },
    #[error("callback {callback} was tried {attempts} times")]
    CalledTooOften { callback: CallId, attempts: u32 },
    #[error("callback {callback} is tried again before the time its queue names")]
    CalledTooSoon { callback: CallId },
    #[error("callback {callback} has a turn that is not its own")]
    CallbackOutOfTurn { callback: CallId },
    #[error("callback {callback} ended otherwise than it is told, or lost its place")]
    CallbackEndedWrongly { callback: CallId },
    #[error("the facts say that the open callbacks are {facts}, the engine {engine}")]
    UntoldCallback { facts: String, engine: String },
    #[error("the caller on {leg} heard that they will be called back before it was durable")]
    PromiseNotKept { leg: LegId },
    #[error("message {recording} is recorded before it was durable that it is asked for")]
    MessageNotKept { recording: CommandId },
    #[error("message {recording} of call {call} was given up while it lies on the switch")]
    MessageLost { call: CallId, recording: CommandId },
    #[error("message {recording} was left twice")]
    MessageTwice { recording: CommandId },

    // The end.
    #[error("after everything had settled callback {callback} is still {state}")]
    StuckCallback {
        callback: CallId,
        state: &'static str,
    },
    #[error("after everything had settled message {recording} of call {call} is in no mailbox")]
    StuckMessage { call: CallId, recording: CommandId },
    #[error("after everything had settled leg {leg} of call {call} is not told as ended")]
    LegNeverEnded { leg: LegId, call: CallId },
    #[error("after everything had settled call {call} is still {state}")]
    StuckCall { call: CallId, state: &'static str },
    #[error("after everything had settled agent {agent} is still {state}")]
    StuckAgent { agent: AgentId, state: &'static str },
    #[error("after everything had settled leg {leg} is {}", if *known { "believed alive and gone" } else { "alive and not known" })]
    StrayLeg { leg: LegId, known: bool },
    #[error("after everything had settled command {command} still wants its answer")]
    Unanswered { command: CommandId },
}

impl Violation {
    /// The rule's name, for lists and JSON.
    pub fn rule(&self) -> String {
        let whole = match self {
            Violation::Engine(inner) => format!("{inner:?}"),
            own => format!("{own:?}"),
        };
        let name: String = whole.chars().take_while(|c| c.is_alphanumeric()).collect();
        let mut words = String::new();
        for c in name.chars() {
            if c.is_uppercase() && !words.is_empty() {
                words.push('_');
            }
            words.extend(c.to_lowercase());
        }
        words
    }
}
