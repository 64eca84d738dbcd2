//! `switchyard explain`: why a call went where it went, in words.

use crate::cli::calls::find;
use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict, why};
use crate::clock;
use crate::engine::centre::Strategy;
use crate::engine::explanation::{Candidate, Exclusion, Explanation, Trigger, percent};
use crate::engine::id::{AgentId, CallId};
use crate::engine::time::Span;
use crate::runtime::control::{self, Reply, Request};
use crate::store::Store;
use crate::store::calls::{CallDetail, CallStep, Decision, callback_course};
use clap::Args;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// How long the controller may take to look.
const PATIENCE: Duration = Duration::from_secs(10);

/// Say in words why a call or callback went where it went, or why an agent gets nothing
///
/// Every step of the call with its time, and for each agent who was rung: what
/// led to the decision, who was chosen and why, who came next, and why the
/// others could not take the call. Of a call that still waits it says what for;
/// of an agent, why no call comes. For these two the controller has to run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard explain 01KAMXS3T4J5C6V7B8N9M0P1Q2
  switchyard explain --agent wangfang  why this agent gets no call now
  switchyard calls list --limit 5      to find the call's id")]
pub struct Explain {
    /// The call's id
    #[arg(required_unless_present = "agent", conflicts_with = "agent")]
    call: Option<CallId>,
    /// Say why this agent gets no call now
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
    /// Print the decisions, or the reasons, as JSON
    #[arg(long)]
    json: bool,
}

impl Explain {
    /// # Errors
    /// When the configuration or the store cannot be used, or there is no such call.
    pub async fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let config = file.load()?;
        let journal = &config.journal.path;
        let asked = match (&self.agent, self.call) {
            (Some(agent), _) => return self.idle(agent, journal, out).await,
            (None, Some(call)) => call,
            (None, None) => return Err("name a call, or an agent with --agent".into()),
        };
        let store = Store::open(&config.store.url)?;
        let course = callback_course(&store, asked).await?;
        if !course.is_empty() {
            let begin = course.first().map_or(0, |step| step.at.ms);
            let mut steps = Steps {
                begin,
                steps: Vec::new(),
            };
            for step in &course {
                steps.add(step.at.ms, step_words(step));
            }
            for line in steps.in_order() {
                writeln!(out, "{line}")?;
            }
            return Ok(Verdict::Good);
        }
        let call = find(&store, asked).await?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &call.decisions)?;
            writeln!(out)?;
            return Ok(Verdict::Good);
        }
        for line in timeline(&call) {
            writeln!(out, "{line}")?;
            for decision in call
                .decisions
                .iter()
                .filter(|decision| line.decision.as_ref() == Some(&decision.offer))
            {
                for reason in reasons(&decision.explanation) {
                    writeln!(out, "{:14}{reason}", "")?;
                }
            }
        }
        if call.call.ended.is_none() {
            for line in still_waiting(asked, journal).await {
                writeln!(out, "{:>12}  {line}", "now")?;
            }
        }
        Ok(Verdict::Good)
    }

    async fn idle(
        &self,
        agent: &AgentId,
        journal: &Path,
        out: Output<'_>,
    ) -> Result<Verdict, CliError> {
        let request = Request::WhyIdle {
            agent: agent.clone(),
        };
        let Reply::Idle { why: Some(why) } = control::ask(journal, request, PATIENCE).await? else {
            return Err(format!("there is no agent {agent}").into());
        };
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &why)?;
            writeln!(out)?;
            return Ok(Verdict::Good);
        }
        for line in why::idle(&why, clock::now()) {
            writeln!(out, "{line}")?;
        }
        Ok(Verdict::Good)
    }
}

/// What the running controller says of a call that has not ended.
async fn still_waiting(call: CallId, journal: &Path) -> Vec<String> {
    match control::ask(journal, Request::WhyWaiting { call }, PATIENCE).await {
        Ok(Reply::Waiting { why: Some(why) }) => why::waiting(&why, clock::now()),
        Ok(_) => Vec::new(),
        Err(error) => vec![format!("what it waits for is not known: {error}")],
    }
}

/// One step of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Milliseconds since the call began.
    pub after: i64,
    pub what: String,
    /// The offer that a decision made.
    pub decision: Option<String>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>8}.{:03} s  {}",
            self.after / 1_000,
            self.after % 1_000,
            self.what
        )
    }
}

