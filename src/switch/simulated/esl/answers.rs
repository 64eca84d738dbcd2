//! What a client is answered, as bytes.

/// One answer to one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// `command/reply` with its `Reply-Text`.
    Reply(String),
    /// The answer to `bgapi`.
    Job(String),
    /// `api/response` with its body.
    Api(String),
}

pub(super) const AUTH_REQUEST: &str = "Content-Type: auth/request\n\n";
pub(super) const GOODBYE: &str = "Content-Type: text/disconnect-notice\nContent-Length: 67\n\n\
     Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n";

impl Answer {
    pub(super) fn reply(text: &str) -> Self {
        Answer::Reply(text.to_owned())
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        let text = match self {
            Answer::Reply(text) => format!("Content-Type: command/reply\nReply-Text: {text}\n\n"),
            Answer::Job(job) => format!(
                "Content-Type: command/reply\nReply-Text: +OK Job-UUID: {job}\nJob-UUID: {job}\n\n"
            ),
            Answer::Api(body) => {
                format!(
                    "Content-Type: api/response\nContent-Length: {}\n\n{body}",
                    body.len()
                )
            }
        };
        text.into_bytes()
    }
}
