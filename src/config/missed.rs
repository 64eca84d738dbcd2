//! `[missed_offers]`: what follows when agents miss offers.

use crate::config::section::section;
use crate::engine::centre::{MissedOffer, MissedOffers, MissedThen};
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use serde::Deserialize;
use std::num::NonZeroU32;

section! {
    /// What follows when an agent misses an offer, for each way to miss one; a queue may say
    /// otherwise in `missed_offers`. The agent rests for `rest_s` seconds (without it, for
    /// missed_offer_rest_s of [limits]). After `in_a_row` of them, none answered between, `then`
    /// is "not_ready:<reason>" or "sign_out", and with `notify` supervisors are told.
    pub struct MissedOffersConfig {
        /// The device rang until ring_s was over.
        optional no_answer: Option<MissedConfig> = { rest_s = 5, in_a_row = 3, then = "not_ready:meal", notify = true },
        /// The device was busy.
        optional busy: Option<MissedConfig> = { rest_s = 60 },
        /// The agent refused the call.
        optional rejected: Option<MissedConfig> = { rest_s = 30, in_a_row = 3, notify = true },
        /// The device could not be reached.
        optional unreachable: Option<MissedConfig> = { in_a_row = 2, then = "sign_out", notify = true },
    }
}

/// The same for one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueMissedConfig {
    pub no_answer: Option<MissedConfig>,
    pub busy: Option<MissedConfig>,
    pub rejected: Option<MissedConfig>,
    pub unreachable: Option<MissedConfig>,
}

/// What follows when an agent misses offers in one way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "MissedForm")]
pub struct MissedConfig(MissedOffer);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MissedForm {
    rest_s: Option<u32>,
    in_a_row: Option<NonZeroU32>,
    then: Option<String>,
    #[serde(default)]
    notify: bool,
}

impl TryFrom<MissedForm> for MissedConfig {
    type Error = String;
    fn try_from(form: MissedForm) -> Result<Self, String> {
        Ok(Self(MissedOffer {
            rest: form.rest_s.map(Span::seconds),
            in_a_row: form.in_a_row.unwrap_or(NonZeroU32::MIN),
            then: form.then.as_deref().map(then_of).transpose()?,
            notify: form.notify,
        }))
    }
}

fn then_of(text: &str) -> Result<MissedThen, String> {
    match text.split_once(':') {
        Some(("not_ready", reason)) if !reason.is_empty() => Ok(MissedThen::NotReady {
            reason: OutsideText::new(reason),
        }),
        None if text == "sign_out" => Ok(MissedThen::SignOut),
        _ => Err(format!(
            "`then` = {text:?} is not \"not_ready:<reason>\" or \"sign_out\""
        )),
    }
}

fn policy(given: &Option<MissedConfig>) -> Option<MissedOffer> {
    given.as_ref().map(|given| given.0.clone())
}

impl From<&MissedOffersConfig> for MissedOffers {
    fn from(given: &MissedOffersConfig) -> Self {
        Self {
            no_answer: policy(&given.no_answer),
            busy: policy(&given.busy),
            rejected: policy(&given.rejected),
            unreachable: policy(&given.unreachable),
        }
    }
}

impl From<&QueueMissedConfig> for MissedOffers {
    fn from(given: &QueueMissedConfig) -> Self {
        Self {
            no_answer: policy(&given.no_answer),
            busy: policy(&given.busy),
            rejected: policy(&given.rejected),
            unreachable: policy(&given.unreachable),
        }
    }
}
