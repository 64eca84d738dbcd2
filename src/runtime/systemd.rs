//! What the service manager is told, when there is one that asked to be
//! (`Type=notify`, `WatchdogSec=`): see sd_notify(3).

use sd_notify::NotifyState;
use std::time::Duration;

/// Calls are taken from now on.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being read again; [`ready`] says when it is done.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "the monotonic clock cannot be read"),
    }
}

pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The engine takes events.
pub(super) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often [`alive`] has to be said at the least; none when nobody waits for it.
pub(super) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

fn tell(state: &[NotifyState<'_>]) {
    // Without a service manager this does nothing and succeeds.
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
