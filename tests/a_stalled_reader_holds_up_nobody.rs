//! Two browsers look at the live page, one of them has stopped reading.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/web.rs"]
#[expect(clippy::allow_attributes, reason = "see the next line")]
#[allow(
    dead_code,
    reason = "every test crate uses its own part of this module"
)]
mod web;

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;
use switchyard::runtime::load::Load;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use web::TestWeb;

const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn others_see_every_change_and_the_stalled_one_catches_up() {
    let web = TestWeb::start().await;
    let cookie = web.sign_in("boss").await.cookie;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let state = web.state.clone();
    #[expect(clippy::disallowed_methods, reason = "serves until the test ends")]
    tokio::spawn(async move {
        switchyard::web::serve(listener, state, pending())
            .await
            .unwrap()
    });

    let stalled = look(address, &cookie).await;
    let mut reading = look(address, &cookie).await;
    for n in 0..40 {
        let number = format!("1380013{n:04}");
        web.arrives(&format!("caller-{n}"), &number, &"很长的名字".repeat(40))
            .await;
        if n % 10 == 9 {
            reading = read_until(reading, &number).await;
        }
    }
    for n in 0..39 {
        web.hangs_up(&format!("caller-{n}")).await;
    }
    let stalled = read_until(stalled, "13800130039").await;
    web.hangs_up("caller-39").await;
    read_until(reading, "现在没有通话").await;
    read_until(stalled, "现在没有通话").await;
}

#[tokio::test]
async fn reading_is_refused_before_requests_and_health_never() {
    let web = TestWeb::start().await;
    let cookie = web.sign_in("boss").await.cookie;
    let (load, loaded) = watch::channel(Load::Normal);
    let mut state = web.state.clone();
    state.handle.condition.load = loaded;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "serves until the test ends")]
    tokio::spawn(async move {
        switchyard::web::serve(listener, state, pending())
            .await
            .unwrap()
    });
    let status = async |method: &str, path: &str| {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(DEADLINE, socket.read_to_string(&mut answer))
            .await
            .unwrap()
            .unwrap();
        let code = answer.split(' ').nth(1).unwrap().to_owned();
        (code, answer)
    };

    // A client that sends half a request and stalls.
    let mut stalled = TcpStream::connect(address).await.unwrap();
    stalled
        .write_all(b"GET /api/calls HTTP/1.1\r\nHo")
        .await
        .unwrap();

    load.send(Load::Busy).unwrap();
    assert_eq!(status("GET", "/api/queues").await.0, "200");
    load.send(Load::Strained).unwrap();
    let (code, answer) = status("GET", "/api/queues").await;
    assert_eq!(code, "503");
    assert!(answer.contains("retry-after: 1"), "{answer}");
    assert_ne!(status("POST", "/api/agents/chen/state").await.0, "503");
    let (code, answer) = status("GET", "/readyz").await;
    assert_eq!(code, "200");
    assert!(answer.contains("overload"), "{answer}");
    load.send(Load::Normal).unwrap();
    assert_eq!(status("GET", "/api/queues").await.0, "200");
}

/// Opens the stream as a browser does, and reads nothing of it.
async fn look(address: SocketAddr, cookie: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /live HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nAccept: text/event-stream\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

async fn read_until(mut socket: TcpStream, text: &str) -> TcpStream {
    let mut seen = Vec::new();
    let mut part = vec![0_u8; 16 * 1024];
    let read = async {
        while !String::from_utf8_lossy(&seen).contains(text) {
            let length = socket.read(&mut part).await.unwrap();
            assert!(length > 0, "the stream ended before {text}");
            seen.extend_from_slice(&part[..length]);
        }
    };
    let read = timeout(DEADLINE, read).await;
    assert!(
        read.is_ok(),
        "{text} was not seen in {}",
        String::from_utf8_lossy(&seen)
    );
    socket
}
