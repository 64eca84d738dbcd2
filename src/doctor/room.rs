//! Examines what the controller needs on its own machine: store, folders, port.

use crate::config::http::HttpConfig;
use crate::config::journal::JournalConfig;
use crate::config::store::StoreConfig;
use crate::doctor::Chart;
use crate::store::{Store, StoreError};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use tokio::net::TcpListener;

pub(super) async fn store(settings: &StoreConfig) -> Chart {
    let mut chart = Chart::of("store");
    let opened = Store::open(&settings.url);
    let checked = match &opened {
        Ok(store) => store.check().await.map(|()| store.url().to_string()),
        Err(error) => return failed(chart, error, "correct [store] url"),
    };
    match checked {
        Ok(url) => chart.good(format!("{url} answers, and its tables are up to date")),
        Err(error @ (StoreError::NoFile { .. } | StoreError::NotMigrated { .. })) => {
            chart.warning(
                error.to_string(),
                "run `switchyard migrate`; `switchyard serve` does it too",
            );
        }
        Err(error) => return failed(chart, &error, "start the database, or correct [store] url"),
    }
    chart
}

fn failed(mut chart: Chart, error: &StoreError, mend: &str) -> Chart {
    chart.error(error.to_string(), mend);
    chart
}

pub(super) fn journal(settings: &JournalConfig) -> Chart {
    let folder = settings
        .path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder_of(Chart::of("journal"), folder.unwrap_or(Path::new(".")))
}

pub(super) fn folder(chart: Chart, folder: &Path) -> Chart {
    folder_of(chart, folder)
}

/// Tries to write into the folder, or into the nearest one above it that exists.
fn folder_of(mut chart: Chart, folder: &Path) -> Chart {
    let shown = folder.display();
    let existing = folder
        .ancestors()
        .map(|above| {
            if above.as_os_str().is_empty() {
                Path::new(".")
            } else {
                above
            }
        })
        .find(|above| above.exists());
    let Some(existing) = existing else {
        chart.error(
            format!("{shown} does not exist"),
            "make it, or name another folder",
        );
        return chart;
    };
    let mend = "give it to the user who runs switchyard, or name another folder";
    match write_into(existing) {
        Ok(()) if existing == folder => chart.good(format!("{shown} can be written")),
        Ok(()) => chart.good(format!("{shown} can be made")),
        Err(why) => chart.error(
            format!("{} cannot be written: {why}", existing.display()),
            mend,
        ),
    }
    chart
}

fn write_into(folder: &Path) -> std::io::Result<()> {
    let trial = folder.join(format!(".switchyard-doctor-{}", std::process::id()));
    fs::write(&trial, b"trial")?;
    fs::remove_file(&trial)
}

/// A folder of the switch that we read from.
pub(super) fn readable(chart: &mut Chart, folder: &Path) {
    let shown = folder.display();
    match fs::read_dir(folder) {
        Ok(_) => chart.good(format!("its recordings in {shown} can be read")),
        Err(error) if error.kind() == ErrorKind::NotFound => chart.warning(
            format!("its folder of recordings {shown} does not exist here"),
            "make it, writable for the switch; on another machine, mount it and set recordings_seen_at",
        ),
        Err(error) => chart.error(
            format!("its recordings in {shown} cannot be read: {error}"),
            "add the user who runs switchyard to the switch's group",
        ),
    }
}

pub(super) async fn http(settings: &HttpConfig) -> Chart {
    let mut chart = Chart::of("http");
    let listen = settings.listen;
    match TcpListener::bind(listen).await {
        Ok(_) => chart.good(format!("{listen} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => chart.warning(
            format!("{listen} is in use"),
            "all is well if switchyard is running; otherwise choose another `listen`",
        ),
        Err(error) => {
            chart.error(
                format!("cannot listen on {listen}: {error}"),
                "choose another `listen`",
            );
        }
    }
    if !listen.ip().is_loopback() && !settings.is_https() {
        chart.warning(
            format!(
                "{listen} is open to the network without TLS: passwords can be read on the way"
            ),
            "listen on 127.0.0.1 behind a TLS proxy, and set public_url",
        );
    }
    chart
}
