//! `switchyard request`: what agents and supervisors ask for, from the command line.

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::engine::id::{AgentId, CallId, MessageId};
use crate::engine::request::{CallbackRequest, Request as Asked};
use crate::runtime::control::{self, Reply, Request as Control};
use crate::web::api::agents::StateRequest;
use crate::web::api::callbacks::Wanted;
use crate::web::api::in_call::{InCallRequest, SupervisionRequest};
use crate::web::api::messages::MessageAsk;
use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use std::time::Duration;
use ulid::Ulid;

/// How long the controller may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ask the running controller for something, as the API does
///
/// BODY is the JSON that the API takes at the same place (docs/in-call.md,
/// /api/openapi.json). It is sent through the control socket, so only the
/// controller's own user and root may ask; it is kept and listed like every
/// request, in the name "operator, uid N". Nothing here has a device: to listen to
/// a call or to take one over, ask as an agent by the API.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard request state wangfang '{\"request\": \"ready\"}'
  switchyard request call wangfang '{\"request\": \"transfer\", \"to\": {\"queue\": \"desk\"}}'
  switchyard request supervision '{\"request\": \"hang_up\", \"call\": \"01J…\"}'
  switchyard request callback '{\"number\": \"13900139000\", \"queue\": \"desk\"}'
  switchyard request message 01J… '{\"request\": \"handled\", \"note\": \"room booked\"}'

Exit codes: 0 it is being done, 1 it was refused, 2 wrong usage.")]
pub struct Request {
    #[command(subcommand)]
    about: About,
}

#[derive(Debug, Subcommand)]
enum About {
    /// Change an agent's state, as POST /api/agents/AGENT/state
    State { agent: AgentId, body: String },
    /// About the call that an agent serves, as POST /api/agents/AGENT/call
    Call { agent: AgentId, body: String },
    /// From above: calls and agents, as POST /api/supervision
    Supervision { body: String },
    /// Ask for a callback, as POST /api/callbacks; prints its id
    Callback { body: String },
    /// Take a callback back, as DELETE /api/callbacks/ID
    CancelCallback { id: CallId },
    /// About a message in a mailbox, as POST /api/messages/ID
    Message { id: MessageId, body: String },
}

impl Request {
    /// # Errors
    /// When the body is no request, or no controller runs with the journal that
    /// the configuration names.
    pub async fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let what = self.about.asked()?;
        let callback = match &what {
            Asked::Callback {
                ask: CallbackRequest::Arrange { callback, .. },
            } => Some(*callback),
            _ => None,
        };
        let journal = file.load()?.journal.path;
        let reply = control::ask(&journal, Control::Engine { what }, PATIENCE).await?;
        match (reply, callback) {
            (Reply::Done, Some(callback)) => writeln!(out, "{callback}")?,
            (Reply::Done, None) => writeln!(out, "done")?,
            (Reply::Refused { why, .. }, _) => {
                writeln!(out, "refused: {why}")?;
                return Ok(Verdict::Bad);
            }
            _ => return Err("the controller answered another question".into()),
        }
        Ok(Verdict::Good)
    }
}

impl About {
    fn asked(&self) -> Result<Asked, CliError> {
        Ok(match self {
            About::State { agent, body } => Asked::State {
                agent: agent.clone(),
                ask: read::<StateRequest>(body)?.into(),
            },
            About::Call { agent, body } => Asked::InCall {
                agent: agent.clone(),
                ask: read::<InCallRequest>(body)?.try_into()?,
            },
            About::Supervision { body } => Asked::Supervision {
                ask: read::<SupervisionRequest>(body)?.try_into()?,
            },
            About::Callback { body } => Asked::Callback {
                ask: CallbackRequest::Arrange {
                    callback: CallId::from_ulid(Ulid::new()),
                    new: read::<Wanted>(body)?.try_into()?,
                },
            },
            About::CancelCallback { id } => Asked::Callback {
                ask: CallbackRequest::Cancel { callback: *id },
            },
            About::Message { id, body } => Asked::Message {
                message: *id,
                ask: read::<MessageAsk>(body)?.try_into()?,
            },
        })
    }
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, CliError> {
    let read = serde_json::from_str(body);
    read.map_err(|error| format!("the body is not such a request: {error}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::AgentRequest;

    fn agent() -> AgentId {
        "wangfang".parse().unwrap()
    }

    #[test]
    fn a_body_is_what_the_api_takes() {
        let about = |body: &str| About::State {
            agent: agent(),
            body: body.into(),
        };
        let ready = about(r#"{"request": "ready"}"#).asked().unwrap();
        let ask = AgentRequest::Ready;
        assert_eq!(
            ready,
            Asked::State {
                agent: agent(),
                ask
            }
        );
        let wrong = about(r#"{"request": "redy"}"#).asked().unwrap_err();
        assert!(wrong.to_string().contains("redy"), "{wrong}");
    }
}
