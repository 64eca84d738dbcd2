//! `[dialplan]`: what `switchyard render dialplan` writes into the switch's own
//! configuration, above all the path of calls while the controller is away.

use crate::config::section::section;
use crate::engine::id::{MusicClass, PromptId};
use std::num::NonZeroU32;

section! {
    /// What `switchyard render dialplan` writes for the switches, above all the
    /// way of calls while the controller is away.
    pub struct DialplanConfig {
        /// Name of the context that trunks enter: letters, digits, `-` and `_`.
        default context: String = "switchyard",
        /// Prompt heard first on the fallback path, below the switch's folder of prompts.
        default announcement: PromptId = "please-wait",
        /// Class of music on hold heard on the fallback path.
        default music: MusicClass = "default",
        /// Seconds between two offers of a waiting call to the controller.
        default again_s: NonZeroU32 = 20,
        /// Offers before the fallback path ends the call.
        default again_times: NonZeroU32 = 30,
        /// A queue of the switch's own (app_queue, mod_callcenter) that takes
        /// the calls of the fallback path instead of music.
        optional fallback_queue: Option<String> = "emergency",
    }
}
