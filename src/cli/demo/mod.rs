//! `switchyard demo`: a running centre without any preparation.

mod folder;
mod stages;

use crate::cli::config_file::ConfigFile;
use crate::cli::{CliError, Output, Verdict};
use crate::config::Config;
use crate::config::finding::ConfigErrors;
use crate::engine::event::AgentRequest;
use crate::runtime::handle::Handle;
use crate::runtime::serve::{Service, serve};
use crate::store::Store;
use crate::telemetry;
use crate::web::auth::FirstAdmin;
use clap::Args;
use folder::DemoFolder;
use stages::Watch;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::sync::oneshot;

const CENTRE: &str = include_str!("centre.toml");

/// Run a demonstration centre: switch, callers, agents, pages
///
/// A hotel's reservation desk and a hospital's appointments, on SQLite and the
/// simulated switch or a real Asterisk; or, with --config, a centre of your own.
/// Prints where the pages are and how to sign in, and runs until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  switchyard demo
  switchyard demo --check
  scripts/demo --asterisk                   starts Asterisk and phones first
  switchyard --config my-centre.toml demo   every agent signed in, kept apart from the real store")]
pub struct Demo {
    /// Follow the first answered call for at most 60 s, one line per stage;
    /// exit 0 only if it was connected, recorded and stored
    #[arg(long)]
    check: bool,
    /// Use the Asterisk that `scripts/asterisk start` prepared, with the phones of
    /// `scripts/asterisk-phones`
    #[arg(long, requires_all = ["ari_url", "ari_password"])]
    asterisk: bool,
    /// Asterisk's ARI
    #[arg(long, value_name = "URL", env = "SWITCHYARD_TEST_ARI_URL")]
    ari_url: Option<String>,
    /// User of ARI
    #[arg(
        long,
        value_name = "USER",
        env = "SWITCHYARD_TEST_ARI_USER",
        default_value = "switchyard"
    )]
    ari_user: String,
    /// Password of ARI
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "SWITCHYARD_TEST_ARI_PASSWORD",
        hide_env_values = true
    )]
    ari_password: Option<String>,
    /// Where the pages are served [default: 127.0.0.1:8480; any free port with --check]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Keep store, journal and recordings here [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Sign in only as many agents, by their extensions
    #[arg(long, value_name = "COUNT")]
    agents: Option<usize>,
    /// Calls that arrive per minute on the simulated switch, on average
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    calls_per_minute: u32,
}

/// What the rest of the demonstration needs of the running centre.
struct Centre {
    handle: Handle,
    store: Store,
    address: SocketAddr,
    first_admin: Option<FirstAdmin>,
}