/// What happened to the call, in the order of time.
pub fn timeline(call: &CallDetail) -> Vec<Step> {
    let summary = &call.call;
    let mut steps = Steps {
        begin: summary.started.ms,
        steps: Vec::new(),
    };
    let caller = match (summary.caller_number.as_str(), summary.caller_name.as_str()) {
        ("", _) => "a withheld number".to_owned(),
        (number, "") => number.to_owned(),
        (number, name) => format!("{number} ({name})"),
    };
    let began = format!(
        "{} from {caller} arrived for {} on switch {}, at {}",
        summary.call, summary.dialled, summary.switch, summary.started.utc
    );
    steps.add(summary.started.ms, began);
    for digit in &call.digits {
        steps.add(
            digit.at.ms,
            format!("pressed {} ({})", digit.key, digit.method),
        );
    }
    for leg in &call.legs {
        let who = leg.agent.as_deref().unwrap_or("the caller");
        if let Some(answered) = &leg.answered {
            steps.add(answered.ms, format!("the leg of {who} was answered"));
        }
        for state in leg
            .states
            .iter()
            .filter(|state| state.state == "bridged" && leg.role == "agent")
        {
            steps.add(state.at.ms, format!("connected with agent {who}"));
        }
        if let (Some(ended), Some(cause)) = (&leg.ended, &leg.cause) {
            steps.add(ended.ms, format!("the leg of {who} ended: {cause}"));
        }
    }
    for visit in &call.blocks {
        steps.add(
            visit.at.ms,
            format!("flow {}, block {}", visit.flow, visit.block),
        );
    }
    for visit in &call.queue_visits {
        let entered = format!(
            "entered queue {} with priority {}",
            visit.queue, visit.priority
        );
        steps.add(visit.entered.ms, entered);
        if let (Some(left), Some(reason)) = (&visit.left, &visit.reason) {
            steps.add(left.ms, format!("left queue {}: {reason}", visit.queue));
        }
    }
    for step in &call.steps {
        steps.add(step.at.ms, step_words(step));
    }
    for decision in &call.decisions {
        steps.decided(decision);
    }
    for offer in &call.offers {
        let decided = |decision: &Decision| decision.offer == offer.offer;
        if !call.decisions.iter().any(decided) {
            steps.add(
                offer.started.ms,
                format!("agent {} was rung too", offer.agent),
            );
        }
        if let (Some(ended), Some(outcome)) = (&offer.ended, &offer.outcome) {
            steps.add(ended.ms, format!("agent {}: {outcome}", offer.agent));
        }
    }
    for recording in &call.recordings {
        steps.add(recording.started.ms, "recording was asked for".to_owned());
        if let Some(settled) = &recording.settled {
            let kept = recording
                .name
                .as_deref()
                .map(|name| format!("recording kept as {name}"));
            let lost = || {
                format!(
                    "recording lost: {}",
                    recording.why.as_deref().unwrap_or("unknown")
                )
            };
            steps.add(settled.ms, kept.unwrap_or_else(lost));
        }
    }
    for failure in &call.failures {
        steps.add(failure.at.ms, format!("a command failed: {}", failure.why));
    }
    if let Some(ended) = &summary.ended {
        let cause = summary.cause.as_deref().unwrap_or("unknown");
        let by = summary.ended_by.as_deref().unwrap_or("nobody known");
        steps.add(ended.ms, format!("the call ended: {cause}, by the {by}"));
    }
    steps.in_order()
}

