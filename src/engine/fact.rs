//! Facts: what the engine says is now true. The journal keeps them in order,
//! the store's tables and the live pages are made from nothing else.

mod remembered;

pub use remembered::{
    Remembered, RememberedAgent, RememberedBlock, RememberedCall, RememberedClosing,
    RememberedDevice, RememberedLearnt, RememberedOffer, RememberedParty, RememberedRecording,
    RememberedRinging, RememberedVisit,
};

use crate::engine::agent::AgentState;
use crate::engine::call::{CallState, Dialler, Diverted, Parking};
use crate::engine::callback::{CallbackEnd, CallbackOrder, CallbackProgress};
use crate::engine::cause::Cause;
use crate::engine::centre::{Missed, MissedThen, OverflowTo, OverflowWhen};
use crate::engine::estimate::Learnt;
use crate::engine::event::AgentRequest;
use crate::engine::explanation::Explanation;
use crate::engine::id::{
    AgentId, BlockId, CallId, CallerListId, CommandId, FlowId, LegId, MessageId, OfferId, QueueId,
    SiteId, SwitchId, TenantId,
};
use crate::engine::lamps::{Lamp, Phone};
use crate::engine::leg::{LegRole, LegState};
use crate::engine::line::StandingLeg;
use crate::engine::mailbox::Mailbox;
use crate::engine::message::{CalledBack, Envelope, Leaving, Message, MessageState};
use crate::engine::party::{PartyRole, Talk};
use crate::engine::recognition::Recognition;
use crate::engine::recording::FiledRecording;
use crate::engine::request::{Invitee, Principal, Refusal};
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::engine::wishes::{AgentSet, SoughtWhy, Wishes};
use crate::switch::{Digit, Extension, PhoneNumber};
use serde::{Deserialize, Serialize};

