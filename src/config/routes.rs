//! Where the calls of queues can go: what their steps and overflows name must
//! exist, be reached, and not lead in circles.

use crate::config::Config;
use crate::config::queue::QueueConfig;
use crate::config::references::References;
use crate::config::switch;
use crate::engine::centre::{OverflowRule, OverflowTo, OverflowWhen};
use crate::engine::id::{QueueId, SwitchId};
use crate::engine::mailbox::Mailbox;
use crate::nearest::suggestion;
use std::collections::BTreeSet;

impl References<'_> {
    pub(super) fn routes(&mut self, config: &Config) {
        for (id, queue) in &config.queues {
            self.steps(config, id, queue);
            self.conditions(config, id, queue);
            for rule in queue.overflow.iter().map(|rule| rule.rule()) {
                let path = ["queues", id.as_str(), "overflow"];
                match &rule.to {
                    OverflowTo::Queue(to) => self.exists(&path, "queue", "queues", to.as_str()),
                    OverflowTo::Flow(to) => self.exists(&path, "flow", "flows", to.as_str()),
                    OverflowTo::Callback if queue.callback.is_none() => {
                        let what = "overflows to callbacks, and has none".to_owned();
                        let repair = "give the queue a `callback`".to_owned();
                        self.error(&path, what, Some(repair));
                    }
                    OverflowTo::Voicemail(Some(mailbox)) => self.mailbox(&path, mailbox),
                    OverflowTo::Site(to) => self.exists(&path, "site", "sites", to.as_str()),
                    OverflowTo::Voicemail(None)
                    | OverflowTo::Number(_)
                    | OverflowTo::Callback
                    | OverflowTo::Busy
                    | OverflowTo::HangUp => {}
                }
                if rule.when == OverflowWhen::Closed && queue.calendar.is_none() {
                    let what = "overflows when it is closed, and has no calendar".to_owned();
                    let repair = "give the queue a `calendar`".to_owned();
                    self.error(&path, what, Some(repair));
                }
            }
            self.circles(config, id);
            self.callbacks(config, id, queue);
        }
    }

    /// Whom nobody can dial is not to be promised a call.
    fn callbacks(&mut self, config: &Config, id: &QueueId, queue: &QueueConfig) {
        let Some(callback) = &queue.callback else {
            return;
        };
        let path = ["queues", id.as_str(), "callback"];
        let switches = &config.switches;
        if !switches.iter().any(|switch| switch.kind.dials_outside()) {
            let what = "calls back, and no switch dials numbers outside".to_owned();
            let repair = "give a switch `outbound`".to_owned();
            self.error(&path, what, Some(repair));
        } else if is_out_of_reach(config, id, queue) {
            let what = "calls back, and none of its agents is on a switch that dials numbers outside, or has a trunk to one";
            let repair = "give the switch of its agents `outbound`, or `trunks` to one that has it";
            self.warning(&path, what.to_owned(), Some(repair.to_owned()));
        }
        if callback.may_dial.is_empty() {
            let what = "allows no number: nobody is called back".to_owned();
            let repair = "name beginnings in `may_dial`; \"\" is every number".to_owned();
            self.error(&path, what, Some(repair));
        }
        if callback.min_digits > callback.max_digits {
            let what = "`min_digits` is more than `max_digits`".to_owned();
            self.error(&path, what, None);
        }
    }

    fn mailbox(&mut self, path: &[&str], mailbox: &Mailbox) {
        match mailbox {
            Mailbox::Agent(agent) => self.exists(path, "agent", "agents", agent.as_str()),
            Mailbox::Group(group) => self.exists(path, "group", "groups", group.as_str()),
            Mailbox::Queue(queue) => self.exists(path, "queue", "queues", queue.as_str()),
        }
    }

    /// A site is reached in one way, which exists.
    pub(super) fn sites(&mut self, config: &Config) {
        for (id, site) in &config.sites {
            if let Some(queue) = &site.queue {
                let path = ["sites", id.as_str(), "queue"];
                self.exists(&path, "queue", "queues", queue.as_str());
            }
            if site.settings().is_none() {
                let what = match &site.queue {
                    Some(_) => "has both a queue and a number",
                    None => "says nowhere how a call gets there",
                };
                let repair = "give it either a `queue` or a `number`".to_owned();
                self.error(&["sites", id.as_str()], what.to_owned(), Some(repair));
            }
        }
    }

    /// Steps come one after the other, before the call has gone elsewhere.
    fn steps(&mut self, config: &Config, id: &QueueId, queue: &QueueConfig) {
        let path = ["queues", id.as_str(), "steps"];
        let leaves = queue
            .overflow
            .iter()
            .filter_map(|rule| match rule.rule().when {
                OverflowWhen::Wait(after) => Some(after),
                _ => None,
            });
        let leaves = leaves.min();
        let mut before = 0;
        for step in &queue.steps {
            let after = step.after_s.get();
            if after <= before {
                let what = format!("a step after {after} s follows one after {before} s");
                let repair = "give the steps in the order of time".to_owned();
                self.error(&path, what, Some(repair));
            }
            before = before.max(after);
            let waited = crate::engine::time::Span::seconds(after);
            if leaves.is_some_and(|leaves| leaves <= waited) {
                let what =
                    format!("the step after {after} s is never reached: calls overflow before");
                let repair = "let it begin earlier, or the overflow later".to_owned();
                self.warning(&path, what, Some(repair));
            }
            for also in step.also.iter().flatten() {
                self.exists(&path, "queue", "queues", also.as_str());
            }
            let has = |skill| {
                config
                    .agents
                    .values()
                    .any(|agent| agent.skills.contains_key(skill))
            };
            for skill in step.requires.iter().flat_map(|skills| skills.keys()) {
                if !has(skill) {
                    self.nobody_has(config, &path, skill.as_str());
                }
            }
        }
    }

    fn conditions(&mut self, config: &Config, id: &QueueId, queue: &QueueConfig) {
        let own = queue
            .condition
            .iter()
            .map(|condition| ("condition", condition));
        let steps = queue
            .steps
            .iter()
            .filter_map(|step| step.condition.as_ref());
        let all = own.chain(steps.map(|condition| ("steps", condition)));
        for (key, condition) in all {
            for skill in condition.skills() {
                let mut agents = config.agents.values();
                if !agents.any(|agent| agent.skills.keys().any(|own| own.as_str() == skill)) {
                    self.nobody_has(config, &["queues", id.as_str(), key], skill);
                }
            }
        }
    }

    fn nobody_has(&mut self, config: &Config, path: &[&str], skill: &str) {
        let known = config.agents.values().flat_map(|agent| agent.skills.keys());
        let repair = suggestion(skill, known.map(|skill| skill.as_str()));
        self.warning(path, format!("no agent has the skill \"{skill}\""), repair);
    }

    /// Queues that send their calls on to each other by the same reason keep them.
    fn circles(&mut self, config: &Config, begin: &QueueId) {
        let mut seen = BTreeSet::new();
        let mut present = begin.clone();
        while seen.insert(present.clone()) {
            let Some(queue) = config.queues.get(&present) else {
                return;
            };
            let mut rules = queue.overflow.iter().map(|rule| rule.rule());
            let Some(next) = rules.find_map(|rule| leads_on(config, rule)) else {
                return;
            };
            present = next;
        }
        if present == *begin {
            let what = "its calls come back to it by overflows, and stay where they are".to_owned();
            let repair = "let one of the queues lead to a flow, or to busy".to_owned();
            self.warning(&["queues", begin.as_str(), "overflow"], what, Some(repair));
        }
    }
}

