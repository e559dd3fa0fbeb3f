//! A demonstration: two tenants, a test identity provider on the same address, and a walk through the whole story.

mod check;
mod idp;
mod people;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};

pub use idp::DemoIdp;

use crate::admin::password::Passwords;
use crate::app::{App, Base, Shared};
use crate::cli::{Demo, Purpose, Which};
use crate::client::Client;
use crate::commands::tenant::SAML_CONNECTION;
use crate::commands::{CommandError, note, print, tenant, token};
use crate::config::{Database, PublicUrl, RequestsPerSecond};
use crate::operations::Operations;
use crate::rates::Rates;
use crate::serve;

/// The tenant of the profile `standard`.
pub(crate) const STANDARD: &str = "acme";
/// The tenant of the profile `toktra`.
pub(crate) const TOKTRA: &str = "globex";

/// Seeds, serves, and either walks through the story or prints where to click.
///
/// # Errors
/// [`CommandError`] when the demo cannot be started; a failed check is an exit code.
pub async fn run(options: Demo) -> Result<ExitCode, CommandError> {
    if options.reset {
        reset(&options.database)?;
    }
    let base = Base::open_at(&options.database, options.database.default_key_file(), None).await?;
    let listen = options.listen.unwrap_or_else(|| {
        let port = if options.check { 0 } else { 8080 };
        std::net::SocketAddr::from(([127, 0, 0, 1], port))
    });
    let (listener, address) = serve::bind(listen).await?;
    let url = PublicUrl::of_listener(address);
    let idp = DemoIdp::new(&base.keys, &url)?;
    let tokens = seed(&base, &idp).await?;
    let rates = Rates::per_second(RequestsPerSecond::default());
    let operations = Operations::new();
    let app = App {
        fetcher: crate::fetch::Fetcher::default(),
        base,
        public_url: url.clone(),
        region: None,
        rates,
        operations,
        passwords: Passwords::default(),
        quirks: crate::quirks::QuirkLog::default(),
        secure_cookies: false,
        demo: Some(idp),
    };
    let app = Arc::new(app);
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    let stop = async move {
        tokio::select! {
            delay = serve::signal(Duration::ZERO) => delay,
            // An error means that the sender is gone, which also ends the demo.
            _ = told => Duration::ZERO,
        }
    };
    let server = tokio::spawn(serve::run(listener, app.clone(), stop));
    let outcome = if options.check {
        let walk = tokio::task::spawn_blocking(move || {
            check::walk(&url, &tokens, &tokio::runtime::Handle::current(), &app)
        });
        let passed = walk.await.map_err(|error| CommandError::Demo(error.to_string()))?;
        // The receiver is gone only when the server ended already.
        let _ = tell.send(());
        if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    } else {
        tokio::task::spawn_blocking(move || introduce(&url, &tokens))
            .await
            .map_err(|error| CommandError::Demo(error.to_string()))??;
        // Kept until the server stops: dropping it would stop the server.
        let kept = tell;
        let served = server.await.map_err(|error| CommandError::Demo(error.to_string()))?;
        drop(kept);
        served.map_err(|error| CommandError::Io(error.to_string()))?;
        return Ok(ExitCode::SUCCESS);
    };
    let served = server.await.map_err(|error| CommandError::Demo(error.to_string()))?;
    served.map_err(|error| CommandError::Io(error.to_string()))?;
    Ok(outcome)
}

/// The pages of the test identity provider.
pub(crate) fn routes(router: Router<Shared>) -> Router<Shared> {
    router
        .route("/demo/people", get(people::show))
        .route("/demo/idp/metadata", get(idp::metadata))
        .route("/demo/idp/sso", get(idp::ask_by_redirect).post(idp::ask_by_post))
        .route("/demo/idp/sign-in", post(idp::sign_in))
        .route("/demo/idp/start", get(idp::start).post(idp::start_now))
        .route("/demo/idp/slo", get(idp::sign_out))
}

