//! What the command line does. Commands work on the database alone, so they work while a server runs.

pub mod admin;
pub mod backup;
pub mod connections;
pub mod domain;
pub mod oauth_client;
pub mod people;
pub mod policy;
pub mod products;
pub mod sp_key;
pub mod tenant;
pub mod token;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::admin::password::Passwords;
use crate::app::{App, Base, OpenError};
use crate::cli::{Admin, Cli, Command, OauthClient, Serve, Tenant, Token};
use crate::config::PublicUrl;
use crate::fetch::{FetchOptions, Fetcher};
use crate::operations::Operations;
use crate::quirks::QuirkLog;
use crate::random::NoRandomness;
use crate::rates::Rates;
use crate::serve;
use crate::store::StoreError;

/// Runs one command.
///
/// # Errors
/// [`CommandError`]; its text is for the terminal.
pub async fn run(cli: Cli) -> Result<ExitCode, CommandError> {
    match cli.command {
        Command::Serve(options) => serve_command(options).await?,
        Command::Demo(options) => return crate::demo::run(options).await,
        Command::Backup(options) => backup::run(&options).await?,
        Command::Admin(Admin::Invite { email, tenant, rights, hours, public_url, data }) => {
            let base = Base::open(&data).await?;
            let code = admin::invite(&base, &email, tenant.as_deref(), &rights, hours).await?;
            admin::tell(&public_url, tenant.as_deref(), &email, hours);
            print(&code)?;
        }
        Command::Admin(Admin::Reset { email, tenant, hours, public_url, data }) => {
            let base = Base::open(&data).await?;
            let code = admin::reset(&base, &email, tenant.as_deref(), hours).await?;
            admin::tell(&public_url, tenant.as_deref(), &email, hours);
            print(&code)?;
        }
        Command::Admin(Admin::Revoke { email, tenant, data }) => {
            let base = Base::open(&data).await?;
            admin::revoke(&base, &email, tenant.as_deref()).await?;
            note(&format!("{email} is out; the next request of theirs is refused"));
        }
        Command::Admin(Admin::EmergencyAccess { email, tenant, end, data }) => {
            let base = Base::open(&data).await?;
            for code in admin::emergency(&base, &email, &tenant, end).await? {
                print(&code)?;
            }
        }
        Command::Admin(Admin::List { tenant, data }) => {
            let base = Base::open(&data).await?;
            for line in admin::list(&base, tenant.as_deref()).await? {
                print(&line)?;
            }
        }
        Command::Tenant(Tenant::Create { id, profile, name, region, bulk, data }) => {
            let base = Base::open(&data).await?;
            tenant::create_in(&base, &id, &profile, name.as_deref(), region, bulk).await?;
            note(&format!("tenant {id} created with profile {profile}"));
        }
        Command::Tenant(Tenant::ConfigureIdp { id, metadata, entity_id, connection, keep_links, data }) => {
            let base = Base::open(&data).await?;
            let xml = tenant::read_file(&metadata)?;
            let entity = entity_id.as_deref();
            let done = tenant::configure_idp(&base, &id, &connection, &xml, entity, keep_links).await?;
            note(&format!("tenant {id} now trusts {}", done.entity_id));
            if done.waiting > 0 {
                note(&format!("{} person(s) must be confirmed again, or give --keep-links", done.waiting));
            }
        }
        Command::Tenant(Tenant::OpenEmergencyAccess { id, hours, data }) => {
            let base = Base::open(&data).await?;
            policy::open(&base, &id, hours).await?;
            note(&format!("emergency access of tenant {id} is open for {hours} hour(s)"));
        }
        Command::Tenant(Tenant::SsoPolicy(options)) => {
            let base = Base::open(&options.data).await?;
            for line in policy::run(&base, &options).await? {
                print(&line)?;
            }
        }
        Command::Tenant(Tenant::List { data }) => {
            let base = Base::open(&data).await?;
            let mut db = base.store.read().await?;
            for tenant in crate::store::tenants::list(&mut db).await? {
                print(&format!("{}\t{}\t{}", tenant.id, tenant.profile, tenant.display_name))?;
            }
        }
        Command::OauthClient(command) => oauth_client_command(command).await?,
        Command::Quirks { tenant, data } => {
            let base = Base::open(&data).await?;
            let mut db = base.store.read().await?;
            for seen in
                crate::store::quirks::of_tenant(&mut db, &tenant_model::TenantId::parse(&tenant)?).await?
            {
                let (first, last) = (seen.first.to_rfc3339(), seen.last.to_rfc3339());
                print(&format!("{}\t{}\t{}\t{first}\t{last}", seen.connection, seen.quirk, seen.uses))?;
            }
        }
        Command::SpKey(command) => sp_key::run(command).await?,
        Command::Token(Token::Issue(options)) => {
            let base = Base::open(&options.data).await?;
            let wanted = token::Wanted {
                connection: options.connection,
                expires: options.expires,
                never: options.never,
                name: options.name,
                kind: options.kind,
                description: options.description,
                owner: options.owner,
                replaces: options.replaces,
            };
            let shown = token::issue(&base, &options.tenant, wanted, options.purpose).await?;
            print(&shown.reveal())?;
        }
        Command::Token(Token::TakeOver { tenant, id, owner, data }) => {
            let base = Base::open(&data).await?;
            token::take_over(&base, &tenant, &id, &owner).await?;
            note(&format!("{owner} answers for token {id} now"));
        }
        Command::Token(Token::List { tenant, data }) => {
            let base = Base::open(&data).await?;
            for line in token::list(&base, &tenant).await? {
                print(&line)?;
            }
        }
        Command::Token(Token::Revoke { tenant, which, data }) => {
            let tenant = tenant.or_else(|| which.tenant()).ok_or(CommandError::TenantMissing)?;
            let base = Base::open(&data).await?;
            let count = token::revoke(&base, &tenant, &which).await?;
            note(&format!("{count} token(s) of tenant {tenant} revoked"));
        }
        Command::Connection(command) => products::connection(command).await?,
        Command::Domain(command) => products::domain(command).await?,
        Command::Held(command) => products::held(command).await?,
        Command::Hook(command) => products::hook(command).await?,
        Command::Person(command) => products::person(command).await?,
        Command::Role(command) => products::role(command).await?,
        Command::Reminders(options) => products::reminders(&options).await?,
        Command::Events(options) => products::events(&options).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn oauth_client_command(command: OauthClient) -> Result<(), CommandError> {
    match command {
        OauthClient::Create { tenant, expires, name, data } => {
            let base = Base::open(&data).await?;
            let (id, secret) = oauth_client::create(&base, &tenant, expires.as_deref(), name).await?;
            print(&format!("{id}\t{}", secret.reveal()))
        }
        OauthClient::AddSecret { client, expires, data } => {
            let base = Base::open(&data).await?;
            print(&oauth_client::add_secret(&base, &client, expires.as_deref()).await?.reveal())
        }
        OauthClient::Revoke { client, slot, data } => {
            let base = Base::open(&data).await?;
            let count = oauth_client::revoke(&base, &client, slot).await?;
            note(&format!(
                "{count} secret(s) of client {client} revoked, and the access tokens that they got"
            ));
            Ok(())
        }
        OauthClient::List { tenant, data } => {
            let base = Base::open(&data).await?;
            oauth_client::list(&base, &tenant).await?.iter().try_for_each(|line| print(line))
        }
    }
}

async fn serve_command(options: Serve) -> Result<(), CommandError> {
    let base = Base::open(&options.data).await?;
    let (listener, address) = serve::bind(options.listen).await?;
    let public_url = options.public_url.unwrap_or_else(|| PublicUrl::of_listener(address));
    let rates = Rates::per_second(options.requests_per_second);
    let operations = Operations::new();
    let (region, secure_cookies) = (options.region, options.secure_cookies);
    let passwords = Passwords::default();
    let quirks = QuirkLog::default();
    let fetcher = fetcher(options.danger_metadata_from_private_addresses, options.metadata_ca.as_deref())?;
    let app = App {
        base,
        public_url,
        region,
        rates,
        fetcher,
        dns: crate::dns::Dns::new(options.dns_server),
        operations,
        passwords,
        quirks,
        limits: serve::Limits::default(),
        secure_cookies,
        demo: None,
    };
    let app = Arc::new(app);
    let operator = match options.metrics_listen {
        Some(address) => Some(serve::operator(address, app.clone()).await?),
        None => None,
    };
    print(&format!("listening on http://{address}"))?;
    let delay = Duration::from_secs(options.stop_delay.into());
    let served = serve::run(listener, app, serve::signal(delay)).await;
    if let Some(operator) = operator {
        operator.abort();
    }
    served.map_err(|error| CommandError::Io(error.to_string()))
}

fn fetcher(danger_private_addresses: bool, ca: Option<&std::path::Path>) -> Result<Fetcher, CommandError> {
    let roots = ca.map(|path| {
        std::fs::read(path).map_err(|error| CommandError::Io(format!("{}: {error}", path.display())))
    });
    Ok(Fetcher::new(FetchOptions {
        danger_private_addresses,
        roots: roots.transpose()?,
        ..FetchOptions::default()
    }))
}

/// A line on the standard output: what a script reads.
pub(crate) fn print(line: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| CommandError::Io(error.to_string()))
}

/// A line on the standard error: what a person reads.
pub(crate) fn note(line: &str) {
    // INVARIANT: when stderr is closed there is no one left to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Why a command was not done.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The database or the key file.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The installation's keys.
    #[error(transparent)]
    Key(#[from] crate::keys::KeyError),
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// A file that would be overwritten.
    #[error("{0} exists already")]
    Exists(String),
    /// A file or a stream.
    #[error("{0}")]
    Io(String),
    /// An id that is none.
    #[error("{0}")]
    Id(#[from] tenant_model::IdError),
    /// Nothing names the tenant.
    #[error("name the tenant with --tenant")]
    TenantMissing,
    /// There is no such tenant.
    #[error("there is no tenant {0}; see `server tenant list`")]
    NoTenant(String),
    /// The tenant is there already.
    #[error("tenant {0} exists already")]
    TenantExists(String),
    /// There is no such product profile.
    #[error("there is no profile {0}; there are {1}")]
    NoProfile(String, String),
    /// The product has no single sign-on.
    #[error("profile {0} has no single sign-on")]
    NoSso(String),
    /// The identity provider's metadata was not accepted.
    #[error("the metadata was not accepted ({code}): {reason}")]
    Metadata {
        /// The stable code.
        code: String,
        /// What is wrong.
        reason: String,
    },
    /// What is trusted was not changed.
    #[error("the identity provider was not taken ({code}): {error}", code = .error.code(), error = .error)]
    Trust {
        /// Why.
        #[from]
        error: tenant_model::TrustError,
    },
    /// The product has one connection of a kind.
    #[error("profile {0} has one connection of a kind: leave the connection out")]
    OneConnection(String),
    /// The person was not changed.
    #[error("the person was not changed: {0}")]
    Person(#[from] crate::account::AccountError),
    /// There is such a connection already.
    #[error("tenant {0} has a connection {1} already, or the id is taken")]
    ConnectionExists(String, String),
    /// Nobody can own the domain.
    #[error("the domain was not added ({code}): {0}", code = .0.code())]
    Domain(#[from] crate::domains::DomainFault),
    /// The policy was not changed.
    #[error("the policy was not changed: {0}")]
    Policy(#[from] crate::policy::PolicyFault),
    /// The product listens to no such hook.
    #[error("profile {0} listens to no hook of Okta")]
    NoHook(String),
    /// There is no such person, or several have the address.
    #[error("tenant {0} has no such person; see `server person list --all`")]
    NoPerson(String),
    /// Only administrators answer for tokens.
    #[error("only an active administrator can answer for a token")]
    NotAdmin,
    /// No such product on the other side.
    #[error("{0:?} is no provider: write okta, entra, google_workspace, …, or generic")]
    Provider(String),
    /// A right is missing.
    #[error(transparent)]
    Right(tenant_model::RightMissing),
    /// A role was not given or taken.
    #[error("the role was not changed ({code}): {0}", code = .0.code())]
    Role(tenant_model::RoleChangeError),
    /// The roles make no sense.
    #[error("the role was not added ({code}): {0}", code = .0.code())]
    Roles(tenant_model::RoleRulesError),
    /// Nobody took the token over.
    #[error("the token was not taken over ({code}): {0}", code = .0.code())]
    TakeOver(tenant_model::TakeOverError),
    /// There is no such connection.
    #[error("tenant {0} has no connection {1}")]
    NoConnection(String, String),
    /// The domain is verified for another tenant.
    #[error("{0} is verified for another tenant")]
    DomainTaken(String),
    /// A key pair or a certificate could not be made.
    #[error("a key pair could not be made: {0}")]
    KeyPair(String),
    /// The token was not made.
    #[error("the token was not made ({code}): {error}", code = .error.code(), error = .error)]
    Token {
        /// Why.
        #[from]
        error: tenant_model::TokenError,
    },
    /// There is no such OAuth client.
    #[error("there is no OAuth client {0}; see `server oauth-client list`")]
    NoClient(String),
    /// The OAuth client or its secret was not made or changed.
    #[error("the OAuth client was not changed ({code}): {error}", code = .error.code(), error = .error)]
    Client {
        /// Why.
        #[from]
        error: tenant_model::ClientError,
    },
    /// A date that is none.
    #[error("{0:?} is no date: write 2027-01-31 or 2027-01-31T12:00:00Z")]
    Date(String),
    /// An instant that is none.
    #[error("{0:?} is no instant: write now, 2027-01-31 or 2027-01-31T12:00:00Z")]
    Instant(String),
    /// The tenant's own SAML keys stay as they are.
    #[error("the keys stay as they are ({code}): {0}", code = .0.code())]
    SpKey(tenant_model::SpKeyError),
    /// Nothing was done with an account of the administration pages.
    #[error("{0}")]
    Account(#[from] crate::admin::accounts::AccountFault),
    /// There is no such account.
    #[error("there is no administrator {0} there; see `server admin list`")]
    NoAdmin(String),
    /// No token fits.
    #[error("tenant {0} has no such token in use; see `server token list`")]
    NoToken(String),
    /// PostgreSQL has its own way.
    #[error(
        "this command copies an SQLite file; copy a PostgreSQL database with pg_dump, and the key file with it"
    )]
    NoCopy,
    /// The demo did not work.
    #[error("{0}")]
    Demo(String),
}
