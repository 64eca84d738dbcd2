//! The configuration: one TOML file plus environment, one struct and file per
//! concern. [`section`] says how a struct, its reader and its part of the
//! example file come from one declaration; [`references`] checks what sections
//! say of each other.

pub mod agent;
pub mod calendar;
pub mod callback;
pub mod callers;
pub mod centre;
pub mod dialplan;
pub mod difference;
pub mod example;
pub mod finding;
pub mod flow;
pub mod group;
pub mod http;
pub mod in_call;
pub mod journal;
pub mod limits;
pub mod log;
pub mod missed;
pub mod not_ready;
pub mod number;
pub mod queue;
pub mod recordings;
mod references;
mod routes;
pub mod routing;
pub mod section;
pub mod site;
pub mod source;
pub mod store;
pub mod switch;
mod trunks;
pub mod voicemail;

use crate::engine::caller_list::Callers;
use crate::engine::centre::{AccessNumber, AgentSettings, Centre};
use crate::engine::id::{
    AgentId, CalendarId, CallerListId, FlowId, GroupId, QueueId, ReasonId, SiteId, SwitchId,
};
use crate::engine::ivr::flow::Flow;
use crate::engine::time::Timestamp;
use agent::AgentConfig;
use calendar::CalendarConfig;
use callers::file::ListFile;
use callers::{CallerListConfig, CallersConfig};
use centre::CentreConfig;
use dialplan::DialplanConfig;
use difference::Given;
use finding::{ConfigErrors, Finding, Findings};
use group::GroupConfig;
use http::HttpConfig;
use in_call::InCallConfig;
use journal::JournalConfig;
use limits::LimitsConfig;
use log::LogConfig;
use missed::MissedOffersConfig;
use not_ready::NotReadyConfig;
use number::NumberConfig;
use queue::QueueConfig;
use recordings::RecordingsConfig;
use routing::RoutingConfig;
use section::{Reader, Section};
use site::SiteConfig;
use source::{Node, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use store::StoreConfig;
use switch::{SwitchConfig, SwitchKind};
use voicemail::VoicemailConfig;

/// A configuration that was checked: whatever it names exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub centre: CentreConfig,
    pub switches: Vec<SwitchConfig>,
    pub store: StoreConfig,
    pub journal: JournalConfig,
    pub recordings: RecordingsConfig,
    pub http: HttpConfig,
    pub queues: BTreeMap<QueueId, QueueConfig>,
    pub calendars: BTreeMap<CalendarId, CalendarConfig>,
    pub agents: BTreeMap<AgentId, AgentConfig>,
    pub numbers: BTreeMap<String, NumberConfig>,
    pub flows: BTreeMap<FlowId, Flow>,
    pub routing: RoutingConfig,
    pub limits: LimitsConfig,
    pub groups: BTreeMap<GroupId, GroupConfig>,
    pub in_call: InCallConfig,
    pub not_ready_reasons: BTreeMap<ReasonId, NotReadyConfig>,
    pub missed_offers: MissedOffersConfig,
    pub callers: CallersConfig,
    pub caller_lists: BTreeMap<CallerListId, CallerListConfig>,
    /// What the lists and their files say, by number.
    known_callers: Arc<Callers>,
    pub voicemail: VoicemailConfig,
    pub sites: BTreeMap<SiteId, SiteConfig>,
    pub dialplan: DialplanConfig,
    pub log: LogConfig,
    /// Doubtful things that do not stand in the way.
    pub warnings: Vec<Finding>,
    /// What becomes doubtful with time; [`Config::warnings_at`] tells.
    lapsing: Vec<Lapsing>,
    /// The settings by their paths, for telling what a change changed.
    given: Given,
}

/// A setting that is right today, and doubtful from some day on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lapsing {
    from: Timestamp,
    finding: Finding,
}

