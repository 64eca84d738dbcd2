//! Names of the other's file as names of ours.

use crate::engine::id::{AgentId, MAX_ID_LENGTH, MusicClass, PromptId, QueueId};
use crate::import::Remarks;
use crate::switch::Extension;

/// What may stand in an identifier of ours; the rest becomes `-`.
pub(super) fn queue_id(name: &str, line: usize, remarks: &mut Remarks) -> String {
    id("queue", name, QueueId::new(name).is_ok(), line, remarks)
}

pub(super) fn agent_id(name: &str, line: usize, remarks: &mut Remarks) -> String {
    id("agent", name, AgentId::new(name).is_ok(), line, remarks)
}

fn id(noun: &str, name: &str, sound: bool, line: usize, remarks: &mut Remarks) -> String {
    if sound {
        return name.to_owned();
    }
    let kept = |c: char| {
        if c.is_ascii_alphanumeric() || "._-:@+".contains(c) {
            c
        } else {
            '-'
        }
    };
    let mut id: String = name.chars().map(kept).take(MAX_ID_LENGTH).collect();
    if id.is_empty() {
        id = noun.to_owned();
    }
    let what = format!("its id here is {id:?}; ids hold only letters, digits and . _ - : @ +");
    remarks.note(line, format!("{noun} {name}"), what);
    id
}

/// A sound file as the name of a prompt: without its folders and its type.
pub(super) fn prompt(file: &str) -> Option<String> {
    let name = file.trim().rsplit('/').next()?;
    let name = match name.rsplit_once('.') {
        Some((name, "wav" | "gsm" | "ulaw" | "alaw" | "sln" | "mp3" | "g722" | "WAV")) => name,
        _ => name,
    };
    PromptId::new(name).ok().map(|prompt| prompt.to_string())
}

pub(super) fn music(class: &str) -> Option<String> {
    MusicClass::new(class).ok().map(|class| class.to_string())
}

pub(super) fn extension(text: &str) -> Option<String> {
    Extension::new(text).ok().map(|_| text.to_owned())
}

/// The id, or the same with a number where it is taken already.
pub(super) fn unique<'a>(id: String, taken: impl Iterator<Item = &'a str>) -> String {
    let taken: Vec<&str> = taken.collect();
    let numbered = (2..).map(|number: u32| format!("{id}-{number}"));
    let mut ids = std::iter::once(id.clone()).chain(numbered);
    ids.find(|id| !taken.contains(&id.as_str())).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_id_becomes_one_and_says_so() {
        let mut remarks = Remarks::default();
        assert_eq!(
            queue_id("support@default", 1, &mut remarks),
            "support@default"
        );
        assert!(remarks.0.is_empty());
        assert_eq!(queue_id("客服 1", 1, &mut remarks), "---1");
        assert_eq!(remarks.0.len(), 1);
    }

    #[test]
    fn ids_are_given_once() {
        assert_eq!(unique("a".to_owned(), ["b"].into_iter()), "a");
        assert_eq!(unique("a".to_owned(), ["a", "a-2"].into_iter()), "a-3");
    }

    #[test]
    fn a_sound_file_is_a_prompt_without_folder_and_type() {
        assert_eq!(prompt("ivr/ivr-hold.wav").as_deref(), Some("ivr-hold"));
        assert_eq!(prompt("queue-thankyou").as_deref(), Some("queue-thankyou"));
        assert_eq!(prompt("say:please wait"), None);
    }
}
