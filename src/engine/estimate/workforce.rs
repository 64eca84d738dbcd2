//! Who serves which queue, and what each of them is doing.

use crate::engine::agent::AgentState;
use crate::engine::centre::Centre;
use crate::engine::estimate::QueueNumber;
use crate::engine::estimate::durations::{Durations, ms};
use crate::engine::estimate::releases::Release;
use crate::engine::fact::RememberedAgent;
use crate::engine::id::{AgentId, QueueId};
use crate::engine::skill;
use crate::engine::time::{Span, Timestamp};
use std::collections::BTreeMap;

/// Of more agents than this, every so manieth is looked at.
const LOOKED_AT: usize = 48;
/// Answers after which an old one counts a third.
const ANSWERS_KEPT: f64 = 50.0;

#[derive(Debug, Default)]
pub(super) struct Workforce {
    numbers: BTreeMap<AgentId, usize>,
    agents: Vec<Agent>,
    /// By the number of the queue.
    posts: Vec<Post>,
}

/// One queue's agents.
#[derive(Debug, Default)]
struct Post {
    agents: Vec<usize>,
    /// The queues that have agents with it in common, and the share of its
    /// answers that those agents gave lately.
    companions: Vec<(QueueNumber, f64)>,
}

#[derive(Debug)]
struct Agent {
    /// Whose requirements they meet, in order.
    serves: Vec<QueueNumber>,
    doing: Doing,
    /// The offer of the call in hand.
    busy_since: Timestamp,
    /// The queue of the call that rings, and of the one in hand.
    offered: Option<QueueNumber>,
    handles: Option<QueueNumber>,
    /// Asked for a break, or to go home, when free of the call.
    leaves: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Away,
    Free,
    /// Wraps up, or rests after a missed offer.
    Until(Timestamp),
    Busy,
}

impl Workforce {
    pub(super) fn configure(&mut self, centre: &Centre, queues: &BTreeMap<QueueId, QueueNumber>) {
        for agent in &mut self.agents {
            agent.serves.clear();
        }
        let before = std::mem::take(&mut self.posts);
        self.posts.resize_with(queues.len(), Post::default);
        for (id, settings) in &centre.agents {
            let mut serves: Vec<QueueNumber> = settings
                .queues
                .iter()
                .map(|seat| &seat.queue)
                .filter(|queue| {
                    let settings_of_queue = centre.queues.get(*queue);
                    settings_of_queue
                        .is_some_and(|queue| skill::meets(&settings.skills, &queue.requires))
                })
                .filter_map(|queue| queues.get(queue).copied())
                .collect();
            serves.sort_unstable();
            serves.dedup();
            let number = self.number(id);
            for queue in &serves {
                self.posts[*queue].agents.push(number);
            }
            self.agents[number].serves = serves;
        }
        self.find_companions(&before);
    }

    fn number(&mut self, id: &AgentId) -> usize {
        let next = self.agents.len();
        let number = *self.numbers.entry(id.clone()).or_insert(next);
        if number == next {
            self.agents.push(Agent {
                serves: Vec::new(),
                doing: Doing::Away,
                busy_since: Timestamp::default(),
                offered: None,
                handles: None,
                leaves: false,
            });
        }
        number
    }

    /// Before anything is known, all agents of a queue answer as many of its calls.
    fn find_companions(&mut self, before: &[Post]) {
        let count = self.posts.len();
        let mut common = vec![0_u32; count];
        for queue in 0..count {
            common.fill(0);
            for agent in &self.posts[queue].agents {
                for other in &self.agents[*agent].serves {
                    common[*other] += 1;
                }
            }
            let all = f64::from(common[queue]);
            let known = before.get(queue).map(|post| post.companions.as_slice());
            let share = |other: usize, common: u32| {
                let known = known.unwrap_or_default();
                let known = known.iter().find(|(queue, _)| *queue == other);
                known.map_or(f64::from(common) / all, |(_, share)| *share)
            };
            let companions = common.iter().enumerate();
            let companions = companions
                .filter(|(other, common)| *other != queue && **common > 0)
                .map(|(other, common)| (other, share(other, *common)));
            self.posts[queue].companions = companions.collect();
        }
    }

