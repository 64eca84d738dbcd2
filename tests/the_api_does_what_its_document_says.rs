//! OpenAPI against the router: every address described, every answer described.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/web.rs"]
#[expect(clippy::allow_attributes, reason = "see the next line")]
#[allow(
    dead_code,
    reason = "every test crate uses its own part of this module"
)]
mod web;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use switchyard::switch::link::LinkState;
use switchyard::web::router::routes;
use web::{TestWeb, json};

/// Addresses for people or browsers, which OpenAPI does not describe.
fn is_page(path: &str) -> bool {
    !path.starts_with("/api/") && !["/healthz", "/readyz", "/metrics"].contains(&path)
}

#[tokio::test]
async fn the_document_has_every_address_and_no_other() {
    let web = TestWeb::start().await;
    let document = web.get("/api/openapi.json").await.json();
    let registered: BTreeSet<String> = routes()
        .rules()
        .iter()
        .filter(|rule| !is_page(rule.path))
        .map(|rule| format!("{} {}", rule.method.as_str().to_lowercase(), rule.path))
        .collect();
    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods
                .as_object()
                .unwrap()
                .keys()
                .map(move |method| format!("{method} {path}"))
        })
        .collect();
    assert_eq!(registered, described);
}

#[tokio::test]
async fn every_address_answers_as_described() {
    let web = TestWeb::start().await;
    let document = web.get("/api/openapi.json").await.json();
    let boss = web.sign_in("boss").await;
    for rule in routes().rules().iter().filter(|rule| !is_page(rule.path)) {
        let path = rule
            .path
            .replace("/calls/{id}", "/calls/01ARZ3NDEKTSV4RRFFQ69G5FAV");
        let path = path.replace("{id}", "chen");
        let method = rule.method.as_str().to_lowercase();
        let described = &document["paths"][rule.path][&method]["responses"];
        let mut answers = vec![match rule.method {
            Method::GET => web.get(&path).await,
            _ => web.send(json(rule.method.clone(), &path, "[]")).await,
        }];
        // Signing out ends the session the other requests need.
        if rule.path != "/api/sign-out" {
            answers.push(match rule.method {
                Method::GET => boss.get(&path).await,
                _ => {
                    let body = r#"{"request":"ready"}"#;
                    boss.ask(rule.method.clone(), &path, body).await
                }
            });
        }
        for answer in answers {
            let status = answer.status.as_str();
            let response = described.get(status);
            let response =
                response.unwrap_or_else(|| panic!("{method} {path}: {status} undescribed"));
            let content = answer
                .header("content-type")
                .split(';')
                .next()
                .unwrap_or_default();
            if let Some(kinds) = response.get("content") {
                let kind = kinds.get(content).or(kinds.get("application/json"));
                assert!(
                    kind.is_some(),
                    "{method} {path} {status}: {content} undescribed"
                );
                let schema = &kind.unwrap()["schema"];
                if content.ends_with("json") {
                    conforms(
                        &document,
                        schema,
                        &answer.json(),
                        &format!("{method} {path}"),
                    )
                    .unwrap();
                }
            }
        }
    }
}

/// Checks what this document uses of JSON Schema: references, types, required
/// and known properties, items, and alternatives.
fn conforms(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        return conforms(document, target.ok_or(reference)?, value, place);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        // Each part knows its own properties only.
        required(part, value, place)?;
    }
    for alternatives in ["oneOf", "anyOf"] {
        if let Some(alternatives) = schema[alternatives].as_array() {
            let mut fits = alternatives
                .iter()
                .map(|one| conforms(document, one, value, place));
            return match fits.any(|fits| fits.is_ok()) {
                true => Ok(()),
                false => Err(format!("{place}: {value} fits no alternative")),
            };
        }
    }
    let actual = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(|one| one.as_str()).collect(),
        _ => return Ok(()),
    };
    let fits = allowed.contains(&actual) || (actual == "integer" && allowed.contains(&"number"));
    if !fits {
        return Err(format!(
            "{place}: {value} is {actual}, described as {allowed:?}"
        ));
    }
    for item in value.as_array().into_iter().flatten() {
        conforms(document, &schema["items"], item, place)?;
    }
    required(schema, value, place)?;
    if let (Some(object), Some(known)) = (value.as_object(), schema["properties"].as_object()) {
        for (name, member) in object {
            let schema = known
                .get(name)
                .ok_or(format!("{place}: {name} undescribed"))?;
            conforms(document, schema, member, &format!("{place}.{name}"))?;
        }
    }
    Ok(())
}

fn required(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let names = schema["required"].as_array().into_iter().flatten();
    let mut names = names.filter_map(|name| name.as_str());
    match names.find(|name| value.get(name).is_none()) {
        Some(name) => Err(format!("{place}: lacks {name}")),
        None => Ok(()),
    }
}

#[tokio::test]
async fn ready_means_that_every_link_is_alive() {
    let web = TestWeb::start().await;
    assert_eq!(web.get("/readyz").await.status, StatusCode::OK);
    let error = Some("connection to 10.0.0.5:8021 refused".to_owned());
    web.link.send_replace(LinkState::Connecting {
        attempt: 3,
        last_error: error,
    });
    let answer = web.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        answer.json()["detail"],
        "the link to pbx (attempt 3) is not alive"
    );
    assert_eq!(web.get("/healthz").await.status, StatusCode::OK);
    web.link.send_replace(LinkState::Alive);
    assert_eq!(web.get("/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_for_supervisors() {
    let web = TestWeb::start().await;
    let local = |forwarded: bool| {
        let mut request = Request::get("/metrics");
        if forwarded {
            request = request.header("x-forwarded-for", "198.51.100.9");
        }
        let mut request = request.body(Body::empty()).unwrap();
        let peer: SocketAddr = ([127, 0, 0, 1], 40_000).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        web.send(request)
    };
    assert_eq!(web.get("/metrics").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(local(true).await.status, StatusCode::UNAUTHORIZED);
    let answer = local(false).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer
            .body
            .contains("switchyard_queue_waiting{queue=\"booking\"} 0")
    );
    assert!(
        answer
            .body
            .contains("switchyard_link_alive{switch=\"pbx\"} 1")
    );
}
