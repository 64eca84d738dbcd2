//! Settings that end up on ESL lines, checked once.

/// Why a setting cannot be used on an ESL line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    #[error(
        "`{setting}` holds {found:?}, which has a meaning in FreeSWITCH's command lines; use a value without it"
    )]
    Character { setting: &'static str, found: char },
    #[error(
        "`endpoint` = {found:?} does not say where the extension goes; write {{extension}} in it, as in user/{{extension}}"
    )]
    NoExtension { found: String },
    #[error(
        "`outbound` = {found:?} does not say where the number goes; write {{number}} in it, as in sofia/gateway/carrier/{{number}}"
    )]
    NoNumber { found: String },
    #[error(
        "`fallback` = {found:?} is not an extension, a dialplan and a context, as in \"switchyard-fallback XML switchyard\""
    )]
    Fallback { found: String },
    #[error("`{setting}` = {found:?} is not an absolute path in UTF-8")]
    Path {
        setting: &'static str,
        found: String,
    },
}

/// Checks that nothing in a value has a meaning on a line.
pub(super) fn plain(setting: &'static str, value: &str) -> Result<(), SettingError> {
    let allowed = |c: char| c.is_alphanumeric() || "/._-+@:".contains(c);
    match value.chars().find(|c| !allowed(*c)) {
        Some(found) => Err(SettingError::Character { setting, found }),
        None => Ok(()),
    }
}

/// A folder of the switch, without a slash at its end.
pub(super) fn folder(
    setting: &'static str,
    path: &std::path::Path,
) -> Result<String, SettingError> {
    let text = path.to_str().filter(|_| path.is_absolute());
    let text = text.ok_or_else(|| SettingError::Path {
        setting,
        found: path.display().to_string(),
    })?;
    plain(setting, text)?;
    Ok(text.trim_end_matches('/').to_owned())
}

/// The fallback path: an extension, a dialplan and a context.
pub(super) fn fallback(text: &str) -> Result<String, SettingError> {
    let parts = text.split_whitespace().collect::<Vec<_>>();
    if parts.len() != 3 {
        return Err(SettingError::Fallback {
            found: text.to_owned(),
        });
    }
    for part in &parts {
        plain("fallback", part)?;
    }
    Ok(parts.join(" "))
}
