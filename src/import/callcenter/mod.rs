//! FreeSWITCH's mod_callcenter: `callcenter.conf.xml`.

mod contact;
mod missed;
mod parameters;
#[cfg(test)]
mod tests;
mod waiting;

use crate::import::draft::{Draft, DraftAgent, DraftQueue, DraftSeat, UNLIMITED, majority};
use crate::import::rule::{judge, taken};
use crate::import::{Given, ImportError, Imported, Remarks, names};
use contact::Contact;
use missed::Missed;
use roxmltree::{Document, Node};

/// Seconds that an agent rings where nothing is said.
const RING_S: u32 = 60;

/// Reads the text of a `callcenter.conf.xml` and draws up queues and agents,
/// whose devices are on `switch`.
///
/// # Errors
/// [`ImportError`] when it is not XML, or nothing of a call centre is in it.
pub fn import(text: &str, switch: &str) -> Result<Imported, ImportError> {
    let document = Document::parse(text).map_err(|error| ImportError::Syntax {
        line: usize::try_from(error.pos().row).unwrap_or_default(),
        what: error.to_string(),
    })?;
    let root = document.root_element();
    let parts = ["settings", "queues", "agents", "tiers"];
    if !root
        .descendants()
        .any(|node| parts.contains(&node.tag_name().name()))
    {
        return Err(ImportError::NotACallcenter);
    }
    let mut import = Import {
        document: &document,
        remarks: Remarks::default(),
    };
    import.unread(root, &parts);
    let centre = Centre::read(&mut import, root);
    let draft = centre.draft(switch, &mut import.remarks);
    Ok(Imported {
        toml: draft.to_toml("mod_callcenter"),
        remarks: import.remarks.into_sorted(),
    })
}

struct Import<'d> {
    document: &'d Document<'d>,
    remarks: Remarks,
}

/// What stands in the file, by kind.
struct Centre {
    ring_s: u32,
    queues: Vec<Queue>,
    agents: Vec<Agent>,
    tiers: Vec<Tier>,
}

struct Queue {
    name: String,
    id: String,
    line: usize,
    given: Vec<Given>,
}

struct Agent {
    name: String,
    id: String,
    line: usize,
    wrap_up_s: u32,
    /// How long the contact says that it rings.
    ring_s: Option<u32>,
    extension: String,
    /// What follows when the agent misses calls.
    missed: Missed,
    /// Type `uuid-standby`.
    stands: bool,
}

struct Tier {
    agent: String,
    queue: String,
    level: u8,
    position: u16,
    line: usize,
}

impl Import<'_> {
    fn line(&self, node: Node<'_, '_>) -> usize {
        let position = self.document.text_pos_at(node.range().start);
        usize::try_from(position.row).unwrap_or_default()
    }

    /// Reports elements that nobody reads: includes and misspelt ones.
    fn unread(&mut self, parent: Node<'_, '_>, known: &[&str]) {
        for node in parent.children().filter(Node::is_element) {
            let name = node.tag_name().name();
            if name.eq_ignore_ascii_case("X-PRE-PROCESS") {
                let data = node.attribute("data").unwrap_or_default();
                let subject = format!("{name} {data}");
                let what = "included files and variables of FreeSWITCH are not read; import what it \
                            stands for by itself";
                self.remarks.lost(self.line(node), subject, what);
            } else if !known.contains(&name) {
                let what = format!("only {} are read here", known.join(", "));
                self.remarks
                    .lost(self.line(node), format!("<{name}>"), what);
            }
        }
    }

    /// The elements `<name>` within every `<part>`.
    fn elements<'n, 'i>(
        &mut self,
        root: Node<'n, 'i>,
        part: &str,
        name: &str,
    ) -> Vec<Node<'n, 'i>> {
        let parts: Vec<_> = root
            .descendants()
            .filter(|node| node.tag_name().name() == part)
            .collect();
        let mut found = Vec::new();
        for part in parts {
            self.unread(part, &[name]);
            found.extend(
                part.children()
                    .filter(|node| node.tag_name().name() == name),
            );
        }
        found
    }

    /// The `<param name= value=>` of a node.
    fn params(&mut self, nodes: &[Node<'_, '_>], section: &str) -> Vec<Given> {
        let given = nodes.iter().map(|node| Given {
            name: node.attribute("name").unwrap_or_default().to_owned(),
            value: node.attribute("value").unwrap_or_default().to_owned(),
            line: self.line(*node),
            section: section.to_owned(),
        });
        let given: Vec<Given> = given.collect();
        self.variables(&given);
        given
    }

    /// The attributes of a node.
    fn attributes(&mut self, node: Node<'_, '_>, section: &str) -> Vec<Given> {
        let line = self.line(node);
        let given = node.attributes().map(|attribute| Given {
            name: attribute.name().to_owned(),
            value: attribute.value().to_owned(),
            line,
            section: section.to_owned(),
        });
        let given: Vec<Given> = given.collect();
        self.variables(&given);
        given
    }

    fn variables(&mut self, given: &[Given]) {
        for given in given {
            // Of these two the text is not taken over.
            let ours = ["record-template", "moh-sound"].contains(&given.name.as_str());
            if given.value.contains("$${") && !ours {
                let what = "a variable of FreeSWITCH is not known here; write its value";
                self.remarks.lost(given.line, given.subject(), what);
            }
        }
    }
}

