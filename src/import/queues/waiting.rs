//! What callers hear while they wait, and where those go whom nobody can serve.

use crate::import::draft::{DraftQueue, leaves};
use crate::import::queues::Queue;
use crate::import::rule::{OFF, ON};
use crate::import::{Given, Remarks, names};
use toml::{Table, Value};

impl Queue<'_> {
    pub(super) fn waiting(&self, draft: &mut DraftQueue, remarks: &mut Remarks) {
        if let Some(rule) = self.empty(remarks) {
            draft.set("overflow", vec![rule]);
        }
        if let Some(announce) = self.announce(remarks) {
            draft.set("announce", announce);
        }
        if let Some(whisper) = self.whisper(remarks) {
            draft.set("whisper", whisper);
        }
    }

    /// What agents hear before the caller.
    pub(super) fn whisper(&self, remarks: &mut Remarks) -> Option<Table> {
        let mut whisper = Table::new();
        if let Some(given) = self
            .given("announce")
            .filter(|given| !given.value.is_empty())
        {
            match names::prompt(given.value.trim()) {
                Some(prompt) => drop(whisper.insert("prompt".to_owned(), prompt.into())),
                None => {
                    let what = format!("{:?} is no prompt", given.value);
                    remarks.lost(given.line, given.subject(), what);
                }
            }
        }
        if self
            .given("reportholdtime")
            .is_some_and(|given| !is_off(given))
        {
            whisper.insert("wait".to_owned(), true.into());
        }
        (!whisper.is_empty()).then_some(whisper)
    }

    /// The stricter of what lets nobody in and what sends those who wait away.
    pub(super) fn empty(&self, remarks: &mut Remarks) -> Option<Value> {
        let mut when = Vec::new();
        for (name, all) in [("joinempty", OFF), ("leavewhenempty", ON)] {
            let given = self.given(name);
            if let Some((given, factor)) =
                given.and_then(|given| Some((given, factor(given, all)?)))
            {
                let what = format!(
                    "calls are sent away, on entry and while they wait, when {factor}; there the dialplan \
                     goes on: name a flow as to"
                );
                remarks.note(given.line, given.subject(), what);
                when.push(factor);
            }
        }
        Some(leaves(when.into_iter().min()?, None))
    }

    pub(super) fn announce(&self, remarks: &mut Remarks) -> Option<Table> {
        let position = self
            .given("announce-position")
            .is_none_or(|given| !is_off(given));
        let wait = self
            .given("announce-holdtime")
            .is_some_and(|given| !is_off(given));
        let mut every = |name| self.number(name, remarks).filter(|seconds| *seconds > 0);
        let (told, periodic) = (
            every("announce-frequency"),
            every("periodic-announce-frequency"),
        );
        let comfort = self.comfort(periodic.is_some(), remarks);
        let mut announce = Table::new();
        announce.insert("every_s".to_owned(), told.or(periodic)?.into());
        if told.is_some() {
            announce.insert("position".to_owned(), position.into());
            announce.insert("wait".to_owned(), wait.into());
        }
        if !comfort.is_empty() {
            announce.insert("comfort".to_owned(), Value::Array(comfort));
        }
        if let (Some(told), Some(periodic), Some(given)) =
            (told, periodic, self.given("periodic-announce-frequency"))
            && told != periodic
        {
            let what = format!("everything is told every {told} s, as announce-frequency says");
            remarks.lost(given.line, given.subject(), what);
        }
        Some(announce)
    }

    fn comfort(&self, is_told: bool, remarks: &mut Remarks) -> Vec<Value> {
        let Some(given) = self.given("periodic-announce").filter(|_| is_told) else {
            return Vec::new();
        };
        let mut prompts = Vec::new();
        for sound in given.value.split([',', '|']).map(str::trim) {
            match names::prompt(sound) {
                Some(prompt) => prompts.push(prompt.into()),
                None => remarks.lost(
                    given.line,
                    given.subject(),
                    format!("{sound:?} is no prompt"),
                ),
            }
        }
        prompts
    }
}

fn is_off(given: &Given) -> bool {
    OFF.iter()
        .any(|off| off.eq_ignore_ascii_case(given.value.trim()))
}

/// Which of our two conditions is nearest; `all` are the words that mean the usual factors.
fn factor(given: &Given, all: &[&str]) -> Option<&'static str> {
    let factor = |factor: &str| match factor.trim().to_ascii_lowercase().as_str() {
        "inuse" | "ringing" | "wrapup" => Some("nobody_ready"),
        "paused" | "unavailable" | "invalid" | "unknown" | "penalty" | "loose" | "strict" => {
            Some("nobody_signed_in")
        }
        "" => None,
        word => all.contains(&word).then_some("nobody_signed_in"),
    };
    // "nobody_ready" holds whenever the other does, and is the first by name.
    given.value.split(',').filter_map(factor).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::queues::conf;

    fn with<T>(text: &str, ask: impl Fn(&Queue<'_>) -> T) -> T {
        let mut remarks = Remarks::default();
        let sections = conf::read(&format!("[q]\n{text}\n"), &mut remarks);
        ask(&Queue::read(&sections[0], &mut remarks))
    }

    fn announced(text: &str) -> Option<String> {
        let announce = |queue: &Queue<'_>| queue.announce(&mut Remarks::default());
        with(text, announce).map(|table| Value::Table(table).to_string())
    }

    #[test]
    fn places_waits_and_comfort_are_told_at_one_interval() {
        assert_eq!(announced("announce-holdtime = yes"), None);
        assert_eq!(
            announced("announce-frequency = 60\nannounce-holdtime = once").as_deref(),
            Some("{ every_s = 60, position = true, wait = true }")
        );
        assert_eq!(
            announced("periodic-announce = a,b\nperiodic-announce-frequency = 45").as_deref(),
            Some("{ comfort = [\"a\", \"b\"], every_s = 45 }")
        );
    }

    #[test]
    fn what_members_hear_becomes_a_whisper() {
        let whisper = |text: &str| {
            let whisper = with(text, |queue| queue.whisper(&mut Remarks::default()));
            whisper.map(|table| Value::Table(table).to_string())
        };
        assert_eq!(whisper("reportholdtime = no"), None);
        assert_eq!(
            whisper("announce = queue-sales\nreportholdtime = yes").as_deref(),
            Some("{ prompt = \"queue-sales\", wait = true }")
        );
    }

    #[test]
    fn an_empty_queue_sends_calls_away() {
        let when = |text: &str| {
            let rule = with(text, |queue| queue.empty(&mut Remarks::default()))?;
            Some(rule.get("when")?.as_str()?.to_owned())
        };
        assert_eq!(when("joinempty = yes"), None);
        assert_eq!(when("leavewhenempty = no"), None);
        assert_eq!(when("joinempty = no").as_deref(), Some("nobody_signed_in"));
        assert_eq!(
            when("leavewhenempty = strict").as_deref(),
            Some("nobody_signed_in")
        );
        assert_eq!(
            when("joinempty = paused,inuse").as_deref(),
            Some("nobody_ready")
        );
    }
}
