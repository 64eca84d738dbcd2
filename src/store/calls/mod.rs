//! Calls as the store has them: a list to search, and one with all that happened to it.

mod detail;
mod list;

pub use detail::{
    BlockVisit, CallDetail, CallStep, CommandFailure, Decision, DigitPressed, LegDetail, Offer,
    QueueVisit, Recording, StateChange, callback_course, show,
};
pub use list::{CallFilter, CallPage, CallSummary, list};
