//! Signing in, staying in, and who may use what.

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
use axum::http::{Method, Request, StatusCode, header};
use std::fmt::Write;
use std::net::SocketAddr;
use switchyard::store::users::Role;
use switchyard::web::access::Access;
use switchyard::web::router::routes;
use web::{PASSWORD, TestWeb, json};

#[tokio::test]
async fn every_route_lets_in_whom_its_rule_names() {
    let web = TestWeb::start().await;
    let everybody = [
        (None, None),
        (Some(Role::Agent), Some(web.sign_in("chen").await)),
        (Some(Role::Supervisor), Some(web.sign_in("boss").await)),
        (Some(Role::Administrator), Some(web.sign_in("root").await)),
    ];
    for rule in routes().rules() {
        // Signing out would end the test's own session.
        if rule.path.ends_with("sign-out") || rule.path == "/live" {
            continue;
        }
        let path = rule.path.replace("{id}", "li").replace("{tag}", "en");
        for (role, client) in &everybody {
            let answer = match (client, &rule.method) {
                (Some(client), &Method::GET) => client.get(&path).await,
                (Some(client), method) => client.ask(method.clone(), &path, "{}").await,
                (None, method) => web.send(json(method.clone(), &path, "{}")).await,
            };
            let let_in = match rule.access {
                Access::Public => true,
                Access::Role(least) | Access::OwnAgentOr(least) | Access::LocalOr(least) => {
                    role.is_some_and(|role| role >= least)
                }
            };
            let problem = answer.body.contains("problem:signed-out")
                || answer.body.contains("problem:forbidden");
            assert_eq!(
                problem, !let_in,
                "{} {path} as {role:?}: {}",
                rule.method, answer.body
            );
        }
    }
}

#[test]
fn the_access_matrix_is_written_down() {
    let mut matrix = String::new();
    for rule in routes().rules() {
        writeln!(
            matrix,
            "{:<4} {:<24} {}",
            rule.method.as_str(),
            rule.path,
            rule.access
        )
        .unwrap();
    }
    insta::assert_snapshot!(matrix);
}

