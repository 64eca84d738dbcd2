//! Asterisk's app_queue: `queues.conf`.

mod conf;
mod member;
mod parameters;
#[cfg(test)]
mod tests;
mod waiting;

use crate::import::draft::{
    Draft, DraftAgent, DraftMissed, DraftQueue, DraftSeat, UNLIMITED, majority, missed_offers,
};
use crate::import::rule::judge;
use crate::import::{Given, ImportError, Imported, Remarks, names};
use conf::Section;
use member::Member;

/// Seconds that a member rings where nothing is said.
const RING_S: u32 = 15;
/// The longest that an agent rings: app_queue knows no end with `timeout = 0`.
const LONGEST_RING_S: u32 = 3_600;
/// The weight of a member without penalty under `wrandom`.
const WHOLE_WEIGHT: u32 = 100;

/// Reads the text of a `queues.conf` and draws up queues and agents, whose
/// devices are on `switch`.
///
/// # Errors
/// None: what is not understood is among the remarks.
pub fn import(text: &str, switch: &str) -> Result<Imported, ImportError> {
    let mut remarks = Remarks::default();
    let sections = conf::read(text, &mut remarks);
    let mut draft = Draft {
        switch: switch.to_owned(),
        ..Draft::default()
    };
    let mut autofill = None;
    let mut seen: Vec<&str> = Vec::new();
    for section in &sections {
        if section.name == "general" {
            judge(parameters::GENERAL, &section.given, &mut remarks);
            autofill = last(&section.given, "autofill").cloned();
            continue;
        }
        judge(parameters::QUEUE, &section.given, &mut remarks);
        if section.is_template {
            continue;
        }
        if seen.contains(&section.name.as_str()) {
            let what = "a queue of this name stands further up; this one is left out";
            remarks.lost(section.line, format!("queue {}", section.name), what);
            continue;
        }
        seen.push(&section.name);
        Queue::read(section, &mut remarks).add(&mut draft, autofill.as_ref(), &mut remarks);
    }
    Ok(Imported {
        toml: draft.to_toml("app_queue"),
        remarks: remarks.into_sorted(),
    })
}

/// The last one counts, as in Asterisk.
fn last<'g>(given: &'g [Given], name: &str) -> Option<&'g Given> {
    given
        .iter()
        .rev()
        .find(|given| given.name.eq_ignore_ascii_case(name))
}

struct Queue<'s> {
    section: &'s Section,
    members: Vec<Member>,
}

impl<'s> Queue<'s> {
    fn read(section: &'s Section, remarks: &mut Remarks) -> Self {
        let given = section.given.iter();
        let members = given.filter(|given| given.name.eq_ignore_ascii_case("member"));
        let mut queue = Self {
            section,
            members: Vec::new(),
        };
        for given in members {
            let Some(member) = Member::read(given, remarks) else {
                continue;
            };
            // A member given again is the same with other settings.
            let again = queue
                .members
                .iter_mut()
                .find(|known| known.extension == member.extension);
            match again {
                Some(known) => *known = member,
                None => queue.members.push(member),
            }
        }
        queue
    }

