//! What sections say of each other: every name they use must exist.

use crate::config::agent::AgentConfig;
use crate::config::calendar::check::Doubt;
use crate::config::callers::KindWord;
use crate::config::finding::{Finding, Findings, Place, Severity};
use crate::config::source::{Node, Value};
use crate::config::switch::SwitchKind;
use crate::config::{Config, Lapsing};
use crate::engine::centre::{MissedOffers, MissedThen};
use crate::engine::ivr::check::{self, Known};
use crate::engine::mailbox::Mailbox;
use crate::engine::request::Destination;
use crate::nearest::suggestion;
use std::collections::BTreeSet;
use std::str::FromStr;

/// Checks them, and gives what will become doubtful with time.
pub(super) fn check(config: &Config, root: &Node, findings: &mut Findings) -> Vec<Lapsing> {
    let mut references = References { root, findings };
    references.switches(config);
    references.agents(config);
    references.numbers(config);
    references.flows(config);
    references.caller_lists(config);
    references.skills(config);
    references.routes(config);
    references.transfer_codes(config);
    references.reasons(config);
    references.sites(config);
    references.calendars(config)
}

fn mailboxes(config: &Config) -> BTreeSet<Mailbox> {
    let agents = config.agents.keys().cloned().map(Mailbox::Agent);
    let groups = config.groups.keys().cloned().map(Mailbox::Group);
    let queues = config.queues.keys().cloned().map(Mailbox::Queue);
    agents.chain(groups).chain(queues).collect()
}

pub(super) struct References<'a> {
    root: &'a Node,
    findings: &'a mut Findings,
}

impl<'a> References<'a> {
    fn switches(&mut self, config: &Config) {
        if self.names("switches").is_empty() {
            let kinds = "\"freeswitch\", \"asterisk\" or \"simulated\"";
            let repair = format!("add [switches.<id>] with kind = {kinds}");
            self.error(&["switches"], "no switch is given".to_owned(), Some(repair));
        }
        self.trunks(config);
        for switch in &config.switches {
            let path = |key| ["switches", switch.id.as_str(), key];
            let endpoint = match &switch.kind {
                SwitchKind::Freeswitch(freeswitch) => {
                    if freeswitch.fallback.split(' ').nth(2) == Some(&config.dialplan.context) {
                        let what = "its context is also the one that trunks enter";
                        let repair = "name another context here or as dialplan.context".to_owned();
                        self.error(&path("fallback"), what.to_owned(), Some(repair));
                    }
                    &freeswitch.endpoint
                }
                SwitchKind::Asterisk(asterisk) => &asterisk.endpoint,
                SwitchKind::Simulated(_) => continue,
            };
            if !endpoint.contains("{extension}") {
                let what = format!("{endpoint:?} does not say where the agent's extension goes");
                let repair = Some("put {extension} in its place".to_owned());
                self.error(&path("endpoint"), what, repair);
            }
        }
    }

    fn agents(&mut self, config: &Config) {
        for (id, agent) in &config.agents {
            self.exists(
                &["agents", id.as_str(), "switch"],
                "switch",
                "switches",
                agent.switch.as_str(),
            );
            for device in &agent.devices {
                if let Some(switch) = &device.device().switch {
                    let path = ["agents", id.as_str(), "devices"];
                    self.exists(&path, "switch", "switches", switch.as_str());
                }
            }
            for (key, group) in agent
                .group
                .iter()
                .map(|group| ("group", group))
                .chain(agent.supervises.iter().map(|group| ("supervises", group)))
            {
                let path = ["agents", id.as_str(), key];
                self.exists(&path, "group", "groups", group.as_str());
            }
            for seat in &agent.queues {
                self.exists(
                    &["agents", id.as_str(), "queues"],
                    "queue",
                    "queues",
                    seat.queue.as_str(),
                );
            }
        }
    }

