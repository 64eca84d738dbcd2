//! The program: parses the command line and hands over to `switchyard::cli`.

use clap::Parser;
use std::process::ExitCode;
use switchyard::cli::{self, Cli};

#[tokio::main]
async fn main() -> ExitCode {
    cli::run(Cli::parse(), &mut std::io::stdout()).await
}
