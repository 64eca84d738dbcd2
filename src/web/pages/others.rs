//! Who else was in a call: consulted, invited, sent the caller, listening or
//! dialled; from when until when, and how it ended.

use crate::store::calls::{CallStep, LegDetail};
use crate::web::pages::names::Names;
use serde::Serialize;

/// One who was rung beside the caller and the agents of its queues.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Other {
    name: String,
    /// What for: the name of a text.
    role: String,
    rung: i64,
    answered: Option<i64>,
    left: Option<i64>,
    /// How it ended, or that they serve the caller from then on: the name of a text.
    outcome: Option<String>,
}

/// In the order in which they were rung.
pub(super) fn of(steps: &[CallStep], legs: &[LegDetail], names: &Names) -> Vec<Other> {
    let rung = steps.iter().enumerate();
    let rung = rung.filter(|(_, step)| step.kind == "rung");
    rung.map(|(nth, step)| other(step, &steps[nth + 1..], legs, names))
        .collect()
}

fn other(rung: &CallStep, later: &[CallStep], legs: &[LegDetail], names: &Names) -> Other {
    let mut ends = later.iter().filter(|step| is_same(step, rung));
    let end = ends.find(|step| matches!(step.kind.as_str(), "left" | "handed_over"));
    let leg = legs
        .iter()
        .find(|leg| leg.started.ms == rung.at.ms && leg.agent == rung.agent);
    Other {
        name: match &rung.agent {
            Some(agent) => names.agent(agent),
            None => rung.subject.clone(),
        },
        role: format!("party-{}", rung.word),
        rung: rung.at.ms,
        answered: leg.and_then(|leg| leg.answered.as_ref()).map(|at| at.ms),
        left: end.map(|step| step.at.ms),
        outcome: end.map(|step| match step.kind.as_str() {
            "left" if step.word == "withdrawn" => "party-withdrawn".to_owned(),
            "left" => format!("outcome-{}", step.word),
            _ => "party-serves".to_owned(),
        }),
    }
}

fn is_same(step: &CallStep, rung: &CallStep) -> bool {
    match &rung.agent {
        Some(agent) => step.agent.as_ref() == Some(agent),
        None => step.subject == rung.subject,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::moment::Moment;

    fn step(kind: &str, word: &str, agent: &str, at: i64) -> CallStep {
        CallStep {
            kind: kind.into(),
            word: word.into(),
            subject: agent.into(),
            agent: Some(agent.into()),
            by: None,
            refused: None,
            at: Moment::from_millis(at),
        }
    }

    #[test]
    fn each_who_was_rung_is_told_with_the_end_that_is_theirs() {
        let steps = [
            step("rung", "consulted", "anna", 10),
            step("rung", "member", "bert", 20),
            step("left", "no_answer", "bert", 30),
            step("rung", "member", "bert", 40),
            step("handed_over", "served", "anna", 50),
        ];
        let told: Vec<_> = of(&steps, &[], &Names::default())
            .into_iter()
            .map(|one| (one.role, one.rung, one.left, one.outcome))
            .collect();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            told,
            [
                (
                    text("party-consulted"),
                    10,
                    Some(50),
                    Some(text("party-serves"))
                ),
                (
                    text("party-member"),
                    20,
                    Some(30),
                    Some(text("outcome-no_answer"))
                ),
                (text("party-member"), 40, None, None),
            ]
        );
    }
}
