//! The links to the switches, live.

use crate::runtime::board::view::LinkView;
use crate::web::Web;
use crate::web::api::Refusals;
use axum::Json;
use axum::extract::State;

/// Every switch's link as it is now.
#[utoipa::path(get, path = "/api/links", tag = "live",
    responses((status = 200, body = [LinkView]), Refusals))]
pub async fn list(State(web): State<Web>) -> Json<Vec<LinkView>> {
    Json(web.handle.read(|board| board.links()))
}
