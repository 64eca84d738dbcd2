//! `[numbers.<dialled>]`: the access numbers and what each starts.

use crate::config::section::section;
use crate::engine::id::FlowId;
use crate::switch::Language;

section! {
    /// An access number (DNIS), exactly as the switch reports it. Calls to any
    /// other number are refused with busy.
    pub struct NumberConfig {
        /// The flow that its calls go through.
        required flow: FlowId = "reservations",
        /// Language its callers hear; by default the centre's.
        optional language: Option<Language> = "en",
    }
}
