//! The form of Asterisk's configuration files: sections, templates and their
//! heirs, comments.

use crate::import::{Given, Remarks};
use std::collections::BTreeMap;

/// One section, with what it inherits in front of its own.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) given: Vec<Given>,
    /// It is only there to be inherited from.
    pub(super) is_template: bool,
}

/// Every section in the order of the file; templates are among them.
pub(super) fn read(text: &str, remarks: &mut Remarks) -> Vec<Section> {
    let mut reader = Reader {
        sections: Vec::new(),
        places: BTreeMap::new(),
        remarks,
    };
    let mut commented = false;
    for (number, line) in text.lines().enumerate() {
        let line = uncommented(line, &mut commented);
        reader.line(number + 1, line.trim());
    }
    reader.sections
}

/// The line without its comment; `;--` and `--;` enclose longer ones.
fn uncommented(line: &str, within: &mut bool) -> String {
    let mut kept = String::new();
    let mut rest = line;
    loop {
        if *within {
            let Some((_, after)) = rest.split_once("--;") else {
                return kept;
            };
            *within = false;
            rest = after;
        }
        let Some(at) = comment(rest) else {
            kept.push_str(rest);
            return kept.replace("\\;", ";");
        };
        kept.push_str(&rest[..at]);
        let begins = rest[at..].starts_with(";--") && !rest[at..].starts_with(";---");
        if !begins {
            return kept.replace("\\;", ";");
        }
        *within = true;
        rest = &rest[at + 3..];
    }
}

/// Where the first semicolon stands that has no backslash before it.
fn comment(text: &str) -> Option<usize> {
    text.match_indices(';')
        .map(|(at, _)| at)
        .find(|at| !text[..*at].ends_with('\\'))
}

struct Reader<'r> {
    sections: Vec<Section>,
    /// Where the latest section of each name stands.
    places: BTreeMap<String, usize>,
    remarks: &'r mut Remarks,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(header) = text.strip_prefix('[') {
            return self.header(number, header);
        }
        if text.starts_with('#') {
            let what = "other files are not read; import what they hold by itself";
            return self.remarks.lost(number, text, what);
        }
        let Some((name, value)) = text.split_once('=') else {
            let what = "is not understood; a setting is written name = value";
            return self.remarks.lost(number, text, what);
        };
        let value = value.strip_prefix('>').unwrap_or(value).trim();
        let Some(section) = self.sections.last_mut() else {
            let what = "stands before the first section";
            return self.remarks.lost(number, text, what);
        };
        section.given.push(Given {
            name: name.trim().to_owned(),
            value: value.to_owned(),
            line: number,
            section: noun(&section.name),
        });
    }

    /// `name]`, `name](!)`, `name](!,template)`, `name](template,other)`, `name](+)`.
    fn header(&mut self, number: usize, text: &str) {
        let Some((name, options)) = text.split_once(']') else {
            return self
                .remarks
                .lost(number, format!("[{text}"), "the ] is missing");
        };
        let options = options.trim().trim_start_matches('(').trim_end_matches(')');
        let mut section = Section {
            name: name.trim().to_owned(),
            line: number,
            given: Vec::new(),
            is_template: false,
        };
        for option in options
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            match (
                option,
                self.places.get(option),
                self.places.get(&section.name),
            ) {
                ("!", _, _) => section.is_template = true,
                ("+", _, Some(at)) => {
                    // What follows belongs to the section of this name.
                    let again = self.sections.remove(*at);
                    section = again;
                    self.places = places(&self.sections);
                }
                (_, Some(at), _) => {
                    let inherited = self.sections[*at].given.clone();
                    section.given.extend(inherited);
                }
                (_, None, _) => {
                    let what = format!("there is no template {option:?} further up");
                    self.remarks
                        .lost(number, format!("[{name}]({options})"), what);
                }
            }
        }
        self.places
            .insert(section.name.clone(), self.sections.len());
        self.sections.push(section);
    }
}

fn places(sections: &[Section]) -> BTreeMap<String, usize> {
    let names = sections.iter().map(|section| section.name.clone());
    names.enumerate().map(|(at, name)| (name, at)).collect()
}

/// How a section is called in a report.
fn noun(name: &str) -> String {
    match name {
        "general" => "[general]".to_owned(),
        name => format!("queue {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(text: &str) -> (Vec<(String, Vec<String>)>, Vec<String>) {
        let mut remarks = Remarks::default();
        let sections = read(text, &mut remarks).into_iter().map(|section| {
            let given = section.given.iter();
            let given = given.map(|given| format!("{}={}@{}", given.name, given.value, given.line));
            let mark = if section.is_template { "!" } else { "" };
            (format!("{}{mark}", section.name), given.collect())
        });
        let sections = sections.collect();
        let remarks = remarks.into_sorted();
        let remarks = remarks
            .iter()
            .map(|remark| format!("{} {}", remark.line, remark.subject));
        (sections, remarks.collect())
    }

    #[test]
    fn what_is_inherited_comes_before_what_is_own() {
        let (sections, remarks) = sections(
            "[base](!)\na = 1\n[more](!,base)\nb=2\n[x](more)\na => 3\n[y](base,more)\n[x](+)\nc=4\n",
        );
        let expected = [
            ("base!", vec!["a=1@2"]),
            ("more!", vec!["a=1@2", "b=2@4"]),
            ("y", vec!["a=1@2", "a=1@2", "b=2@4"]),
            ("x", vec!["a=1@2", "b=2@4", "a=3@6", "c=4@9"]),
        ];
        let expected: Vec<(String, Vec<String>)> = expected
            .into_iter()
            .map(|(name, given)| {
                (
                    name.to_owned(),
                    given.into_iter().map(str::to_owned).collect(),
                )
            })
            .collect();
        assert_eq!(sections, expected);
        assert!(remarks.is_empty());
    }

    #[test]
    fn comments_are_left_out_wherever_they_begin_and_end() {
        let (sections, _) = sections(
            "[a] ; first\n;b=1\nc=2;--3\nd=4\n--;e=5\nf=6\\;7 ;8\n;--- a line\ng=9\n;-- h --; i=10\n",
        );
        assert_eq!(
            sections[0].1,
            ["c=2@3", "e=5@5", "f=6;7@6", "g=9@8", "i=10@9"]
        );
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_line() {
        let (_, remarks) = sections("x=1\n#include \"more.conf\"\n[a](nothing)\nnonsense\n[b\n");
        assert_eq!(
            remarks,
            [
                "1 x=1",
                "2 #include \"more.conf\"",
                "3 [a](nothing)",
                "4 nonsense",
                "5 [b"
            ]
        );
    }
}
