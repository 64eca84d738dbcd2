//! What a new run is told of the one before, from the journal alone: the store
//! may be away when a centre has to go on.

use crate::engine::memory::Memory;
use crate::store::journal::{Journal, JournalError};

/// Entries read at once.
const BATCH: u32 = 1_000;

/// The memory as of the journal's last entry.
///
/// # Errors
/// [`JournalError`] when the journal can't be read.
pub fn recall(journal: &Journal) -> Result<Memory, JournalError> {
    let mut reader = journal.reader()?;
    let mut memory = Memory::default();
    let mut seq = 0;
    loop {
        let records = reader.after(seq, BATCH)?;
        let Some(last) = records.last() else { break };
        seq = last.seq;
        for record in &records {
            match record.entry() {
                Ok(entry) => memory.entry(entry.at, &entry.commands),
                Err(error) => {
                    tracing::error!(%error, "an entry of the journal is left out of what is remembered");
                }
            }
        }
    }
    memory.saw(journal.last_command());
    Ok(memory)
}
