//! What is wrong with a configuration: where, what, and the likely repair.

use serde::{Serialize, Serializer};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One thing found wrong, or doubtful.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    pub place: Place,
    /// The dotted path of the setting, for example `queues.desk.strategy`;
    /// empty when the file as a whole is meant.
    pub subject: String,
    /// What is wrong.
    pub what: String,
    /// What would mend it.
    pub repair: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, and is probably not what was meant.
    Warning,
}

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// `line` and `column` count from 1; the column counts characters.
    File {
        path: Arc<Path>,
        line: usize,
        column: usize,
    },
    /// An environment variable, by its name.
    Environment(String),
    /// A default of the product.
    Default,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Place::Environment(variable) => write!(f, "environment variable {variable}"),
            Place::Default => f.write_str("built-in default"),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        match self {
            Place::File { path, line, column } => {
                let mut place = serializer.serialize_struct("Place", 3)?;
                place.serialize_field("file", &path.display().to_string())?;
                place.serialize_field("line", line)?;
                place.serialize_field("column", column)?;
                place.end()
            }
            Place::Environment(variable) => {
                let mut place = serializer.serialize_struct("Place", 1)?;
                place.serialize_field("environment", variable)?;
                place.end()
            }
            Place::Default => serializer.serialize_struct("Place", 0)?.end(),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.place, self.severity)?;
        if !self.subject.is_empty() {
            write!(f, "{}: ", self.subject)?;
        }
        f.write_str(&self.what)?;
        match &self.repair {
            Some(repair) => write!(f, "\n    {repair}"),
            None => Ok(()),
        }
    }
}

/// Everything found while a configuration was read, in any order.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn error(
        &mut self,
        place: &Place,
        subject: &str,
        what: impl Into<String>,
        repair: Option<String>,
    ) {
        self.push(Severity::Error, place, subject, what.into(), repair);
    }

    pub(crate) fn push(
        &mut self,
        severity: Severity,
        place: &Place,
        subject: &str,
        what: String,
        repair: Option<String>,
    ) {
        let (place, subject) = (place.clone(), subject.to_owned());
        self.0.push(Finding {
            severity,
            place,
            subject,
            what,
            repair,
        });
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// In the order a reader meets them: by file and line.
    pub(crate) fn into_sorted(mut self) -> Vec<Finding> {
        self.0
            .sort_by(|a, b| (&a.place, a.severity).cmp(&(&b.place, b.severity)));
        self.0
    }
}

/// Why a configuration cannot be used. Holds *all* findings, warnings included.
#[derive(Debug, thiserror::Error)]
pub enum ConfigErrors {
    #[error("{}: the configuration cannot be read: {why}", path.display())]
    Unreadable { path: PathBuf, why: std::io::Error },
    #[error("{}", list(.0))]
    Found(Vec<Finding>),
}

fn list(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(Finding::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
