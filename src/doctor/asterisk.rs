//! Examines an Asterisk through ARI. The dialplan is looked at by the eyes of a
//! `Local` channel that is made, never dialled, and removed.

use crate::config::Config;
use crate::config::switch::AsteriskConfig;
use crate::doctor::ari::{Ari, AriTrouble, TRIAL};
use crate::doctor::{Chart, is_loopback, music, password, prompts};
use reqwest::Method;
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Debug, Deserialize)]
struct Info {
    system: SystemInfo,
}

#[derive(Debug, Deserialize)]
struct SystemInfo {
    version: String,
}

#[derive(Debug, Deserialize)]
struct Module {
    status: String,
}

#[derive(Debug, Deserialize)]
struct Sound {
    id: String,
    formats: Vec<SoundFormat>,
}

#[derive(Debug, Deserialize)]
struct SoundFormat {
    language: String,
}

#[derive(Debug, Deserialize)]
struct Variable {
    value: String,
}

#[derive(Debug, Deserialize)]
struct Nothing {}

pub(super) async fn examine(config: &Config, settings: &AsteriskConfig, mut chart: Chart) -> Chart {
    password(&mut chart, &settings.password, "ari.conf");
    let ari = match Ari::new(settings) {
        Ok(ari) => ari,
        Err(trouble) => {
            chart.error(trouble.to_string(), trouble.mend());
            return chart;
        }
    };
    if !is_loopback(ari.host()) {
        chart.warning(
            format!("ARI is reached over the network at {}", settings.url),
            "run the controller on the switch's machine, or lead the connection through a tunnel",
        );
    }
    match ari.get::<Info>(&["asterisk", "info"], &[]).await {
        Ok(info) => chart.good(format!("Asterisk {}", info.system.version)),
        Err(trouble) => {
            chart.error(trouble.to_string(), trouble.mend());
            return chart;
        }
    }
    for (module, without) in [
        ("res_stasis.so", "no call reaches the controller"),
        ("res_stasis_answer.so", "no call can be answered"),
        ("res_stasis_playback.so", "no prompt can be played"),
        ("res_stasis_recording.so", "nothing can be recorded"),
        ("res_stasis_snoop.so", "nothing can be recorded"),
        ("res_musiconhold.so", "waiting callers hear no music"),
    ] {
        let found = ari
            .get::<Module>(&["asterisk", "modules", module], &[])
            .await;
        if !found.is_ok_and(|module| module.status == "Running") {
            chart.error(
                format!("the module {module} does not run: {without}"),
                format!("load it: asterisk -rx 'module load {module}', and see modules.conf"),
            );
        }
    }
    sounds(&ari, config, settings, &mut chart).await;
    if let Err(trouble) = dialplan(&ari, config, &mut chart).await {
        chart.unseen(
            format!("the dialplan cannot be looked at: {trouble}"),
            "see it with: asterisk -rx 'dialplan show'",
        );
    }
    let classes: Vec<&str> = music(config).into_iter().collect();
    chart.unseen(
        format!(
            "ARI does not tell whether these classes of music have files: {}",
            classes.join(", ")
        ),
        "see it with: asterisk -rx 'moh show files'",
    );
    chart
}

async fn sounds(ari: &Ari, config: &Config, settings: &AsteriskConfig, chart: &mut Chart) {
    let sounds: Vec<Sound> = match ari.get(&["sounds"], &[]).await {
        Ok(sounds) => sounds,
        Err(trouble) => {
            let what = format!("the prompts cannot be looked at: {trouble}");
            return chart.unseen(what, "see the folder of sounds of the switch");
        }
    };
    // Asterisk takes the first folder of a sound for its language.
    let there: BTreeSet<String> = sounds
        .iter()
        .flat_map(|sound| {
            let inside = sound
                .formats
                .iter()
                .map(|format| format!("{}/{}", format.language, sound.id));
            inside.chain([sound.id.clone()])
        })
        .collect();
    let wanted: Vec<String> = prompts(config)
        .iter()
        .map(|(language, prompt)| format!("{}/{}/{prompt}", settings.prompts, language.tag()))
        .collect();
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|path| !there.contains(*path))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        chart.good(format!("all {} prompts are there", wanted.len()));
    } else {
        chart.warning(
            format!("prompts are missing on the switch: {}", missing.join(", ")),
            "put them below the folder of sounds, or correct `prompts`; a restart of Asterisk finds new ones",
        );
    }
}

/// Asks a channel of our own whether the extensions of our dialplan exist.
async fn dialplan(ari: &Ari, config: &Config, chart: &mut Chart) -> Result<(), AriTrouble> {
    let events = ari.listen().await?;
    let made = ari
        .call::<Nothing>(
            Method::POST,
            &["channels", "create"],
            &[
                ("endpoint", "Local/s@switchyard-doctor"),
                ("app", TRIAL),
                ("channelId", TRIAL),
            ],
        )
        .await;
    let looked = match made {
        Ok(Nothing {}) => look(ari, config, chart).await,
        Err(trouble) => Err(trouble),
    };
    // Gone already when it could not be made.
    let _ = ari
        .call::<Nothing>(Method::DELETE, &["channels", TRIAL], &[])
        .await;
    drop(events);
    looked
}

async fn look(ari: &Ari, config: &Config, chart: &mut Chart) -> Result<(), AriTrouble> {
    let context = &config.dialplan.context;
    let number = config.numbers.keys().next().map_or("0", String::as_str);
    let places = [
        (context.clone(), number),
        (format!("{context}-fallback"), "s"),
    ];
    for (context, extension) in places {
        // Our own names: checked to be plain when a dialplan is rendered.
        let question = format!("DIALPLAN_EXISTS({context},{extension},1)");
        let path = ["channels", TRIAL, "variable"];
        let answer: Variable = ari.get(&path, &[("variable", &question)]).await?;
        if answer.value == "1" {
            chart.good(format!("the dialplan has {extension}@{context}"));
        } else {
            chart.error(
                format!("the dialplan has no extension {extension} in the context {context}"),
                "write it with `switchyard render dialplan --switch asterisk`, include it in extensions.conf, and `dialplan reload`",
            );
        }
    }
    Ok(())
}
