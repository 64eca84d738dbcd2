//! Queues, live.

use crate::clock;
use crate::runtime::board::view::QueueView;
use crate::web::Web;
use crate::web::api::Refusals;
use axum::Json;
use axum::extract::State;

/// Every queue as it is now.
#[utoipa::path(get, path = "/api/queues", tag = "live",
    responses((status = 200, body = [QueueView]), Refusals))]
pub async fn list(State(web): State<Web>) -> Json<Vec<QueueView>> {
    Json(web.handle.read(|board| board.queues(clock::now())))
}
