//! Calls on the real Asterisk and the real FreeSWITCH while the controller is
//! killed, cut off and without its store, and while the switch itself starts
//! again; read in the switch's own log. Skipped where there is none.

mod support;

use support::chaos::asterisk::AsteriskRig;
use support::chaos::freeswitch::FreeswitchRig;
use support::chaos::{
    a_controller_comes_and_goes_while_calls_are_everywhere, a_switch_starts_again_with_no_calls,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_controller_on_asterisk() {
    if let Some(rig) = AsteriskRig::running().await {
        a_controller_comes_and_goes_while_calls_are_everywhere(rig).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_controller_on_freeswitch() {
    if let Some(rig) = FreeswitchRig::running().await {
        a_controller_comes_and_goes_while_calls_are_everywhere(rig).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_asterisk() {
    if let Some(rig) = AsteriskRig::running().await {
        a_switch_starts_again_with_no_calls(rig).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_freeswitch() {
    if let Some(rig) = FreeswitchRig::running().await {
        a_switch_starts_again_with_no_calls(rig).await;
    }
}
