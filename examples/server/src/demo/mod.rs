//! A demonstration: a tenant of each product, a test identity provider and simulated directories on the same address,
//! and a walk through the whole story.

mod admin;
mod check;
mod directory;
mod idp;
mod people;
pub(crate) mod tenants;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use maud::{Markup, html};

pub use idp::DemoIdp;

use self::directory::Directories;
use self::tenants::{DemoTenant, STANDARD, TENANTS, Tokens, seed};
use crate::admin::password::Passwords;
use crate::app::{App, Base, Shared};
use crate::cli::Demo;
use crate::client::Client;
use crate::commands::{CommandError, note, print};
use crate::config::{Database, PublicUrl, RequestsPerSecond};
use crate::http::admin::guard::same_origin;
use crate::http::answer::Refusal;
use crate::http::body;
use crate::operations::Operations;
use crate::rates::Rates;
use crate::serve;

/// What the demo adds to a server.
#[derive(Debug)]
pub struct Stage {
    idp: DemoIdp,
    directories: Directories,
}

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
        dns: crate::dns::Dns::new(None),
        base,
        public_url: url.clone(),
        region: None,
        rates,
        operations,
        limits: serve::Limits::default(),
        passwords: Passwords::default(),
        quirks: crate::quirks::QuirkLog::default(),
        secure_cookies: false,
        demo: Some(Stage { idp, directories: Directories::new(url.clone(), &tokens) }),
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

/// The pages of the test identity provider, the directories, and the way into the administration pages.
pub(crate) fn routes(router: Router<Shared>) -> Router<Shared> {
    router
        .route("/demo/admin", post(admin::enter))
        .route("/demo/directory/{tenant}", get(directory::show).post(directory::tell))
        .route("/demo/people", get(people::show))
        .route("/demo/idp/metadata", get(idp::metadata))
        .route("/demo/idp/sso", get(idp::ask_by_redirect).post(idp::ask_by_post))
        .route("/demo/idp/sign-in", post(idp::sign_in))
        .route("/demo/idp/start", get(idp::start).post(idp::start_now))
        .route("/demo/idp/slo", get(idp::sign_out))
}

/// What the start page says of the demo.
pub(crate) fn home_section(app: &App) -> Markup {
    let enter = |org: &str, name: &str| {
        html! {
            form method="post" action="/demo/admin" {
                input type="hidden" name="org" value=(org);
                button { (name) }
            }
        }
    };
    html! {
        h2 { "The demo" }
        p { "Five companies use this service, each through another product, all with the same test identity provider. \
             Provision people with a company's simulated directory, sign in as one of them, and let the directory \
             switch them off." }
        ul.cards {
            @for tenant in &TENANTS {
                li.card {
                    h3 { (tenant.name) " (" (product_name(app, tenant)) ")" }
                    ul {
                        li { a href=(format!("/demo/directory/{}", tenant.id)) { "Directory of " (tenant.name) } }
                        li { a href=(tenant.login(&app.base, &app.public_url)) { "Sign in to " (tenant.name) } }
                        li { a href=(format!("/demo/idp/start?org_id={}", tenant.id)) { "Start at the identity provider of " (tenant.name) } }
                    }
                    (enter(tenant.id, &format!("Administer {} (demo only)", tenant.name)))
                }
            }
        }
        p { a href="/demo/people" { "See the people" } " of all five." }
        (enter("", "Administer the whole service (demo only)"))
    }
}

fn product_name(app: &App, tenant: &DemoTenant) -> String {
    let product = app.base.profiles.get(tenant.product);
    product.map_or(tenant.product.to_owned(), |product| product.display_name.clone())
}

/// A form that one of our own pages sent.
async fn own_form(app: &App, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Refusal> {
    same_origin(app, headers)?;
    body::read(body, FORM_LIMIT).await
}

/// The answer where there is no demo, or not this part of it.
fn off() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "request.path", "there is nothing at this address")
}

/// Provisions Alice over SCIM as her company's directory would, and prints what to do next.
fn introduce(url: &PublicUrl, tokens: &Tokens) -> Result<(), CommandError> {
    let token = tokens.get(STANDARD).map(String::as_str).unwrap_or_default();
    let mut directory = Client::new(url.as_str()).with_token(token);
    let alice =
        check::provision_alice(&mut directory).map_err(|error| CommandError::Demo(error.to_string()))?;
    let url = url.as_str();
    print(&format!(
        "The demo runs. Open these pages:\n\
         \n  {url}/    start here: five tenants, their directories, sign-in, administration\
         \n  {url}/demo/directory/{STANDARD}    a directory that provisions people while you watch\
         \n  {url}/v1/sso/login?org_id={STANDARD}&relay_state=/    sign in (tenant {STANDARD}, profile standard)\
         \n  {url}/v1/session    who is signed in, as JSON\n\
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

/// A button's name, or an id.
const FORM_LIMIT: usize = 4096;
const DEACTIVATE: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}"#;
