//! The course of a call: everything that happened to it in one list, in the
//! order of time.

use crate::store::calls::{CallDetail, CallStep, LegDetail};
use crate::store::moment::Moment;
use crate::web::pages::names::Names;
use serde::Serialize;

/// One thing that happened. `course-<kind>` is its text, with `subject` and the
/// text named by `word` as its parts.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    at: i64,
    /// Since the call began.
    after_ms: i64,
    kind: &'static str,
    subject: String,
    word: Option<String>,
    /// Class of the chip that marks a change of the call's state.
    state: Option<String>,
    /// Why a leg ended: the subject, as `cause-<cause>` tells it.
    cause: Option<String>,
}

pub(super) fn of(call: &CallDetail, names: &Names) -> Vec<Step> {
    let mut course = Course {
        started: call.call.started.ms,
        steps: Vec::new(),
    };
    for change in &call.states {
        course.state(&change.at, &change.state);
    }
    for block in &call.blocks {
        course.add(
            &block.at,
            "block",
            format!("{} / {}", block.flow, block.block),
            None,
        );
    }
    for digit in &call.digits {
        let word = format!("method-{}", digit.method);
        course.add(&digit.at, "digit", digit.key.clone(), Some(word));
    }
    for visit in &call.queue_visits {
        course.add(
            &visit.entered,
            "queue-entered",
            names.queue(&visit.queue),
            None,
        );
        if let (Some(left), Some(reason)) = (&visit.left, &visit.reason) {
            let word = format!("exit-{reason}");
            course.add(left, "queue-left", names.queue(&visit.queue), Some(word));
        }
    }
    for offer in &call.offers {
        course.add(&offer.started, "offered", names.agent(&offer.agent), None);
        if let (Some(ended), Some(outcome)) = (&offer.ended, &offer.outcome) {
            let word = format!("outcome-{outcome}");
            course.add(ended, "offer-ended", names.agent(&offer.agent), Some(word));
        }
    }
    for leg in &call.legs {
        course.leg(leg);
    }
    for recording in &call.recordings {
        course.add(&recording.started, "recording-started", String::new(), None);
        if let Some(settled) = &recording.settled {
            let kind = if recording.sha256.is_some() {
                "recording-filed"
            } else {
                "recording-lost"
            };
            let subject = recording
                .name
                .clone()
                .or(recording.why.clone())
                .unwrap_or_default();
            course.add(settled, kind, subject, None);
        }
    }
    for step in &call.steps {
        course.in_call(step, names);
    }
    for failure in &call.failures {
        course.add(&failure.at, "failure", failure.why.clone(), None);
    }
    // The order within a millisecond is that of the lists above.
    course.steps.sort_by_key(|step| step.at);
    course.steps
}

struct Course {
    started: i64,
    steps: Vec<Step>,
}

impl Course {
    fn add(&mut self, at: &Moment, kind: &'static str, subject: String, word: Option<String>) {
        let step = self.step(at, kind);
        self.steps.push(Step {
            subject,
            word,
            ..step
        });
    }

    fn state(&mut self, at: &Moment, state: &str) {
        let (word, state) = (Some(format!("call-{state}")), Some(state.to_owned()));
        let step = self.step(at, "state");
        self.steps.push(Step {
            word,
            state,
            ..step
        });
    }

    /// What was done while the call was served.
    fn in_call(&mut self, step: &CallStep, names: &Names) {
        let word = |family: &str| Some(format!("{family}-{}", step.word));
        let who = match &step.agent {
            Some(agent) => names.agent(agent),
            None => step.subject.clone(),
        };
        let asked = || {
            let by = step.by.as_deref().unwrap_or_default();
            let by = names.agent(by);
            match step.subject.as_str() {
                "" => by,
                subject => format!("{by} → {}", names.agent(subject)),
            }
        };
        match step.kind.as_str() {
            "asked" if step.refused.is_some() => {
                self.add(&step.at, "refused", asked(), word("asked"));
            }
            "asked" => self.add(&step.at, "asked", asked(), word("asked")),
            "talk" => self.add(&step.at, "talk", String::new(), word("talk")),
            "rung" => self.add(&step.at, "rung", who, word("party")),
            "left" if step.word == "withdrawn" => {
                let called_off = Some("party-withdrawn".to_owned());
                self.add(&step.at, "party-left", who, called_off);
            }
            "left" => self.add(&step.at, "party-left", who, word("outcome")),
            "handed_over" => self.add(&step.at, "handed-over", who, None),
            "step" => self.add(&step.at, "step", step.subject.clone(), None),
            "callback" => self.add(&step.at, "callback", who, word("callback")),
            "overflow" => self.add(&step.at, "overflow", step.subject.clone(), word("overflow")),
            "missed" => {
                let who = format!("{who} · {}", step.subject);
                self.add(&step.at, "missed", who, word("outcome"));
            }
            "sought" => {
                let names: Vec<String> = who.split(", ").map(|agent| names.agent(agent)).collect();
                self.add(&step.at, "sought", names.join(", "), word("sought"));
            }
            "caller" => self.add(&step.at, "caller", step.subject.clone(), word("caller")),
            "wished" => self.add(&step.at, "wished", step.subject.clone(), None),
            "confirmed" => self.add(&step.at, "confirmed", who, None),
            "briefed" => self.add(&step.at, "briefed", who, word("briefed")),
            "blocked" => self.add(&step.at, "blocked", step.subject.clone(), word("blocked")),
            "message" => {
                let (kind, id) = step.subject.split_once(':').unwrap_or(("", ""));
                let whose = match kind {
                    "agent" => names.agent(id),
                    "queue" => names.queue(id),
                    _ => id.to_owned(),
                };
                self.add(&step.at, "message", whose, word("voicemail"));
            }
            "parked" => self.add(&step.at, "parked", step.subject.clone(), None),
            _ => self.add(&step.at, "dialled", step.subject.clone(), None),
        }
    }

    fn leg(&mut self, leg: &LegDetail) {
        let word = Some(format!("leg-{}", leg.role));
        if let Some(answered) = &leg.answered {
            self.add(answered, "leg-answered", String::new(), word.clone());
        }
        if let Some(ended) = &leg.ended {
            let step = self.step(ended, "leg-ended");
            self.steps.push(Step {
                word,
                cause: leg.cause.clone(),
                ..step
            });
        }
    }

    fn step(&self, at: &Moment, kind: &'static str) -> Step {
        Step {
            at: at.ms,
            after_ms: at.ms - self.started,
            kind,
            ..Step::default()
        }
    }
}
