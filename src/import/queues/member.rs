//! A member of a queue: `interface,penalty,name,state_interface,ringinuse,wrapuptime,paused`.

use crate::import::{Given, Remarks, names};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) extension: String,
    pub(super) name: String,
    pub(super) penalty: u32,
    pub(super) wrap_up_s: Option<u32>,
    pub(super) line: usize,
}

impl Member {
    /// None when no device could be found in it; what is lost is reported.
    pub(super) fn read(given: &Given, remarks: &mut Remarks) -> Option<Self> {
        let fields: Vec<&str> = given.value.split(',').map(str::trim).collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let interface = field(0);
        let subject = format!("{}: member {interface}", given.section);
        let Some(extension) = extension(interface, field(3), given.line, &subject, remarks) else {
            let what = "no extension could be found in it; add the agent by hand";
            remarks.lost(given.line, subject, what);
            return None;
        };
        if ["yes", "true", "1"].contains(&field(4)) {
            remarks.lost(
                given.line,
                &subject,
                "an agent in a call is offered no other one",
            );
        }
        if ["yes", "true", "1"].contains(&field(6)) {
            let what = "agents sign in themselves, and say themselves that they are not ready";
            remarks.lost(given.line, &subject, what);
        }
        for further in fields.iter().skip(7).filter(|text| !text.is_empty()) {
            remarks.lost(
                given.line,
                &subject,
                format!("{further:?} is one field too many"),
            );
        }
        let mut number = |at: usize, noun| {
            let text = Some(field(at)).filter(|text| !text.is_empty())?;
            let number = text.parse::<i64>();
            if number.is_err() {
                let what = format!("the {noun} {text:?} is not a whole number");
                remarks.lost(given.line, &subject, what);
            }
            number.ok().map(|number| u32::try_from(number).unwrap_or(0))
        };
        let penalty = number(1, "penalty").unwrap_or(0);
        let wrap_up_s = number(5, "wrap-up time");
        let name = Some(field(2)).filter(|name| !name.is_empty());
        Some(Self {
            name: name.unwrap_or(&extension).to_owned(),
            extension,
            penalty,
            wrap_up_s,
            line: given.line,
        })
    }
}

/// The device of `PJSIP/1000`; of a Local channel the one whose state is watched.
fn extension(
    interface: &str,
    state: &str,
    line: usize,
    subject: &str,
    remarks: &mut Remarks,
) -> Option<String> {
    let (technology, address) = interface.split_once('/')?;
    let address = address.split(['/', '@', '&']).next()?;
    if ["PJSIP", "SIP"].contains(&technology.to_uppercase().as_str()) {
        if interface.contains(['@', '&']) {
            let what = "one device of the switch is rung for an agent, as endpoint under \
                        [switches.<id>] says";
            remarks.lost(line, subject, what);
        }
        return names::extension(address);
    }
    let device = state.split_once('/').map(|(_, device)| device);
    let found = names::extension(device.unwrap_or(address));
    if let Some(found) = &found {
        let what = format!(
            "{found} is dialled as endpoint under [switches.<id>] says; what {interface} does before is \
             not gone through"
        );
        remarks.lost(line, subject, what);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Member>, usize) {
        let given = Given {
            name: "member".to_owned(),
            value: text.to_owned(),
            line: 1,
            section: "queue q".to_owned(),
        };
        let mut remarks = Remarks::default();
        (Member::read(&given, &mut remarks), remarks.0.len())
    }

    #[test]
    fn a_member_is_an_extension_with_a_penalty_and_a_name() {
        for (text, extension, name, penalty, remarks) in [
            ("PJSIP/1000", "1000", "1000", 0, 0),
            ("SIP/anna,2,Anna Berg", "anna", "Anna Berg", 2, 0),
            ("PJSIP/1000,-1", "1000", "1000", 0, 0),
            ("Local/1000@agents,0,Anna,PJSIP/2000", "2000", "Anna", 0, 1),
            ("Local/1000@agents/n", "1000", "1000", 0, 1),
            ("Agent/1001", "1001", "1001", 0, 1),
            ("PJSIP/1000,x", "1000", "1000", 0, 1),
            ("PJSIP/1000,0,Anna,,yes,10,yes,?", "1000", "Anna", 0, 3),
        ] {
            let (member, count) = read(text);
            let member = member.unwrap();
            assert_eq!(member.extension, extension, "{text}");
            assert_eq!(
                (member.name.as_str(), member.penalty),
                (name, penalty),
                "{text}"
            );
            assert_eq!(count, remarks, "{text}");
        }
        assert_eq!(read("PJSIP/").1, 1);
        assert_eq!(read("nobody"), (None, 1));
    }
}
