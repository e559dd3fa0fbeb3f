//! The command line.

pub mod products;
pub mod sp_key;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::admin::AdminRight;
use crate::admin::accounts::{DEFAULT_HOURS, MOST_HOURS};
use crate::config::{ConfigError, Database, PublicUrl, RequestsPerSecond};

/// A SAML service provider and SCIM service for many tenants, on one SQLite file.
#[derive(Debug, Parser)]
#[command(name = "server", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve SSO and SCIM until told to stop (ctrl-c or SIGTERM).
    Serve(Serve),
    /// Serve with a demo tenant, a test identity provider and a page to click through.
    Demo(Demo),
    /// Copy the SQLite database, consistently, while servers run.
    Backup(Backup),
    /// Invite and revoke those who use the administration pages.
    #[command(subcommand)]
    Admin(Admin),
    /// Create and set up tenants.
    #[command(subcommand)]
    Tenant(Tenant),
    /// Make OAuth clients, which get SCIM access tokens for themselves at `/oauth/token`.
    #[command(subcommand)]
    OauthClient(OauthClient),
    /// Say how a tenant's SCIM clients deviate from the standard, one line each: connection, deviation, how often, first
    /// and last time. A running server writes a deviation when it first sees it and then once a minute.
    Quirks {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Exchange a tenant's own SAML keys without a pause.
    #[command(subcommand)]
    SpKey(sp_key::SpKey),
    /// Issue and revoke SCIM tokens.
    #[command(subcommand)]
    Token(Token),
    /// A tenant's connections to its identity providers.
    #[command(subcommand)]
    Connection(products::Connection),
    /// Mail domains of tenants.
    #[command(subcommand)]
    Domain(products::Domain),
    /// Deactivations that wait for someone's approval.
    #[command(subcommand)]
    Held(products::Held),
    /// Hooks of other systems.
    #[command(subcommand)]
    Hook(products::Hook),
    /// People of tenants.
    #[command(subcommand)]
    Person(products::Person),
    /// Roles of people.
    #[command(subcommand)]
    Role(products::Role),
    /// What administrators should know: ends of tokens, certificates and domains, tokens without an owner. JSON lines.
    Reminders(products::Reminders),
    /// What happened to a tenant's users, as claims of Security Event Tokens (RFC 9967). JSON lines.
    Events(products::Events),
}

/// Where the data is.
#[derive(Clone, Debug, Args)]
pub struct Data {
    /// The database: sqlite:FILE, made when it is absent, or postgres://USER@HOST/DATABASE without a password.
    #[arg(long, value_name = "URL", default_value = "sqlite:server.sqlite", value_parser = Database::named_openly)]
    pub database: Database,
    /// A file that holds the URL of the database and nothing else: the place for one with a password.
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    pub database_file: Option<PathBuf>,
    /// The installation's key file, made when it is absent [default: FILE.key beside the database].
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// A TOML file with settings: `listen = "…"` for `--listen`. Options and SERVER_… variables outrank it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A folder of further product profiles, one JSON file each.
    #[arg(long, value_name = "DIR")]
    pub profiles: Option<PathBuf>,
}

impl Data {
    /// The database that is meant.
    ///
    /// # Errors
    /// [`ConfigError`] when a file that should name it does not.
    pub fn database(&self) -> Result<Database, ConfigError> {
        self.database_file.as_deref().map_or_else(|| Ok(self.database.clone()), Database::named_in)
    }

    /// The key file that is meant.
    ///
    /// # Errors
    /// Those of [`Self::database`].
    pub fn key_file(&self) -> Result<PathBuf, ConfigError> {
        self.key_file.clone().map_or_else(|| Ok(self.database()?.default_key_file()), Ok)
    }
}

/// What the log looks like.
#[derive(Clone, Copy, Debug, Args)]
pub struct Log {
    /// The form of the log lines on the standard error.
    #[arg(id = "log", long = "log", value_enum, default_value_t)]
    pub format: LogFormat,
    /// The least that is logged.
    #[arg(long, value_enum, default_value_t)]
    pub log_level: LogLevel,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// What failed.
    Error,
    /// And what may fail soon.
    Warn,
    /// And each request.
    #[default]
    Info,
    /// And what only a developer wants to know.
    Debug,
}

