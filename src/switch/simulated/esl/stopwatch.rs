//! How long the controller takes to answer, seen from the switch: from writing
//! an event to reading the first command that it causes.

use crate::clock::monotonic;
use crate::engine::id::ChannelId;
use crate::switch::Extension;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Something that was written and will be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The event that frees the agent behind this device.
    Freed(Extension),
    /// The event that brings this call.
    Brought(ChannelId),
}

/// Samples kept of each kind; later ones are not taken.
const MAX_SAMPLES: usize = 1_000_000;

#[derive(Clone, Debug, Default)]
pub(super) struct Stopwatch(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    running: bool,
    freed: BTreeMap<Extension, Instant>,
    brought: BTreeMap<ChannelId, Instant>,
    freed_us: Vec<u64>,
    brought_us: Vec<u64>,
}

/// Times of one kind, in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    pub samples: u64,
    pub median_us: u64,
    pub p99_us: u64,
    pub max_us: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latencies {
    /// From the event that frees an agent to the `originate` of that agent's device.
    pub agent_freed_to_originate: Latency,
    /// From the event that brings a call to the first command for it.
    pub call_brought_to_command: Latency,
}

impl Stopwatch {
    /// Forgets what was measured and measures from now on.
    pub(super) fn restart(&self) {
        self.with(|times| {
            *times = Times {
                running: true,
                ..Times::default()
            }
        });
    }

    /// To be called right before the marked bytes are written.
    pub(super) fn writing(&self, mark: &Mark) {
        let now = monotonic();
        self.with(|times| match mark {
            Mark::Freed(extension) => drop(times.freed.insert(extension.clone(), now)),
            Mark::Brought(channel) => drop(times.brought.insert(channel.clone(), now)),
        });
    }

    /// To be called when an `originate` of this device was read.
    pub(super) fn originated(&self, extension: &Extension) {
        let now = monotonic();
        self.with(|times| {
            if let Some(begun) = times.freed.remove(extension) {
                times.sample(begun, now, |times| &mut times.freed_us);
            }
        });
    }

    /// To be called when a command for this channel was read.
    pub(super) fn commanded(&self, channel: &ChannelId) {
        let now = monotonic();
        self.with(|times| {
            if let Some(begun) = times.brought.remove(channel) {
                times.sample(begun, now, |times| &mut times.brought_us);
            }
        });
    }

    pub(super) fn latencies(&self) -> Latencies {
        self.with(|times| Latencies {
            agent_freed_to_originate: Latency::of(&mut times.freed_us),
            call_brought_to_command: Latency::of(&mut times.brought_us),
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Times) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Times {
    fn sample(&mut self, begun: Instant, now: Instant, of: impl Fn(&mut Self) -> &mut Vec<u64>) {
        let micros = u64::try_from(now.duration_since(begun).as_micros()).unwrap_or(u64::MAX);
        if self.running && of(self).len() < MAX_SAMPLES {
            of(self).push(micros);
        }
    }
}

impl Latency {
    fn of(samples: &mut [u64]) -> Self {
        samples.sort_unstable();
        // The nearest rank: the smallest sample that covers so many per cent.
        let rank = |percent: usize| match (samples.len() * percent).div_ceil(100) {
            0 => 0,
            rank => samples[rank - 1],
        };
        Self {
            samples: samples.len() as u64,
            median_us: rank(50),
            p99_us: rank(99),
            max_us: rank(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_99th_percentile_are_the_nearest_ranks() {
        let mut samples: Vec<u64> = (1..=200).rev().collect();
        let latency = Latency::of(&mut samples);
        assert_eq!(
            (latency.median_us, latency.p99_us, latency.max_us),
            (100, 198, 200)
        );
        assert_eq!(Latency::of(&mut []), Latency::default());
    }

    #[test]
    fn only_the_first_answer_counts() {
        let stopwatch = Stopwatch::default();
        stopwatch.restart();
        let extension = Extension::new("1001").unwrap();
        stopwatch.writing(&Mark::Freed(extension.clone()));
        stopwatch.originated(&extension);
        stopwatch.originated(&extension);
        assert_eq!(stopwatch.latencies().agent_freed_to_originate.samples, 1);
    }
}
