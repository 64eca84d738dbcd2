//! The real Asterisk that `scripts/asterisk start` runs, as the tests reach it.

use super::switch::DEADLINE;
use std::path::PathBuf;
use std::process::Command;
use switchyard::config::switch::AsteriskConfig;

/// The console's command that lists channels, one on a line, in fields with `!` between.
pub const CHANNELS: &str = "core show channels concise";

/// The console's command that lists bridges.
pub const BRIDGES: &str = "bridge show all";

/// Where it is, from the variables that `scripts/asterisk start` prints.
#[derive(Clone, Debug)]
pub struct Asterisk {
    pub settings: AsteriskConfig,
    /// `host:port` that callers ring.
    pub sip: String,
    /// SIP port of extension 1001.
    agents: u16,
    control: String,
    /// Its own log of every channel.
    pub log: PathBuf,
}

impl Asterisk {
    /// `None`, loudly, when no Asterisk was started for the tests.
    pub fn running() -> Option<Asterisk> {
        let found = Self::told(|name| std::env::var(name).ok());
        if found.is_none() {
            eprintln!(
                "skipped: no real Asterisk; start one with: eval \"$(scripts/asterisk start)\""
            );
        }
        found
    }

    /// Another one, which callers on the first reach over a trunk: the file `env` that
    /// `scripts/asterisk start --dir` wrote for it is named by
    /// `SWITCHYARD_TEST_SECOND_ASTERISK`. `None`, loudly, when there is none.
    pub fn second() -> Option<Asterisk> {
        let file = std::env::var("SWITCHYARD_TEST_SECOND_ASTERISK").ok();
        let text = file.and_then(|file| std::fs::read_to_string(file).ok());
        let found = text.and_then(|text| {
            Self::told(|name| {
                let mut lines = text.lines();
                let export = format!("export {name}=");
                let value = lines.find_map(|line| line.strip_prefix(&export))?;
                Some(value.trim_matches('\'').to_owned())
            })
        });
        if found.is_none() {
            eprintln!("skipped: no second Asterisk; SWITCHYARD_TEST_SECOND_ASTERISK names its env");
        }
        found
    }

    fn told(variable: impl Fn(&str) -> Option<String>) -> Option<Asterisk> {
        let read = |name: &str| variable(&format!("SWITCHYARD_TEST_{name}"));
        Some(Asterisk {
            settings: AsteriskConfig {
                outbound: None,
                trunks: Default::default(),
                url: read("ARI_URL")?,
                user: read("ARI_USER")?,
                password: read("ARI_PASSWORD")?,
                app: "switchyard".to_owned(),
                endpoint: "PJSIP/{extension}".to_owned(),
                prompts: "switchyard".to_owned(),
            },
            sip: read("ASTERISK_SIP")?,
            agents: read("ASTERISK_AGENTS")?.parse().ok()?,
            control: read("ASTERISK_CONTROL")?,
            log: read("ASTERISK_LOG")?.into(),
        })
    }

    /// The SIP port on which the phone of an extension is expected.
    pub fn phone_port(&self, extension: u16) -> u16 {
        self.agents + extension - 1001
    }

    /// What Asterisk's console answers to a command. The controller under test, which shares
    /// the thread, goes on meanwhile: what a test waits for may be its work.
    pub async fn console(&self, command: &str) -> String {
        let output = tokio::process::Command::from(self.to_console(command)).output();
        let output = output.await.expect("Asterisk's console");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub fn to_console(&self, command: &str) -> Command {
        let mut words = self.control.split(' ');
        let mut program = Command::new(words.next().expect("a command"));
        program.args(words).arg(command);
        program
    }

    /// Ends every channel, and waits until there is none: what a test that failed has left
    /// would be taken up.
    pub async fn is_cleared(&self) {
        self.console("channel request hangup all").await;
        self.has_no(CHANNELS, "!").await;
    }

    /// Waits until a list of the console has no line with this mark any more.
    pub async fn has_no(&self, list: &str, mark: &str) {
        let mut remains = String::new();
        let look = async {
            loop {
                let listed = self.console(list).await;
                let marked = listed.lines().filter(|line| line.contains(mark));
                remains = marked.collect::<Vec<_>>().join("\n");
                if remains.is_empty() {
                    return;
                }
            }
        };
        if tokio::time::timeout(DEADLINE, look).await.is_err() {
            panic!("{remains} remains");
        }
    }
}
