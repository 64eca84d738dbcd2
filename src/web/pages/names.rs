//! The names that people gave to what the records know by id.

use crate::clock;
use crate::web::Web;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Names {
    queues: BTreeMap<String, String>,
    agents: BTreeMap<String, String>,
}

impl Names {
    pub(super) fn of(web: &Web) -> Self {
        let now = clock::now();
        web.handle.read(|board| Self {
            queues: board
                .queues(now)
                .into_iter()
                .map(|queue| (queue.id, queue.name))
                .collect(),
            agents: board
                .agents(now)
                .into_iter()
                .map(|agent| (agent.id, agent.name))
                .collect(),
        })
    }

    /// Every queue by its id.
    pub(super) fn queues(&self) -> impl Iterator<Item = (&str, &str)> {
        let queues = self.queues.iter();
        queues.map(|(id, name)| (id.as_str(), name.as_str()))
    }

    /// Every agent by their id.
    pub(super) fn agents(&self) -> impl Iterator<Item = (&str, &str)> {
        let agents = self.agents.iter();
        agents.map(|(id, name)| (id.as_str(), name.as_str()))
    }

    /// The name, or the id of a queue that is no longer there.
    pub(super) fn queue(&self, id: &str) -> String {
        self.queues.get(id).map_or(id, String::as_str).to_owned()
    }

    pub(super) fn agent(&self, id: &str) -> String {
        self.agents.get(id).map_or(id, String::as_str).to_owned()
    }
}
