//! The `switchyard.toml` of a centre with a switch, whose flow `desk` begins at
//! the block `answer`.

use super::controller::free_tcp_port;
use std::path::Path;

/// The access number of every centre here.
pub const NUMBER: &str = "4001";

pub struct Settings<'a> {
    /// The switch's id, and its section in TOML.
    pub switch: (&'a str, &'a str),
    /// Each agent's name, extension and queue.
    pub agents: &'a [(&'a str, u16, &'a str)],
    /// Further sections in TOML: queues, the flow's blocks and what differs
    /// from the defaults.
    pub sections: &'a str,
}

impl Settings<'_> {
    /// Writes them into `folder`, where everything else of the centre lies too.
    pub fn write(&self, folder: &Path) {
        let (here, pages) = (folder.display(), free_tcp_port());
        let (id, switch) = self.switch;
        let agents: String = self
            .agents
            .iter()
            .map(|(name, extension, queue)| {
                format!(
                    "[agents.{name}]\nname = \"{name}\"\nextension = \"{extension}\"\n\
                     switch = \"{id}\"\nqueues = [\"{queue}\"]\n"
                )
            })
            .collect();
        let text = format!(
            r#"
[switches.{id}]
{switch}
[http]
listen = "{pages}"
[store]
url = "sqlite://{here}/store.db"
[journal]
path = "{here}/journal"
[recordings]
folder = "{here}/recordings"
[numbers.{NUMBER}]
flow = "desk"
[flows.desk]
name = "desk"
start = "answer"
{sections}
{agents}"#,
            sections = self.sections
        );
        std::fs::write(folder.join("switchyard.toml"), text).expect("a writable folder");
    }
}