/// What the start page says of the demo.
pub(crate) fn home_section() -> String {
    format!(
        "<h2>Try it</h2><ol>\
         <li><a href=\"/v1/sso/login?org_id={STANDARD}&amp;relay_state=/\">Sign in to tenant {STANDARD}</a> \
         (profile standard): we ask the identity provider.</li>\
         <li><a href=\"/demo/idp/start?org_id={TOKTRA}\">Sign in to tenant {TOKTRA}</a> (profile toktra): \
         the identity provider begins.</li>\
         <li><a href=\"/demo/people\">See the people</a> that the directory provisioned and those who signed in.</li>\
         <li>Deactivate someone with the <code>curl</code> line that the terminal shows, and look at the session \
         again.</li></ol>"
    )
}

/// The fresh tokens of the two tenants.
#[derive(Clone)]
pub(crate) struct Tokens {
    standard: String,
    toktra: String,
}

async fn seed(base: &Base, idp: &DemoIdp) -> Result<Tokens, CommandError> {
    let metadata = idp.metadata()?;
    for (id, profile, name) in [(STANDARD, "standard", "Acme"), (TOKTRA, "toktra", "Globex")] {
        match tenant::create(base, id, profile, Some(name), false).await {
            Ok(()) | Err(CommandError::TenantExists(_)) => {}
            Err(error) => return Err(error),
        }
        // At another port the same provider has other addresses; people keep their accounts.
        tenant::configure_idp(base, id, SAML_CONNECTION, metadata.as_bytes(), None, true).await?;
        let old = Which { token: None, id: None, name: Some(TOKEN_NAME.to_owned()), all: false };
        match token::revoke(base, id, &old).await {
            Ok(_) | Err(CommandError::NoToken(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let issue = |tenant: &'static str| async move {
        let wanted = token::Wanted { name: Some(TOKEN_NAME.to_owned()), ..token::Wanted::default() };
        let shown = token::issue(base, tenant, wanted, Purpose::Scim).await?;
        Ok::<_, CommandError>(shown.reveal())
    };
    Ok(Tokens { standard: issue(STANDARD).await?, toktra: issue(TOKTRA).await? })
}

/// Provisions Alice over SCIM as her company's directory would, and prints what to do next.
fn introduce(url: &PublicUrl, tokens: &Tokens) -> Result<(), CommandError> {
    let mut directory = Client::new(url.as_str()).with_token(&tokens.standard);
    let alice =
        check::provision_alice(&mut directory).map_err(|error| CommandError::Demo(error.to_string()))?;
    let (url, token) = (url.as_str(), &tokens.standard);
    print(&format!(
        "The demo runs. Open these pages:\n\
         \n  {url}/                    start here\
         \n  {url}/v1/sso/login?org_id={STANDARD}&relay_state=/    sign in (tenant {STANDARD}, profile standard)\
         \n  {url}/demo/idp/start?org_id={TOKTRA}    sign in from the identity provider (tenant {TOKTRA}, profile toktra)\
         \n  {url}/v1/session          who is signed in, as JSON\
         \n  {url}/demo/people         who has an account\n\
         \nList the users of tenant {STANDARD} as its directory sees them:\n\
         \n  curl -H 'Authorization: Bearer {token}' '{url}/scim/v2/Users'\n\
         \nDeactivate Alice and look at her session again:\n\
         \n  curl -X PATCH -H 'Authorization: Bearer {token}' -H 'Content-Type: application/scim+json' \
         '{url}/scim/v2/Users/{alice}' -d '{DEACTIVATE}'\n\
         \nStop with ctrl-c."
    ))
}

fn reset(database: &Database) -> Result<(), CommandError> {
    let Database::Sqlite(path) = database else {
        return Err(CommandError::Demo(
            "--reset removes files, and a PostgreSQL database is none: drop it and create it again"
                .to_owned(),
        ));
    };
    let mut files = vec![path.clone(), database.default_key_file()];
    for suffix in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        files.push(name.into());
    }
    for file in files {
        remove(&file)?;
    }
    note("the demo starts from an empty database");
    Ok(())
}

fn remove(file: &Path) -> Result<(), CommandError> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(CommandError::Io(format!("{}: {error}", file.display())))
        }
        _ => Ok(()),
    }
}

const TOKEN_NAME: &str = "demo";
const DEACTIVATE: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}"#;
