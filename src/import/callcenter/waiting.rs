//! What callers hear while they wait, and where those go who wait too long.

use crate::import::callcenter::{Queue, last, number};
use crate::import::draft::{DraftQueue, leaves};
use crate::import::{Remarks, names};
use toml::{Table, Value};

const TOO_LONG: &str = "the call is hung up; there the dialplan goes on: name a flow as to";
const NO_AGENT: &str = "the call is hung up at once when nobody is signed in, not after some seconds; \
                        there the dialplan goes on: name a flow as to";

impl Queue {
    pub(super) fn waiting(&self, draft: &mut DraftQueue, remarks: &mut Remarks) {
        let overflow = self.overflow(remarks);
        if !overflow.is_empty() {
            draft.set("overflow", overflow);
        }
        if let Some(announce) = self.announce(remarks) {
            draft.set("announce", announce);
        }
    }

    pub(super) fn overflow(&self, remarks: &mut Remarks) -> Vec<Value> {
        let mut rules = Vec::new();
        for (name, when, what) in [
            ("max-wait-time-with-no-agent", "nobody_signed_in", NO_AGENT),
            ("max-wait-time", "wait", TOO_LONG),
        ] {
            let given = last(&self.given, name);
            let given = given.and_then(|given| Some((given, number(given, remarks)?)));
            if let Some((given, seconds)) = given.filter(|(_, seconds)| *seconds > 0) {
                remarks.note(given.line, given.subject(), what);
                rules.push(leaves(when, (when == "wait").then_some(seconds)));
            }
        }
        rules
    }

    pub(super) fn announce(&self, remarks: &mut Remarks) -> Option<Table> {
        let sound = last(&self.given, "announce-sound").filter(|given| !given.value.is_empty())?;
        let every = last(&self.given, "announce-frequency");
        let every = every.and_then(|given| number(given, remarks)).unwrap_or(0);
        let Some(prompt) = names::prompt(&sound.value).filter(|_| every > 0) else {
            let what = "an announcement is a prompt, told every announce-frequency seconds";
            remarks.lost(sound.line, sound.subject(), what);
            return None;
        };
        let what = format!("put the sound where the prompt {prompt} is looked for");
        remarks.note(sound.line, sound.subject(), what);
        Some(Table::from_iter([
            ("every_s".to_owned(), i64::from(every).into()),
            ("comfort".to_owned(), Value::Array(vec![prompt.into()])),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Given;

    fn queue(given: &[(&str, &str)]) -> Queue {
        let given = given.iter().map(|(name, value)| Given {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
            line: 1,
            section: "queue q".to_owned(),
        });
        Queue {
            name: "q".to_owned(),
            id: "q".to_owned(),
            line: 1,
            given: given.collect(),
        }
    }

    #[test]
    fn limits_of_waiting_are_rules_of_overflow() {
        let queue = queue(&[
            ("max-wait-time", "300"),
            ("max-wait-time-with-no-agent", "60"),
        ]);
        let rules: Vec<String> = queue
            .overflow(&mut Remarks::default())
            .iter()
            .map(Value::to_string)
            .collect();
        assert_eq!(
            rules,
            [
                "{ to = \"hang_up\", when = \"nobody_signed_in\" }",
                "{ after_s = 300, to = \"hang_up\", when = \"wait\" }",
            ]
        );
    }

    #[test]
    fn an_announcement_is_a_prompt_at_intervals() {
        let told = |given| queue(given).announce(&mut Remarks::default());
        let both = told(&[
            ("announce-sound", "ivr/hold.wav"),
            ("announce-frequency", "30"),
        ]);
        let announce = Value::Table(both.unwrap()).to_string();
        assert_eq!(announce, "{ comfort = [\"hold\"], every_s = 30 }");
        assert_eq!(told(&[("announce-sound", "ivr/hold.wav")]), None);
    }
}