/// One thing that became true at the time of the event that caused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    CallStarted {
        call: CallId,
        tenant: TenantId,
        site: SiteId,
        switch: SwitchId,
        caller_number: OutsideText,
        caller_name: OutsideText,
        dialled: OutsideText,
    },
    /// Who calls, as far as that is known.
    Recognised {
        call: CallId,
        recognition: Recognition,
    },
    /// Whom the call prefers and whom it must not reach, from here on.
    Wished {
        call: CallId,
        wishes: Wishes,
    },
    /// The caller is on a list of those who are refused, or led to a flow.
    CallerBlocked {
        call: CallId,
        list: CallerListId,
        flow: Option<FlowId>,
    },
    /// The call entered a state (and so left the one before).
    CallMoved {
        call: CallId,
        state: CallState,
    },
    /// The flow reached a block.
    BlockEntered {
        call: CallId,
        flow: FlowId,
        block: BlockId,
    },
    /// A menu is played once more, after silence or a wrong key; `attempts`
    /// counts how often it was played.
    BlockRepeated {
        call: CallId,
        attempts: u32,
    },
    /// It is decided that the call ends, and its switch is asked for it.
    CallEnding {
        call: CallId,
        cause: Cause,
        ended_by: EndedBy,
    },
    CallEnded {
        call: CallId,
        cause: Cause,
        ended_by: EndedBy,
    },
    LegStarted {
        call: CallId,
        leg: LegId,
        role: LegRole,
        agent: Option<AgentId>,
        extension: Option<Extension>,
        /// A number outside that is one of the agent's devices.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<PhoneNumber>,
        /// Whoever answers it must press a key before they count as the agent.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        confirm: bool,
    },
    LegMoved {
        call: CallId,
        leg: LegId,
        state: LegState,
    },
    /// The leg takes part in nothing any more, and its switch is asked to end
    /// it; `agent` is whose device it is.
    LegClosing {
        call: CallId,
        leg: LegId,
        agent: Option<AgentId>,
    },
    LegEnded {
        call: CallId,
        leg: LegId,
        cause: Cause,
    },
    DigitPressed {
        call: CallId,
        leg: LegId,
        digit: Digit,
    },
    QueueEntered {
        call: CallId,
        queue: QueueId,
        priority: i32,
        entered: Timestamp,
    },
    QueueLeft {
        call: CallId,
        queue: QueueId,
        reason: QueueExit,
    },
    /// What was learnt about a queue, for the estimates of the next run.
    QueueLearnt {
        queue: QueueId,
        learnt: Learnt,
    },
    /// A queue did not take the call, or had let it wait too long.
    Overflowed {
        call: CallId,
        queue: QueueId,
        why: OverflowWhen,
        to: OverflowTo,
    },
    /// An overflow leads the call to a number outside; when nobody answers there,
    /// it goes on from here.
    Diverted {
        call: CallId,
        from: Diverted,
    },
    /// The caller is asked for a message.
    MessageAsked {
        call: CallId,
        leaving: Leaving,
    },
    /// No message came of it.
    MessageDropped {
        call: CallId,
        mailbox: Mailbox,
        /// Of what was recorded.
        recording: Option<CommandId>,
        why: Dropped,
    },
    /// A message lies in a mailbox.
    MessageLeft {
        message: Message,
    },
    MessageMoved {
        message: MessageId,
        /// The call it was left in.
        call: CallId,
        state: MessageState,
        by: Principal,
        note: OutsideText,
    },
    /// Who left a message is called back.
    MessageCalled {
        message: MessageId,
        by: AgentId,
        /// The call back, not the one it was left in.
        call: CallId,
        came: CalledBack,
    },
    /// A message is in no mailbox any more; its recording stays.
    MessageDeleted {
        message: MessageId,
        call: CallId,
        by: Principal,
    },
    /// The lamp of a phone was told what lies in the mailboxes of its agent.
    LampSet {
        phone: Phone,
        lamp: Lamp,
    },
    /// The call waits for these agents alone until then, or, with none, no longer.
    AgentSought {
        call: CallId,
        queue: QueueId,
        #[serde(alias = "agent")]
        agents: AgentSet,
        until: Option<Timestamp>,
        #[serde(default)]
        why: SoughtWhy,
    },
    /// The call has waited long enough for a step of its queue.
    StepReached {
        call: CallId,
        queue: QueueId,
        /// From 1.
        step: usize,
        priority: i32,
    },
    /// Why an agent was chosen for a call.
    Decided {
        call: CallId,
        queue: QueueId,
        offer: OfferId,
        explanation: Explanation,
    },
    Offered {
        offer: OfferId,
        call: CallId,
        agent: AgentId,
        leg: LegId,
        /// The queue whose call it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<QueueId>,
    },
    /// Who answered a device pressed the key that shows it is the agent.
    Confirmed {
        call: CallId,
        agent: AgentId,
        leg: LegId,
    },
    /// The agent answered, and before the bridge hears whose call it is; or the
    /// caller hears the agent's number.
    Briefed {
        call: CallId,
        agent: AgentId,
        whispered: bool,
        told: bool,
    },
    OfferEnded {
        offer: OfferId,
        call: CallId,
        agent: AgentId,
        outcome: OfferOutcome,
    },
    /// An agent entered a state; `until` is when it ends by itself.
    AgentMoved {
        agent: AgentId,
        tenant: TenantId,
        site: SiteId,
        switch: SwitchId,
        state: AgentState,
        call: Option<CallId>,
        until: Option<Timestamp>,
    },
    /// The agent is left alone until then, after a missed offer.
    AgentRests {
        agent: AgentId,
        until: Timestamp,
    },
    /// An offer to the agent ended without a conversation, by their doing or
    /// their device's.
    OfferMissed {
        call: CallId,
        agent: AgentId,
        queue: QueueId,
        missed: Missed,
        /// Missed in this way since the last offer that was answered, this one included.
        in_a_row: u32,
        /// What becomes of the agent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<MissedThen>,
        /// Whether supervisors are told.
        notify: bool,
    },
    /// The agent has until then to write up the call; `extensions` counts how
    /// often that was put off.
    WrapUpExtended {
        agent: AgentId,
        call: CallId,
        until: Timestamp,
        extensions: u32,
    },
    /// The agent's standing leg is rung, or open.
    LineMoved {
        agent: AgentId,
        line: StandingLeg,
    },
    /// The agent has no standing leg any more.
    LineEnded {
        agent: AgentId,
        leg: LegId,
    },
    /// A standing leg takes part in the call no more, and lives on.
    LegKept {
        call: CallId,
        leg: LegId,
    },
    /// What the agent asked for while busy with a call, granted when free of
    /// it; none when it was taken back.
    AgentAsked {
        agent: AgentId,
        request: Option<AgentRequest>,
    },
    /// Somebody asked for something about a call or an agent, and it was done
    /// or refused.
    Asked {
        by: Principal,
        /// Whose call it is about, or who was put into a state.
        agent: Option<AgentId>,
        call: Option<CallId>,
        /// What was asked, in a word ([`crate::engine::request::Request::word`]).
        ask: OutsideText,
        /// Whom or what it names.
        object: OutsideText,
        refused: Option<Refusal>,
    },
    /// What caller and serving agent are to each other has changed.
    TalkMoved {
        call: CallId,
        talk: Talk,
    },
    /// One more is rung for the call.
    PartyAdded {
        call: CallId,
        leg: LegId,
        who: Invitee,
        role: PartyRole,
    },
    PartyMoved {
        call: CallId,
        leg: LegId,
        role: PartyRole,
    },
    /// A party is not rung any more, or takes part no more.
    PartyLeft {
        call: CallId,
        leg: LegId,
        who: Invitee,
        outcome: PartyOutcome,
    },
    /// A party serves the call from here on, in place of the agent so far.
    HandedOver {
        call: CallId,
        agent: AgentId,
        leg: LegId,
    },
    Parked {
        call: CallId,
        parking: Parking,
    },
    /// An agent dials; the call's caller is the agent's own leg until the
    /// number answers.
    DialledOut {
        call: CallId,
        dialler: Dialler,
    },
    /// The call's own leg is this device of the agent who dials, from here on: they
    /// answered it, or the one before ended.
    DialsOn {
        call: CallId,
        leg: LegId,
    },
    /// The number answered: it is the caller now, and the agent serves it.
    DialAnswered {
        call: CallId,
        caller: LegId,
        agent: AgentId,
        leg: LegId,
    },
    /// Somebody is to be called back.
    CallbackRequested {
        callback: CallId,
        order: CallbackOrder,
    },
    /// A callback has come to this.
    CallbackMoved {
        callback: CallId,
        progress: CallbackProgress,
    },
    CallbackClosed {
        callback: CallId,
        why: CallbackEnd,
        /// The call in which they talk, or that took the place over.
        call: Option<CallId>,
        /// Who talks to the customer, when reached.
        agent: Option<AgentId>,
        queue: QueueId,
        priority: i32,
        entered: Timestamp,
    },
    /// The switch was asked to record.
    RecordingAsked {
        call: CallId,
        recording: CommandId,
        switch: SwitchId,
        /// Whose message it is to become; none for a conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Envelope>,
    },
    RecordingStarted {
        call: CallId,
        recording: CommandId,
    },
    RecordingFiled {
        call: CallId,
        recording: CommandId,
        filed: FiledRecording,
    },
    RecordingLost {
        call: CallId,
        recording: CommandId,
        why: OutsideText,
    },
    /// A command failed or was lost, and what it was for.
    CommandFailed {
        call: Option<CallId>,
        command: CommandId,
        why: OutsideText,
    },
    LinkChanged {
        switch: SwitchId,
        up: bool,
        why: OutsideText,
    },
    /// A live leg that the engine did not know, or knew and no longer found.
    Reconciled {
        switch: SwitchId,
        adopted: u32,
        closed: u32,
    },
    /// The engine and a switch disagreed, found by an audit and repaired.
    Drift {
        switch: SwitchId,
        kind: DriftKind,
        call: Option<CallId>,
        leg: Option<LegId>,
    },
    /// Something stayed in a passing state beyond its deadline and was freed.
    Overdue {
        stuck: Stuck,
        call: Option<CallId>,
        agent: Option<AgentId>,
    },
}

