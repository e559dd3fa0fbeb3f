//! A whole login, from the redirect to the person, with the test identity provider on the other side.
//!
//! ```text
//! cargo run --package examples --example saml_login
//! ```
//!
//! A web application does the same in two handlers: one sends the browser away, one takes the form that it brings back.

use std::collections::HashSet;
use std::error::Error;
use std::io::Write;

use saml_sp::testing::{TestAttribute, TestIdp, forge};
use saml_sp::{
    Connection, IdentityProvider, Inbound, LoginOptions, Policy, RequestId, ServiceProvider, Sighting,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let now = "2026-01-31T12:00:00Z".parse()?;

    // Configuration: who we are, who vouches for people, and what we demand.
    let idp = TestIdp::well_known("https://idp.example.com")?;
    let next_month = "2026-03-01T00:00:00Z".parse()?;
    let sp =
        ServiceProvider::new("https://app.example.com/saml".parse()?, "https://app.example.com/acs".parse()?);
    let trusted = IdentityProvider::from_metadata(idp.metadata(next_month)?.as_bytes())?;
    let policy = Policy::default();
    let connection = Connection::new(&sp, &trusted, &policy);

    // The first handler: remember the pending login for this browser, send the redirect.
    let random = [0x5a; 20]; // from your random source
    let mut options = LoginOptions::default();
    options.return_to = Some("/reports".parse()?);
    let (outbound, pending) = connection.begin_login(options, RequestId::from_random(random), now)?;
    let url = outbound.redirect_url().ok_or("a redirect")?;
    writeln!(out, "browser goes to   {}…", url.chars().take(60).collect::<String>())?;

    // The identity provider: reads the request, lets somebody sign in, answers with a form.
    let (_, query) = url.split_once('?').ok_or("a query")?;
    let request = idp.read(&Inbound::RawQuery(query))?;
    let mut answer = request.answer("1", "https://app.example.com/acs", now);
    answer.attributes = vec![TestAttribute::new("groups", &["engineering", "admins"])];
    let form = idp.respond(&answer)?.form_body(None);

    // The second handler: check, claim, admit.
    let mut used = HashSet::new(); // a table with a unique key in your database
    let verified = connection.accept_response(&Inbound::FormBody(&form), Some(&pending), now)?;
    let fresh = used.insert(verified.claim().clone());
    let login = verified.admit(if fresh { Sighting::FirstUse } else { Sighting::Seen })?;
    let subject = login.subject().ok_or("a name")?;
    writeln!(out, "signed in         {}", subject.value)?;
    writeln!(out, "groups            {}", login.attributes().texts("groups").collect::<Vec<_>>().join(", "))?;
    writeln!(out, "goes on to        {}", pending.return_to().map_or("/", |path| path.as_str()))?;

    // What somebody else might have posted.
    for forgery in forge::all().filter(|forgery| forgery.name().starts_with("xsw")) {
        let form = forgery.forge(&idp, &answer)?.form_body(None);
        let verdict = match connection.accept_response(&Inbound::FormBody(&form), Some(&pending), now) {
            Ok(verified) => format!("signed part alone, claim {}", verified.claim().id),
            Err(rejection) => format!("{}: {rejection}", rejection.code()),
        };
        writeln!(out, "{:<17} {verdict}", forgery.name())?;
    }
    Ok(())
}