/// The last one counts, as in FreeSWITCH.
fn last<'g>(given: &'g [Given], name: &str) -> Option<&'g Given> {
    given
        .iter()
        .rev()
        .find(|given| given.name.eq_ignore_ascii_case(name))
}

impl Centre {
    fn read(import: &mut Import<'_>, root: Node<'_, '_>) -> Self {
        let settings = import.elements(root, "settings", "param");
        let settings = import.params(&settings, "settings");
        judge(parameters::SETTINGS, &settings, &mut import.remarks);
        let ring_s = last(&settings, "agent-originate-timeout");
        Self {
            ring_s: ring_s
                .and_then(|given| number(given, &mut import.remarks))
                .filter(|seconds| *seconds > 0)
                .unwrap_or(RING_S),
            queues: Queue::read_all(import, root),
            agents: Agent::read_all(import, root),
            tiers: Tier::read_all(import, root),
        }
    }

    fn draft(&self, switch: &str, remarks: &mut Remarks) -> Draft {
        let queues = self.queues.iter().map(|queue| self.queue(queue, remarks));
        let mut draft = Draft {
            queues: queues.collect(),
            agents: Vec::new(),
            switch: switch.to_owned(),
        };
        for agent in &self.agents {
            let tiers = self.tiers.iter().filter(|tier| tier.agent == agent.name);
            let seat = |tier: &Tier| {
                let queue = self.queues.iter().find(|queue| queue.name == tier.queue)?;
                Some(DraftSeat {
                    queue: queue.id.clone(),
                    level: tier.level,
                    position: tier.position,
                    weight: 1,
                })
            };
            draft.agents.push(DraftAgent {
                id: agent.id.clone(),
                name: agent.name.clone(),
                extension: agent.extension.clone(),
                seats: tiers.filter_map(seat).collect(),
                stands: agent.stands,
            });
        }
        self.strangers(remarks);
        draft
    }

    /// Tiers that name what is not in the file.
    fn strangers(&self, remarks: &mut Remarks) {
        for tier in &self.tiers {
            let subject = format!("tier of {} in {}", tier.agent, tier.queue);
            if !self.agents.iter().any(|agent| agent.name == tier.agent) {
                let what = format!("there is no agent {:?} in this file", tier.agent);
                remarks.lost(tier.line, &subject, what);
            }
            if !self.queues.iter().any(|queue| queue.name == tier.queue) {
                let what = format!("there is no queue {:?} in this file", tier.queue);
                remarks.lost(tier.line, &subject, what);
            }
        }
    }

