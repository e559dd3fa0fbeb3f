//! What the command line says, checked.

mod postgres;

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use postgres::{PostgresError, PostgresUrl};

/// Where the data lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A PostgreSQL database, which several servers may share.
    Postgres(PostgresUrl),
    /// One SQLite file.
    Sqlite(PathBuf),
}

impl Database {
    /// Where the master key lives unless another place is named: beside the database file, or, with PostgreSQL, in the
    /// folder that the program was started in.
    #[must_use]
    pub fn default_key_file(&self) -> PathBuf {
        let mut name = match self {
            Self::Postgres(_) => OsString::from("server"),
            Self::Sqlite(path) => path.as_os_str().to_owned(),
        };
        name.push(".key");
        PathBuf::from(name)
    }

    /// A database named in the open: on the command line, in the environment or in a file of settings.
    ///
    /// # Errors
    /// [`ConfigError::Secret`] for a URL with a password, besides those of parsing.
    pub fn named_openly(text: &str) -> Result<Self, ConfigError> {
        match text.parse()? {
            Self::Postgres(url) if url.has_password() => Err(ConfigError::Secret),
            database => Ok(database),
        }
    }

    /// A database whose URL stands alone in a file, where it may hold a password.
    ///
    /// # Errors
    /// [`ConfigError::File`] when the file cannot be read, besides those of parsing.
    pub fn named_in(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError::File { path: file.to_owned(), reason: error.to_string() })?;
        text.trim().parse().map_err(|error: ConfigError| match error {
            // The text may be a secret, and the wrong one to show.
            ConfigError::Database(_) => ConfigError::DatabaseFile(file.to_owned()),
            other => other,
        })
    }

    /// The URL that the SQL library reads. It may hold a password.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Postgres(url) => url.reveal().to_owned(),
            Self::Sqlite(path) => {
                let mut url = String::from("sqlite:");
                for byte in path.as_os_str().as_encoded_bytes() {
                    if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
                        url.push(char::from(*byte));
                    } else {
                        url.push('%');
                        url.push_str(&crate::keys::hex(&[*byte]));
                    }
                }
                url.push_str("?mode=rwc");
                url
            }
        }
    }
}

impl FromStr for Database {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((scheme, _)) = text.split_once(':')
            && matches!(scheme, "postgres" | "postgresql")
        {
            return text.parse().map(Self::Postgres);
        }
        let path = text.strip_prefix("sqlite:").ok_or_else(|| ConfigError::Database(text.to_owned()))?;
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.starts_with(":memory:") || path.contains('\0') {
            return Err(ConfigError::Database(text.to_owned()));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

/// The address under which browsers and identity providers reach this server, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// `http://` and the address listened on, for a server that no proxy stands before.
    #[must_use]
    pub fn of_listener(address: SocketAddr) -> Self {
        Self(format!("http://{address}"))
    }

    /// The URL as text, without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port, as browsers name where a form comes from.
    #[must_use]
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at.saturating_add(3));
        let path = self.0.get(host..).and_then(|rest| rest.find('/'));
        path.and_then(|path| self.0.get(..host.saturating_add(path))).unwrap_or(&self.0)
    }

    /// The URL of a path that starts with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ConfigError::PublicUrl(text.to_owned());
        let uri: axum::http::Uri = text.parse().map_err(|_| refused())?;
        let scheme = uri.scheme_str().ok_or_else(refused)?;
        let host = uri.authority().ok_or_else(refused)?;
        if !matches!(scheme, "http" | "https") || uri.query().is_some() || host.as_str().contains('@') {
            return Err(refused());
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

/// How many requests a second a tenant may send, lasting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestsPerSecond(NonZeroU32);

impl RequestsPerSecond {
    /// The least that may be set: the known directories send as many in a first synchronisation.
    pub const LEAST: u32 = 25;

    /// The number.
    #[must_use]
    pub fn get(self) -> NonZeroU32 {
        self.0
    }
}

impl Default for RequestsPerSecond {
    /// 200.
    fn default() -> Self {
        Self(DEFAULT_REQUESTS)
    }
}

impl fmt::Display for RequestsPerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RequestsPerSecond {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.parse::<NonZeroU32>().ok().filter(|number| number.get() >= Self::LEAST);
        number.map(Self).ok_or_else(|| ConfigError::RequestsPerSecond(text.to_owned()))
    }
}

/// Why a setting was refused.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A password where others may see it.
    #[error(
        "the URL holds a password, which shows in the list of processes: write the URL into a file that only the \
         server reads, and name that with --database-file"
    )]
    Secret,
    /// A file that a setting names.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file that should hold the URL of a database.
    #[error("{path} names no database: expected sqlite:FILE or postgres://…", path = .0.display())]
    DatabaseFile(PathBuf),
    /// Not a database this server knows.
    #[error("{0:?} names no database: expected sqlite:FILE or postgres://USER@HOST/DATABASE")]
    Database(String),
    /// A PostgreSQL URL that cannot be used.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// Not an absolute http or https URL.
    #[error("{0:?} is no absolute http or https URL without query and user")]
    PublicUrl(String),
    /// Not a number, or one that stops an ordinary directory.
    #[error("{0:?} is no number from {least} on", least = RequestsPerSecond::LEAST)]
    RequestsPerSecond(String),
}

/// Whether a path exists, for messages before the database is opened.
#[must_use]
pub fn exists(path: &Path) -> bool {
    path.exists()
}

const DEFAULT_REQUESTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(199);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_with_its_scheme() {
        assert_eq!("sqlite:a b.db".parse(), Ok(Database::Sqlite(PathBuf::from("a b.db"))));
        assert_eq!("sqlite:///tmp/x".parse(), Ok(Database::Sqlite(PathBuf::from("/tmp/x"))));
        assert_eq!("x.db".parse::<Database>(), Err(ConfigError::Database("x.db".to_owned())));
        assert_eq!("sqlite:".parse::<Database>(), Err(ConfigError::Database("sqlite:".to_owned())));
        assert!(matches!("postgres://x/y".parse(), Ok(Database::Postgres(_))));
        assert!(matches!("postgresql://x/y".parse(), Ok(Database::Postgres(_))));
    }

    #[test]
    fn a_file_name_cannot_add_options_to_the_url() {
        let database = Database::Sqlite(PathBuf::from("a?mode=ro#b"));
        assert_eq!(database.url(), "sqlite:a%3fmode%3dro%23b?mode=rwc");
    }

    #[test]
    fn a_limit_below_what_directories_send_is_refused() {
        assert_eq!(RequestsPerSecond::default().to_string(), "200");
        assert_eq!("25".parse::<RequestsPerSecond>().unwrap().to_string(), "25");
        for text in ["24", "0", "-1", "many", ""] {
            let refused = ConfigError::RequestsPerSecond(text.to_owned());
            assert_eq!(text.parse::<RequestsPerSecond>(), Err(refused));
        }
    }

    #[test]
    fn a_public_url_is_absolute_and_loses_its_last_slash() {
        assert_eq!("https://sp.example/".parse::<PublicUrl>().unwrap().join("/x"), "https://sp.example/x");
        for (url, origin) in
            [("https://sp.example/a/b", "https://sp.example"), ("http://[::1]:80", "http://[::1]:80")]
        {
            assert_eq!(url.parse::<PublicUrl>().unwrap().origin(), origin);
        }
        assert!("sp.example".parse::<PublicUrl>().is_err());
        assert!("ftp://sp.example".parse::<PublicUrl>().is_err());
        assert!("https://u@sp.example".parse::<PublicUrl>().is_err());
    }
}