fn leads_on(config: &Config, rule: &OverflowRule) -> Option<QueueId> {
    match (&rule.to, rule.when) {
        (_, OverflowWhen::Wait(_)) => None,
        (OverflowTo::Queue(to), _) => Some(to.clone()),
        (OverflowTo::Site(site), _) => config.sites.get(site)?.queue.clone(),
        _ => None,
    }
}

/// Whether no switch that dials outside can ring any of those who serve a queue,
/// at the latest by one of its steps.
fn is_out_of_reach(config: &Config, id: &QueueId, queue: &QueueConfig) -> bool {
    let pools = switch::pools(&config.switches);
    let pool = |switch| pools.get(switch).unwrap_or(switch);
    let dial = config.switches.iter().filter(|s| s.kind.dials_outside());
    let dial: BTreeSet<&SwitchId> = dial.map(|switch| pool(&switch.id)).collect();
    let also = queue
        .steps
        .iter()
        .flat_map(|step| step.also.iter().flatten());
    let queues: BTreeSet<&QueueId> = also.chain([id]).collect();
    let agents = config.agents.values();
    let mut agents = agents
        .filter(|agent| agent.queues.iter().any(|seat| queues.contains(&seat.queue)))
        .map(|agent| dial.contains(pool(&agent.switch)))
        .peekable();
    agents.peek().is_some() && !agents.any(|reached| reached)
}
