//! What people ask for about calls, who asks, and why it is not done. Each
//! request is answered exactly once, by [`crate::engine::command::Command::Answer`].

use crate::engine::event::AgentRequest;
use crate::engine::id::{AgentId, CallId, FlowId, MessageId, QueueId};
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::switch::{Key, Language, PhoneNumber, SupervisionMode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// An agent, bound to the rights of their group.
    Agent(AgentId),
    /// Somebody who signed in without being an agent, by their login. Whether
    /// they may ask at all was judged before.
    User(OutsideText),
    /// The agent's own phone: its hold key, or a transfer it asks for.
    Device(AgentId),
}

impl Principal {
    /// The agent whose rights count, if any.
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Principal::Agent(agent) | Principal::Device(agent) => Some(agent),
            Principal::User(_) => None,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Principal::Agent(agent) | Principal::Device(agent) => agent.fmt(f),
            Principal::User(login) => login.fmt(f),
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Request {
    /// About the call that an agent serves, or that they want to have.
    InCall { agent: AgentId, ask: CallRequest },
    /// From above: about somebody else's call, or a waiting one.
    Supervision { ask: SupervisorRequest },
    /// About an agent's state.
    State { agent: AgentId, ask: AgentRequest },
    /// About somebody who is to be called back.
    Callback { ask: CallbackRequest },
    /// About a message in a mailbox.
    Message {
        message: MessageId,
        ask: MessageRequest,
    },
}

/// What can be asked about callbacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum CallbackRequest {
    /// Somebody is to be called back; `callback` is its name from here on.
    Arrange { callback: CallId, new: NewCallback },
    /// Nobody is to be called any more.
    Cancel { callback: CallId },
}

/// Who is to be called back, by which queue and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCallback {
    pub queue: QueueId,
    pub number: PhoneNumber,
    pub language: Language,
    /// None for as soon as it is its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "OutsideText::is_empty")]
    pub name: OutsideText,
    #[serde(default, skip_serializing_if = "OutsideText::is_empty")]
    pub note: OutsideText,
}

/// What can be done about a message that a caller left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum MessageRequest {
    /// It is theirs to look after.
    Take,
    /// It is anybody's again.
    Release,
    /// Nothing is left to be done about it.
    Handled {
        /// What came of it.
        note: OutsideText,
    },
    /// A supervisor gives it to an agent to look after.
    Assign { agent: AgentId },
    /// It is in no mailbox any more.
    Delete,
    /// The agent's device is rung, and then the caller; the message is theirs.
    CallBack,
}

impl MessageRequest {
    /// The word used in tables, the API and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            MessageRequest::Take => "take_message",
            MessageRequest::Release => "release_message",
            MessageRequest::Handled { .. } => "message_handled",
            MessageRequest::Assign { .. } => "assign_message",
            MessageRequest::Delete => "delete_message",
            MessageRequest::CallBack => "call_back",
        }
    }
}

/// What an agent can do about the call they serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum CallRequest {
    /// Music for the caller.
    Hold,
    /// Back to the caller, from hold.
    Resume,
    /// The caller goes there, and the agent is free of the call.
    Transfer { to: Destination },
    /// The caller hears music, and somebody is asked.
    Consult { to: Invitee },
    /// The caller goes to who was asked, and the agent is free of the call.
    Complete,
    /// Back to the caller; who was asked is let go.
    Return,
    /// All three talk together: caller, agent and who was asked.
    Conference,
    /// One more is rung and joins.
    Invite { to: Invitee },
    /// Keys for the caller's side, as a phone sends them.
    SendDigits { digits: Vec<Key> },
    /// The caller waits in a numbered slot, and the agent is free of the call.
    Park,
    /// The agent's device is rung, and a parked caller goes to it.
    Retrieve { slot: u16 },
    /// The agent's device is rung, and then this number for it.
    Dial { to: PhoneNumber },
    /// The call ends.
    HangUp,
    /// More time to write up the call that has ended.
    ExtendWrapUp,
}