    /// What becomes of agents who miss offers must be one of the reasons, where there are some.
    fn reasons(&mut self, config: &Config) {
        if config.not_ready_reasons.is_empty() {
            return;
        }
        let centre = MissedOffers::from(&config.missed_offers);
        self.missed(&["missed_offers"], &centre);
        for (id, queue) in &config.queues {
            let path = ["queues", id.as_str(), "missed_offers"];
            self.missed(&path, &MissedOffers::from(&queue.missed_offers));
        }
    }

    fn missed(&mut self, path: &[&str], missed: &MissedOffers) {
        for policy in missed.all() {
            if let Some(MissedThen::NotReady { reason }) = &policy.then {
                self.exists(path, "reason", "not_ready_reasons", reason.as_str());
            }
        }
    }

    fn numbers(&mut self, config: &Config) {
        for (dialled, number) in &config.numbers {
            self.exists(
                &["numbers", dialled, "flow"],
                "flow",
                "flows",
                number.flow.as_str(),
            );
        }
        if self.names("numbers").is_empty() {
            let repair = "add [numbers.<dialled>] with the flow it starts".to_owned();
            let what = "no access number is given: every call is refused".to_owned();
            self.warning(&["numbers"], what, Some(repair));
        }
    }

    fn flows(&mut self, config: &Config) {
        let known = Known {
            queues: self.ids("queues"),
            calendars: self.ids("calendars"),
            agents: self.ids("agents"),
            mailboxes: mailboxes(config),
        };
        for (id, flow) in &config.flows {
            for finding in check::check(flow, &known) {
                let mut path = vec!["flows", id.as_str()];
                match &finding.block {
                    Some(block) => path.extend(["blocks", block.as_str()]),
                    None => path.push("start"),
                }
                path.extend(finding.edge.iter().flat_map(|edge| edge.split('.')));
                let severity = if finding.problem.is_fatal() {
                    Severity::Error
                } else {
                    Severity::Warning
                };
                let (what, repair) = (finding.problem.to_string(), Some(finding.repair.clone()));
                self.push(severity, &path, what, repair);
            }
        }
    }

    fn transfer_codes(&mut self, config: &Config) {
        for (code, to) in &config.in_call.transfer_codes {
            let path = ["in_call", "transfer_codes", code];
            match &to.0 {
                Destination::Queue(id) => self.exists(&path, "queue", "queues", id.as_str()),
                Destination::Flow(id) => self.exists(&path, "flow", "flows", id.as_str()),
                Destination::Agent(id) => self.exists(&path, "agent", "agents", id.as_str()),
                Destination::Number(_) => {}
            }
        }
    }

    fn caller_lists(&mut self, config: &Config) {
        for (id, list) in &config.caller_lists {
            let path = |key| ["caller_lists", id.as_str(), key];
            for (key, agents) in [("prefer", &list.prefer), ("never", &list.never)] {
                for agent in agents.iter() {
                    self.exists(&path(key), "agent", "agents", agent.as_str());
                }
            }
            if let Some(queue) = &list.queue {
                self.exists(&path("queue"), "queue", "queues", queue.as_str());
            }
            if let Some(flow) = &list.flow {
                self.exists(&path("flow"), "flow", "flows", flow.as_str());
            }
            if list.kind != KindWord::Blocked && list.flow.is_some() {
                let what = "only callers of a blocked list are led to a flow".to_owned();
                let repair = "ask for `call.list` in a flow's block of kind \"if\"".to_owned();
                self.error(&path("flow"), what, Some(repair));
            }
        }
    }

