//! The JSON API. `/api/openapi.json` describes it, made from these handlers.

pub mod agents;
pub mod callbacks;
pub mod calls;
pub mod in_call;
pub mod links;
pub mod me;
pub mod messages;
pub mod openapi;
pub mod queues;
pub mod requests;
pub mod why;

use crate::store::page::MAX_PAGE;
use crate::web::error::{Problem, WebError};
use utoipa::IntoResponses;

/// What every address that needs a sign-in may answer besides its own.
#[derive(IntoResponses)]
pub enum Refusals {
    /// Nobody is signed in.
    #[response(status = 401, content_type = "application/problem+json")]
    SignedOut(Problem),
    /// Whoever is signed in may not do this.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
}

/// # Errors
/// [`WebError::BadInput`] when a page cannot hold that many.
fn page_limit(asked: Option<u32>) -> Result<Option<u32>, WebError> {
    if asked.is_some_and(|limit| !(1..=MAX_PAGE).contains(&limit)) {
        return Err(WebError::BadInput {
            place: "the query's limit",
            what: format!("limit is 1 to {MAX_PAGE}"),
        });
    }
    Ok(asked)
}