    fn queue(&self, queue: &Queue, remarks: &mut Remarks) -> DraftQueue {
        let mut draft = DraftQueue {
            id: queue.id.clone(),
            ..DraftQueue::default()
        };
        draft.set("name", queue.name.as_str());
        draft.set("strategy", queue.strategy(remarks));
        if let Some(music) = queue.music(remarks) {
            draft.set("music", music);
        }
        let agents = self.agents_of(queue);
        draft.set("ring_s", i64::from(self.ring(queue, &agents, remarks)));
        if let Some(delay) = queue.progress(remarks) {
            draft.set("progress_s", i64::from(delay));
        }
        draft.set("wrap_up_s", i64::from(wrap_up(queue, &agents, remarks)));
        queue.missed(&agents, &mut draft, remarks);
        draft.set("record", last(&queue.given, "record-template").is_some());
        draft.set("max_waiting", i64::from(UNLIMITED));
        self.tier_rules(queue, &mut draft, remarks);
        queue.waiting(&mut draft, remarks);
        draft.checked(queue.line, remarks)
    }

    fn agents_of(&self, queue: &Queue) -> Vec<&Agent> {
        let tiers = self.tiers.iter().filter(|tier| tier.queue == queue.name);
        let mut agents: Vec<&Agent> = tiers
            .filter_map(|tier| self.agents.iter().find(|agent| agent.name == tier.agent))
            .collect();
        agents.dedup_by_key(|agent| &agent.name);
        agents
    }

    fn ring(&self, queue: &Queue, agents: &[&Agent], remarks: &mut Remarks) -> u32 {
        let ring = |agent: &&Agent| agent.ring_s.unwrap_or(self.ring_s);
        let values: Vec<_> = agents
            .iter()
            .map(|agent| (agent.name.as_str(), ring(agent)))
            .collect();
        let Some((most, others)) = majority(values) else {
            return self.ring_s;
        };
        differing(
            queue,
            &others,
            "rings for",
            "leg_timeout",
            most,
            agents,
            remarks,
        );
        most
    }

    /// Agents of higher levels are offered calls later.
    fn tier_rules(&self, queue: &Queue, draft: &mut DraftQueue, remarks: &mut Remarks) {
        let given = |name| last(&queue.given, name);
        let Some(rules) = given("tier-rules-apply").filter(|rules| rules.is_yes()) else {
            return;
        };
        let wait_s = given("tier-rule-wait-second").and_then(|wait| number(wait, remarks));
        let wait_s = wait_s.unwrap_or(0);
        let multiply = given("tier-rule-wait-multiply-level").is_some_and(Given::is_yes);
        let mut levels: Vec<u8> = self
            .tiers
            .iter()
            .filter(|tier| tier.queue == queue.name)
            .map(|tier| tier.level)
            .collect();
        levels.sort_unstable();
        levels.dedup();
        let (Some(first), true) = (levels.first().copied(), levels.len() > 1 && wait_s > 0) else {
            return;
        };
        let later = levels.iter().filter(|level| **level > first);
        let steps: Vec<(u32, u8)> = match (multiply, levels.last()) {
            (true, _) => later
                .map(|level| (wait_s * u32::from(*level), *level))
                .collect(),
            (false, Some(last)) => vec![(wait_s, *last)],
            (false, None) => Vec::new(),
        };
        draft.set("max_level", i64::from(first));
        let step = |(after_s, level): &(u32, u8)| {
            toml::Table::from_iter([
                ("after_s".to_owned(), i64::from(*after_s).into()),
                ("max_level".to_owned(), i64::from(*level).into()),
            ])
            .into()
        };
        draft.set(
            "steps",
            steps.iter().map(step).collect::<Vec<toml::Value>>(),
        );
        if given("tier-rule-no-agent-no-wait").is_none_or(Given::is_yes) {
            let line = given("tier-rule-no-agent-no-wait").map_or(rules.line, |given| given.line);
            let what = "a step begins after its seconds, also when nobody of the levels before is \
                        signed in";
            let subject = format!("queue {}: tier-rule-no-agent-no-wait = true", queue.name);
            remarks.lost(line, subject, what);
        }
    }
}

