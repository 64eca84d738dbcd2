//! `switchyard bench routing`.

use crate::bench::routing::{Pace, RoutingBench, RoutingReport};
use crate::cli::bench::Form;
use crate::cli::{CliError, Output, Verdict};
use clap::Args;

/// Measure the choice of an agent for a call
///
/// The engine's own queues and planner, in memory and on one core: no event, no
/// journal and no switch. Agents become free one after another while calls wait;
/// then calls come while agents are free. Each decision is timed by itself. Use
/// a release build.
#[derive(Debug, Args)]
pub struct Routing {
    #[arg(long, value_name = "COUNT", default_value_t = 2_500)]
    agents: u32,
    /// Calls that wait all the time
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    waiting: u32,
    #[arg(long, value_name = "COUNT", default_value_t = 300)]
    queues: u32,
    /// Skills that queues require; 0 for plain queues
    #[arg(long, value_name = "COUNT", default_value_t = 40)]
    skills: u32,
    /// Queues that each agent serves [default: 30, or 3 plain ones]
    #[arg(long, value_name = "COUNT")]
    queues_per_agent: Option<u32>,
    /// Decisions to measure, of each kind
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    decisions: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    form: Form,
}

impl Routing {
    /// # Errors
    /// When there would be nothing to decide.
    pub fn run(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let most = if self.skills > 0 { 30 } else { 3 };
        let bench = RoutingBench {
            agents: self.agents,
            waiting: self.waiting,
            queues: self.queues,
            skills: self.skills,
            queues_per_agent: self.queues_per_agent.unwrap_or(most),
            decisions: self.decisions,
            seed: self.seed,
        };
        self.form.print(out, &bench.run()?, describe)?;
        Ok(Verdict::Good)
    }
}

fn describe(report: &RoutingReport) -> String {
    let RoutingBench {
        agents,
        waiting,
        queues,
        skills,
        ..
    } = report.bench;
    let line = |what: &str, pace: &Pace| {
        format!(
            "{what:<14} {:>10} assignments/s  median {:>7.3} µs  p99 {:>7.3} µs  ({} samples)\n",
            pace.assignments_per_second, pace.p50_us, pace.p99_us, pace.samples
        )
    };
    format!(
        "{agents} agents, {waiting} waiting, {queues} queues, {skills} skills\n{}{}",
        line("agents freed", &report.freed),
        line("calls brought", &report.new_calls),
    )
}