impl Config {
    /// Reads the file at `path` and the process's environment.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every finding, not only the first.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let text = std::fs::read_to_string(path).map_err(|why| ConfigErrors::Unreadable {
            path: path.to_owned(),
            why,
        })?;
        // A variable that is not Unicode cannot be one of ours.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::read(path, &text, variables)
    }

    /// Reads `text`, which stands in the file `path`, overlaid by `variables`.
    /// Files it names are looked for from the folder of `path`.
    ///
    /// # Errors
    /// [`ConfigErrors::Found`] with every finding.
    pub fn read(
        path: &Path,
        text: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut findings = Findings::default();
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut root = source::parse(path, text, &mut findings);
        if findings.has_errors() {
            // What follows a syntax error would be reported as missing.
            return Err(ConfigErrors::Found(findings.into_sorted()));
        }
        source::overlay(&mut root, variables);
        let config = Self::read_node(root, folder, &mut findings);
        let found = findings.into_sorted();
        match config {
            Some(config) => Ok(Self {
                warnings: found,
                ..config
            }),
            None => Err(ConfigErrors::Found(found)),
        }
    }

    /// Reads what stands below one node; files it names are looked for from
    /// `folder`. None when there is an error among the findings.
    pub(crate) fn read_node(
        mut root: Node,
        folder: &Path,
        findings: &mut Findings,
    ) -> Option<Self> {
        resolve_flows(&mut root, folder, findings);
        let files = callers::file::read_all(&root, folder, findings);
        let mut config = read_root(&root, folder, findings)?;
        config.know_callers(&files, &root, findings);
        config.lapsing = references::check(&config, &root, findings);
        (!findings.has_errors()).then_some(config)
    }

    fn know_callers(
        &mut self,
        files: &BTreeMap<CallerListId, ListFile>,
        root: &Node,
        findings: &mut Findings,
    ) {
        let lists = &self.caller_lists;
        let known = callers::assemble(&self.callers, lists, files, root, findings);
        self.known_callers = Arc::new(known);
        for (list, file) in files {
            self.given
                .note_file(&format!("caller_lists.{list}.file"), &file.sum);
        }
    }

    /// Every warning, with those that count only from some day on.
    pub fn warnings_at(&self, now: Timestamp) -> Vec<Finding> {
        let lapsed = self.lapsing.iter().filter(|lapsing| lapsing.from <= now);
        let lapsed = lapsed.map(|lapsing| lapsing.finding.clone());
        self.warnings.iter().cloned().chain(lapsed).collect()
    }

    /// The centre as the engine is told of it at `now`.
    pub fn centre(&self, now: Timestamp) -> Centre {
        let numbers = self.numbers.iter().map(|(dialled, number)| {
            let language = number.language.unwrap_or(self.centre.language);
            (
                dialled.clone(),
                AccessNumber {
                    flow: number.flow.clone(),
                    language,
                },
            )
        });
        Centre {
            tenant: self.centre.tenant.clone(),
            site: self.centre.site.clone(),
            switches: self
                .switches
                .iter()
                .map(|switch| switch.id.clone())
                .collect(),
            outbound: self
                .switches
                .iter()
                .filter(|switch| switch.kind.dials_outside())
                .map(|switch| switch.id.clone())
                .collect(),
            pools: switch::pools(&self.switches),
            numbers: numbers.collect(),
            flows: self
                .flows
                .iter()
                .map(|(id, flow)| (id.clone(), Arc::new(flow.clone())))
                .collect(),
            queues: self
                .queues
                .iter()
                .map(|(id, queue)| (id.clone(), queue.into()))
                .collect(),
            agents: self
                .agents
                .iter()
                .map(|(id, agent)| (id.clone(), self.agent(agent)))
                .collect(),
            calendars: self
                .calendars
                .iter()
                .map(|(id, calendar)| (id.clone(), calendar.openings(now)))
                .collect(),
            routing: (&self.routing).into(),
            limits: (&self.limits).into(),
            groups: self
                .groups
                .iter()
                .map(|(id, group)| (id.clone(), group.into()))
                .collect(),
            in_call: (&self.in_call).into(),
            not_ready_reasons: self
                .not_ready_reasons
                .iter()
                .map(|(id, reason)| (id.clone(), reason.into()))
                .collect(),
            missed_offers: (&self.missed_offers).into(),
            callers: Arc::clone(&self.known_callers),
            voicemail: (&self.voicemail).into(),
            sites: self
                .sites
                .iter()
                .filter_map(|(id, site)| Some((id.clone(), site.settings()?)))
                .collect(),
        }
    }
}