/// Why no message came of a caller's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    /// The caller said next to nothing.
    TooShort,
    /// As many new messages as the limit allows lie in the mailbox.
    MailboxFull,
}

impl Dropped {
    /// The word used in tables and pages.
    pub fn word(self) -> &'static str {
        match self {
            Dropped::TooShort => "too_short",
            Dropped::MailboxFull => "mailbox_full",
        }
    }
}

/// How a party's part in a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyOutcome {
    /// Took part and left, or was let go.
    Talked,
    NoAnswer,
    Busy,
    Rejected,
    /// The device or number could not be reached.
    Unreachable,
    /// Called off while it rang.
    Withdrawn,
    Failed,
}

impl PartyOutcome {
    /// The word used in tables and pages.
    pub fn word(self) -> &'static str {
        match self {
            PartyOutcome::Talked => "talked",
            PartyOutcome::NoAnswer => "no_answer",
            PartyOutcome::Busy => "busy",
            PartyOutcome::Rejected => "rejected",
            PartyOutcome::Unreachable => "unreachable",
            PartyOutcome::Withdrawn => "withdrawn",
            PartyOutcome::Failed => "failed",
        }
    }
}

/// What the engine had missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// A leg that came.
    Arrival,
    /// An answer.
    Answer,
    /// Two legs that were connected.
    Bridge,
    /// Two legs that came apart.
    Parting,
    /// The end of a leg.
    End,
}