fn wrap_up(queue: &Queue, agents: &[&Agent], remarks: &mut Remarks) -> u32 {
    let values: Vec<_> = agents
        .iter()
        .map(|agent| (agent.name.as_str(), agent.wrap_up_s))
        .collect();
    let Some((most, others)) = majority(values) else {
        return 0;
    };
    differing(
        queue,
        &others,
        "wraps up for",
        "wrap-up-time",
        most,
        agents,
        remarks,
    );
    most
}

/// What is said for each agent there is said for each queue here.
fn differing(
    queue: &Queue,
    others: &[&str],
    does: &str,
    attribute: &str,
    most: u32,
    agents: &[&Agent],
    remarks: &mut Remarks,
) {
    for agent in agents
        .iter()
        .filter(|agent| others.contains(&agent.name.as_str()))
    {
        let subject = format!("agent {}: {attribute}", agent.name);
        let what = format!(
            "every agent of queue {} {does} {most} s here; make a queue of its own for others",
            queue.name
        );
        remarks.lost(agent.line, subject, what);
    }
}

fn number(given: &Given, remarks: &mut Remarks) -> Option<u32> {
    let number = given.value.trim().parse();
    if number.is_err() && !given.value.contains("$${") {
        remarks.lost(given.line, given.subject(), "is not a whole number");
    }
    number.ok()
}

impl Queue {
    fn read_all(import: &mut Import<'_>, root: Node<'_, '_>) -> Vec<Self> {
        let mut queues: Vec<Self> = Vec::new();
        for node in import.elements(root, "queues", "queue") {
            let name = node.attribute("name").unwrap_or_default().to_owned();
            let line = import.line(node);
            let section = format!("queue {name}");
            let named = import.attributes(node, &section);
            judge(&[taken("name")], &named, &mut import.remarks);
            if queues.iter().any(|queue| queue.name == name) {
                let what = "a queue of this name stands further up; this one is left out";
                import.remarks.lost(line, section, what);
                continue;
            }
            import.unread(node, &["param"]);
            let params: Vec<_> = node
                .children()
                .filter(|node| node.tag_name().name() == "param")
                .collect();
            let given = import.params(&params, &section);
            judge(parameters::QUEUE, &given, &mut import.remarks);
            let id = names::queue_id(&name, line, &mut import.remarks);
            queues.push(Self {
                id: names::unique(id, queues.iter().map(|queue| queue.id.as_str())),
                name,
                line,
                given,
            });
        }
        queues
    }

    /// After how many seconds one more agent is rung, where it says so.
    fn progress(&self, remarks: &mut Remarks) -> Option<u32> {
        let delay = number(last(&self.given, "ring-progressively-delay")?, remarks);
        delay.filter(|seconds| *seconds > 0)
    }

    fn strategy(&self, remarks: &mut Remarks) -> &'static str {
        let Some(given) = last(&self.given, "strategy") else {
            return "longest_idle";
        };
        let by_position =
            "positions are compared within a level, and each call begins with the first";
        match given.value.to_ascii_lowercase().as_str() {
            "longest-idle-agent" => "longest_idle",
            "round-robin" => "round_robin",
            "agent-with-least-talk-time" => "least_talk_time",
            "agent-with-fewest-calls" => "fewest_calls",
            "ring-all" => "ring_all",
            "ring-progressively" => "progressive",
            "random" => "random",
            "sequentially-by-agent-order" => "in_order",
            "top-down" => {
                remarks.note(given.line, given.subject(), by_position);
                "in_order"
            }
            _ => {
                let what = "unknown strategy; mod_callcenter goes by level and position then, like \
                            in_order";
                remarks.lost(given.line, given.subject(), what);
                "in_order"
            }
        }
    }

    fn music(&self, remarks: &mut Remarks) -> Option<String> {
        let given = last(&self.given, "moh-sound")?;
        if given.value == "$${hold_music}" {
            let what = "music = \"default\", which is local_stream://default; name another stream if \
                        hold_music is one";
            remarks.note(given.line, given.subject(), what);
            return None;
        }
        let class = given
            .value
            .strip_prefix("local_stream://")
            .and_then(names::music);
        if class.is_none() {
            let what = "music is a stream here: make one of the file in local_stream.conf.xml, and \
                        name it as music";
            remarks.lost(given.line, given.subject(), what);
        }
        class
    }
}

