//! A list of callers in a file of its own: comma-separated values (RFC 4180) whose
//! first line names the columns.

use crate::config::callers::ListedNumber;
use crate::config::finding::{Findings, Place};
use crate::config::source::{Node, Value};
use crate::engine::id::{AgentId, CallerListId};
use crate::engine::wishes::AgentSet;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Largest file read, in bytes.
const LARGEST: u64 = 64 * 1_024 * 1_024;
/// Findings told of one file; more are counted.
const MOST_FINDINGS: usize = 20;

/// What stands in a list's file.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct ListFile {
    pub(super) listed: Vec<Listed>,
    /// Of the whole file, for telling that it has changed.
    pub(in crate::config) sum: String,
}

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) place: Place,
    pub(super) number: ListedNumber,
}

/// Reads the files that lists name, from `folder`.
pub(in crate::config) fn read_all(
    root: &Node,
    folder: &Path,
    findings: &mut Findings,
) -> BTreeMap<CallerListId, ListFile> {
    let mut files = BTreeMap::new();
    let Value::Table(root) = &root.value else {
        return files;
    };
    let Some(Value::Table(lists)) = root.get("caller_lists").map(|node| &node.value) else {
        return files;
    };
    for (name, list) in lists {
        let (Value::Table(list), Ok(id)) = (&list.value, name.parse::<CallerListId>()) else {
            continue;
        };
        let file = list.get("file").map(|node| (node, node.to_toml()));
        let Some((node, Some(path))) = file.as_ref().map(|(node, value)| (node, value.as_str()))
        else {
            continue;
        };
        let subject = format!("caller_lists.{name}.file");
        let full = folder.join(path);
        match text_of(&full) {
            Ok(text) => drop(files.insert(id, read(&full, &text, &subject, findings))),
            Err(why) => {
                let what = format!("{} cannot be read: {why}", full.display());
                let repair = "the path counts from the folder of the configuration file";
                findings.error(&node.place, &subject, what, Some(repair.to_owned()));
            }
        }
    }
    files
}

fn text_of(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path)
        .map_err(|why| why.to_string())?
        .len();
    if size > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    let bytes = std::fs::read(path).map_err(|why| why.to_string())?;
    String::from_utf8(bytes).map_err(|why| {
        let before = why.as_bytes().iter().take(why.utf8_error().valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        format!("line {line} is not UTF-8: save the file as UTF-8")
    })
}

fn read(path: &Path, text: &str, subject: &str, findings: &mut Findings) -> ListFile {
    let mut file = ListFile {
        listed: Vec::new(),
        sum: sum(text),
    };
    let path: Arc<Path> = Arc::from(path);
    let at = |line: usize| Place::File {
        path: Arc::clone(&path),
        line,
        column: 1,
    };
    // Spreadsheet programs begin a file with a mark.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let lines = text.lines().enumerate().map(|(nth, line)| (nth + 1, line));
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let columns: Vec<String> = match lines.next().map(|(line, text)| (line, fields(text))) {
        Some((_, Ok(columns))) if columns.iter().any(|column| column == "number") => columns,
        Some((line, _)) => {
            let repair = "begin with a line such as: number,name,prefer".to_owned();
            let what = "the first line names no column \"number\"";
            findings.error(&at(line), subject, what, Some(repair));
            return file;
        }
        None => return file,
    };
    let mut wrong = 0;
    for (line, text) in lines {
        match listed(&columns, text) {
            Ok(number) => file.listed.push(Listed {
                place: at(line),
                number,
            }),
            Err(what) => {
                wrong += 1;
                if wrong <= MOST_FINDINGS {
                    findings.error(&at(line), subject, what, None);
                }
            }
        }
    }
    if wrong > MOST_FINDINGS {
        let what = format!("{} more lines are wrong", wrong - MOST_FINDINGS);
        findings.error(&at(1), subject, what, None);
    }
    file
}

fn sum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest.iter().take(6).map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// What one line says, by its columns.
fn listed(columns: &[String], line: &str) -> Result<ListedNumber, String> {
    let fields = fields(line)?;
    if fields.len() > columns.len() {
        let (given, known) = (fields.len(), columns.len());
        return Err(format!(
            "has {given} columns, and the first line names {known}"
        ));
    }
    let mut number = ListedNumber {
        number: String::new(),
        name: String::new(),
        priority: None,
        prefer: AgentSet::default(),
        never: AgentSet::default(),
        attributes: BTreeMap::new(),
    };
    for (column, field) in columns.iter().zip(fields) {
        match column.as_str() {
            "number" => number.number = field,
            "name" => number.name = field,
            _ if field.is_empty() => {}
            "priority" => {
                let wrong = |_| format!("the priority {field:?} is not a whole number");
                number.priority = Some(field.parse().map_err(wrong)?);
            }
            "prefer" => number.prefer = agents(&field)?,
            "never" => number.never = agents(&field)?,
            attribute => drop(number.attributes.insert(attribute.to_owned(), field)),
        }
    }
    match number.number.is_empty() {
        true => Err("has no number".to_owned()),
        false => Ok(number),
    }
}

fn agents(field: &str) -> Result<AgentSet, String> {
    let names = field.split_whitespace().map(str::parse::<AgentId>);
    let names: Vec<AgentId> = names
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{field:?}: {error}"))?;
    AgentSet::new(names).map_err(|error| error.to_string())
}

/// The fields of a line, without the spaces around them. A field in quotation marks
/// may hold commas; two marks in it stand for one.
fn fields(line: &str) -> Result<Vec<String>, String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(field) = fields.last_mut() else {
            break;
        };
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted || field.trim().is_empty() => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    match quoted {
        true => Err("a quotation mark is not closed".to_owned()),
        false => Ok(fields.iter().map(|field| field.trim().to_owned()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_be_quoted() {
        let read = |line: &str| fields(line).map(|fields| fields.join("|"));
        assert_eq!(read("1, a ,,b").as_deref(), Ok("1|a||b"));
        assert_eq!(
            read(r#""1,2", "say ""no""""#).as_deref(),
            Ok(r#"1,2|say "no""#)
        );
        assert!(read(r#""1"#).is_err());
    }

    #[test]
    fn each_wrong_line_is_told_with_its_number() {
        let text = "\u{FEFF}number,name,priority,prefer,tier\n13800138000,王先生,3,anna bert,gold\n\n\
                    # a remark\n,nobody\n139*,x,high\n1,2,3,,5,6\n";
        let mut findings = Findings::default();
        let file = read(
            Path::new("vip.csv"),
            text,
            "caller_lists.vip.file",
            &mut findings,
        );
        let told: Vec<String> = findings
            .into_sorted()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "vip.csv:5:1: error: caller_lists.vip.file: has no number",
                "vip.csv:6:1: error: caller_lists.vip.file: the priority \"high\" is not a whole number",
                "vip.csv:7:1: error: caller_lists.vip.file: has 6 columns, and the first line names 5",
            ]
        );
        let [Listed { number, .. }] = &file.listed[..] else {
            panic!("one line is right");
        };
        assert_eq!(number.prefer.names(), "anna, bert");
        assert_eq!(number.attributes["tier"], "gold");
    }
}
