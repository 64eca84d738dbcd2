//! Names of recordings: `<tenant>/<yyyy>/<mm>/<dd>/<call>-<command>.wav`, by
//! the UTC date on which the recording began.

use crate::engine::id::TenantId;
use crate::engine::recording::FilingOrder;

/// The path of a recording below the recordings folder, with '/' between its parts.
pub fn name(tenant: &TenantId, order: &FilingOrder) -> String {
    let date = match jiff::Timestamp::from_millisecond(order.started.as_millis()) {
        Ok(started) => started.strftime("%Y/%m/%d").to_string(),
        // No clock says so; the recording is kept all the same.
        Err(_) => "0000/00/00".to_owned(),
    };
    format!(
        "{}/{date}/{}-{}.wav",
        segment(tenant.as_str()),
        order.call,
        order.recording
    )
}

/// `text` as one part of a path on any file system: what could be read as
/// something else is written as `%` and two hexadecimal digits, so that
/// different texts stay different.
fn segment(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (position, byte) in text.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b'+' | b'@')
            || (byte == b'.' && position > 0);
        match plain {
            true => safe.push(char::from(byte)),
            false => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::id::{CallId, CommandId, SwitchId};
    use crate::engine::time::Timestamp;
    use crate::switch::RecordedMedia;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    fn order() -> FilingOrder {
        FilingOrder {
            recording: CommandId(42),
            switch: SwitchId::new("fs1").unwrap(),
            call: "01KSR4EHS00000000000000003".parse::<CallId>().unwrap(),
            started: Timestamp::from_millis(1_795_305_599_999),
            media: RecordedMedia::Stereo {
                file: "x".to_owned(),
            },
        }
    }

    #[test]
    fn the_name_says_tenant_day_call_and_recording() {
        let name = name(&TenantId::new("acme").unwrap(), &order());
        assert_eq!(name, "acme/2026/11/21/01KSR4EHS00000000000000003-42.wav");
    }

    #[test]
    fn a_tenant_cannot_climb_out_of_the_folder() {
        for tenant in [".", "..", ".hidden", "a:b"] {
            let name = name(&TenantId::new(tenant).unwrap(), &order());
            assert!(!name.starts_with('.') && !name.contains(':'), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_tenant_gives_five_plain_parts(tenant in "[A-Za-z0-9._:@+-]{1,40}") {
            let name = name(&TenantId::new(&tenant).unwrap(), &order());
            let plain = Path::new(&name).components().all(|part| matches!(part, Component::Normal(_)));
            prop_assert!(plain, "{}", name);
            prop_assert_eq!(Path::new(&name).components().count(), 5);
        }
    }
}