impl Agent {
    fn read_all(import: &mut Import<'_>, root: Node<'_, '_>) -> Vec<Self> {
        let mut agents: Vec<Self> = Vec::new();
        for node in import.elements(root, "agents", "agent") {
            let name = node.attribute("name").unwrap_or_default().to_owned();
            let line = import.line(node);
            let section = format!("agent {name}");
            let given = import.attributes(node, &section);
            judge(parameters::AGENT, &given, &mut import.remarks);
            let remarks = &mut import.remarks;
            let stands = standing_leg(&given, remarks);
            let missed = Missed::read(&given, remarks);
            let contact = last(&given, "contact").map(|given| Contact::read(given, remarks));
            let contact = contact.unwrap_or_default();
            let own = name.split('@').next().unwrap_or_default();
            let extension = contact.extension.or_else(|| names::extension(own));
            let Some(extension) = extension else {
                remarks.lost(
                    line,
                    section,
                    "no extension could be found; the agent is left out",
                );
                continue;
            };
            let wrap_up_s = last(&given, "wrap-up-time").and_then(|given| number(given, remarks));
            let id = names::agent_id(&name, line, remarks);
            agents.push(Self {
                id: names::unique(id, agents.iter().map(|agent| agent.id.as_str())),
                name,
                line,
                wrap_up_s: wrap_up_s.unwrap_or(0),
                ring_s: contact.ring_s,
                extension,
                missed,
                stands,
            });
        }
        agents
    }
}

/// Whether the agent's leg is kept from call to call.
fn standing_leg(given: &[Given], remarks: &mut Remarks) -> bool {
    match last(given, "type") {
        Some(kind) if kind.value.eq_ignore_ascii_case("uuid-standby") => {
            let what = "line = \"standing\": the agent's device is rung when they sign in";
            remarks.note(kind.line, kind.subject(), what);
            true
        }
        Some(kind) if !kind.value.eq_ignore_ascii_case("callback") => {
            remarks.lost(
                kind.line,
                kind.subject(),
                "unknown type; the agent is rung for each call",
            );
            false
        }
        Some(_) | None => false,
    }
}

impl Tier {
    fn read_all(import: &mut Import<'_>, root: Node<'_, '_>) -> Vec<Self> {
        let mut tiers = Vec::new();
        for node in import.elements(root, "tiers", "tier") {
            let text = |name| node.attribute(name).unwrap_or_default().to_owned();
            let (agent, queue) = (text("agent"), text("queue"));
            let given = import.attributes(node, &format!("tier of {agent} in {queue}"));
            judge(parameters::TIER, &given, &mut import.remarks);
            let remarks = &mut import.remarks;
            let mut place = |name, most: u16| {
                let given = last(&given, name).filter(|given| !given.value.is_empty())?;
                let number = number(given, remarks)?;
                let within = u16::try_from(number).ok().filter(|number| *number <= most);
                if within.is_none() {
                    remarks.lost(
                        given.line,
                        given.subject(),
                        format!("is at most {most} here"),
                    );
                }
                Some(within.unwrap_or(most))
            };
            let level = place("level", u16::from(u8::MAX)).unwrap_or(1);
            let position = place("position", u16::MAX).unwrap_or(1);
            tiers.push(Self {
                agent,
                queue,
                level: u8::try_from(level).unwrap_or(u8::MAX),
                position,
                line: import.line(node),
            });
        }
        tiers
    }
}
