//! What the program says about itself: log lines on standard error. Metrics
//! are counted where things happen and served by `web::metrics`.

use crate::config::log::{LogConfig, LogFormat};
use std::io;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::TryInitError;

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error(
        "`filter` under [log] is {filter:?}, which is not a level or a list like \"info,switchyard::web=debug\": {why}"
    )]
    Filter { filter: String, why: ParseError },
    #[error("the log could not be set up: {0}")]
    Init(#[from] TryInitError),
}

/// Starts the log. Once per process.
///
/// # Errors
/// [`TelemetryError`] when the filter cannot be read.
pub fn start(settings: &LogConfig) -> Result<(), TelemetryError> {
    use tracing_subscriber::util::SubscriberInitExt as _;
    let filter = EnvFilter::try_new(&settings.filter).map_err(|why| TelemetryError::Filter {
        filter: settings.filter.clone(),
        why,
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match settings.format {
        LogFormat::Text => log.finish().try_init()?,
        LogFormat::Json => log.json().finish().try_init()?,
    }
    Ok(())
}