/// `server serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The address to listen on; port 0 lets the system choose.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The URL under which browsers and identity providers reach this server [default: http:// and the address].
    #[arg(long, value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// Mark cookies Secure and tie logins to their browser; needs HTTPS in front.
    #[arg(long)]
    pub secure_cookies: bool,
    /// The region of this node: tenants with another home are answered with 421.
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Fetch metadata from addresses that are not public too. Admins of tenants can then make this server ask HTTPS
    /// services of its own network, and learn whether they are there.
    #[arg(long)]
    pub danger_metadata_from_private_addresses: bool,
    /// The certificate authorities that servers of metadata must have theirs from, in PEM [default: the system's].
    #[arg(long, value_name = "FILE")]
    pub metadata_ca: Option<PathBuf>,
    /// The DNS server that is asked for the records which prove domains [default: the system's].
    #[arg(long, value_name = "ADDR:PORT")]
    pub dns_server: Option<SocketAddr>,
    /// How many SCIM requests a second each tenant may send, lasting; twice as many at once. 25 at least.
    #[arg(long, value_name = "NUMBER", default_value_t)]
    pub requests_per_second: RequestsPerSecond,
    /// Serve /metrics, /healthz and /readyz at this address too; /metrics is served nowhere else.
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics_listen: Option<SocketAddr>,
    /// How long to go on answering after SIGTERM while /readyz says 503, so that the load balancer turns away first.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(..=600))]
    pub stop_delay: u16,
    /// What the log looks like.
    #[command(flatten)]
    pub log: Log,
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
}

/// `server backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to make; it must not exist.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Copy the key file here too; without it the copy of the database cannot be opened.
    #[arg(long, value_name = "FILE")]
    pub key_to: Option<PathBuf>,
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
}

/// `server demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The address to listen on; port 0 lets the system choose.
    /// [default: 127.0.0.1:8080, with --check a port that the system chooses].
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// The database: sqlite:FILE, made when it is absent, or postgres://USER@HOST/DATABASE without a password, which
    /// comes from PGPASSWORD or ~/.pgpass.
    #[arg(long, value_name = "URL", default_value = "sqlite:demo.sqlite", value_parser = Database::named_openly)]
    pub database: Database,
    /// Start from an empty database: removes the file and its key file first.
    #[arg(long)]
    pub reset: bool,
    /// Walk through the whole story by itself, print a line for each step, and exit with 0 or 1.
    #[arg(long)]
    pub check: bool,
}

