//! `switchyard serve` as a process of its own, and the simulated FreeSWITCH as
//! another: both can be signalled, killed and started again.

use super::session::Session;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use switchyard::cli::simulate_switch::Listening;
use switchyard::switch::simulated::esl::EslReport;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long anything may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(60);

/// A loopback TCP port that was free a moment ago.
pub fn free_tcp_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("the port just bound")
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchyard"));
    command.current_dir(folder).args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SWITCHYARD_") {
            command.env_remove(name);
        }
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn signal(child: &Child, name: &str) {
    let pid = child.id().expect("it has not ended").to_string();
    let sent = Command::new("kill").args(["-s", name, &pid]).status();
    assert!(sent.await.expect("kill runs").success());
}

/// Runs a subcommand to its end: its exit code, and what it printed.
pub async fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = program(folder, arguments).output();
    let output = timeout(SOON, output).await.expect("in time");
    let output = output.expect("the program runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("text");
    (output.status.code().expect("an exit code"), said)
}

/// One `switchyard serve` in `folder`, with the settings of its `switchyard.toml`.
pub struct Controller {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
    pages: String,
}

impl Controller {
    /// Starts it and waits until it takes calls.
    pub async fn start(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = program(folder, &["serve"]);
        command.args(arguments).envs(variables.iter().copied());
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join("log"))
            .expect("a log");
        let mut child = command.stderr(log).spawn().expect("the program runs");
        let lines = child.stdout.take().expect("its output");
        let mut controller = Controller {
            child,
            lines: BufReader::new(lines).lines(),
            folder: folder.to_owned(),
            pages: String::new(),
        };
        let first = controller.line().await;
        let pages = first.split("pages: ").nth(1);
        controller.pages = pages
            .unwrap_or_else(|| panic!("{first}\n{}", controller.log()))
            .trim_end_matches('/')
            .to_owned();
        controller
    }

    /// The next line that it prints.
    pub async fn line(&mut self) -> String {
        let line = timeout(SOON, self.lines.next_line())
            .await
            .expect("in time");
        let line = line.expect("text");
        line.unwrap_or_else(|| panic!("it ended\n{}", self.log()))
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).expect("the log")
    }

    /// Sends a signal by its name, for example `TERM`.
    pub async fn signal(&self, name: &str) {
        signal(&self.child, name).await;
    }

    /// Ends it as a crash would, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it runs");
    }

    /// Waits until it ends by itself, and gives its exit code.
    pub async fn ended(&mut self) -> i32 {
        let status = timeout(SOON, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("it still runs\n{}", self.log()));
        status.expect("a status").code().expect("an exit code")
    }

    /// Signs in as the administrator whom the first start made.
    pub async fn admin(&mut self) -> Session {
        let line = self.line().await;
        let password = line.split(" with the password ").nth(1);
        let password = password.and_then(|rest| rest.split(' ').next());
        let password = password.unwrap_or_else(|| panic!("{line}"));
        Session::open(&self.pages, "admin", password).await
    }
}

/// `switchyard simulate-switch`: a FreeSWITCH that outlives its controllers.
pub struct SimulatedSwitch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub address: SocketAddr,
}

impl SimulatedSwitch {
    /// The password its clients give.
    pub const PASSWORD: &str = "simulated";

    pub async fn start(folder: &Path, arguments: &[&str]) -> Self {
        let arguments = [
            &["simulate-switch", "--json", "--listen", "127.0.0.1:0"],
            &["--password", Self::PASSWORD][..],
            arguments,
        ];
        let mut child = program(folder, &arguments.concat())
            .spawn()
            .expect("the program runs");
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines();
        let first = timeout(SOON, lines.next_line()).await.expect("in time");
        let first = first.expect("text").expect("a line");
        let Listening { listening } = serde_json::from_str(&first).expect("an address");
        Self {
            child,
            lines,
            address: listening,
        }
    }

    /// Its section in the configuration of a controller in `folder`.
    pub fn section(&self, folder: &Path) -> String {
        format!(
            "kind = \"freeswitch\"\naddress = \"{}\"\npassword = \"{}\"\n\
             endpoint = \"user/{{extension}}\"\nprompts = \"/prompts\"\n\
             recordings = \"{}/switch\"\n",
            self.address,
            Self::PASSWORD,
            folder.display()
        )
    }

    /// Ends it, and gives what it saw since its start.
    pub async fn report(&mut self) -> EslReport {
        signal(&self.child, "INT").await;
        let line = timeout(SOON, self.lines.next_line())
            .await
            .expect("in time");
        let line = line.expect("text").expect("a line");
        serde_json::from_str(&line).expect("a report")
    }

    /// A switch that goes with all its calls.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it runs");
    }
}