impl Config {
    fn agent(&self, agent: &AgentConfig) -> AgentSettings {
        AgentSettings {
            language: agent.language.unwrap_or(self.centre.language),
            ..agent.into()
        }
    }
}

fn resolve_flows(root: &mut Node, folder: &Path, findings: &mut Findings) {
    let Value::Table(table) = &mut root.value else {
        return;
    };
    let Some(Value::Table(flows)) = table.get_mut("flows").map(|node| &mut node.value) else {
        return;
    };
    for (name, node) in flows {
        flow::resolve(node, &format!("flows.{name}"), folder, findings);
    }
}

/// Everything that could be read. A section that could not be is replaced by
/// its defaults, or left out, so that the rest can be checked all the same.
fn read_root(root: &Node, folder: &Path, findings: &mut Findings) -> Option<Config> {
    let mut sections = Sections {
        reader: Reader::new(root, "", folder, findings)?,
        folder,
    };
    let switches: BTreeMap<SwitchId, SwitchKind> = sections.many("switches", SwitchKind::read);
    let config = Config {
        centre: sections.one("centre")?,
        switches: switches
            .into_iter()
            .map(|(id, kind)| SwitchConfig { id, kind })
            .collect(),
        store: sections.one("store")?,
        journal: sections.one("journal")?,
        recordings: sections.one("recordings")?,
        http: sections.one("http")?,
        queues: sections.many("queues", QueueConfig::read),
        calendars: sections.many("calendars", CalendarConfig::read),
        agents: sections.many("agents", AgentConfig::read),
        numbers: sections.many("numbers", NumberConfig::read),
        flows: sections.many("flows", flow::read),
        routing: sections.one("routing")?,
        limits: sections.one("limits")?,
        groups: sections.many("groups", GroupConfig::read),
        in_call: sections.one("in_call")?,
        not_ready_reasons: sections.many("not_ready_reasons", NotReadyConfig::read),
        missed_offers: sections.one("missed_offers")?,
        callers: sections.one("callers")?,
        caller_lists: sections.many("caller_lists", CallerListConfig::read),
        known_callers: Arc::default(),
        voicemail: sections.one("voicemail")?,
        sites: sections.many("sites", SiteConfig::read),
        dialplan: sections.one("dialplan")?,
        log: sections.one("log")?,
        warnings: Vec::new(),
        lapsing: Vec::new(),
        given: Given::of(root),
    };
    sections.reader.finish();
    Some(config)
}

/// The sections of the file, each a table below the root.
struct Sections<'a> {
    reader: Reader<'a>,
    folder: &'a Path,
}

impl Sections<'_> {
    /// The section `[name]`; its defaults when it is not given or has errors.
    fn one<S: Section>(&mut self, name: &str) -> Option<S> {
        let given = self.reader.take(name).and_then(|node| {
            S::read(Reader::new(
                &node,
                name,
                self.folder,
                self.reader.findings(),
            )?)
        });
        given.or_else(|| S::parse("").ok())
    }

    /// The sections `[name.<id>]` without those that have errors.
    fn many<K: FromStr<Err: ToString> + Ord, S>(
        &mut self,
        name: &str,
        read: impl Fn(Reader<'_>) -> Option<S>,
    ) -> BTreeMap<K, S> {
        let Some(node) = self.reader.take(name) else {
            return BTreeMap::new();
        };
        let findings = self.reader.findings();
        let Value::Table(table) = &node.value else {
            let repair = format!("write each one as [{name}.<id>]");
            let what = format!("must be a table, not {}", node.kind());
            findings.error(&node.key, name, what, Some(repair));
            return BTreeMap::new();
        };
        let mut sections = BTreeMap::new();
        for (id, node) in table {
            let path = format!("{name}.{id}");
            let key = id.parse::<K>();
            if let Err(error) = &key {
                findings.error(&node.key, &path, error.to_string(), None);
            }
            let section = Reader::new(node, &path, self.folder, findings).and_then(&read);
            if let (Ok(key), Some(section)) = (key, section) {
                sections.insert(key, section);
            }
        }
        sections
    }
}
