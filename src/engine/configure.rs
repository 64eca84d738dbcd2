//! The centre's settings, at the start and whenever they change.

use crate::engine::Engine;
use crate::engine::agent::{Agent, AgentState};
use crate::engine::centre::Centre;
use crate::engine::command::Commands;
use crate::engine::explanation::{Exclusion, Trigger};
use crate::engine::id::{AgentId, QueueId};
use crate::engine::queue::{Queue, Standing};
use crate::engine::skill;

impl Engine {
    /// Takes new settings. Calls keep their places; a queue or an agent that is
    /// gone from the settings stays until its last call is over.
    pub(super) fn configure(&mut self, centre: Centre, out: &mut Commands) {
        for switch in &centre.switches {
            self.links.entry(switch.clone()).or_insert(false);
        }
        for (id, settings) in &centre.queues {
            match self.queues.get_mut(id) {
                Some(queue) => queue.settings = settings.clone(),
                None => {
                    self.queues.insert(id.clone(), Queue::new(settings.clone()));
                }
            }
        }
        self.queues
            .retain(|id, queue| centre.queues.contains_key(id) || queue.length() > 0);
        let mut added = Vec::new();
        for (id, settings) in &centre.agents {
            match self.agents.get_mut(id) {
                Some(agent) => agent.settings = settings.clone(),
                None => {
                    self.agents
                        .insert(id.clone(), Agent::new(settings.clone(), self.now));
                    added.push(id.clone());
                }
            }
        }
        self.agents.retain(|id, agent| {
            centre.agents.contains_key(id) || agent.state != AgentState::SignedOut
        });
        self.centre = Some(centre);
        for agent in added {
            self.move_agent(&agent, AgentState::SignedOut, None, None, out);
        }
        let agents: Vec<AgentId> = self.agents.keys().cloned().collect();
        for agent in &agents {
            self.refresh_standing(agent);
        }
        let queues: Vec<QueueId> = self.queues.keys().cloned().collect();
        for queue in queues {
            self.distribute(&queue, Trigger::Reconfigured, out);
        }
    }

    /// Tells every queue what this agent is to it now.
    pub(super) fn refresh_standing(&mut self, id: &AgentId) {
        let agent = self.agents.get(id);
        for (queue_id, queue) in &mut self.queues {
            let Some(agent) = agent.filter(|agent| agent.settings.queues.contains(queue_id)) else {
                queue.drop_standing(id);
                continue;
            };
            let settings = &agent.settings;
            let standing = match agent.unavailable() {
                Some(reason) => Standing::Excluded(reason),
                None if !skill::meets(&settings.skills, &queue.settings.requires) => {
                    Standing::Excluded(Exclusion::Skill)
                }
                None if !self.links.get(&settings.switch).copied().unwrap_or(false) => {
                    Standing::Excluded(Exclusion::SwitchDown)
                }
                None => Standing::Eligible {
                    switch: settings.switch.clone(),
                    idle_since: agent.idle_since,
                },
            };
            queue.set_standing(id, standing);
        }
    }
}
