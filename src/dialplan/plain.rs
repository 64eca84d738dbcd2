//! Values that may stand in a dialplan: a closed alphabet for each use.

/// Why a value was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {value:?} cannot stand in a dialplan; allowed: {allowed}")]
pub struct NotPlain {
    pub setting: String,
    pub value: String,
    pub allowed: &'static str,
}

/// A name of ours: a context, an application, an extension, a class of music.
pub(super) fn name<'v>(setting: &str, value: &'v str) -> Result<&'v str, NotPlain> {
    let allowed = "letters, digits, '.', '_', '-'";
    only(setting, value, allowed, |c| {
        c.is_ascii_alphanumeric() || "._-".contains(c)
    })
}

/// An access number as it is dialled.
pub(super) fn number(value: &str) -> Result<&str, NotPlain> {
    let allowed = "digits, letters, '+', '*', '#', '.', '_', '-'";
    // A leading '_' would make an Asterisk extension a pattern.
    let plain = |c: char| c.is_ascii_alphanumeric() || "+*#._-".contains(c);
    match value.starts_with('_') {
        true => Err(refused("numbers", value, "numbers without a leading '_'")),
        false => only("numbers", value, allowed, plain),
    }
}

/// Three names with spaces between them.
pub(super) fn words<'v>(
    setting: &str,
    value: &'v str,
    expected: &'static str,
) -> Result<[&'v str; 3], NotPlain> {
    let parts: Vec<&str> = value.split(' ').collect();
    let Ok(parts) = <[&str; 3]>::try_from(parts) else {
        return Err(refused(setting, value, expected));
    };
    parts
        .iter()
        .try_for_each(|part| name(setting, part).map(drop))?;
    Ok(parts)
}

/// A path given to an application.
pub(super) fn path<'v>(setting: &str, value: &'v str) -> Result<&'v str, NotPlain> {
    let allowed = "letters, digits, '/', '.', '_', '-'";
    only(setting, value, allowed, |c| {
        c.is_ascii_alphanumeric() || "/._-".contains(c)
    })
}

/// What stands before and after the extension where a device is dialled.
pub(super) fn around_extension<'v>(
    setting: &str,
    value: &'v str,
) -> Result<(&'v str, &'v str), NotPlain> {
    let allowed = "letters, digits, '/', '@', ':', '.', '_', '-' around {extension}";
    let plain = |c: char| c.is_ascii_alphanumeric() || "/@:._-".contains(c);
    match value.split_once("{extension}") {
        Some((before, after)) if before.chars().chain(after.chars()).all(plain) => {
            Ok((before, after))
        }
        _ => Err(refused(setting, value, allowed)),
    }
}

fn only<'v>(
    setting: &str,
    value: &'v str,
    allowed: &'static str,
    plain: impl Fn(char) -> bool,
) -> Result<&'v str, NotPlain> {
    if value.is_empty() || !value.chars().all(plain) {
        return Err(refused(setting, value, allowed));
    }
    Ok(value)
}

fn refused(setting: &str, value: &str, allowed: &'static str) -> NotPlain {
    NotPlain {
        setting: setting.to_owned(),
        value: value.chars().take(80).collect(),
        allowed,
    }
}
