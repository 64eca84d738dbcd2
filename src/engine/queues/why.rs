//! Who could take the calls of a queue, and which of them an agent could.

use super::{AgentIndex, DemandIndex, Queues, Standing, SwitchIndex, number};
use crate::engine::explanation::{Exclusion, Exclusions};
use crate::engine::id::{QueueId, SwitchId};
use crate::engine::terms::Terms;
use crate::engine::why::{Staff, WhyFromQueue};

impl Queues {
    pub(crate) fn standing(&self, agent: AgentIndex) -> Standing {
        self.standings[agent.0 as usize]
    }

    /// The agents of a queue as a call on `switch` with these terms sees them.
    pub(crate) fn staff_for(&self, terms: &Terms, switch: &SwitchId) -> Staff {
        let mut staff = Staff::default();
        let Some(queue) = self.get(&terms.queue) else {
            return staff;
        };
        let asked = queue.settings.asked(terms.step);
        for (member, standing) in self.members.iter().zip(&self.standings) {
            let Some(level) = asked.level(&terms.queue, &member.settings) else {
                continue;
            };
            let elsewhere = || {
                let serves = self.is_pooled(switch, member.pool);
                (!serves).then_some(Exclusion::OtherSwitch)
            };
            let lacking = asked.lacking(terms, &member.id, &member.settings, level);
            match (lacking.or_else(elsewhere), standing) {
                (Some(lack), _) => staff.unsuited.add(lack),
                (None, Standing::Excluded(reason)) => staff.suited.add(*reason),
                (None, Standing::Free { .. }) => staff.free += 1,
            }
        }
        staff
    }

    /// The calls of a queue that wait without an offer, as an agent sees them;
    /// none when there is no such queue.
    pub(crate) fn offers_of(&self, agent: AgentIndex, id: &QueueId) -> Option<WhyFromQueue> {
        let queue = self.index(id)?;
        let member = self.member(agent);
        let (mut suited, mut unsuited) = (0, Exclusions::default());
        for demand in self.demands().filter(|one| self.queue_of(*one) == queue) {
            let lacks = member.lacks.iter().find(|(of, _)| *of == demand);
            for (rank, switch) in self.switches.iter().enumerate() {
                let waiting = self.waiting_on(demand, SwitchIndex(number(rank)));
                match lacks {
                    _ if waiting == 0 => {}
                    Some((_, lack)) => unsuited.add_many(*lack, waiting),
                    None if !self.is_pooled(switch, member.pool) => {
                        unsuited.add_many(Exclusion::OtherSwitch, waiting);
                    }
                    None => suited += waiting,
                }
            }
        }
        Some(WhyFromQueue {
            queue: id.clone(),
            level: member.seat(id).map_or(1, |seat| seat.level),
            suited,
            unsuited,
            idle_longer: self.idle_longer(agent, self.own_demand(queue)),
        })
    }

    /// Who meets a demand, is free, and comes before this agent by idle time.
    fn idle_longer(&self, agent: AgentIndex, demand: DemandIndex) -> u32 {
        let idle = |nth: AgentIndex| match self.standing(nth) {
            Standing::Free { idle_since } => Some((idle_since, nth)),
            Standing::Excluded(_) => None,
        };
        let own = idle(agent);
        let others = (0..number(self.members.len())).map(AgentIndex);
        let before = others.filter(|other| {
            let meets = &self.member(*other).meets;
            let sooner = idle(*other).is_some_and(|theirs| own.is_none_or(|own| theirs < own));
            *other != agent && sooner && meets.contains(&demand)
        });
        number(before.count())
    }

    fn waiting_on(&self, demand: DemandIndex, switch: SwitchIndex) -> u32 {
        number(self.lines[self.position(demand, switch)].waiting.len())
    }
}
