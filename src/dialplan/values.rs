//! What each template is given, every value plain; the comment at the head of a
//! template says what each is for.

use crate::config::Config;
use crate::config::switch::{AsteriskConfig, FreeswitchConfig};
use crate::dialplan::plain::{NotPlain, around_extension, name, number, path, words};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct FreeswitchValues<'a> {
    switch_id: &'a str,
    context: &'a str,
    numbers: Vec<&'a str>,
    adopt_s: u32,
    fallback_extension: &'a str,
    fallback_context: &'a str,
    announcement: String,
    music: String,
    offer_s: u32,
    offers: u32,
    last_resort: Option<String>,
    agents: Option<Device<'a>>,
}

/// What is dialled for an extension of the switch's own, when others reach it
/// over a trunk.
#[derive(Debug, Serialize)]
struct Device<'a> {
    before: &'a str,
    after: &'a str,
}

fn agents<'a>(
    config: &Config,
    switch_id: &str,
    endpoint: &'a str,
) -> Result<Option<Device<'a>>, NotPlain> {
    let others = config.switches.iter();
    let mut trunks = others.flat_map(|switch| switch.kind.trunks().keys());
    if trunks.all(|to| to.as_str() != switch_id) {
        return Ok(None);
    }
    let (before, after) = around_extension("endpoint", endpoint)?;
    Ok(Some(Device { before, after }))
}

impl<'a> FreeswitchValues<'a> {
    pub(super) fn new(
        config: &'a Config,
        switch_id: &'a str,
        switch: &'a FreeswitchConfig,
    ) -> Result<Self, NotPlain> {
        let dialplan = &config.dialplan;
        let prompts = switch.prompts.to_string_lossy();
        let [fallback_extension, _, fallback_context] = words(
            "fallback",
            &switch.fallback,
            "an extension, a dialplan and a context",
        )?;
        let last_resort = dialplan.last_resort.as_deref().map(|place| {
            words(
                "dialplan.last_resort",
                place,
                "an extension, a dialplan and a context",
            )
        });
        Ok(Self {
            switch_id,
            context: name("dialplan.context", &dialplan.context)?,
            numbers: numbers(config)?,
            adopt_s: dialplan.adopt_s.get(),
            fallback_extension,
            fallback_context,
            announcement: format!("{}.wav", announcement(config, path("prompts", &prompts)?)?),
            music: format!(
                "local_stream://{}",
                name("dialplan.music", dialplan.music.as_str())?
            ),
            offer_s: dialplan.again_s.get(),
            offers: dialplan.again_times.get(),
            last_resort: last_resort.transpose()?.map(|place| place.join(" ")),
            agents: agents(config, switch_id, &switch.endpoint)?,
        })
    }
}

#[derive(Debug, Serialize)]
pub(super) struct AsteriskValues<'a> {
    switch_id: &'a str,
    app: &'a str,
    context: &'a str,
    numbers: Vec<&'a str>,
    music: &'a str,
    announcement: String,
    again_s: u32,
    again_times: u32,
    fallback_queue: Option<&'a str>,
    agents: Option<Device<'a>>,
}

impl<'a> AsteriskValues<'a> {
    pub(super) fn new(
        config: &'a Config,
        switch_id: &'a str,
        switch: &'a AsteriskConfig,
    ) -> Result<Self, NotPlain> {
        let dialplan = &config.dialplan;
        let queue = dialplan.fallback_queue.as_deref();
        Ok(Self {
            switch_id,
            app: name("app", &switch.app)?,
            context: name("dialplan.context", &dialplan.context)?,
            numbers: numbers(config)?,
            music: name("dialplan.music", dialplan.music.as_str())?,
            announcement: announcement(config, path("prompts", &switch.prompts)?)?,
            again_s: dialplan.again_s.get(),
            again_times: dialplan.again_times.get(),
            fallback_queue: queue
                .map(|queue| name("dialplan.fallback_queue", queue))
                .transpose()?,
            agents: agents(config, switch_id, &switch.endpoint)?,
        })
    }
}

fn numbers(config: &Config) -> Result<Vec<&str>, NotPlain> {
    config
        .numbers
        .keys()
        .map(|dialled| number(dialled))
        .collect()
}

/// The announcement in the centre's language, without the ending of its file.
fn announcement(config: &Config, prompts: &str) -> Result<String, NotPlain> {
    let prompt = name(
        "dialplan.announcement",
        config.dialplan.announcement.as_str(),
    )?;
    Ok(format!(
        "{prompts}/{}/{prompt}",
        config.centre.language.tag()
    ))
}