/// Where a caller can be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    Agent(AgentId),
    Queue(QueueId),
    Flow(FlowId),
    Number(PhoneNumber),
}

/// Who can be rung beside the caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invitee {
    Agent(AgentId),
    Number(PhoneNumber),
}

impl Invitee {
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Invitee::Agent(agent) => Some(agent),
            Invitee::Number(_) => None,
        }
    }
}

impl fmt::Display for Invitee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invitee::Agent(agent) => agent.fmt(f),
            Invitee::Number(number) => number.fmt(f),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Agent(agent) => agent.fmt(f),
            Destination::Queue(queue) => queue.fmt(f),
            Destination::Flow(flow) => flow.fmt(f),
            Destination::Number(number) => number.fmt(f),
        }
    }
}

/// What a supervisor can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum SupervisorRequest {
    /// The supervisor's own device is rung and hears the agent's conversation;
    /// asked again, the mode changes.
    Listen {
        agent: AgentId,
        mode: SupervisionMode,
    },
    /// The supervisor leaves the conversation.
    StopListening,
    /// The supervisor, who listens, serves the caller from here on.
    TakeOver { agent: AgentId },
    /// The call ends.
    HangUp { call: CallId },
    /// Puts an agent into a state; of one with a call, when the call is over.
    SetState { agent: AgentId, state: AgentRequest },
    /// A waiting call goes to another queue.
    Move { call: CallId, to: QueueId },
    /// A waiting call goes to the supervisor's own device.
    Pull { call: CallId },
    /// A waiting call gets another priority, and keeps its time of entry.
    SetPriority { call: CallId, priority: i32 },
}

impl CallRequest {
    /// The word used in tables, the API and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            CallRequest::Hold => "hold",
            CallRequest::Resume => "resume",
            CallRequest::Transfer { .. } => "transfer",
            CallRequest::Consult { .. } => "consult",
            CallRequest::Complete => "complete",
            CallRequest::Return => "return",
            CallRequest::Conference => "conference",
            CallRequest::Invite { .. } => "invite",
            CallRequest::SendDigits { .. } => "send_digits",
            CallRequest::Park => "park",
            CallRequest::Retrieve { .. } => "retrieve",
            CallRequest::Dial { .. } => "dial",
            CallRequest::HangUp => "hang_up",
            CallRequest::ExtendWrapUp => "extend_wrap_up",
        }
    }

    /// Whom or what it names; empty when it names nobody.
    pub fn object(&self) -> String {
        match self {
            CallRequest::Transfer { to } => to.to_string(),
            CallRequest::Consult { to } | CallRequest::Invite { to } => to.to_string(),
            CallRequest::Retrieve { slot } => slot.to_string(),
            CallRequest::Dial { to } => to.to_string(),
            // What is sent may be a card number: it is kept nowhere.
            CallRequest::SendDigits { digits } => format!("({})", digits.len()),
            _ => String::new(),
        }
    }
}

impl SupervisorRequest {
    /// The word used in tables, the API and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            SupervisorRequest::Listen { mode, .. } => match mode {
                SupervisionMode::Listen => "listen",
                SupervisionMode::Whisper => "whisper",
                SupervisionMode::Barge => "barge",
            },
            SupervisorRequest::StopListening => "stop_listening",
            SupervisorRequest::TakeOver { .. } => "take_over",
            SupervisorRequest::HangUp { .. } => "force_hang_up",
            SupervisorRequest::SetState { .. } => "force_state",
            SupervisorRequest::Move { .. } => "move",
            SupervisorRequest::Pull { .. } => "pull",
            SupervisorRequest::SetPriority { .. } => "set_priority",
        }
    }

    /// Whom or what it names; empty when it names nobody.
    pub fn object(&self) -> String {
        match self {
            SupervisorRequest::Listen { agent, .. } | SupervisorRequest::TakeOver { agent } => {
                agent.to_string()
            }
            SupervisorRequest::SetState { agent, state } => state.of(agent),
            SupervisorRequest::Move { to, .. } => to.to_string(),
            SupervisorRequest::SetPriority { priority, .. } => priority.to_string(),
            SupervisorRequest::StopListening
            | SupervisorRequest::HangUp { .. }
            | SupervisorRequest::Pull { .. } => String::new(),
        }
    }
}

