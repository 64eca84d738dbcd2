# What is done often. `just` alone lists it.

default:
    @just --list

# Everything a reviewer would complain about
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo deny --all-features check

# Bring the code into its form
fmt:
    cargo fmt

# All tests; those that need a real switch say when they are skipped
test *ARGS:
    cargo test {{ARGS}}

# The simulated centre, by seed
sim *ARGS:
    cargo run --release -- simulate-switch {{ARGS}}

# Time from event to command, against the simulated switch in a process of its own
bench *ARGS:
    cargo run --release -- bench wire {{ARGS}}

# Make the example configuration current
example:
    cargo run --quiet -- check --print-example > switchyard.example.toml
