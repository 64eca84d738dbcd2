//! The store's address: `sqlite:///path/file.db` or `postgres://user@host/database`.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where the store is. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    Sqlite(PathBuf),
    Postgresql(PostgresqlUrl),
}

/// An address as libpq takes it, with time limits set where it names none.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresqlUrl {
    full: String,
    shown: String,
    password: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    #[error(
        "the store's url {shown:?} begins with neither sqlite:// nor postgres://; \
         write for example sqlite:///var/lib/switchyard/store.db or postgres://switchyard@127.0.0.1/switchyard"
    )]
    Scheme { shown: String },
    #[error(
        "the store's url {shown:?} names no file; write the path after sqlite://, \
         for example sqlite:///var/lib/switchyard/store.db"
    )]
    NoFile { shown: String },
    #[error(
        "the store's url keeps everything in memory; several connections need a file, for example sqlite:///var/lib/switchyard/store.db"
    )]
    InMemory,
    #[error("the store's url holds a control character")]
    ControlCharacter,
}

impl StoreUrl {
    /// # Errors
    /// [`StoreUrlError`], which never repeats a password.
    pub fn parse(url: &str) -> Result<Self, StoreUrlError> {
        if url.chars().any(char::is_control) {
            return Err(StoreUrlError::ControlCharacter);
        }
        if let Some(path) = url.strip_prefix("sqlite://") {
            return match path {
                "" => Err(StoreUrlError::NoFile {
                    shown: url.to_owned(),
                }),
                ":memory:" => Err(StoreUrlError::InMemory),
                folder if folder.ends_with('/') => Err(StoreUrlError::NoFile {
                    shown: url.to_owned(),
                }),
                file => Ok(Self::Sqlite(PathBuf::from(file))),
            };
        }
        if url.starts_with("sqlite:") && url.contains(":memory:") {
            return Err(StoreUrlError::InMemory);
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgresql(PostgresqlUrl::new(url)));
        }
        Err(StoreUrlError::Scheme {
            shown: redact(url).0,
        })
    }
}

impl PostgresqlUrl {
    fn new(url: &str) -> Self {
        let (shown, password) = redact(url);
        let mut full = url.to_owned();
        // A server that has vanished must become an error, not a wait.
        for (name, value) in [("connect_timeout", "5"), ("tcp_user_timeout", "15000")] {
            if !url.contains(&format!("{name}=")) {
                full.push(if full.contains('?') { '&' } else { '?' });
                full.push_str(&format!("{name}={value}"));
            }
        }
        Self {
            full,
            shown,
            password,
        }
    }

    /// For libpq only.
    pub(super) fn secret(&self) -> &str {
        &self.full
    }

    /// `text` without the password, should the server or libpq have repeated it.
    pub(super) fn redacted(&self, text: &str) -> String {
        match &self.password {
            Some(password) if !password.is_empty() => text.replace(password, "***"),
            _ => text.to_owned(),
        }
    }
}

/// The url with its password replaced, and the password.
fn redact(url: &str) -> (String, Option<String>) {
    let (head, query) = url
        .split_once('?')
        .map_or((url, None), |(head, query)| (head, Some(query)));
    let mut password = None;
    let mut shown = match head.split_once("://").and_then(|(scheme, rest)| {
        // The last '@': a password may hold one unescaped.
        let (user_info, host) = rest.rsplit_once('@')?;
        let (user, secret) = user_info.split_once(':')?;
        password = Some(secret.to_owned());
        Some(format!("{scheme}://{user}:***@{host}"))
    }) {
        Some(shown) => shown,
        None => head.to_owned(),
    };
    if let Some(query) = query {
        let parts: Vec<String> = query
            .split('&')
            .map(|part| match part.split_once('=') {
                Some((name @ ("password" | "sslpassword"), secret)) => {
                    password.get_or_insert_with(|| secret.to_owned());
                    format!("{name}=***")
                }
                _ => part.to_owned(),
            })
            .collect();
        shown.push('?');
        shown.push_str(&parts.join("&"));
    }
    (shown, password)
}

/// An SQLite address that opens `path` and creates it only when `create` says so.
pub(super) fn sqlite_address(path: &Path, create: bool) -> String {
    let mut address = String::from("file:");
    for c in path.to_string_lossy().chars() {
        match c {
            '%' => address.push_str("%25"),
            '?' => address.push_str("%3f"),
            '#' => address.push_str("%23"),
            c => address.push(c),
        }
    }
    address.push_str(if create { "?mode=rwc" } else { "?mode=rw" });
    address
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgresql(url) => f.write_str(&url.shown),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

impl fmt::Debug for PostgresqlUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresqlUrl({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "postgres://sam:s3cret@host/db",
            "postgres://sam:s3@s3cret@host:5432/db?sslmode=require",
            "postgresql://host/db?user=sam&password=s3cret",
        ] {
            let parsed = StoreUrl::parse(url).unwrap();
            assert!(
                !format!("{parsed} {parsed:?}").contains("s3cret"),
                "{parsed}"
            );
            assert!(parsed.to_string().contains("***"), "{parsed}");
        }
        let error = StoreUrl::parse("mysql://sam:s3cret@host/db").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in [
            "",
            "store.db",
            "sqlite://",
            "sqlite:///var/lib/",
            "sqlite::memory:",
            "sqlite://:memory:",
        ] {
            assert!(StoreUrl::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_postgresql_url_gets_time_limits_unless_it_has_its_own() {
        let StoreUrl::Postgresql(url) =
            StoreUrl::parse("postgres:///db?connect_timeout=9").unwrap()
        else {
            panic!("not PostgreSQL");
        };
        assert_eq!(
            url.secret(),
            "postgres:///db?connect_timeout=9&tcp_user_timeout=15000"
        );
    }
}
