//! The audit: what people asked for about calls and agents.

use crate::store::requests::{self, RequestFilter, RequestPage};
use crate::web::Web;
use crate::web::api::{Refusals, page_limit};
use crate::web::error::{Problem, WebError};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which requests to list; what is not given does not narrow.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestQuery {
    /// Requests older than this one: `next` of the page before.
    pub before: Option<String>,
    /// Requests on a page, 1 to 500; 50 when not given.
    pub limit: Option<u32>,
    /// Who asked: an agent's id or a login.
    pub by: Option<String>,
    /// The agent it was about.
    pub agent: Option<String>,
}

impl RequestQuery {
    /// # Errors
    /// [`WebError::BadInput`] that names the parameter.
    pub fn filter(self, web: &Web) -> Result<RequestFilter, WebError> {
        let before = self.before.as_deref().map(str::parse).transpose();
        Ok(RequestFilter {
            tenant: web.tenant.clone(),
            by: self.by.filter(|by| !by.is_empty()),
            agent: self.agent.filter(|agent| !agent.is_empty()),
            before: before.map_err(|_| WebError::BadInput {
                place: "the query's before",
                what: "before is the `next` of a page".to_owned(),
            })?,
            limit: page_limit(self.limit)?,
        })
    }
}

/// What agents, supervisors and their phones asked for, done or refused, newest
/// first, page by page.
#[utoipa::path(get, path = "/api/requests", tag = "calls", params(RequestQuery),
    responses(
        (status = 200, body = RequestPage),
        (status = 422, body = Problem, description = "a parameter is wrong; `where` names it"),
        (status = 503, body = Problem, description = "the store is away"),
        Refusals,
    ))]
pub async fn list(
    State(web): State<Web>,
    query: Result<Query<RequestQuery>, QueryRejection>,
) -> Result<Json<RequestPage>, WebError> {
    let Query(query) = query?;
    let page = requests::list(&web.store, query.filter(&web)?).await?;
    Ok(Json(page))
}