    /// The queues whose calls compete for this one's agents, and the share of
    /// their calls that those agents take.
    pub(super) fn companions(
        &self,
        queue: QueueNumber,
    ) -> impl Iterator<Item = (QueueNumber, f64)> + '_ {
        let others = self.posts.get(queue).map(|post| post.companions.as_slice());
        let others = others.unwrap_or_default().iter();
        others.filter_map(move |(other, _)| {
            let companions = &self.posts[*other].companions;
            let nth = companions.binary_search_by_key(&queue, |(queue, _)| *queue);
            Some((*other, companions[nth.ok()?].1))
        })
    }

    /// An agent answered a call of the queue.
    pub(super) fn answered(&mut self, id: &AgentId, queue: QueueNumber) {
        let Some(number) = self.numbers.get(id) else {
            return;
        };
        let agent = &mut self.agents[*number];
        agent.handles = Some(queue);
        let Some(post) = self.posts.get_mut(queue) else {
            return;
        };
        for (other, share) in &mut post.companions {
            let serves = agent.serves.binary_search(other).is_ok();
            *share += (f64::from(u8::from(serves)) - *share) / ANSWERS_KEPT;
        }
    }

    pub(super) fn offered(&mut self, id: &AgentId, queue: Option<QueueNumber>) {
        if let Some(number) = self.numbers.get(id) {
            self.agents[*number].offered = queue;
        }
    }

    /// An agent entered a state. When a call is off their hands with it: of
    /// which queue, and how long it kept them.
    pub(super) fn moved(
        &mut self,
        id: &AgentId,
        state: &AgentState,
        until: Option<Timestamp>,
        at: Timestamp,
    ) -> Option<(QueueNumber, Span)> {
        let number = self.number(id);
        let agent = &mut self.agents[number];
        let was = agent.doing;
        agent.doing = match state {
            AgentState::Ready => Doing::Free,
            AgentState::Offered | AgentState::OnCall | AgentState::Hold | AgentState::Consult => {
                Doing::Busy
            }
            AgentState::WrapUp => Doing::Until(until.unwrap_or(at)),
            AgentState::SignedOut | AgentState::NotReady { .. } => Doing::Away,
        };
        match state {
            AgentState::Offered => agent.busy_since = at,
            AgentState::OnCall if was != Doing::Busy => agent.busy_since = at,
            AgentState::OnCall | AgentState::Hold | AgentState::Consult | AgentState::WrapUp => {}
            AgentState::Ready | AgentState::SignedOut | AgentState::NotReady { .. } => {
                agent.offered = None;
                agent.leaves = false;
                let queue = agent.handles.take()?;
                return Some((queue, at.since(agent.busy_since)));
            }
        }
        None
    }

    pub(super) fn rests(&mut self, id: &AgentId, until: Timestamp) {
        if let Some(number) = self.numbers.get(id) {
            let agent = &mut self.agents[*number];
            if agent.doing == Doing::Free {
                agent.doing = Doing::Until(until);
            }
        }
    }

    /// Wrap-up goes on until then.
    pub(super) fn wraps_up(&mut self, id: &AgentId, until: Timestamp) {
        if let Some(number) = self.numbers.get(id) {
            let agent = &mut self.agents[*number];
            if let Doing::Until(_) = agent.doing {
                agent.doing = Doing::Until(until);
            }
        }
    }

    pub(super) fn leaves(&mut self, id: &AgentId, leaves: bool) {
        if let Some(number) = self.numbers.get(id) {
            self.agents[*number].leaves = leaves;
        }
    }

    pub(super) fn remember(&mut self, known: &RememberedAgent) {
        self.moved(&known.agent, &known.state, known.until, known.since);
        if let Some(until) = known.rests_until {
            self.rests(&known.agent, until);
        }
        self.leaves(&known.agent, known.next.is_some());
    }

    /// What the agents of a queue do who will take a call of it, and how many
    /// each of them stands for. With `may_be_free` the first is a free one, if
    /// there is any; otherwise free agents are those who cannot take the call.
    /// None when nobody is there.
    pub(super) fn releases<'a>(
        &self,
        queue: QueueNumber,
        may_be_free: bool,
        at: Timestamp,
        handling: impl Fn(QueueNumber) -> &'a Durations,
    ) -> Option<(Vec<Release<'a>>, f64)> {
        let agents = &self.posts.get(queue)?.agents;
        let there = |number: &&usize| {
            let agent = &self.agents[**number];
            let is_free = agent.is_free(at);
            !agent.leaves && agent.doing != Doing::Away && !is_free
        };
        if may_be_free && agents.iter().any(|number| self.agents[*number].is_free(at)) {
            return Some((vec![Release::Now], 1.0));
        }
        let count = agents.iter().filter(there).count();
        if count == 0 {
            return None;
        }
        let every = count.div_ceil(LOOKED_AT);
        let looked_at = agents.iter().filter(there).step_by(every);
        let release = |number: &usize| {
            let agent = &self.agents[*number];
            match agent.doing {
                Doing::Until(until) => Release::After(ms(until.since(at))),
                _ => {
                    let queue = agent.handles.or(agent.offered).unwrap_or(queue);
                    Release::Busy(ms(at.since(agent.busy_since)), handling(queue))
                }
            }
        };
        let releases: Vec<Release<'a>> = looked_at.map(release).collect();
        #[expect(clippy::cast_precision_loss, reason = "agents are few")]
        let each = count as f64 / releases.len() as f64;
        Some((releases, each))
    }
}

impl Agent {
    /// A rest that is over is told by nothing.
    fn is_free(&self, at: Timestamp) -> bool {
        match self.doing {
            Doing::Free => true,
            Doing::Until(until) => until <= at && self.handles.is_none(),
            Doing::Away | Doing::Busy => false,
        }
    }
}