    fn given(&self, name: &str) -> Option<&'s Given> {
        last(&self.section.given, name)
    }

    fn number(&self, name: &str, remarks: &mut Remarks) -> Option<i64> {
        let given = self.given(name)?;
        let number = given.value.parse();
        if number.is_err() {
            remarks.lost(given.line, given.subject(), "is not a whole number");
        }
        number.ok()
    }

    fn add(&self, draft: &mut Draft, autofill: Option<&Given>, remarks: &mut Remarks) {
        let name = self.section.name.as_str();
        let id = names::queue_id(name, self.section.line, remarks);
        let mut queue = DraftQueue {
            id: names::unique(id, draft.queues.iter().map(|queue| queue.id.as_str())),
            ..DraftQueue::default()
        };
        let strategy = self.strategy(remarks);
        queue.set("name", name);
        queue.set("strategy", strategy);
        if let Some(music) = self.music(remarks) {
            queue.set("music", music);
        }
        queue.set("ring_s", self.ring(remarks));
        queue.set("wrap_up_s", self.wrap_up(remarks));
        if let Some(missed) = self.missed() {
            queue.set("missed_offers", missed);
        }
        queue.set("record", self.given("monitor-format").is_some());
        let longest = self.number("maxlen", remarks).filter(|most| *most > 0);
        queue.set("max_waiting", longest.unwrap_or(UNLIMITED.into()));
        if let Some(weight) = self.number("weight", remarks).filter(|weight| *weight != 0) {
            queue.set("priority", weight);
        }
        self.waiting(&mut queue, remarks);
        self.one_at_a_time(autofill, remarks);
        for (position, member) in self.members.iter().enumerate() {
            let seat = seat(&queue.id, strategy, position, member, remarks);
            sit(draft, member, seat, remarks);
        }
        draft.queues.push(queue.checked(self.section.line, remarks));
    }

    fn strategy(&self, remarks: &mut Remarks) -> &'static str {
        let Some(given) = self.given("strategy") else {
            return "ring_all";
        };
        let mut note = |what| remarks.note(given.line, given.subject(), what);
        match given.value.to_ascii_lowercase().as_str() {
            "ringall" => "ring_all",
            "leastrecent" => {
                note("longest_idle counts from an agent's last contact in any queue");
                "longest_idle"
            }
            "fewestcalls" => {
                note("calls are counted since the agent signed in, not since the last reload");
                "fewest_calls"
            }
            "random" => "random",
            "rrmemory" | "roundrobin" | "rrordered" => "round_robin",
            "linear" => "in_order",
            "wrandom" => {
                note("weighted_share keeps the shares exactly, and does not draw lots");
                "weighted_share"
            }
            _ => {
                let what = "unknown strategy; app_queue rings all then, like ring_all";
                remarks.lost(given.line, given.subject(), what);
                "ring_all"
            }
        }
    }

    fn music(&self, remarks: &mut Remarks) -> Option<String> {
        let names = ["musicclass", "music", "musiconhold"];
        let given = names.into_iter().find_map(|name| self.given(name))?;
        let class = names::music(&given.value);
        if class.is_none() {
            let what = "the name of a class holds only letters, digits and . _ - : @ +";
            remarks.lost(given.line, given.subject(), what);
        }
        class
    }

    fn ring(&self, remarks: &mut Remarks) -> i64 {
        match (self.number("timeout", remarks), self.given("timeout")) {
            (Some(0), Some(given)) => {
                let what = format!("an agent rings for an hour at the longest: {LONGEST_RING_S} s");
                remarks.lost(given.line, given.subject(), what);
                LONGEST_RING_S.into()
            }
            (Some(seconds), _) if seconds > 0 => seconds,
            _ => RING_S.into(),
        }
    }

    /// The queue's own, or what most of its members have.
    fn wrap_up(&self, remarks: &mut Remarks) -> i64 {
        let own = self.number("wrapuptime", remarks);
        let own = own.and_then(|seconds| u32::try_from(seconds).ok());
        let each = |member: &'_ Member| member.wrap_up_s.filter(|seconds| *seconds > 0);
        let values: Vec<(&str, u32)> = self
            .members
            .iter()
            .map(|member| (member.extension.as_str(), each(member).or(own).unwrap_or(0)))
            .collect();
        let Some((most, others)) = majority(values) else {
            return own.unwrap_or(0).into();
        };
        for member in &self.members {
            if others.contains(&member.extension.as_str()) {
                let subject = format!("queue {}: member {}", self.section.name, member.name);
                let what = format!("wrap-up is the same for all of a queue here: {most} s");
                remarks.lost(member.line, subject, what);
            }
        }
        most.into()
    }

    /// Members who are paused by what they miss.
    fn missed(&self) -> Option<toml::Value> {
        // Without it nobody is paused at all.
        let autopause = self.given("autopause")?;
        let pauses = autopause.is_yes() || autopause.value.eq_ignore_ascii_case("all");
        if !pauses {
            return None;
        }
        let paused = |pauses: bool| DraftMissed {
            then: pauses.then_some("not_ready:auto_pause"),
            ..DraftMissed::default()
        };
        let also = |name| paused(self.given(name).is_some_and(Given::is_yes));
        missed_offers(&[
            ("no_answer", paused(true)),
            ("busy", also("autopausebusy")),
            ("unreachable", also("autopauseunavail")),
        ])
    }

    fn one_at_a_time(&self, general: Option<&Given>, remarks: &mut Remarks) {
        if let Some(given) = self.given("autofill").or(general)
            && !given.is_yes()
        {
            let what = "calls are always connected side by side";
            remarks.lost(given.line, given.subject(), what);
        }
    }
}

/// Penalties are levels, except where they are weights.
fn seat(
    queue: &str,
    strategy: &str,
    position: usize,
    member: &Member,
    remarks: &mut Remarks,
) -> DraftSeat {
    let by_position = ["in_order", "round_robin"].contains(&strategy);
    let weighted = strategy == "weighted_share";
    let level = if weighted { 1 } else { member.penalty + 1 };
    let place = |number: u32, most: u32| number.clamp(1, most);
    if level > u8::MAX.into() {
        let subject = format!("member {}: penalty {}", member.name, member.penalty);
        remarks.lost(member.line, subject, "levels go up to 255 here");
    }
    let weight = match weighted {
        true => WHOLE_WEIGHT / (member.penalty + 1),
        false => 1,
    };
    let position = u32::try_from(position)
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    DraftSeat {
        queue: queue.to_owned(),
        level: u8::try_from(place(level, u8::MAX.into())).unwrap_or(u8::MAX),
        position: match by_position {
            true => u16::try_from(place(position, u16::MAX.into())).unwrap_or(u16::MAX),
            false => 1,
        },
        weight: u16::try_from(place(weight, u16::MAX.into())).unwrap_or(u16::MAX),
    }
}

/// A member of several queues is one agent.
fn sit(draft: &mut Draft, member: &Member, seat: DraftSeat, remarks: &mut Remarks) {
    let known = draft
        .agents
        .iter_mut()
        .find(|agent| agent.extension == member.extension);
    if let Some(agent) = known {
        if agent.name != member.name && member.name != member.extension {
            let subject = format!("member {}", member.name);
            let what = format!("extension {} is {} further up", agent.extension, agent.name);
            remarks.note(member.line, subject, what);
        }
        return agent.seats.push(seat);
    }
    let id = names::agent_id(&member.extension, member.line, remarks);
    draft.agents.push(DraftAgent {
        id: names::unique(id, draft.agents.iter().map(|agent| agent.id.as_str())),
        name: member.name.clone(),
        extension: member.extension.clone(),
        seats: vec![seat],
        stands: false,
    });
}
