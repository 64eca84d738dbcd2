//! The record of a call: its course, why it went to whom, its recording, in
//! both languages and through the API.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/web.rs"]
#[expect(clippy::allow_attributes, reason = "see the next line")]
#[allow(
    dead_code,
    reason = "every test crate uses its own part of this module"
)]
mod web;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use switchyard::engine::event::AgentRequest;
use web::TestWeb;

/// One call answered by Li, and one that nobody took.
async fn two_calls() -> TestWeb {
    let web = TestWeb::start().await;
    web.agent("li", AgentRequest::SignIn).await;
    web.agent("li", AgentRequest::Ready).await;
    web.arrives("caller-1", "13800138000", "王 \"<i>先生</i>\"")
        .await;
    web.arrives("caller-2", "02088886666", "").await;
    web.hangs_up("caller-2").await;
    web.hangs_up("caller-1").await;
    web.store_all().await;
    web
}

#[tokio::test]
async fn the_page_tells_the_course_and_the_reasons() {
    let web = two_calls().await;
    let boss = web.sign_in("boss").await;
    let list = boss.get("/api/calls").await.json();
    assert_eq!(list["calls"].as_array().unwrap().len(), 2);
    let answered = list["calls"][1]["call"].as_str().unwrap();

    let page = boss.get(&format!("/calls/{answered}")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    for told in [
        "13800138000",
        "进入队列「客房预订」",
        "离开队列「客房预订」：已接通",
        "李强：接听",
        "空闲时间最长的坐席",
        "未参与：",
        "未签入 1",
        "主叫挂机",
        "&lt;i&gt;先生&lt;/i&gt;",
    ] {
        assert!(
            page.body.contains(told),
            "{told} is missing in {}",
            page.body
        );
    }
    assert!(!page.body.contains("<i>"));

    let english = Request::get(format!("/calls/{answered}"))
        .header(header::COOKIE, format!("{}; language=en", boss.cookie));
    let english = web.send(english.body(Body::empty()).unwrap()).await.body;
    assert!(
        english.contains("Left the queue “客房预订”: answered"),
        "{english}"
    );
    assert!(
        english.contains("Not considered: signed out 1"),
        "{english}"
    );
}

#[tokio::test]
async fn the_api_gives_the_same_call_with_its_decisions() {
    let web = two_calls().await;
    let boss = web.sign_in("boss").await;
    let list = boss.get("/api/calls?limit=1").await.json();
    let next = list["next"].as_str().unwrap();
    let older = boss
        .get(&format!("/api/calls?limit=1&before={next}"))
        .await
        .json();
    assert!(older["next"].is_null());
    let id = older["calls"][0]["call"].as_str().unwrap();
    let call = boss.get(&format!("/api/calls/{id}")).await.json();
    assert!(call["live"].is_null());
    let decision = &call["stored"]["decisions"][0];
    assert_eq!(decision["agent"], "li");
    assert_eq!(decision["explanation"]["excluded"]["signed_out"], 1);

    let found = boss.get("/api/calls?number=8888").await.json();
    assert_eq!(found["calls"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let web = TestWeb::start().await;
    let boss = web.sign_in("boss").await;
    for (query, place) in [
        ("limit=0", "the query's limit"),
        ("limit=many", "the query"),
        ("state=asleep", "the query's state"),
        ("before=yesterday", "the query's before"),
        ("queue=a%20b", "the query's queue"),
        ("colour=blue", "the query"),
    ] {
        let answer = boss.get(&format!("/api/calls?{query}")).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{query}: {}",
            answer.body
        );
        assert_eq!(answer.json()["where"], place, "{query}");
    }
    assert_eq!(
        boss.get("/api/calls/nonsense").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_list_shows_answered_and_unanswered_calls() {
    let web = two_calls().await;
    let boss = web.sign_in("boss").await;
    let page = boss.get("/calls").await.body;
    for told in ["已接听", "未接听", "02088886666", "李强"] {
        assert!(page.contains(told), "{told} is missing in {page}");
    }
    let nothing = boss.get("/calls?number=nobody").await.body;
    assert!(nothing.contains("没有找到符合条件的通话"), "{nothing}");
}

#[tokio::test]
async fn a_call_that_waits_and_an_agent_without_one_are_told_why() {
    let web = TestWeb::start().await;
    web.arrives("caller-1", "13800138000", "").await;
    web.store_all().await;
    let boss = web.sign_in("boss").await;
    let calls = boss.get("/api/calls/live").await.json();
    let call = calls[0]["id"].as_str().unwrap();

    let why = boss.get(&format!("/api/calls/{call}/why")).await.json();
    assert_eq!(why["queues"][0]["because"], "nobody_signed_in", "{why}");
    let page = boss.get(&format!("/calls/{call}")).await.body;
    for told in [
        "为什么还在等待",
        "符合要求的坐席都未签入",
        "前面还有 0 个来电",
    ] {
        assert!(page.contains(told), "{told} is missing in {page}");
    }

    let why = boss.get("/api/agents/li/why").await.json();
    assert_eq!(why["because"]["what"], "unavailable", "{why}");
    assert_eq!(why["because"]["reason"], "signed_out", "{why}");
    let page = boss.get("/agents/li").await.body;
    for told in ["为什么没有来电", "未签入，不接收来电", "客房预订"] {
        assert!(page.contains(told), "{told} is missing in {page}");
    }

    web.hangs_up("caller-1").await;
    let gone = boss.get(&format!("/api/calls/{call}/why")).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND, "{}", gone.body);
    let nobody = boss.get("/agents/nobody").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND, "{}", nobody.body);
}

#[tokio::test]
async fn what_people_asked_for_is_listed_newest_first_and_page_by_page() {
    let web = TestWeb::start().await;
    let boss = web.sign_in("boss").await;
    for agent in ["li", "chen"] {
        let asked = format!(
            r#"{{"request":"set_state","agent":"{agent}","state":{{"request":"sign_in"}}}}"#
        );
        let answer = boss.post("/api/supervision", &asked).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }
    let refused = boss
        .post("/api/agents/li/call", r#"{"request":"hold"}"#)
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    web.store_all().await;

    let first = boss.get("/api/requests?limit=2").await.json();
    let asked = |page: &serde_json::Value| -> Vec<String> {
        let requests = page["requests"].as_array().unwrap().iter();
        requests
            .map(|one| {
                format!(
                    "{} {}",
                    one["asked"].as_str().unwrap(),
                    one["agent"].as_str().unwrap()
                )
            })
            .collect()
    };
    assert_eq!(asked(&first), ["hold li", "force_state chen"]);
    assert_eq!(first["requests"][0]["refused"], "not_on_a_call");
    let next = first["next"].as_str().unwrap();
    let last = boss
        .get(&format!("/api/requests?limit=2&before={next}"))
        .await
        .json();
    assert_eq!(asked(&last), ["force_state li"]);
    assert!(last["next"].is_null());
    let wrong = boss.get("/api/requests?before=yesterday").await;
    assert_eq!(
        wrong.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        wrong.body
    );

    let page = boss.get("/requests?by=boss").await.body;
    for told in ["操作记录", "李强", "坐席不在通话中", "被拒绝"] {
        assert!(page.contains(told), "{told} is missing in {page}");
    }
    let chen = web.sign_in("chen").await;
    assert_eq!(chen.get("/requests").await.status, StatusCode::FORBIDDEN);
}
