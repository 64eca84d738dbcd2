//! Finished recordings, fetched over ARI.

use super::api::{Api, ApiError};
use super::request::Request;
use crate::switch::link::{MediaError, MediaSource};
use futures_util::future::BoxFuture;
use std::path::Path;

#[derive(Debug)]
pub(super) struct StoredRecordings(pub(super) Option<Api>);

impl StoredRecordings {
    fn api(&self, file: &str) -> Result<&Api, MediaError> {
        self.0.as_ref().ok_or_else(|| MediaError::Unreadable {
            file: file.to_owned(),
            why: "the switch has no address that works".to_owned(),
        })
    }
}

impl MediaSource for StoredRecordings {
    fn fetch<'a>(&'a self, file: &'a str, into: &'a Path) -> BoxFuture<'a, Result<(), MediaError>> {
        Box::pin(async move {
            let request = Request::get(&["recordings", "stored", file, "file"]);
            let fetched = self.api(file)?.download(&request, into).await;
            fetched.map_err(|error| media_error(file, &error))
        })
    }

    fn discard<'a>(&'a self, file: &'a str) -> BoxFuture<'a, Result<(), MediaError>> {
        Box::pin(async move {
            let request = Request::delete(&["recordings", "stored", file]);
            let discarded = self.api(file)?.send(&request).await;
            discarded.map_err(|error| media_error(file, &error))
        })
    }
}

fn media_error(file: &str, error: &ApiError) -> MediaError {
    let file = file.to_owned();
    if error.is_missing() {
        return MediaError::Missing { file };
    }
    let why = error.to_string();
    MediaError::Unreadable { file, why }
}
