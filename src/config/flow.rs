//! `[flows.<id>]`: what callers go through, inline or in a file of its own.

use crate::config::finding::Findings;
use crate::config::section::{Reader, deserialize, repair_of};
use crate::config::source::{self, Node, Value};
use crate::engine::id::BlockId;
use crate::engine::ivr::flow::{Block, Flow};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Part of the example file; [`Block`] documents every kind of block.
pub(super) const EXAMPLE: &str = r#"# A flow: what a caller goes through. It begins at `start` and follows the names
# of the blocks. Give it here, or in a file of its own: file = "flows/reservations.toml",
# a path from the folder of this file.
# Kinds of blocks:
#   answer   next                                  nothing is heard before it
#   play     prompts, next
#   menu     prompts, choices, otherwise, timeout_s = 5, attempts = 3
#   queue    queue, full                           `full`: where to go when it is full
#            prefer, prefer_wait_s = 30, never     agents to wait for alone at first; agents never to reach
#   voicemail to = "queue:<id>", next              a message for queue:, group: or agent:<id>;
#            prompt, max_s, silence_s              what is not given, [voicemail] says
#   hours    calendar, open, closed                by whether the calendar is open
#   if       condition, then, otherwise            by an expression over `call`, for example "call.vip"
#   busy                                           refuses an unanswered call
#   hang_up  cause = "normal_clearing"
[flows.reservations]
name = "预订"
start = "answer"

[flows.reservations.blocks]
answer = { kind = "answer", next = "menu" }
menu = { kind = "menu", prompts = ["welcome", "menu"], choices = { 1 = "wait" }, otherwise = "goodbye" }
wait = { kind = "queue", queue = "reservations", full = "goodbye" }
goodbye = { kind = "play", prompts = ["goodbye"], next = "end" }
end = { kind = "hang_up" }
"#;

/// Replaces a flow that names a `file` by what stands in the file.
pub(super) fn resolve(node: &mut Node, path: &str, folder: &Path, findings: &mut Findings) {
    let Value::Table(table) = &mut node.value else {
        return;
    };
    let Some(file) = table.remove("file") else {
        return;
    };
    for (name, node) in table.iter() {
        let what = "a flow with a file has no other keys here";
        findings.error(
            &node.key,
            &format!("{path}.{name}"),
            what,
            Some("move it into the file".to_owned()),
        );
    }
    let subject = format!("{path}.file");
    let name: PathBuf = match deserialize(&file) {
        Ok(name) => name,
        Err(what) => return findings.error(&file.place, &subject, what, None),
    };
    let full = folder.join(&name);
    match std::fs::read_to_string(&full) {
        Ok(text) => node.value = source::parse(&full, &text, findings).value,
        Err(error) => {
            let what = format!("{} cannot be read: {error}", full.display());
            let repair = "the path counts from the folder of the configuration file".to_owned();
            findings.error(&file.place, &subject, what, Some(repair));
        }
    }
}

/// Reads a flow block by block, so that each block gives its own findings.
pub(super) fn read(mut reader: Reader<'_>) -> Option<Flow> {
    let name = reader.required("name", "\"reservations\"");
    let start = reader.required("start", "\"answer\"");
    let blocks = reader.take("blocks");
    let blocks = match blocks {
        Some(node) => read_blocks(&node, &reader.path_of("blocks"), reader.findings()),
        None => {
            reader.wrong(
                "blocks",
                "is missing".to_owned(),
                Some("a flow has at least one block".to_owned()),
            );
            None
        }
    };
    reader.finish();
    Some(Flow {
        name: name?,
        start: start?,
        blocks: blocks?,
    })
}

fn read_blocks(
    node: &Node,
    path: &str,
    findings: &mut Findings,
) -> Option<BTreeMap<BlockId, Block>> {
    let Value::Table(table) = &node.value else {
        findings.error(
            &node.key,
            path,
            format!("must be a table, not {}", node.kind()),
            None,
        );
        return None;
    };
    let mut blocks = BTreeMap::new();
    let mut complete = true;
    for (name, node) in table {
        let path = format!("{path}.{name}");
        let id = BlockId::new(name)
            .map_err(|error| findings.error(&node.key, &path, error.to_string(), None))
            .ok();
        match (id, read_block(node, &path, findings)) {
            (Some(id), Some(block)) => {
                blocks.insert(id, block);
            }
            _ => complete = false,
        }
    }
    complete.then_some(blocks)
}

/// Reads one block. An unknown key is reported and left out, and the rest is
/// tried again, so that one pass tells everything.
fn read_block(node: &Node, path: &str, findings: &mut Findings) -> Option<Block> {
    let mut node = node.clone();
    let mut sound = true;
    loop {
        let what = match deserialize(&node) {
            Ok(block) => return sound.then_some(block),
            Err(what) => what,
        };
        sound = false;
        let named = what.split('`').nth(1).unwrap_or_default().to_owned();
        let repair = repair_of(&what);
        let Value::Table(keys) = &mut node.value else {
            findings.error(&node.place, path, what, None);
            return None;
        };
        if what.starts_with("unknown field")
            && let Some(unknown) = keys.remove(&named)
        {
            findings.error(
                &unknown.key,
                &format!("{path}.{named}"),
                "unknown key",
                repair,
            );
            continue;
        }
        // An unknown variant is the value of some key; anything else belongs to the block.
        let culprit = keys
            .values()
            .find(|value| value.to_toml().as_str() == Some(&named));
        findings.error(
            culprit.map_or(&node.key, |value| &value.place),
            path,
            what,
            repair,
        );
        return None;
    }
}
