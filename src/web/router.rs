//! Every address, with who may use it.

use crate::web::access::Access::{LocalOr, OwnAgentOr, Public, Role as Least};
use crate::web::auth::Role::{Agent, Supervisor};
use crate::web::auth::{csrf, identity};
use crate::web::error::{MAX_BODY, WebError};
use crate::web::routes::Routes;
use crate::web::{Web, api, assets, headers, health, live, metrics, pages, shed};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};

/// The address book and the access matrix in one.
#[rustfmt::skip]
pub fn routes() -> Routes {
    Routes::default()
        .get("/",                       Least(Agent),            pages::live::show)
        .get("/live",                   Least(Agent),            live::stream)
        .get("/calls",                  Least(Supervisor),       pages::calls::show)
        .get("/calls/{id}",             Least(Supervisor),       pages::call::show)
        .get("/requests",               Least(Supervisor),       pages::requests::show)
        .get("/callbacks",              Least(Agent),            pages::callbacks::show)
        .post("/callbacks",             Least(Agent),            pages::callbacks::ask)
        .post("/callbacks/{id}/cancel", Least(Supervisor),       pages::callbacks::cancel)
        .get("/agents/{id}",            Least(Agent),            pages::agent::show)
        .get("/messages",               Least(Agent),            pages::messages::show)
        .post("/messages/{id}",         Least(Agent),            pages::messages::ask)
        .get("/sign-in",                Public,                  pages::sign_in::show)
        .post("/sign-in",               Public,                  pages::sign_in::submit)
        .post("/sign-out",              Least(Agent),            pages::sign_in::leave)
        .get("/language/{tag}",         Public,                  pages::language::choose)
        .get("/assets/{name}",          Public,                  assets::serve)

        .get("/api/openapi.json",       Public,                  api::openapi::document)
        .post("/api/sign-in",           Public,                  api::me::sign_in)
        .post("/api/sign-out",          Least(Agent),            api::me::sign_out)
        .get("/api/me",                 Least(Agent),            api::me::show)
        .get("/api/queues",             Least(Agent),            api::queues::list)
        .get("/api/agents",             Least(Agent),            api::agents::list)
        .get("/api/not-ready-reasons",  Least(Agent),            api::agents::reasons)
        .get("/api/agents/{id}",        Least(Agent),            api::agents::show)
        .post("/api/agents/{id}/state", OwnAgentOr(Supervisor),  api::agents::change_state)
        .post("/api/agents/{id}/call",  OwnAgentOr(Supervisor),  api::in_call::ask)
        .post("/api/supervision",       Least(Supervisor),       api::in_call::supervise)
        .get("/api/callbacks",          Least(Agent),            api::callbacks::list)
        .post("/api/callbacks",         Least(Agent),            api::callbacks::create)
        .delete("/api/callbacks/{id}",  Least(Supervisor),       api::callbacks::cancel)
        .get("/api/calls",              Least(Supervisor),       api::calls::list)
        .get("/api/calls/live",         Least(Supervisor),       api::calls::live)
        .get("/api/calls/{id}",         Least(Supervisor),       api::calls::show)
        .get("/api/requests",           Least(Supervisor),       api::requests::list)
        .get("/api/calls/{id}/why",     Least(Supervisor),       api::why::waiting)
        .get("/api/agents/{id}/why",    Least(Agent),            api::why::idle)
        .get("/api/messages",           Least(Agent),            api::messages::list)
        .post("/api/messages/{id}",     Least(Agent),            api::messages::ask)
        .get("/api/messages/{id}/audio", Least(Agent),           api::messages::audio)
        .get("/api/links",              Least(Agent),            api::links::list)

        .get("/healthz",                Public,                  health::alive)
        .get("/readyz",                 Public,                  health::ready)
        .get("/metrics",                LocalOr(Supervisor),     metrics::show)
}

/// The whole application; the layers run from the last to the first.
pub fn app(web: Web) -> Router {
    routes()
        .into_router()
        .fallback(async || WebError::NoSuchAddress)
        .method_not_allowed_fallback(async |method: Method| WebError::NoSuchMethod {
            method: method.to_string(),
        })
        .layer(from_fn_with_state(web.clone(), csrf::protect))
        .layer(from_fn_with_state(web.clone(), identity::identify))
        .layer(from_fn_with_state(web.clone(), shed::shed))
        .layer(from_fn_with_state(
            web.clone(),
            pages::problem::show_to_people,
        ))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(headers::secure))
        .with_state(web)
}