/// `server admin …`.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Invite someone: prints a one-time code, with which they choose a password.
    Invite {
        /// Their e-mail address.
        #[arg(long)]
        email: String,
        /// The one tenant that they administer [default: all tenants, as the operator].
        #[arg(long)]
        tenant: Option<String>,
        /// What they may do.
        #[arg(long, value_enum, value_delimiter = ',', default_values_t = AdminRight::all())]
        rights: Vec<AdminRight>,
        /// How long the code works.
        #[arg(long, default_value_t = DEFAULT_HOURS, value_parser = clap::value_parser!(i64).range(1..=MOST_HOURS))]
        hours: i64,
        /// The URL of the server, for the address that is printed.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        public_url: PublicUrl,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Take someone's password away and print a new one-time code; their sessions end.
    Reset {
        /// Their e-mail address.
        #[arg(long)]
        email: String,
        /// Their tenant [default: the operator's accounts].
        #[arg(long)]
        tenant: Option<String>,
        /// How long the code works.
        #[arg(long, default_value_t = DEFAULT_HOURS, value_parser = clap::value_parser!(i64).range(1..=MOST_HOURS))]
        hours: i64,
        /// The URL of the server, for the address that is printed.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        public_url: PublicUrl,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Switch someone off; their sessions end.
    Revoke {
        /// Their e-mail address.
        #[arg(long)]
        email: String,
        /// Their tenant [default: the operator's accounts].
        #[arg(long)]
        tenant: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Give an administrator of a tenant emergency access, or other codes; prints the codes, one a line, for the only time.
    EmergencyAccess {
        /// Their e-mail address.
        #[arg(long)]
        email: String,
        /// Their tenant.
        #[arg(long)]
        tenant: String,
        /// Take it away instead.
        #[arg(long)]
        end: bool,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// List them, one line each: address, state, rights, last sign-in.
    List {
        /// The tenant [default: the operator's accounts].
        #[arg(long)]
        tenant: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
}

/// `server tenant …`.
#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Create a tenant from a product profile.
    Create {
        /// The tenant's id: letters, digits, `-` and `_`.
        #[arg(long)]
        id: String,
        /// The product profile: `standard`, `toktra`, `toplyne`, `tonkean`, `torii` or one of `--profiles`.
        #[arg(long, default_value = "standard")]
        profile: String,
        /// The name that people see [default: the id].
        #[arg(long)]
        name: Option<String>,
        /// The region where its data live; nodes of other regions refuse it.
        #[arg(long)]
        region: Option<String>,
        /// Offer /Bulk though the profile does not.
        #[arg(long)]
        bulk: bool,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Take an identity provider's metadata; a second time replaces it.
    ConfigureIdp {
        /// The tenant.
        #[arg(long)]
        id: String,
        /// The metadata file; `-` reads the standard input.
        #[arg(long, value_name = "FILE")]
        metadata: PathBuf,
        /// The entity to take from a file that holds several.
        #[arg(long, value_name = "ID")]
        entity_id: Option<String>,
        /// The connection, where the tenant has several; a new one is made.
        #[arg(long, value_name = "ID", default_value = "sso")]
        connection: String,
        /// It is the same provider with other keys or another host: people keep their accounts without a new approval.
        #[arg(long)]
        keep_links: bool,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Show or change whether people must, may or cannot sign in by single sign-on. To enforce it takes two calls: without
    /// --confirm it is tried out, who would be shut out is printed, and last the word for --confirm.
    SsoPolicy(Box<SsoPolicy>),
    /// Open emergency access for some hours.
    OpenEmergencyAccess {
        /// The tenant.
        #[arg(long)]
        id: String,
        /// For how long, from now.
        #[arg(long, default_value_t = 4)]
        hours: u16,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// List the tenants, one line each: id, profile, name.
    List {
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
}

/// `server tenant sso-policy`.
#[derive(Debug, Args)]
pub struct SsoPolicy {
    /// The tenant.
    #[arg(long)]
    pub id: String,
    /// The policy to set [default: the present one is printed].
    #[arg(long, value_enum)]
    pub set: Option<Policy>,
    /// With `--set enforced`: the connections that count [default: all that are in use].
    #[arg(long, value_name = "CONNECTION")]
    pub connection: Vec<String>,
    /// With `--set enforced`: what the dry run printed last.
    #[arg(long, value_name = "WORD")]
    pub confirm: Option<String>,
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
}

/// Whether people sign in by single sign-on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// They must.
    Enforced,
    /// They cannot.
    Off,
    /// They may.
    Optional,
}

/// `server oauth-client …`.
#[derive(Debug, Subcommand)]
pub enum OauthClient {
    /// Make a client and print its id and its secret, divided by a tab, for the only time.
    Create {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// When the secret ends: a date (its last day, in UTC) or an RFC 3339 instant [default: the profile's].
        #[arg(long, value_name = "DATE")]
        expires: Option<String>,
        /// A name to tell clients apart.
        #[arg(long)]
        name: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Make a second secret, which works beside the first one, and print it for the only time.
    AddSecret {
        /// The client's id.
        #[arg(long)]
        client: String,
        /// When it ends, as for create.
        #[arg(long, value_name = "DATE")]
        expires: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Revoke a client's secrets and the access tokens that they got; the next request with one is refused.
    Revoke {
        /// The client's id.
        #[arg(long)]
        client: String,
        /// The secret, by its number in the list [default: all of them].
        #[arg(long)]
        slot: Option<u8>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// List the secrets of a tenant's clients, one line each: client, number, state, end, name.
    List {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
}

/// `server token …`.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Issue a SCIM token and print it, alone and for the only time.
    Issue(Box<TokenIssue>),
    /// Make an administrator answer for a token whose owner left.
    TakeOver {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The token's id.
        #[arg(long)]
        id: String,
        /// The new owner: a person's id or address.
        #[arg(long)]
        owner: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// List a tenant's tokens, one line each: id, state, end, name. Secrets are not kept and not shown.
    List {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Revoke a token; the next request with it is refused.
    Revoke {
        /// The tenant [default: the one that the token's id names].
        #[arg(long)]
        tenant: Option<String>,
        /// The tokens to revoke.
        #[command(flatten)]
        which: Which,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
}

/// `server token issue`.
#[derive(Debug, Args)]
pub struct TokenIssue {
    /// The tenant.
    #[arg(long)]
    pub tenant: String,
    /// The connection, where the tenant has several [default: the first one].
    #[arg(long, value_name = "ID")]
    pub connection: Option<String>,
    /// When it ends: a date (its last day, in UTC) or an RFC 3339 instant [default: the profile's].
    #[arg(long, value_name = "DATE", conflicts_with = "never")]
    pub expires: Option<String>,
    /// It never ends, where the profile allows that.
    #[arg(long)]
    pub never: bool,
    /// A name to tell tokens apart.
    #[arg(long)]
    pub name: Option<String>,
    /// A kind, for products that have such.
    #[arg(long)]
    pub kind: Option<String>,
    /// A description, for products that have such.
    #[arg(long)]
    pub description: Option<String>,
    /// Who answers for it: a person's id or address [default: the operator].
    #[arg(long)]
    pub owner: Option<String>,
    /// The id of the token whose place it takes, where old and new go on side by side.
    #[arg(long, value_name = "ID")]
    pub replaces: Option<String>,
    /// What it is for: provisioning, or replacing the identity provider's metadata.
    #[arg(long, value_enum, default_value_t = Purpose::Scim)]
    pub purpose: Purpose,
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Purpose {
    /// Provisioning over SCIM.
    Scim,
    /// Saying which identity provider is trusted.
    SsoConfig,
}

/// Which tokens to revoke.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// The token's id as `token list` shows it, or the whole token.
    #[arg(value_name = "TOKEN")]
    pub token: Option<String>,
    /// The same, by name.
    #[arg(long, alias = "token")]
    pub id: Option<String>,
    /// The token's name.
    #[arg(long)]
    pub name: Option<String>,
    /// All tokens of the tenant.
    #[arg(long)]
    pub all: bool,
}