#[tokio::test]
async fn an_agent_changes_the_own_state_and_no_other() {
    let web = TestWeb::start().await;
    let chen = web.sign_in("chen").await;
    let own = chen
        .post("/api/agents/chen/state", r#"{"request":"ready"}"#)
        .await;
    assert_eq!(
        (own.status, &own.json()["state"]),
        (StatusCode::OK, &"ready".into())
    );
    let other = chen
        .post("/api/agents/li/state", r#"{"request":"ready"}"#)
        .await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
    let boss = web.sign_in("boss").await;
    let forced = boss
        .post(
            "/api/agents/chen/state",
            r#"{"request":"not_ready","reason":"会议"}"#,
        )
        .await;
    assert_eq!(
        (forced.status, &forced.json()["reason"]),
        (StatusCode::OK, &"会议".into())
    );
    let nobody = boss
        .post("/api/agents/nobody/state", r#"{"request":"ready"}"#)
        .await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_request_about_a_call_is_refused_with_its_reason() {
    let web = TestWeb::start().await;
    let chen = web.sign_in("chen").await;
    let hold = r#"{"request":"hold"}"#;
    let idle = chen.post("/api/agents/chen/call", hold).await;
    assert_eq!(idle.status, StatusCode::CONFLICT);
    assert_eq!(idle.json()["type"], "urn:switchyard:problem:not_on_a_call");
    let other = chen.post("/api/agents/li/call", hold).await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
    let dial = r#"{"request":"dial","to":"13900139000"}"#;
    let dialled = chen.post("/api/agents/chen/call", dial).await;
    assert_eq!(
        (dialled.status, &dialled.json()["type"]),
        (
            StatusCode::FORBIDDEN,
            &"urn:switchyard:problem:number_forbidden".into()
        )
    );
    let syntax = r#"{"request":"dial","to":"139,hangup"}"#;
    let syntax = chen.post("/api/agents/chen/call", syntax).await;
    assert_eq!(syntax.status, StatusCode::UNPROCESSABLE_ENTITY);

    let listen = r#"{"request":"listen","agent":"chen"}"#;
    let agent = chen.post("/api/supervision", listen).await;
    assert_eq!(agent.status, StatusCode::FORBIDDEN);
    let boss = web.sign_in("boss").await;
    let listens = boss.post("/api/supervision", listen).await;
    assert_eq!(listens.status, StatusCode::CONFLICT);
    assert_eq!(listens.json()["type"], "urn:switchyard:problem:no_device");
}

#[tokio::test]
async fn wrong_and_unknown_are_told_alike_and_locked_alike() {
    let web = TestWeb::start().await;
    for login in ["boss", "nobody"] {
        let body = format!(r#"{{"login":"{login}","password":"wrong password"}}"#);
        for _ in 0..5 {
            let answer = web.send(json(Method::POST, "/api/sign-in", &body)).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.json()["detail"], "the name or the password is wrong");
        }
        let right = format!(r#"{{"login":"{login}","password":"{PASSWORD}"}}"#);
        let answer = web.send(json(Method::POST, "/api/sign-in", &right)).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(!answer.header("retry-after").is_empty());
    }
    let mut elsewhere = json(
        Method::POST,
        "/api/sign-in",
        &format!(r#"{{"login":"boss","password":"{PASSWORD}"}}"#),
    );
    let peer: SocketAddr = ([192, 0, 2, 99], 40_000).into();
    elsewhere.extensions_mut().insert(ConnectInfo(peer));
    assert_eq!(web.send(elsewhere).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_cookie_is_for_this_site_alone_and_ends_with_the_session() {
    let web = TestWeb::start().await;
    let body = format!(r#"{{"login":"boss","password":"{PASSWORD}"}}"#);
    let answer = web.send(json(Method::POST, "/api/sign-in", &body)).await;
    let cookie = answer.set_cookie();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");

    let boss = web.sign_in("boss").await;
    assert_eq!(boss.get("/api/me").await.status, StatusCode::OK);
    assert_eq!(
        boss.post("/api/sign-out", "").await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(boss.get("/api/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_forged_request_changes_nothing() {
    let web = TestWeb::start().await;
    let chen = web.sign_in("chen").await;
    let ready = |token: Option<&str>, site: Option<&str>| {
        let mut request = json(
            Method::POST,
            "/api/agents/chen/state",
            r#"{"request":"ready"}"#,
        );
        let headers = request.headers_mut();
        headers.insert(header::COOKIE, chen.cookie.parse().unwrap());
        if let Some(token) = token {
            headers.insert("x-csrf-token", token.parse().unwrap());
        }
        if let Some(site) = site {
            headers.insert("sec-fetch-site", site.parse().unwrap());
        }
        web.send(request)
    };
    for (token, site) in [
        (None, None),
        (None, Some("same-origin")),
        (Some("wrong"), Some("same-origin")),
        (Some(chen.csrf.as_str()), Some("cross-site")),
    ] {
        let answer = ready(token, site).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.json()["type"], "urn:switchyard:problem:forged");
    }
    assert_eq!(
        chen.get("/api/agents/chen").await.json()["state"],
        "signed_out"
    );
    assert_eq!(
        ready(Some(&chen.csrf), Some("same-origin")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_form_carries_the_token_as_a_field() {
    let web = TestWeb::start().await;
    let boss = web.sign_in("boss").await;
    let leave = |csrf: &str| {
        let request = Request::post("/sign-out").header(header::COOKIE, &boss.cookie);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        web.send(request.body(Body::from(format!("csrf={csrf}"))).unwrap())
    };
    assert_eq!(leave("wrong").await.status, StatusCode::FORBIDDEN);
    assert_eq!(leave(&boss.csrf).await.status, StatusCode::SEE_OTHER);
    assert_eq!(boss.get("/api/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn browsers_are_sent_to_the_sign_in_page_and_programs_are_told() {
    let web = TestWeb::start().await;
    let page = Request::get("/").header(header::ACCEPT, "text/html,*/*;q=0.8");
    let answer = web.send(page.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/sign-in")
    );
    let answer = web.get("/api/queues").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    for member in ["type", "title", "status", "detail", "where", "mend"] {
        assert!(
            !answer.json()[member].is_null(),
            "{member} in {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn every_answer_carries_the_protecting_headers() {
    let web = TestWeb::start().await;
    for path in ["/sign-in", "/api/queues", "/nowhere", "/healthz"] {
        let answer = web.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("script-src 'self'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let page = web.get("/sign-in").await.body;
    assert!(!page.contains("<script>") && !page.contains("style=") && !page.contains("onclick"));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let web = TestWeb::start().await;
    let body = format!(r#"{{"login":"{}","password":"x"}}"#, "x".repeat(70_000));
    let answer = web.send(json(Method::POST, "/api/sign-in", &body)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.json()["type"], "urn:switchyard:problem:too-large");
}
