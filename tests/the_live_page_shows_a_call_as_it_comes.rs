//! A real browser signs in and sees a call arrive, wait and go, without
//! loading the page again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/browser.rs"]
mod browser;
#[path = "support/web.rs"]
#[expect(clippy::allow_attributes, reason = "see the next line")]
#[allow(
    dead_code,
    reason = "every test crate uses its own part of this module"
)]
mod web;

use browser::Browser;
use std::future::pending;
use tokio::net::TcpListener;
use web::{PASSWORD, TestWeb};

#[tokio::test]
async fn a_waiting_call_appears_and_goes_while_one_looks() {
    let Some(mut browser) = Browser::start().await else {
        return;
    };
    let web = TestWeb::start().await;
    let address = serve(&web).await;

    sign_in(&mut browser, &address, "boss").await;
    browser
        .until("document.querySelector('#queue-booking td.strong').textContent === '0'")
        .await;
    assert_eq!(
        browser.evaluate("document.documentElement.lang").await,
        "zh-CN"
    );
    browser.evaluate("window.sameDocument = true").await;

    web.arrives("caller-1", "13800138000", "<b>王先生</b>")
        .await;
    browser
        .until("document.querySelector('#queue-booking td.strong').textContent === '1'")
        .await;
    browser
        .until("document.querySelector('#calls').innerText.includes('13800138000')")
        .await;
    let name = browser
        .evaluate("document.querySelector('#calls tbody small').textContent")
        .await;
    assert_eq!(name, "<b>王先生</b>", "a caller's name is text, not markup");
    browser
        .until("/^0:0[1-9]$/.test(document.querySelector('#queue-booking time').textContent)")
        .await;

    web.hangs_up("caller-1").await;
    browser
        .until("document.querySelector('#queue-booking td.strong').textContent === '0'")
        .await;
    browser
        .until("document.querySelector('#queue-booking td:last-child').textContent === '1'")
        .await;
    assert_eq!(
        browser.evaluate("window.sameDocument").await,
        true,
        "the page was not reloaded"
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[tokio::test]
async fn an_agent_gets_ready_by_a_click() {
    let Some(mut browser) = Browser::start().await else {
        return;
    };
    let web = TestWeb::start().await;
    let address = serve(&web).await;

    sign_in(&mut browser, &address, "chen").await;
    browser
        .until("document.querySelector('#me .state.signed_out')")
        .await;
    browser
        .evaluate("document.querySelector('[data-request=sign_in]').click()")
        .await;
    browser
        .until("document.querySelector('#me .state.not_ready')")
        .await;
    browser
        .evaluate("document.querySelector('[data-request=ready]').click()")
        .await;
    browser
        .until("document.querySelector('#me .state.ready')")
        .await;
    browser
        .until("document.querySelector('#agent-chen.ready')")
        .await;
    let calls = browser
        .evaluate("document.querySelector('#calls') === null")
        .await;
    assert_eq!(calls, true, "who calls is for supervisors");
    assert_eq!(browser.complaints, Vec::<String>::new());
}

async fn serve(web: &TestWeb) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let state = web.state.clone();
    #[expect(clippy::disallowed_methods, reason = "serves until the test ends")]
    tokio::spawn(async move {
        switchyard::web::serve(listener, state, pending())
            .await
            .unwrap()
    });
    address
}

async fn sign_in(browser: &mut Browser, address: &str, login: &str) {
    browser.screen(1440, 900, false).await;
    browser.open(&format!("{address}/language/zh-CN")).await;
    browser.open(&format!("{address}/")).await;
    browser
        .evaluate(&format!(
            "document.querySelector('[name=login]').value = '{login}';
             document.querySelector('[name=password]').value = '{PASSWORD}';
             document.querySelector('form').submit();"
        ))
        .await;
    browser
        .until("document.querySelector('#queues') && document.readyState === 'complete'")
        .await;
}