impl DriftKind {
    /// The word used in tables, logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            DriftKind::Arrival => "arrival",
            DriftKind::Answer => "answer",
            DriftKind::Bridge => "bridge",
            DriftKind::Parting => "parting",
            DriftKind::End => "end",
        }
    }
}

/// The passing states that have a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stuck {
    /// A call was to be answered, and nobody told that it is.
    Answering,
    /// A prompt did not end.
    Prompt,
    /// A device neither answered nor gave up.
    Offered,
    /// The bridge was asked for, and nobody told that it stands.
    Connecting,
    /// Caller and agent came apart, and neither hung up.
    Apart,
    /// Somebody was rung or connected beside the caller, and nothing was told of it.
    Party,
    /// A device was rung for a standing leg, and nothing was told of it.
    Line,
    /// A leg was to be ended, and nobody told that it is.
    Closing,
    /// The conversation is over, and its recording was not told of.
    Recording,
    /// A caller left a message, and its end was not told.
    Message,
}

impl Stuck {
    /// The word used in tables, logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Stuck::Answering => "answering",
            Stuck::Prompt => "prompt",
            Stuck::Offered => "offered",
            Stuck::Connecting => "connecting",
            Stuck::Apart => "apart",
            Stuck::Party => "party",
            Stuck::Line => "line",
            Stuck::Closing => "closing",
            Stuck::Recording => "recording",
            Stuck::Message => "message",
        }
    }
}

/// How a call's wait in a queue ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueExit {
    /// Connected to an agent.
    Answered,
    /// Connected to an agent of another queue that it waited in too.
    AnsweredElsewhere,
    /// The caller hung up.
    Abandoned,
    /// A supervisor took it elsewhere.
    Moved,
    /// It waited too long and went elsewhere.
    Overflowed,
    /// The caller is called back, and keeps the place.
    CalledBack,
    /// Left the controller: the dead-man's timer, a restart of the switch, or
    /// too many offers.
    Failed,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    Caller,
    Agent,
    Supervisor,
    /// The number outside that the caller was led to.
    Party,
    /// A flow, a limit or a reconciliation.
    System,
}

/// How an offer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferOutcome {
    Accepted,
    NoAnswer,
    Busy,
    Rejected,
    /// The device could not be reached.
    Unreachable,
    /// The caller left while the agent rang.
    CallerLeft,
    /// Another agent answered first.
    AnsweredElsewhere,
    /// Called off because the controller was about to leave.
    Withdrawn,
    /// The command failed or was lost.
    Failed,
}
