//! The centre's settings, at the start and whenever they change.

use crate::engine::Engine;
use crate::engine::agent::{Agent, AgentState};
use crate::engine::call::Visit;
use crate::engine::centre::Centre;
use crate::engine::command::Commands;
use crate::engine::event::AgentRequest;
use crate::engine::explanation::{Exclusion, Trigger};
use crate::engine::id::{AgentId, CallId};
use crate::engine::queues::Standing;
use crate::engine::timer::Reason;
use crate::engine::waiting::Entry;
use crate::engine::wishes::Sought;

impl Engine {
    /// Takes new settings. Calls keep their places. A queue that is gone from
    /// the settings is served on by those who served it, until its last call has
    /// left; an agent who is gone is signed out when free of calls.
    pub(super) fn configure(&mut self, centre: Centre, out: &mut Commands) {
        for switch in &centre.switches {
            self.links.entry(switch.clone()).or_insert(false);
        }
        let mut added = Vec::new();
        for (id, settings) in &centre.agents {
            match self.agents.get_mut(id) {
                Some(agent) => {
                    let before = std::mem::replace(&mut agent.settings, settings.clone());
                    let left = before.queues.into_iter().filter(|seat| {
                        let waits = self
                            .queues
                            .get(&seat.queue)
                            .is_some_and(|queue| queue.length() > 0);
                        waits && !centre.queues.contains_key(&seat.queue)
                    });
                    agent.settings.queues.extend(left);
                }
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
        let gone: Vec<AgentId> = self
            .agents
            .iter()
            .filter(|(id, _)| !centre.agents.contains_key(id))
            // Asked already, and still in a call.
            .filter(|(_, agent)| agent.next != Some(AgentRequest::SignOut))
            .map(|(id, _)| id.clone())
            .collect();
        let mut queues = centre.queues.clone();
        for index in self.queues.indices() {
            let queue = self.queues.queue(index);
            if queue.length() > 0 {
                let left = queue.settings.clone();
                queues.entry(queue.id.clone()).or_insert(left);
            }
        }
        let agents = self.agents.iter();
        self.queues.set_pools(&centre.pools);
        self.queues
            .configure(&queues, agents.map(|(id, agent)| (id, &agent.settings)));
        for (switch, up) in &self.links {
            self.queues.set_reachable(switch, *up);
        }
        // At the start what is remembered says of each agent what there is to say.
        let begins = self.centre.replace(centre).is_none();
        for agent in added.into_iter().filter(|_| !begins) {
            self.move_agent(&agent, AgentState::SignedOut, None, None, out);
        }
        self.close_orphans(out);
        self.place_all_again();
        let agents: Vec<AgentId> = self.agents.keys().cloned().collect();
        for agent in &agents {
            self.refresh_standing(agent);
        }
        self.end_needless_lines(out);
        for agent in gone {
            // Signing out is never refused.
            let _ = self.on_agent_request(&agent, AgentRequest::SignOut, out);
        }
        self.refresh_lamps(out);
        for queue in self.queues.indices() {
            self.distribute(queue, Trigger::Reconfigured, out);
        }
    }

    /// The queues are empty after new settings: every call that waits goes to its
    /// place again, on the terms that hold now.
    fn place_all_again(&mut self) {
        let waiting = self.calls.iter().filter(|(_, call)| call.is_waiting());
        let waiting = waiting.map(|(id, _)| *id);
        let in_line = self.callbacks.iter().filter(|(_, c)| !c.visits.is_empty());
        let waiting: Vec<CallId> = waiting.chain(in_line.map(|(id, _)| *id)).collect();
        for call in waiting {
            let visits = self.visits_mut(call).map(std::mem::take);
            for visit in visits.unwrap_or_default() {
                let sought = self.search_of(call, &visit);
                let entry = Entry {
                    queue: visit.terms.queue,
                    priority: visit.place.priority(),
                    entered: visit.place.entered,
                    step: visit.terms.step,
                    sought,
                };
                self.take_place(call, &entry);
            }
            self.line_up(call);
        }
    }

    /// Whom the call waits for alone, and until when.
    fn search_of(&self, call: CallId, visit: &Visit) -> Option<Sought> {
        let ends = Reason::SearchEnds(call, visit.queue().clone());
        let until = self.timers.get(&ends)?;
        Some(Sought {
            agents: visit.terms.only.clone(),
            until,
            why: visit.sought_why,
        })
    }

    /// Tells the queues of this agent what the agent is to them now.
    pub(super) fn refresh_standing(&mut self, id: &AgentId) {
        let (Some(agent), Some(index)) = (self.agents.get(id), self.queues.agent_index(id)) else {
            return;
        };
        let reachable = self.links.get(&agent.settings.switch);
        let standing = match agent.unavailable() {
            Some(reason) => Standing::Excluded(reason),
            None if reachable != Some(&true) => Standing::Excluded(Exclusion::SwitchDown),
            None => Standing::Free {
                idle_since: agent.idle_since,
            },
        };
        self.queues.set_standing(index, standing);
    }
}
