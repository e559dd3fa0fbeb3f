//! Commands about a tenant's connections, people and notices.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use clap::{Args, Subcommand, ValueEnum};

use super::Data;

/// `server connection …`.
#[derive(Debug, Subcommand)]
pub enum Connection {
    /// Add a directory connection, where the product allows several. Login connections come with `tenant configure-idp`.
    Add {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The connection's id: letters, digits, `-` and `_`.
        #[arg(long)]
        id: String,
        /// The product on the other side, such as okta, entra or google_workspace.
        #[arg(long)]
        provider: Option<String>,
        /// The name that people see [default: the id].
        #[arg(long)]
        name: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// List a tenant's connections, one line each: kind, id, provider, state, name.
    List {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Change a connection's settings.
    Set(Box<ConnectionSet>),
}

/// `server connection set`.
#[derive(Debug, Args)]
pub struct ConnectionSet {
    /// The tenant.
    #[arg(long)]
    pub tenant: String,
    /// The connection.
    #[arg(long)]
    pub id: String,
    /// Of which kind it is.
    #[arg(long, value_enum)]
    pub kind: Kind,
    /// Switch it on or off.
    #[arg(long, value_enum)]
    pub state: Option<Switch>,
    /// The product on the other side.
    #[arg(long)]
    pub provider: Option<String>,
    /// The name that people see.
    #[arg(long)]
    pub name: Option<String>,
    /// How many people a directory may switch off within an hour.
    #[arg(long, value_name = "NUMBER")]
    pub deactivations: Option<NonZeroU32>,
    /// What happens to further ones: they are told, or wait for `held release`.
    #[arg(long, value_enum)]
    pub beyond: Option<Beyond>,
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Logins.
    Saml,
    /// Provisioning.
    Scim,
}

/// Whether a connection is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Refuses everything.
    Off,
    /// In use.
    On,
}

/// What happens beyond the limit of deactivations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Beyond {
    /// They wait.
    Hold,
    /// They are done and told.
    Report,
}

/// `server domain …`.
#[derive(Debug, Subcommand)]
pub enum Domain {
    /// Say on the operator's word, without asking the DNS, that a tenant owns a domain; from then on its people sign in
    /// only with addresses of verified domains.
    #[command(visible_alias = "add")]
    Verify {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The domain, such as example.com.
        #[arg(long)]
        domain: String,
        /// The connection that /signin leads people with such an address to; `*` lets them choose.
        #[arg(long, value_name = "CONNECTION")]
        routes_to: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Begin the proof by the DNS, as the tenant's own administrators do on their page: prints the name and the value of
    /// the TXT record to publish, divided by a tab.
    Claim {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The domain, such as example.com.
        #[arg(long)]
        domain: String,
        /// The connection that /signin leads people with such an address to; `*` lets them choose.
        #[arg(long, value_name = "CONNECTION")]
        routes_to: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Look the record of a claimed domain up now; prints the state.
    Check {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The domain.
        #[arg(long)]
        domain: String,
        /// The DNS server to ask [default: the system's].
        #[arg(long, value_name = "ADDR:PORT")]
        dns_server: Option<SocketAddr>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Let a domain go.
    Release {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The domain.
        #[arg(long)]
        domain: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// List a tenant's domains, one line each: domain, state, connection.
    List {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
}

/// `server held …`: deactivations that wait because there were too many within an hour.
#[derive(Debug, Subcommand)]
pub enum Held {
    /// One line each: person, directory, since when.
    List {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Let them go: what the directory sent is done.
    Release {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The person [default: everyone who waits].
        #[arg(long)]
        person: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
}

/// `server hook …`.
#[derive(Debug, Subcommand)]
pub enum Hook {
    /// Make a secret for Okta's event hook and print it, alone and for the only time; an older one is dead.
    Okta {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
}

/// `server person …`.
#[derive(Debug, Subcommand)]
pub enum Person {
    /// List a tenant's members, one line each: id, state, roles, department, address. Whoever has only hidden roles is
    /// no member.
    List {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Also those who are no members.
        #[arg(long)]
        all: bool,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
}

/// `server role …`.
#[derive(Debug, Subcommand)]
pub enum Role {
    /// Add a role of the tenant's own, where the product allows it.
    Add {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Its name, as attributes give it.
        #[arg(long)]
        role: String,
        /// The name that people see.
        #[arg(long)]
        name: Option<String>,
        /// Where several roles are given and one counts, the highest.
        #[arg(long, default_value_t)]
        priority: u16,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Give a person a role by hand; it stays whatever a directory or a login says.
    Give(PersonRole),
    /// Take back a role that was given by hand.
    Take(PersonRole),
}

/// A person and a role.
#[derive(Debug, Args)]
pub struct PersonRole {
    /// The tenant.
    #[arg(long)]
    pub tenant: String,
    /// The person's id or address.
    #[arg(long)]
    pub person: String,
    /// The role.
    #[arg(long)]
    pub role: String,
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
}

/// `server reminders`.
#[derive(Debug, Args)]
pub struct Reminders {
    /// The tenant [default: all].
    #[arg(long)]
    pub tenant: Option<String>,
    /// Tell those that were not told yet, in log and audit trail, as the server does every hour; print those alone.
    #[arg(long)]
    pub tell: bool,
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
}

/// `server events`.
#[derive(Debug, Args)]
pub struct Events {
    /// The tenant.
    #[arg(long)]
    pub tenant: String,
    /// From when on, an RFC 3339 instant [default: all that are kept].
    #[arg(long, value_name = "INSTANT")]
    pub since: Option<String>,
    /// Who tells it: the claim `iss`.
    #[arg(long, value_name = "URL", default_value = "https://scim.invalid")]
    pub issuer: String,
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
}
