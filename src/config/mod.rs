//! The configuration: one TOML file plus environment, one struct and file per concern.

pub mod http;
pub mod switch;
