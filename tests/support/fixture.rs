//! Captures of the event socket: what the switch said on the connection for
//! events, from the greeting on, with what names one machine replaced.

use std::path::{Path, PathBuf};
use switchyard::switch::freeswitch::frame::{Decoder, Frame, FrameKind};

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/esl")
}

/// Writes a capture. `scratch` is the test's own folder.
pub fn keep(name: &str, said: &[u8], scratch: &Path) {
    let mut decoder = Decoder::default();
    decoder.push(said);
    let mut text = String::new();
    while let Some(frame) = decoder.next_frame().expect("what a real switch says") {
        text.push_str(&anonymous(&frame, scratch));
    }
    std::fs::create_dir_all(folder()).expect("a writable folder");
    std::fs::write(folder().join(format!("{name}.esl")), text).expect("a writable folder");
}

/// The frame again, without the names of a machine.
fn anonymous(frame: &Frame<'_>, scratch: &Path) -> String {
    let head = |name: &str| frame.head.raw(name).map(str::to_owned);
    let body = String::from_utf8(frame.body.to_vec()).expect("events are text");
    let scratch = scratch.display().to_string();
    let mut lines = Vec::new();
    for line in body.replace(&scratch, "/var/lib/switchyard").split('\n') {
        let name = line.split(':').next().unwrap_or_default();
        lines.push(match name {
            "FreeSWITCH-Hostname" | "FreeSWITCH-Switchname" => format!("{name}: switch"),
            _ => line.to_owned(),
        });
    }
    let body = lines.join("\n");
    let kind = match frame.kind {
        FrameKind::AuthRequest => return "Content-Type: auth/request\n\n".to_owned(),
        FrameKind::CommandReply => {
            let reply = head("Reply-Text").unwrap_or_default();
            return format!("Content-Type: command/reply\nReply-Text: {reply}\n\n");
        }
        FrameKind::Event => "text/event-plain",
        _ => "api/response",
    };
    format!(
        "Content-Length: {}\nContent-Type: {kind}\n\n{body}",
        body.len()
    )
}
