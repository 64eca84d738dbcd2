//! What people ask about the messages in their mailboxes.

use crate::engine::Engine;
use crate::engine::command::Commands;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, MessageId};
use crate::engine::mailbox::Mailbox;
use crate::engine::message::MessageState;
use crate::engine::request::{MessageRequest, Principal, Refusal};
use crate::engine::text::OutsideText;
use crate::switch::PhoneNumber;

impl Engine {
    pub(super) fn message_asked(
        &mut self,
        by: &Principal,
        id: MessageId,
        ask: &MessageRequest,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let message = self.messages.get(id).ok_or(Refusal::NoSuchMessage)?;
        let mailbox = message.mailbox.clone();
        self.may_look_into(by, &mailbox)?;
        match ask {
            MessageRequest::Take => self.take_message(by, id, out),
            MessageRequest::Release => {
                self.is_taken_for(by, id)?;
                self.move_message(by, id, MessageState::New, "", out);
                Ok(())
            }
            MessageRequest::Handled { note } => {
                match message.state {
                    MessageState::New => {}
                    _ => self.is_taken_for(by, id)?,
                }
                self.move_message(by, id, MessageState::Handled, note.as_str(), out);
                Ok(())
            }
            MessageRequest::Assign { agent } => self.assign_message(by, id, agent, out),
            MessageRequest::Delete => self.delete_message(by, id, out),
            MessageRequest::CallBack => self.call_back(by, id, out),
        }
    }

    /// An agent looks into their own mailbox and those of their group and their
    /// queues; a supervisor also into those of the agents they supervise; who is
    /// no agent, into all.
    pub(super) fn may_look_into(&self, by: &Principal, mailbox: &Mailbox) -> Result<(), Refusal> {
        let Some(own) = by.agent() else {
            return Ok(());
        };
        let agent = self.agents.get(own).ok_or(Refusal::NoSuchAgent)?;
        match Mailbox::of_agent(own, &agent.settings).contains(mailbox)
            || self.supervises(by, mailbox)
        {
            true => Ok(()),
            false => Err(Refusal::NotYourMailbox),
        }
    }

    /// Whether it is a mailbox of somebody whom they supervise.
    fn supervises(&self, by: &Principal, mailbox: &Mailbox) -> bool {
        let Some(own) = by.agent().and_then(|own| self.agents.get(own)) else {
            return by.agent().is_none();
        };
        let agents = self.agents.iter().map(|(id, agent)| (id, &agent.settings));
        Mailbox::of_supervised(&own.settings.supervises, agents).contains(mailbox)
    }

    fn take_message(
        &mut self,
        by: &Principal,
        id: MessageId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let message = self.messages.get(id).ok_or(Refusal::NoSuchMessage)?;
        match &message.state {
            MessageState::New => {
                let taken = MessageState::Taken { by: by.clone() };
                self.move_message(by, id, taken, "", out);
                Ok(())
            }
            MessageState::Taken { by: taker } if taker == by => Ok(()),
            MessageState::Taken { .. } => Err(Refusal::MessageTaken),
            MessageState::Handled => Err(Refusal::MessageHandled),
        }
    }

    /// Whoever supervises the mailbox gives the message to one who looks into it.
    fn assign_message(
        &mut self,
        by: &Principal,
        id: MessageId,
        agent: &AgentId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let message = self.messages.get(id).ok_or(Refusal::NoSuchMessage)?;
        if !self.supervises(by, &message.mailbox) {
            return Err(Refusal::NotPermitted);
        }
        let to = Principal::Agent(agent.clone());
        self.may_look_into(&to, &message.mailbox)?;
        if message.state == MessageState::Handled {
            return Err(Refusal::MessageHandled);
        }
        let taken = MessageState::Taken { by: to };
        if message.state != taken {
            self.move_message(by, id, taken, "", out);
        }
        Ok(())
    }

    /// Whoever took the message decides about it, or who supervises its mailbox.
    fn is_taken_for(&self, by: &Principal, id: MessageId) -> Result<(), Refusal> {
        let message = self.messages.get(id).ok_or(Refusal::NoSuchMessage)?;
        match &message.state {
            MessageState::New => Err(Refusal::MessageNotTaken),
            MessageState::Handled => Err(Refusal::MessageHandled),
            MessageState::Taken { by: taker } => {
                match taker == by || self.supervises(by, &message.mailbox) {
                    true => Ok(()),
                    false => Err(Refusal::MessageTaken),
                }
            }
        }
    }

    fn move_message(
        &mut self,
        by: &Principal,
        id: MessageId,
        state: MessageState,
        note: &str,
        out: &mut Commands,
    ) {
        let Some(call) = self.messages.get(id).map(|message| message.call) else {
            return;
        };
        self.messages.move_to(id, state.clone());
        out.note(Fact::MessageMoved {
            message: id,
            call,
            state,
            by: by.clone(),
            note: OutsideText::new(note),
        });
        self.refresh_lamps(out);
    }

    /// An agent deletes what lies in their own mailbox; the rest is its supervisor's.
    fn delete_message(
        &mut self,
        by: &Principal,
        id: MessageId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let message = self.messages.get(id).ok_or(Refusal::NoSuchMessage)?;
        let own = by.agent().cloned().map(Mailbox::Agent);
        if own.as_ref() != Some(&message.mailbox) && !self.supervises(by, &message.mailbox) {
            return Err(Refusal::NotPermitted);
        }
        let call = message.call;
        self.messages.remove(id);
        out.note(Fact::MessageDeleted {
            message: id,
            call,
            by: by.clone(),
        });
        self.refresh_lamps(out);
        Ok(())
    }

    /// The agent's device is rung, and then the caller; the message is the agent's.
    fn call_back(
        &mut self,
        by: &Principal,
        id: MessageId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let message = self.messages.get(id).ok_or(Refusal::NoSuchMessage)?;
        let own = by.agent().ok_or(Refusal::NoDevice)?.clone();
        let number = PhoneNumber::new(message.caller_number.as_str());
        let number = number.map_err(|_| Refusal::NoNumber)?;
        match &message.state {
            MessageState::Taken { by: taker } if taker != by => return Err(Refusal::MessageTaken),
            MessageState::Handled => return Err(Refusal::MessageHandled),
            _ => {}
        }
        self.dial(&own, &number, Some(id), out)?;
        self.take_message(by, id, out)
    }
}
