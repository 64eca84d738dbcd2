//! What a new run is told of the one before, from the journal alone: the store
//! may be away when a centre has to go on.

use crate::engine::memory::Memory;
use crate::store::journal::{Journal, JournalError};

/// The memory as of the journal's last entry: its last checkpoint, and the
/// entries after it. Blocks.
///
/// # Errors
/// [`JournalError`] when the journal can't be read.
pub fn recall(journal: &Journal) -> Result<Memory, JournalError> {
    let recalled = journal.recall()?;
    tracing::info!(
        entry = recalled.seq,
        after_checkpoint = recalled.entries,
        not_understood = recalled.not_understood,
        "the last run is recalled from the journal"
    );
    let mut memory = recalled.memory;
    memory.saw(journal.last_command());
    Ok(memory)
}
