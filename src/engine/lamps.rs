//! Message lamps: a phone shows what lies in the mailboxes of its agent, which
//! are the agent's own, that of their group and those of their queues.
//!
//! A lamp is told when what it shows has changed, and again when its switch
//! comes back: it may have forgotten.

use crate::engine::Engine;
use crate::engine::command::Commands;
use crate::engine::fact::Fact;
use crate::engine::id::{CallId, SwitchId};
use crate::engine::mailbox::Mailbox;
use crate::engine::order::Purpose;
use crate::switch::{Extension, SwitchCommand};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A device with a lamp.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Phone {
    pub switch: SwitchId,
    pub extension: Extension,
}

/// What a lamp shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lamp {
    /// New messages: with one or more it is lit.
    pub new: u32,
    /// Messages that somebody has taken and not handled yet.
    pub old: u32,
}

impl Lamp {
    /// Whether it shows anything.
    pub fn is_lit(self) -> bool {
        self != Lamp::default()
    }
}

impl Engine {
    /// Tells the lamps whose messages are others than they were told.
    pub(super) fn refresh_lamps(&mut self, out: &mut Commands) {
        let wanted = self.wanted_lamps();
        let phones: BTreeSet<Phone> = wanted.keys().chain(self.lamps.keys()).cloned().collect();
        for phone in phones {
            let lamp = wanted.get(&phone).copied().unwrap_or_default();
            if self.lamps.get(&phone).copied().unwrap_or_default() != lamp {
                self.set_lamp(phone, lamp, out);
            }
        }
    }

    /// The switch was away, and may show its lamps as it likes.
    pub(super) fn lamps_again(&mut self, switch: &SwitchId, out: &mut Commands) {
        let wanted = self.wanted_lamps();
        let phones: BTreeSet<Phone> = wanted.keys().chain(self.lamps.keys()).cloned().collect();
        for phone in phones.into_iter().filter(|phone| phone.switch == *switch) {
            let lamp = wanted.get(&phone).copied().unwrap_or_default();
            self.set_lamp(phone, lamp, out);
        }
    }

    /// While the switch is out of reach nothing is told: it is when it comes back.
    fn set_lamp(&mut self, phone: Phone, lamp: Lamp, out: &mut Commands) {
        let configured = self.centre.as_ref();
        let configured = configured.is_some_and(|c| c.switches.contains(&phone.switch));
        if !configured || self.links.get(&phone.switch) != Some(&true) {
            return;
        }
        let command = SwitchCommand::SetLamp {
            mailbox: phone.extension.clone(),
            new: lamp.new,
            old: lamp.old,
        };
        let number = CallId::from_ulid(self.new_ulid());
        self.order(number, &phone.switch, command, Purpose::Lamp, out);
        match lamp.is_lit() {
            true => drop(self.lamps.insert(phone.clone(), lamp)),
            false => drop(self.lamps.remove(&phone)),
        }
        out.note(Fact::LampSet { phone, lamp });
    }

    /// What each lamp should show, where that is not nothing.
    fn wanted_lamps(&self) -> BTreeMap<Phone, Lamp> {
        let counts = self.messages.counts();
        let mut lamps: BTreeMap<Phone, Lamp> = BTreeMap::new();
        if counts.is_empty() {
            return lamps;
        }
        for (id, agent) in &self.agents {
            let phone = || Phone {
                switch: agent.settings.switch.clone(),
                extension: agent.settings.extension.clone(),
            };
            for mailbox in Mailbox::of_agent(id, &agent.settings) {
                if let Some((new, taken)) = counts.get(&mailbox) {
                    let lamp = lamps.entry(phone()).or_default();
                    lamp.new += new;
                    lamp.old += taken;
                }
            }
        }
        lamps
    }
}
