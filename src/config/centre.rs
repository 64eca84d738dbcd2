//! `[centre]`: whose calls these are.

use crate::config::section::section;
use crate::engine::id::{SiteId, TenantId};
use crate::switch::Language;

section! {
    /// Whose calls these are, and what they hear by default.
    pub struct CentreConfig {
        /// The organisation the calls belong to; stands on every record.
        default tenant: TenantId = "default",
        /// The place where the agents work; stands on every record.
        default site: SiteId = "main",
        /// Language of the prompts and of the pages: "zh-CN" or "en".
        default language: Language = "zh-CN",
    }
}
