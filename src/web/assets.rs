//! Style, scripts and pictures, built into the program. Their addresses carry a
//! hash of their content, so that browsers may keep them.

use crate::web::error::WebError;
use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::LazyLock;

struct Asset {
    kind: &'static str,
    content: &'static [u8],
    version: String,
}

static ASSETS: LazyLock<BTreeMap<&'static str, Asset>> = LazyLock::new(|| {
    const STYLE: &str = "text/css; charset=utf-8";
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    BTreeMap::from([
        ("app.css", asset(STYLE, include_bytes!("../../web/app.css"))),
        ("app.js", asset(SCRIPT, include_bytes!("../../web/app.js"))),
        (
            "htmx.js",
            asset(SCRIPT, include_bytes!("../../web/vendor/htmx/htmx.min.js")),
        ),
        (
            "hx-sse.js",
            asset(
                SCRIPT,
                include_bytes!("../../web/vendor/htmx/hx-sse.min.js"),
            ),
        ),
        (
            "icon.svg",
            asset("image/svg+xml", include_bytes!("../../web/icon.svg")),
        ),
    ])
});

fn asset(kind: &'static str, content: &'static [u8]) -> Asset {
    let version = hex::encode(&Sha256::digest(content)[..6]);
    Asset {
        kind,
        content,
        version,
    }
}

/// The address of an asset.
pub fn address(name: &str) -> Option<String> {
    ASSETS
        .get(name)
        .map(|asset| format!("/assets/{name}?v={}", asset.version))
}

/// # Errors
/// [`WebError::NoSuchAddress`] for a name that is no asset.
pub async fn serve(Path(name): Path<String>) -> Result<impl IntoResponse, WebError> {
    let asset = ASSETS.get(name.as_str()).ok_or(WebError::NoSuchAddress)?;
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.content))
}