    /// A queue nobody can serve is allowed, and probably a mistake.
    fn skills(&mut self, config: &Config) {
        for (id, queue) in &config.queues {
            let mut serving = config
                .agents
                .values()
                .filter(|agent| agent.queues.iter().any(|seat| seat.queue == *id))
                .peekable();
            if serving.peek().is_none() {
                let repair = format!("add {id:?} to the queues of an agent", id = id.as_str());
                self.warning(
                    &["queues", id.as_str()],
                    "no agent serves this queue".to_owned(),
                    Some(repair),
                );
                continue;
            }
            let can = |agent: &AgentConfig| {
                queue
                    .requires
                    .iter()
                    .all(|(skill, least)| agent.skills.get(skill) >= Some(least))
            };
            if serving.any(can) {
                continue;
            }
            for skill in queue.requires.keys() {
                let known = config.agents.values().flat_map(|agent| agent.skills.keys());
                let repair = suggestion(skill.as_str(), known.map(|skill| skill.as_str()));
                let what = "no agent of this queue has the skills it requires".to_owned();
                self.warning(
                    &["queues", id.as_str(), "requires", skill.as_str()],
                    what,
                    repair,
                );
            }
        }
    }

    fn calendars(&mut self, config: &Config) -> Vec<Lapsing> {
        for (id, queue) in &config.queues {
            if let Some(calendar) = &queue.calendar {
                let path = ["queues", id.as_str(), "calendar"];
                self.exists(&path, "calendar", "calendars", calendar.as_str());
            }
        }
        let mut lapsing = Vec::new();
        for (id, calendar) in &config.calendars {
            let full = |doubt: &Doubt| {
                let path = ["calendars".to_owned(), id.to_string()];
                path.into_iter()
                    .chain(doubt.path.clone())
                    .collect::<Vec<_>>()
            };
            for doubt in calendar.doubts() {
                let path = full(&doubt);
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                self.push(doubt.severity, &path, doubt.what, Some(doubt.repair));
            }
            lapsing.extend(calendar.ending().map(|(from, doubt)| {
                let path = full(&doubt);
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let finding = Finding {
                    severity: doubt.severity,
                    place: locate(self.root, &path),
                    subject: path.join("."),
                    what: doubt.what,
                    repair: Some(doubt.repair),
                };
                Lapsing { from, finding }
            }));
        }
        lapsing
    }

    /// Reports `name` at `path` unless the file has a section `[<sections>.<name>]`.
    pub(super) fn exists(&mut self, path: &[&str], noun: &str, sections: &str, name: &str) {
        let known = self.names(sections);
        if !known.contains(&name) {
            self.error(
                path,
                format!("unknown {noun} \"{name}\""),
                suggestion(name, known),
            );
        }
    }

    /// The names given below `[<sections>]`, those with errors included.
    fn names(&self, sections: &str) -> Vec<&'a str> {
        let Value::Table(root) = &self.root.value else {
            return Vec::new();
        };
        match root.get(sections).map(|node| &node.value) {
            Some(Value::Table(table)) => table.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn ids<K: FromStr + Ord>(&self, sections: &str) -> BTreeSet<K> {
        let names = self.names(sections).into_iter();
        names.filter_map(|name| name.parse().ok()).collect()
    }

    pub(super) fn error(&mut self, path: &[&str], what: String, repair: Option<String>) {
        self.push(Severity::Error, path, what, repair);
    }

    pub(super) fn warning(&mut self, path: &[&str], what: String, repair: Option<String>) {
        self.push(Severity::Warning, path, what, repair);
    }

    fn push(&mut self, severity: Severity, path: &[&str], what: String, repair: Option<String>) {
        let place = locate(self.root, path);
        self.findings
            .push(severity, &place, &path.join("."), what, repair);
    }
}

/// The place of the value at `path`, or of the nearest thing above it that was given.
fn locate(root: &Node, path: &[&str]) -> Place {
    let mut place = root.key.clone();
    let mut node = root;
    for (depth, name) in path.iter().enumerate() {
        let Value::Table(table) = &node.value else {
            break;
        };
        let Some(child) = table.get(*name) else { break };
        place = if depth + 1 == path.len() {
            child.place.clone()
        } else {
            child.key.clone()
        };
        node = child;
    }
    place
}