impl AgentRequest {
    /// Which state for whom.
    fn of(&self, agent: &AgentId) -> String {
        match self {
            AgentRequest::SignIn => format!("{agent}: sign_in"),
            AgentRequest::Ready => format!("{agent}: ready"),
            AgentRequest::NotReady { reason } => format!("{agent}: not_ready {reason}"),
            AgentRequest::SignOut => format!("{agent}: sign_out"),
        }
    }
}

impl Request {
    /// The word used in tables, the API and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Request::InCall { ask, .. } => ask.word(),
            Request::Supervision { ask } => ask.word(),
            Request::State { .. } => "set_state",
            Request::Callback { ask } => match ask {
                CallbackRequest::Arrange { .. } => "arrange_callback",
                CallbackRequest::Cancel { .. } => "cancel_callback",
            },
            Request::Message { ask, .. } => ask.word(),
        }
    }

    /// Whom or what it names; empty when it names nobody.
    pub fn object(&self) -> String {
        match self {
            Request::InCall { ask, .. } => ask.object(),
            Request::Supervision { ask } => ask.object(),
            Request::State { agent, ask } => ask.of(agent),
            Request::Callback { ask } => match ask {
                CallbackRequest::Arrange { new, .. } => format!("{} {}", new.queue, new.number),
                CallbackRequest::Cancel { callback } => callback.to_string(),
            },
            Request::Message {
                ask: MessageRequest::Assign { agent },
                ..
            } => agent.to_string(),
            Request::Message { message, .. } => message.to_string(),
        }
    }
}

/// Why a request is not done. Nothing was changed then.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("the agent is not on a call")]
    NotOnACall,
    #[error("the caller is not on hold")]
    NotOnHold,
    #[error("nobody is being consulted")]
    NobodyConsulted,
    #[error("who is consulted has not answered yet")]
    NotAnsweredYet,
    #[error(
        "this cannot be done at this moment of the call; finish or take back what is under way first"
    )]
    WrongMoment,
    #[error("there is no such agent")]
    NoSuchAgent,
    #[error("that agent is signed out")]
    SignedOut,
    #[error("that agent is busy")]
    Busy,
    #[error("that agent is on another switch")]
    OtherSwitch,
    #[error("the switch cannot be reached now")]
    SwitchDown,
    #[error("there is no such queue")]
    NoSuchQueue,
    #[error("that queue is full")]
    QueueFull,
    #[error("there is no such flow")]
    NoSuchFlow,
    #[error(
        "what the phone dialled is no agent's extension, access number, queue, flow, code of transfer_codes in [in_call] or number"
    )]
    NoSuchDestination,
    #[error("there is no such call, or it has ended")]
    NoSuchCall,
    #[error("that call does not wait in a queue")]
    NotWaiting,
    #[error("the agent's group may not dial this number: see may_dial of its section in [groups]")]
    NumberForbidden,
    #[error("no parking slot is free")]
    NoSlotFree,
    #[error("nobody is parked in this slot")]
    SlotEmpty,
    #[error("the conference is full: see max_conference in [in_call]")]
    ConferenceFull,
    #[error("there is no digit to send, or there are more than 64")]
    BadDigits,
    #[error("this needs a device of one's own: sign in as an agent")]
    NoDevice,
    #[error("you do not supervise that agent's group: see supervises in the agent's section")]
    NotPermitted,
    #[error("the supervisor does not listen to that agent")]
    NotListening,
    #[error("there is no such message, or it was deleted")]
    NoSuchMessage,
    #[error("this mailbox is not the agent's, nor of their group or queues")]
    NotYourMailbox,
    #[error("somebody else has taken this message")]
    MessageTaken,
    #[error("nobody has taken this message")]
    MessageNotTaken,
    #[error("this message is handled already")]
    MessageHandled,
    #[error("the caller's number is withheld or cannot be dialled")]
    NoNumber,
    #[error("there are as many calls as the limit max_calls allows")]
    TooManyCalls,
    #[error("the controller is about to leave")]
    Draining,
    #[error("this reason for being not ready is none of those in [not_ready_reasons]")]
    UnknownReason,
    #[error("the agent is not in wrap-up")]
    NotInWrapUp,
    #[error("wrap-up was extended as often as wrap_up_extensions of the agent's queues allows")]
    NoMoreExtensions,
    #[error("that queue calls nobody back: see callback in its section")]
    NoCallbacks,
    #[error(
        "the queue may not call this number back: see may_dial, min_digits and max_digits in its callback"
    )]
    CallbackForbidden,
    #[error("this number waits in that queue already, for a callback or on the line")]
    CallbackExists,
    #[error("that queue has promised as many callbacks as max in its callback allows")]
    TooManyCallbacks,
    #[error("the queue is closed at that time: see its calendar")]
    QueueClosed,
    #[error("that time is over, or further ahead than days_ahead of the queue's callback allows")]
    BadTime,
    #[error(
        "numbers outside are dialled neither by that switch nor by one it has a trunk to: see outbound in [switches]"
    )]
    NobodyDials,
    #[error("there is no such callback, or it is closed")]
    NoSuchCallback,
}