/// What was done with a call beside its way through flows, queues and offers.
fn step_words(step: &CallStep) -> String {
    let CallStep { word, subject, .. } = step;
    let agent = step.agent.as_deref().unwrap_or(subject);
    let by = step.by.as_deref().unwrap_or("somebody");
    match (step.kind.as_str(), &step.refused) {
        ("callback", _) => callback_words(step),
        ("step", _) => format!("came to a step of its queue: {subject}"),
        ("overflow", _) => format!("went elsewhere ({word}): {subject}"),
        ("sought", _) if word == "anybody" => "waits for anybody from here on".to_owned(),
        ("sought", _) if word == "preferred" => format!("waits for {agent}, who is preferred"),
        ("sought", _) => format!("waits for agent {agent}, who served the caller last"),
        ("caller", _) => caller_words(word, subject),
        ("wished", _) => format!("is never to reach {subject}"),
        ("confirmed", _) => format!("agent {agent} confirmed by key to be there"),
        ("briefed", _) => match word.as_str() {
            "whispered" => format!("agent {agent} hears whose call it is"),
            "told" => format!("the caller hears the number of agent {agent}"),
            _ => format!("agent {agent} hears whose call it is, the caller the agent's number"),
        },
        ("blocked", _) => format!("the caller is blocked ({word}) by the list {subject}"),
        ("asked", Some(why)) => format!("{by} asked for {word} {subject}: refused, {why}"),
        ("asked", None) => format!("{by} asked for {word} {subject}"),
        ("talk", _) => format!("the conversation is {word}"),
        ("rung", _) => format!("{agent} was rung ({word})"),
        ("left", _) => format!("{agent}: {word}"),
        ("handed_over", _) => format!("agent {agent} serves the caller from here on"),
        ("message", _) => match word.as_str() {
            "asked" => format!("was asked for a message for {subject}"),
            "left" => format!("left a message in the mailbox {subject}"),
            "too_short" => format!("left no message for {subject}: next to nothing was said"),
            _ => format!("left no message for {subject}: the mailbox is full"),
        },
        ("parked", _) => format!("parked in slot {subject}"),
        (_, _) => format!("{subject} was dialled"),
    }
}

fn callback_words(step: &CallStep) -> String {
    let id = &step.subject;
    let agent = step.agent.as_deref().unwrap_or("nobody");
    match step.word.as_str() {
        "asked" => match &step.by {
            Some(by) => format!("{by} asked for callback {id}"),
            None => format!("the caller was promised callback {id}"),
        },
        "scheduled" => format!("callback {id} is put off until its time, or the queue's opening"),
        "held" => format!("callback {id} waits until the customer is off the line"),
        "waiting" => format!("callback {id} waits for an agent, in its place"),
        "offered" => format!("agent {agent} was rung for callback {id}"),
        "dialling" => format!("agent {agent} is there: the number of callback {id} is dialled"),
        "resting" => format!("callback {id} did not reach the customer and is tried again"),
        "reached" => format!("callback {id} reached the customer, who talks to agent {agent}"),
        why => format!("callback {id} is closed: {why}"),
    }
}

fn caller_words(word: &str, listed: &str) -> String {
    let familiarity = match word {
        "first_contact" => "a first contact",
        "returning" => "a returning caller",
        _ => "a caller without a number",
    };
    match listed {
        "" => familiarity.to_owned(),
        listed => format!("{familiarity}, on the list {listed}"),
    }
}

struct Steps {
    begin: i64,
    steps: Vec<Step>,
}

impl Steps {
    fn add(&mut self, at: i64, what: String) {
        self.steps.push(Step {
            at,
            after: at.saturating_sub(self.begin),
            what,
            decision: None,
        });
    }

    fn decided(&mut self, decision: &Decision) {
        let what = format!(
            "agent {} was rung for queue {}",
            decision.agent, decision.queue
        );
        self.add(decision.at.ms, what);
        if let Some(step) = self.steps.last_mut() {
            step.decision = Some(decision.offer.clone());
        }
    }

    /// What has the same time stays in the order of a call's course.
    fn in_order(mut self) -> Vec<Step> {
        self.steps.sort_by_key(|step| step.at);
        self.steps
    }
}

/// Why this agent: what led to it, who was chosen, who was next, who could not.
pub fn reasons(explanation: &Explanation) -> Vec<String> {
    let Explanation {
        trigger,
        strategy,
        step,
        waited,
        chosen,
        rung,
        beside,
        eligible,
        nearest,
        excluded,
    } = explanation;
    let mut reasons = vec![
        format!(
            "because {}; the call had waited {waited}{}",
            trigger_words(*trigger),
            match step {
                0 => String::new(),
                step => format!(" and had come to step {step}"),
            }
        ),
        match (strategy, *eligible) {
            _ if *rung > 1 => format!(
                "{} and {} more were rung at once, all who could take it",
                chosen.agent,
                rung - 1
            ),
            (_, 1) => format!("{} was the only one who could take it", chosen.agent),
            (strategy, eligible) => format!(
                "{} {}, of {eligible} who could take it",
                chosen.agent,
                measure_words(*strategy, chosen)
            ),
        },
    ];
    if *beside > 0 {
        reasons.push(format!("in addition to {beside} who rang already"));
    }
    if !nearest.is_empty() {
        let next = |candidate: &Candidate| match strategy {
            Strategy::LongestIdle | Strategy::RingAll | Strategy::Progressive => {
                format!("{} (idle {})", candidate.agent, candidate.idle)
            }
            _ => format!(
                "{} ({})",
                candidate.agent,
                measure_words(*strategy, candidate)
            ),
        };
        let next: Vec<String> = nearest.iter().map(next).collect();
        let which = match *rung > 1 {
            true => "rung too",
            false => "next would have been",
        };
        reasons.push(format!("{which} {}", next.join(", ")));
    }
    if !excluded.is_empty() {
        let counted = excluded
            .iter()
            .map(|(why, count)| format!("{count} {}", exclusion_words(why)));
        reasons.push(format!(
            "not possible: {}",
            counted.collect::<Vec<_>>().join(", ")
        ));
    }
    reasons
}

