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
        let read = |name: &str| std::env::var(format!("SWITCHYARD_TEST_{name}")).ok();
        let found = (|| {
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
        })();
        if found.is_none() {
            eprintln!(
                "skipped: no real Asterisk; start one with: eval \"$(scripts/asterisk start)\""
            );
        }
        found
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
