//! `[store]`: the database of calls, legs, agents and recordings.

use crate::config::section::section;

section! {
    /// The database of calls, legs, agents and recordings. It may be away for a
    /// while: calls go on, and it is brought up to date from the journal.
    pub struct StoreConfig {
        /// `sqlite:///path/to/file.db` or `postgres://user:password@host/database`.
        /// An address with a password is better kept in a file: `url_file = "/etc/switchyard/store.url"`.
        default_secret url: String = "sqlite:///var/lib/switchyard/store.db",
    }
}