impl Demo {
    /// # Errors
    /// When the centre cannot be started.
    pub async fn run(&self, file: &ConfigFile, out: Output<'_>) -> Result<Verdict, CliError> {
        let folder = DemoFolder::open(self.folder.as_deref())?;
        let config = self.config(file, &folder)?;
        telemetry::start(&config.log)?;

        let (up, came_up) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let up = |centre: crate::runtime::serve::Up<'_>| {
            let centre = Centre {
                handle: centre.running.handle.clone(),
                store: centre.running.store.clone(),
                address: centre.address,
                first_admin: centre.first_admin,
            };
            // Nobody waits any more only when the demonstration itself ended.
            drop(up.send(centre));
        };
        let stopped = async move {
            // Dropped or sent: either way it is over.
            drop(stopped.await);
        };
        let shown = async {
            match came_up.await {
                Ok(centre) => self.show(&config, &centre, file, &folder, out).await,
                // The centre did not come up, and says why.
                Err(_) => std::future::pending().await,
            }
        };
        let service = Service {
            config: config.clone(),
            file: None,
            take_over: false,
        };
        let mut served = Box::pin(serve(service, up, stopped));
        let verdict = tokio::select! {
            // Ctrl-C before the end of a check is a check that found nothing.
            ended = &mut served => return Ok(ended.map(|()| Verdict::Bad)?),
            verdict = shown => verdict?,
        };
        if self.check {
            drop(stop);
        }
        served.await?;
        Ok(verdict)
    }

    async fn show(
        &self,
        config: &Config,
        centre: &Centre,
        file: &ConfigFile,
        folder: &DemoFolder,
        out: Output<'_>,
    ) -> Result<Verdict, CliError> {
        let signed_in = self.sign_in(config, &centre.handle).await?;
        if self.check {
            let watch = Watch::new(&centre.store, &config.recordings.folder);
            return watch.follow(out).await;
        }
        let kinds: BTreeSet<&str> = config
            .switches
            .iter()
            .map(|switch| switch.kind.word())
            .collect();
        let kinds: Vec<&str> = kinds.into_iter().collect();
        writeln!(
            out,
            "switchyard demo, switch: {}, agents signed in: {signed_in}",
            kinds.join(", ")
        )?;
        writeln!(out, "  pages     http://{}/", centre.address)?;
        if let Some(admin) = &centre.first_admin {
            writeln!(
                out,
                "  sign in   {} with the password {}",
                admin.login, admin.password
            )?;
        }
        let store = folder.store_url();
        let (variable, file) = match file.named() {
            Some(path) => (format!("SWITCHYARD_STORE__URL={store} "), path.to_owned()),
            None => (String::new(), folder.config_file()),
        };
        // Built from source it is on nobody's path.
        let program = std::env::current_exe()?;
        let program = format!(
            "{variable}{} --config {}",
            program.display(),
            file.display()
        );
        writeln!(out, "  look      {program} calls list")?;
        writeln!(out, "            {program} explain CALL")?;
        writeln!(out, "Ctrl-C stops it.")?;
        out.flush()?;
        Ok(Verdict::Good)
    }

    /// Signs agents in and makes them ready; says how many.
    async fn sign_in(&self, config: &Config, handle: &Handle) -> Result<usize, CliError> {
        let mut agents: Vec<_> = config.agents.iter().collect();
        agents.sort_by_key(|(_, agent)| &agent.extension);
        let mut signed_in = 0;
        for (agent, _) in agents.into_iter().take(self.agents.unwrap_or(usize::MAX)) {
            handle.ask(agent, AgentRequest::SignIn).await?;
            handle.ask(agent, AgentRequest::Ready).await?;
            signed_in += 1;
        }
        Ok(signed_in)
    }

    /// The centre of `--config`, or the built-in one, kept in `folder`.
    fn config(&self, file: &ConfigFile, folder: &DemoFolder) -> Result<Config, CliError> {
        let found = match file.named() {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
                Config::read(path, &text, self.variables(folder))
            }
            None => {
                let text = format!("{CENTRE}\n{}", self.switch(folder));
                let config = Config::read(Path::new("demo"), &text, self.variables(folder));
                folder.keep_config(&text)?;
                config
            }
        };
        found.map_err(|errors: ConfigErrors| {
            format!("the configuration has errors\n{errors}").into()
        })
    }

    /// The switch of the built-in centre, as its section of the file.
    fn switch(&self, folder: &DemoFolder) -> String {
        let text = |value: &str| toml::Value::from(value).to_string();
        if let (true, Some(url), Some(password)) =
            (self.asterisk, &self.ari_url, &self.ari_password)
        {
            return format!(
                "[switches.demo]\nkind = \"asterisk\"\nurl = {}\nuser = {}\npassword = {}\n",
                text(url),
                text(&self.ari_user),
                text(password)
            );
        }
        // Short conversations let a check end in time.
        let (calls, talk) = if self.check {
            (60, 5)
        } else {
            (self.calls_per_minute, 30)
        };
        let recordings = text(&folder.path("switch").to_string_lossy());
        format!(
            "[switches.demo]\nkind = \"simulated\"\ncalls_per_minute = {calls}\ntalk_s = {talk}\nrecordings = {recordings}\n"
        )
    }

    /// Where the demonstration keeps things; the environment wins.
    fn variables(&self, folder: &DemoFolder) -> BTreeMap<String, String> {
        let mut variables = folder.variables();
        let any_port = self.check.then(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        if let Some(listen) = self.listen.or(any_port) {
            variables.insert("SWITCHYARD_HTTP__LISTEN".to_owned(), listen.to_string());
        }
        variables.insert("SWITCHYARD_LOG__FILTER".to_owned(), "warn".to_owned());
        variables.extend(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
        variables
    }
}
