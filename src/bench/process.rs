//! What the system says this process has used, as Linux tells it in `/proc`.

use std::time::Duration;

/// Ticks a second in `/proc/self/stat`: the same on every Linux (`USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

/// Memory of this process that is in RAM, in bytes; none where the system does not tell.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

/// Time that all threads of this process have been on a core, in the kernel
/// and outside; none where the system does not tell.
pub fn on_core() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may hold spaces.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut ticks = fields.split_whitespace().skip(11).take(2);
    let user: u64 = ticks.next()?.parse().ok()?;
    let system: u64 = ticks.next()?.parse().ok()?;
    Some(Duration::from_millis(
        (user + system) * 1_000 / TICKS_PER_SECOND,
    ))
}

/// Time that the calling thread has been on a core; none where the system does
/// not tell (`CONFIG_SCHED_INFO`).
pub fn thread_on_core() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_what_was_used() {
        assert!(resident().unwrap() > 1 << 20);
        assert!(on_core().is_some() && thread_on_core().is_some());
    }
}
