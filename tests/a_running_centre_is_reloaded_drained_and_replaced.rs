//! What a sysadmin does to a running centre: new settings, a stop, an upgrade.
//! Real processes, with the simulated FreeSWITCH as one of its own.

mod support;

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;
use support::controller::{Controller, SOON, SimulatedSwitch, free_tcp_port, run};
use support::settings::Settings;
use tempfile::TempDir;

const SECTIONS: &str = r#"
[limits]
drain_s = 3
[queues.desk]
name = "前台"
record = false
wrap_up_s = 1
ring_s = 20
[flows.desk.blocks]
answer = { kind = "answer", next = "wait" }
wait = { kind = "queue", queue = "desk" }
"#;

/// A folder with the settings of a centre of three agents on `switch`.
fn centre(switch: &SimulatedSwitch) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let section = switch.section(folder.path());
    let settings = Settings {
        switch: ("fs", &section),
        agents: &[
            ("a1", 1001, "desk"),
            ("a2", 1002, "desk"),
            ("a3", 1003, "desk"),
        ],
        sections: SECTIONS,
    };
    settings.write(folder.path());
    folder
}

/// Replaces a part of the settings.
fn edit(folder: &Path, from: &str, to: &str) {
    let file = folder.join("switchyard.toml");
    let text = std::fs::read_to_string(&file).expect("the settings");
    assert!(text.contains(from), "{from}");
    std::fs::write(file, text.replace(from, to)).expect("a writable folder");
}