fn trigger_words(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::CallEntered => "the call entered the queue",
        Trigger::AgentFreed => "an agent became free",
        Trigger::OfferEnded => "the agent rung before did not answer",
        Trigger::Reconfigured => "the centre's settings changed",
        Trigger::SearchEnded => "no agent it waited for became free in time",
        Trigger::StepReached => "the call came to its queue's next step",
        Trigger::OneMore => "it had rung long enough for one more",
    }
}

pub(super) fn exclusion_words(exclusion: Exclusion) -> &'static str {
    match exclusion {
        Exclusion::SignedOut => "signed out",
        Exclusion::NotReady => "not ready",
        Exclusion::Offered => "being rung for another call",
        Exclusion::OnCall => "on a call",
        Exclusion::WrapUp => "in wrap-up",
        Exclusion::Skill => "without a required skill",
        Exclusion::SwitchDown => "on a switch out of reach",
        Exclusion::Resting => "resting after a missed call",
        Exclusion::OtherSwitch => "on another switch without a trunk",
        Exclusion::NotSought => "not the agent it waits for",
        Exclusion::Level => "of a level not reached yet",
        Exclusion::Condition => "not fulfilling the condition",
        Exclusion::Forbidden => "forbidden for this caller",
    }
}

/// What the strategy saw in an agent.
fn measure_words(strategy: Strategy, agent: &Candidate) -> String {
    let measure = agent.measure.unwrap_or_default();
    match strategy {
        Strategy::LongestIdle | Strategy::RingAll | Strategy::Progressive => {
            format!("was idle longest, for {}", agent.idle)
        }
        Strategy::RoundRobin if agent.measure.is_none() => {
            "was not offered any of its calls yet".to_owned()
        }
        Strategy::RoundRobin => format!("was offered its last call {} ago", Span::millis(measure)),
        Strategy::InOrder => "comes first in the order".to_owned(),
        Strategy::FewestCalls => format!("answered {measure} of its calls"),
        Strategy::LeastTalkTime => format!("talked for {}", Span::millis(measure)),
        Strategy::LeastOccupied => format!("was occupied {}", percent(measure)),
        Strategy::BestSkill => format!("is {measure} levels short of the highest"),
        Strategy::Random => "was drawn by chance".to_owned(),
        Strategy::WeightedShare => format!(
            "answered {}.{:02} calls for each share",
            measure / 1_000_000,
            measure / 10_000 % 100
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::id::AgentId;

    fn candidate(agent: &str, idle: u32) -> Candidate {
        Candidate {
            agent: AgentId::new(agent).unwrap(),
            idle: Span::seconds(idle),
            level: None,
            measure: None,
        }
    }

    #[test]
    fn a_decision_is_told_in_words() {
        let explanation = Explanation {
            trigger: Trigger::AgentFreed,
            strategy: Strategy::LongestIdle,
            step: 0,
            waited: Span::millis(12_500),
            chosen: candidate("wangfang", 62),
            rung: 0,
            beside: 0,
            eligible: 2,
            nearest: vec![candidate("liqiang", 40)],
            excluded: [(Exclusion::OnCall, 3), (Exclusion::Skill, 1)].into(),
        };
        insta::assert_snapshot!(reasons(&explanation).join("\n"), @r"
        because an agent became free; the call had waited 12.500 s
        wangfang was idle longest, for 62.000 s, of 2 who could take it
        next would have been liqiang (idle 40.000 s)
        not possible: 3 on a call, 1 without a required skill
        ");
    }
}
