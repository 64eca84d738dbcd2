//! What if: a recorded day meets other settings.

pub mod day;
pub mod player;
