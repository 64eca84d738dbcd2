//! `[dialplan]`: what `switchyard render dialplan` writes into the switch's own
//! configuration, above all the path of calls while the controller is away.

use crate::config::section::section;
use crate::engine::id::{MusicClass, PromptId};
use std::num::NonZeroU32;

section! {
    /// What `switchyard render dialplan` writes for the switches, above all the
    /// way of calls while the controller is away.
    pub struct DialplanConfig {
        /// Name of the context that trunks enter: letters, digits, `.`, `-` and `_`.
        default context: String = "switchyard-in",
        /// Prompt heard first on the fallback path, below the switch's folder of prompts.
        default announcement: PromptId = "please-wait",
        /// Class of music on hold heard on the fallback path.
        default music: MusicClass = "default",
        /// Seconds a new call rings for the controller before it takes the fallback path (FreeSWITCH).
        default adopt_s: NonZeroU32 = 10,
        /// Seconds between two offers of a waiting call to the controller.
        default again_s: NonZeroU32 = 20,
        /// Offers before the fallback path ends the call, or gives it to the last resort.
        default again_times: NonZeroU32 = 30,
        /// Asterisk: a queue of its own (app_queue) that takes the calls instead of music.
        optional fallback_queue: Option<String> = "emergency",
        /// FreeSWITCH: "extension dialplan context" that takes the calls after the last offer.
        optional last_resort: Option<String> = "5000 XML default",
    }
}
