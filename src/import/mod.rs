//! Settings of the queues that the switches bring, turned into ours: reads the
//! other's file, writes sections of our own ([`draft`]), and says of every line
//! that it could not take over what to do instead ([`Remark`]).

pub mod callcenter;
mod draft;
mod names;
pub mod queues;
mod rule;

use crate::engine::text::OutsideText;
use std::fmt;
use std::path::Path;

/// What came of an import.
#[derive(Debug)]
pub struct Imported {
    /// Sections of our configuration, as TOML.
    pub toml: String,
    /// In the order of the lines.
    pub remarks: Vec<Remark>,
}

impl Imported {
    /// Whether nothing was lost.
    pub fn is_complete(&self) -> bool {
        !self.remarks.iter().any(Remark::is_lost)
    }
}

/// One thing to know about a line of the other's file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// Counts from 1.
    pub line: usize,
    pub kind: Kind,
    /// What stands there: `queue support: max-wait-time = 300`.
    pub subject: String,
    /// What becomes of it, or what to do instead.
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It has no counterpart, or was not understood.
    Lost,
    /// It was taken over or is not needed, and behaves a little differently.
    Note,
}

impl Remark {
    pub fn is_lost(&self) -> bool {
        self.kind == Kind::Lost
    }

    /// The remark as a line of a report about the file at `path`.
    pub fn about(&self, path: &Path) -> String {
        format!("{}:{}: {self}", path.display(), self.line)
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Lost => "not mapped",
            Kind::Note => "note",
        };
        write!(f, "{kind}: {}\n    {}", self.subject, self.what)
    }
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("line {line}: {what}")]
    Syntax { line: usize, what: String },
    #[error("there is no <configuration> with queues, agents or tiers in it")]
    NotACallcenter,
}

/// The remarks so far.
#[derive(Debug, Default)]
struct Remarks(Vec<Remark>);

impl Remarks {
    fn lost(&mut self, line: usize, subject: impl Into<String>, instead: impl Into<String>) {
        self.push(line, Kind::Lost, subject.into(), instead.into());
    }

    fn note(&mut self, line: usize, subject: impl Into<String>, what: impl Into<String>) {
        self.push(line, Kind::Note, subject.into(), what.into());
    }

    fn push(&mut self, line: usize, kind: Kind, subject: String, what: String) {
        self.0.push(Remark {
            line,
            kind,
            subject: OutsideText::new(&subject).to_string(),
            what,
        });
    }

    /// By line, each once: what stands in a template concerns many queues.
    fn into_sorted(mut self) -> Vec<Remark> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}

/// One setting of the other's file.
#[derive(Clone, Debug)]
struct Given {
    name: String,
    value: String,
    line: usize,
    /// The section it stands in: `queue support`.
    section: String,
}

impl Given {
    fn subject(&self) -> String {
        // It may hold a password.
        let value = match self.name.as_str() {
            "odbc-dsn" => "(not shown)",
            _ => &self.value,
        };
        format!("{}: {} = {value}", self.section, self.name)
    }

    fn is_yes(&self) -> bool {
        rule::is_yes(&self.value)
    }
}
