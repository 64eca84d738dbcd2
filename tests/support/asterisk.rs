//! The real Asterisk that `scripts/asterisk start` runs, as the tests reach it.

use std::path::PathBuf;
use std::process::Command;
use switchyard::config::switch::AsteriskConfig;

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

    /// What Asterisk's console answers to a command.
    pub fn console(&self, command: &str) -> String {
        let mut words = self.control.split(' ');
        let output = Command::new(words.next().expect("a command"))
            .args(words)
            .arg(command)
            .output()
            .expect("Asterisk's console");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