#[tokio::test]
async fn new_settings_count_at_once_all_or_nothing() {
    let here = tempfile::tempdir().expect("a folder");
    let switch = SimulatedSwitch::start(here.path(), &["--calls-per-second", "0"]).await;
    let folder = centre(&switch);
    let folder = folder.path();
    let mut controller = Controller::start(folder, &[], &[]).await;
    let admin = controller.admin().await;

    edit(folder, "前台", "预订");
    edit(folder, "ring_s = 20", "ring_s = 15");
    let (code, said) = run(folder, &["reload"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("queues.desk.ring_s: 20 -> 15"), "{said}");
    let renamed = |queues: &serde_json::Value| queues.to_string().contains("预订");
    admin.until("/api/queues", renamed).await;
    let (code, said) = run(folder, &["reload"]).await;
    assert_eq!(
        (code, said.trim()),
        (0, "nothing differs from what counts already")
    );

    edit(folder, "name = \"预订\"", "name = \"客房\"");
    edit(folder, "queues = [\"desk\"]", "queues = [\"dusk\"]");
    let (code, said) = run(folder, &["reload"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("dusk"), "{said}");
    edit(folder, "queues = [\"dusk\"]", "queues = [\"desk\"]");
    edit(
        folder,
        "drain_s = 3",
        "drain_s = 3\n[log]\nfilter = \"debug\"",
    );
    let (code, said) = run(folder, &["reload", "--json"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("a restart is needed for log.filter"),
        "{said}"
    );
    let queues = admin.get("/api/queues").await.to_string();
    assert!(queues.contains("预订"), "nothing was changed: {queues}");

    controller.signal("TERM").await;
    assert_eq!(controller.ended().await, 0);
    let (code, said) = run(folder, &["reload"]).await;
    assert_eq!(code, 1);
    assert!(said.contains("no controller runs"), "{said}");
}

#[tokio::test]
async fn an_operator_asks_from_the_command_line_and_is_kept_by_name() {
    let here = tempfile::tempdir().expect("a folder");
    let switch = SimulatedSwitch::start(here.path(), &["--calls-per-second", "0"]).await;
    let folder = centre(&switch);
    let folder = folder.path();
    let mut controller = Controller::start(folder, &[], &[]).await;
    let admin = controller.admin().await;

    let ready = ["request", "state", "a1", r#"{"request": "ready"}"#];
    let (code, said) = run(folder, &ready).await;
    assert_eq!((code, said.trim()), (0, "done"));
    let is_ready = |agent: &serde_json::Value| agent["state"] == "ready";
    admin.until("/api/agents/a1", is_ready).await;
    let hold = ["request", "call", "a1", r#"{"request": "hold"}"#];
    let (code, said) = run(folder, &hold).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.starts_with("refused: "), "{said}");
    let typo = ["request", "state", "a1", r#"{"request": "redy"}"#];
    let (code, said) = run(folder, &typo).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("unknown variant `redy`"), "{said}");
    let kept = |asked: &serde_json::Value| asked.to_string().contains("operator, uid ");
    admin.until("/api/requests", kept).await;

    controller.signal("TERM").await;
    assert_eq!(controller.ended().await, 0);
}

#[tokio::test]
async fn a_running_controller_says_why_a_call_waits_and_an_agent_gets_nothing() {
    let here = tempfile::tempdir().expect("a folder");
    let switch =
        SimulatedSwitch::start(here.path(), &["--calls-per-second", "0", "--waiting", "1"]).await;
    let folder = centre(&switch);
    let folder = folder.path();
    let mut controller = Controller::start(folder, &[], &[]).await;
    let admin = controller.admin().await;
    let waits = |calls: &serde_json::Value| calls[0]["state"] == "waiting";
    admin.until("/api/calls/live", waits).await;
    let calls = admin.get("/api/calls/live").await;
    let call = calls[0]["id"].as_str().expect("an id").to_owned();
    admin
        .until(&format!("/api/calls/{call}"), |call| {
            !call["stored"].is_null()
        })
        .await;

    let (code, said) = run(folder, &["explain", &call]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("all who may take it are signed out"),
        "{said}"
    );
    let (code, said) = run(folder, &["explain", "--agent", "a1"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("agent a1 gets nothing while signed out"),
        "{said}"
    );
    assert!(said.contains("waiting for them"), "{said}");
    let (code, said) = run(folder, &["explain", "--agent", "a9"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there is no agent a9"), "{said}");
}

#[tokio::test]
async fn the_next_controller_takes_over_and_no_call_is_lost() {
    let here = tempfile::tempdir().expect("a folder");
    let load = ["--calls-per-second", "1", "--waiting", "5"];
    let agents = ["--agents", "3", "--talk-s", "1"];
    let mut switch = SimulatedSwitch::start(here.path(), &[load, agents].concat()).await;
    let folder = centre(&switch);
    let folder = folder.path();
    let mut first = Controller::start(folder, &[], &[]).await;
    let admin = first.admin().await;
    for agent in ["a1", "a2", "a3"] {
        admin.ready(agent).await;
    }
    let queueing = |calls: &serde_json::Value| calls.to_string().contains(r#""waiting""#);
    admin.until("/api/calls/live", queueing).await;
    let waiting = admin.get("/api/calls/live").await;

    let mut second = Controller::start(folder, &["--take-over"], &[]).await;
    assert_eq!(first.ended().await, 0, "{}", first.log());
    // Whoever waited then is answered: nobody begins anew.
    for call in waiting.as_array().expect("a list") {
        let id = call["id"].as_str().expect("an id");
        let path = format!("/api/calls/{id}");
        let answered = |call: &serde_json::Value| call["stored"]["connected"].is_object();
        admin.until(&path, answered).await;
    }
    let report = switch.report().await;
    assert_eq!(
        (report.tally.lost(), report.tally.double_offered),
        (0, 0),
        "{:?}\n{}",
        report.tally,
        second.log()
    );
    assert!(report.tally.answered > 5, "{:?}", report.tally);
    second.signal("TERM").await;
    assert_eq!(second.ended().await, 0);
}

#[tokio::test]
async fn a_second_controller_is_refused_unless_it_takes_over() {
    let here = tempfile::tempdir().expect("a folder");
    let switch = SimulatedSwitch::start(here.path(), &["--calls-per-second", "0"]).await;
    let folder = centre(&switch);
    let mut first = Controller::start(folder.path(), &[], &[]).await;
    let pages = format!("listen = \"{}\"", free_tcp_port());
    edit(folder.path(), "listen = ", &format!("{pages} # was "));
    let (code, said) = run(folder.path(), &["serve"]).await;
    assert_eq!(code, 1);
    assert!(said.contains("--take-over"), "{said}");
    first.signal("TERM").await;
    assert_eq!(first.ended().await, 0);
}

#[tokio::test]
async fn the_service_manager_is_told_of_each_step_and_that_the_engine_lives() {
    let here = tempfile::tempdir().expect("a folder");
    let switch = SimulatedSwitch::start(here.path(), &["--calls-per-second", "0"]).await;
    let folder = centre(&switch);
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager.set_read_timeout(Some(SOON)).expect("a socket");
    let heard = move || {
        let mut buffer = [0; 4_096];
        let length = manager.recv(&mut buffer).expect("a message in time");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let path = path.display().to_string();
    let half_a_second = Duration::from_millis(500).as_micros().to_string();
    let variables = [
        ("NOTIFY_SOCKET", path.as_str()),
        ("WATCHDOG_USEC", half_a_second.as_str()),
    ];
    let mut controller = Controller::start(folder.path(), &[], &variables).await;
    assert_eq!(heard(), "READY=1\n");
    assert_eq!(heard(), "WATCHDOG=1\n");
    controller.signal("HUP").await;
    let mut told = String::new();
    while !told.contains("READY=1") {
        told += &heard();
    }
    let reloading = told.find("RELOADING=1\nMONOTONIC_USEC=");
    assert!(reloading < told.find("READY=1"), "{told}");
    controller.signal("TERM").await;
    while !told.contains("STOPPING=1") {
        told += &heard();
    }
    assert_eq!(controller.ended().await, 0);
}
