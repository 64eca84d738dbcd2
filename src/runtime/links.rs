//! Starts the adapter of each configured switch.

use crate::config::switch::{SwitchConfig, SwitchKind};
use crate::engine::centre::Centre;
use crate::engine::event::Event;
use crate::switch::link::{Inbox, SwitchLink};
use crate::switch::simulated::people::Population;
use crate::switch::{asterisk, freeswitch, simulated};
use tokio::sync::mpsc;

/// Starts one switch's adapter; it connects by itself and stays at it.
pub(super) fn start(
    switch: &SwitchConfig,
    centre: &Centre,
    events: &mpsc::Sender<Event>,
) -> SwitchLink {
    let inbox = Inbox::new(switch.id.clone(), events.clone());
    match &switch.kind {
        SwitchKind::Freeswitch(settings) => freeswitch::start(settings, inbox),
        SwitchKind::Asterisk(settings) => asterisk::start(settings, inbox),
        SwitchKind::Simulated(settings) => {
            simulated::start(settings, Population::of(centre), inbox)
        }
    }
}
