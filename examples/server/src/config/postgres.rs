//! The URL of a PostgreSQL database, checked before anything connects.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::ConfigError;

/// `postgres://USER@HOST:PORT/DATABASE?sslmode=…`; may hold a password, so `Debug` shows no more than host and database.
///
/// What the URL leaves out comes from `PGUSER`, `PGPASSWORD`, `PGDATABASE` and so on, and the password also from
/// `~/.pgpass`: neither shows in the list of processes.
///
/// Without `sslmode` the connection to another machine is encrypted and the server's certificate must be good for its
/// name (`verify-full`); one to this machine is as the server offers it (`prefer`). Lower modes (`verify-ca`,
/// `require`, `prefer`, `disable`) must be written out: with `require` and below, whoever sits between can read and
/// change everything, the password included.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    url: String,
    place: String,
    has_password: bool,
}

impl PostgresUrl {
    /// The URL as text, with its password.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.url
    }

    /// Whether the URL itself holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.has_password
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({})", self.place)
    }
}

impl FromStr for PostgresUrl {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (_, rest) = text.split_once("://").ok_or(PostgresError::Form)?;
        let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
        if before.contains('#') || query.contains('#') {
            return Err(PostgresError::Form.into());
        }
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        for (name, _) in &pairs {
            // The library would only warn, and "sslmod=disable" must not pass for a setting.
            if !PARAMETERS.contains(&name.as_str()) {
                return Err(PostgresError::Parameter(name.clone()).into());
            }
        }
        let authority = before.split('/').next().unwrap_or_default();
        let in_url = authority.rsplit('@').next().unwrap_or_default();
        let named = pairs.iter().rev().find(|(name, _)| matches!(name.as_str(), "host" | "hostaddr"));
        let host = named.map_or_else(|| without_port(in_url), |(_, host)| host.as_str());
        let mut url = text.to_owned();
        if !pairs.iter().any(|(name, _)| name == "sslmode") && !is_here(host) {
            url.push_str(if query.is_empty() && !text.contains('?') { "?" } else { "&" });
            url.push_str("sslmode=verify-full");
        }
        // The library's own words may repeat a part of the URL, and with it the password.
        let options: PgConnectOptions = url.parse().map_err(|_| PostgresError::Form)?;
        let place = format!("{}/{}", options.get_host(), options.get_database().unwrap_or_default());
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        let has_password = user.contains(':') || pairs.iter().any(|(name, _)| name == "password");
        Ok(Self { url, place, has_password })
    }
}

/// Why a PostgreSQL URL was refused. The URL itself is not repeated: it may hold a password.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresError {
    /// Not a URL, or a parameter's value is none of those there are.
    #[error(
        "the URL of the PostgreSQL database is not readable: expected \
         postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full, special characters percent-encoded"
    )]
    Form,
    /// A parameter that means nothing here.
    #[error("the URL of the PostgreSQL database has an unknown parameter {0:?}: there are {known}", known = PARAMETERS.join(", "))]
    Parameter(String),
}

/// `HOST:PORT` without the port; `[::1]:5432` too.
fn without_port(text: &str) -> &str {
    match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => text.split(':').next().unwrap_or_default(),
    }
}

/// Whether the way to the database stays on this machine. Without a host the environment decides.
fn is_here(host: &str) -> bool {
    let from_environment = std::env::var("PGHOSTADDR").or_else(|_| std::env::var("PGHOST"));
    let host = match (host, from_environment) {
        ("", Ok(host)) => host,
        (host, _) => host.to_owned(),
    };
    // A socket's folder, plain or percent-encoded.
    let is_socket = host.is_empty() || host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f");
    is_socket || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What the library heeds and an operator may need.
const PARAMETERS: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<PostgresUrl, ConfigError> {
        text.parse()
    }

    #[test]
    fn another_machine_must_prove_its_name_unless_the_url_says_otherwise() {
        let revealed = |text: &str| url(text).unwrap().reveal().to_owned();
        for here in [
            "postgres://u@localhost/d",
            "postgres://u:p@127.0.0.1:5433/d",
            "postgres://u@[::1]:5433/d",
            "postgres://u@%2Fvar%2Frun%2Fpostgresql/d",
            "postgres:///d?host=/var/run/postgresql",
            "postgres://u@db.example/d?sslmode=disable",
        ] {
            assert_eq!(revealed(here), here);
        }
        assert_eq!(revealed("postgres://u@db.example/d"), "postgres://u@db.example/d?sslmode=verify-full");
        assert_eq!(
            revealed("postgres://u@localhost/d?host=db.example"),
            "postgres://u@localhost/d?host=db.example&sslmode=verify-full"
        );
        assert!(revealed("postgres://localhost@10.0.0.1/d").ends_with("?sslmode=verify-full"));
    }

    #[test]
    fn neither_debug_nor_an_error_shows_the_password() {
        let good = url("postgres://user:hidden@localhost:5433/data").unwrap();
        assert_eq!(format!("{good:?}"), "PostgresUrl(localhost/data)");
        for (bad, expected) in [
            ("postgres:hidden", PostgresError::Form),
            ("postgres://u:hidden@h:port/d", PostgresError::Form),
            ("postgres://u:hidden@localhost/d?sslmode=some", PostgresError::Form),
            ("postgres://u:hidden@localhost/d#x", PostgresError::Form),
            ("postgres://u:hidden@localhost/d?sslmod=disable", PostgresError::Parameter("sslmod".to_owned())),
        ] {
            let error = url(bad).unwrap_err();
            assert_eq!(error, ConfigError::Postgres(expected));
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
    }
}