impl Refusal {
    /// The word used in tables and the API.
    pub fn word(self) -> &'static str {
        match self {
            Refusal::NotOnACall => "not_on_a_call",
            Refusal::NotOnHold => "not_on_hold",
            Refusal::NobodyConsulted => "nobody_consulted",
            Refusal::NotAnsweredYet => "not_answered_yet",
            Refusal::WrongMoment => "wrong_moment",
            Refusal::NoSuchAgent => "no_such_agent",
            Refusal::SignedOut => "signed_out",
            Refusal::Busy => "busy",
            Refusal::OtherSwitch => "other_switch",
            Refusal::SwitchDown => "switch_down",
            Refusal::NoSuchQueue => "no_such_queue",
            Refusal::QueueFull => "queue_full",
            Refusal::NoSuchFlow => "no_such_flow",
            Refusal::NoSuchDestination => "no_such_destination",
            Refusal::NoSuchCall => "no_such_call",
            Refusal::NotWaiting => "not_waiting",
            Refusal::NumberForbidden => "number_forbidden",
            Refusal::NoSlotFree => "no_slot_free",
            Refusal::SlotEmpty => "slot_empty",
            Refusal::ConferenceFull => "conference_full",
            Refusal::BadDigits => "bad_digits",
            Refusal::NoDevice => "no_device",
            Refusal::NotPermitted => "not_permitted",
            Refusal::NotListening => "not_listening",
            Refusal::NoSuchMessage => "no_such_message",
            Refusal::NotYourMailbox => "not_your_mailbox",
            Refusal::MessageTaken => "message_taken",
            Refusal::MessageNotTaken => "message_not_taken",
            Refusal::MessageHandled => "message_handled",
            Refusal::NoNumber => "no_number",
            Refusal::TooManyCalls => "too_many_calls",
            Refusal::Draining => "draining",
            Refusal::UnknownReason => "unknown_reason",
            Refusal::NotInWrapUp => "not_in_wrap_up",
            Refusal::NoMoreExtensions => "no_more_extensions",
            Refusal::NoCallbacks => "no_callbacks",
            Refusal::CallbackForbidden => "callback_forbidden",
            Refusal::CallbackExists => "callback_exists",
            Refusal::TooManyCallbacks => "too_many_callbacks",
            Refusal::QueueClosed => "queue_closed",
            Refusal::BadTime => "bad_time",
            Refusal::NobodyDials => "nobody_dials",
            Refusal::NoSuchCallback => "no_such_callback",
        }
    }
}
