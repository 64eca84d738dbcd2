//! Flows: the document, its checker and its interpreter.

pub mod check;
pub mod flow;
pub mod interpreter;
