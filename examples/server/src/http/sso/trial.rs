//! Test logins that an admin begins, and what is noted of all others for the admins of a connection.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use saml_sp::{Guide, Inbound, Login, PendingLogin, Product, Rejection, Sighting};
use tenant_model::{
    AssertedIdentity, ConnectionState, FoundBy, LoginRefusal, Provider, SamlConnection, SsoPolicy, Tenant,
    TestLogin,
};

use super::Parts;
use super::acs::{asserted, decide};
use crate::app::App;
use crate::http::answer::{Answer, Refusal, see_other};
use crate::records::{self, LoginRecord, RecordKind, Verdict};
use crate::store::Tx;
use crate::store::logins::{self, Kind, Pending};
use crate::trust;

/// Takes the answer to a test login: reports on it, tries what it would be decided, and stores that alone. Nobody is
/// signed in, no account is made.
pub(super) async fn finish(
    app: &App,
    parts: &Parts,
    inbound: &Inbound<'_>,
    stored: &Pending,
    waiting: &PendingLogin,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let (tenant, connection) = (&parts.tenant.id, &parts.connection.id);
    let mut report = parts.saml().report(inbound, Some(waiting), now);
    let accepted = parts.saml().accept_response(inbound, Some(waiting), now);
    let mut tx = app.base.store.begin(tenant).await?;
    if !logins::take_pending(&mut tx, tenant, connection, Kind::Test, &stored.request_id, now).await? {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "RSP-06",
            "this test was answered already or is too old",
        )
        .with_hint("begin the test again on the page of the connection"));
    }
    let admitted = match accepted {
        Ok(verified) => {
            let claim = verified.claim();
            let key = format!("{} {}", claim.id, claim.issuer);
            let first = logins::claim(&mut tx, tenant, connection, &key, claim.forget_after).await?;
            let sighting = if first { Sighting::FirstUse } else { Sighting::Seen };
            report = report.with_sighting(sighting);
            verified.admit(sighting)
        }
        Err(rejection) => Err(rejection),
    };
    let mut record = LoginRecord {
        at: now,
        verdict: Verdict::default(),
        report: Some(report.redacted(&guide(parts), product_of(parts.connection.provider))),
        said: None,
        proof: None,
    };
    match admitted {
        Ok(login) => judge(&mut tx, parts, &login, &mut record, now).await?,
        Err(rejection) => record.verdict = of_rejection(&rejection),
    }
    let id = records::keep(&app.base, &mut tx, tenant, connection, RecordKind::Test, &record).await?;
    tx.commit().await?;
    let place = format!("/admin/tenants/{tenant}/sso/{connection}/tests/{id}");
    Ok(see_other(StatusCode::SEE_OTHER, &place))
}

/// What would be decided about the person, with the connection in use and single sign-on not switched off.
async fn judge(
    tx: &mut Tx,
    parts: &Parts,
    login: &Login,
    record: &mut LoginRecord,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let who = asserted(login);
    record.said = Some(who.attributes.clone().with_name_id(who.name_id.as_ref().map(|n| n.value.as_str())));
    let connection = SamlConnection { state: ConnectionState::Active, ..parts.connection.clone() };
    let sso = if parts.tenant.sso == SsoPolicy::Off { SsoPolicy::Optional } else { parts.tenant.sso.clone() };
    let tenant = Tenant { sso, ..parts.tenant.clone() };
    record.verdict = match decide(tx, &tenant, &connection, &who, now).await? {
        Ok(decision) => {
            record.proof = Some(TestLogin::of(&parts.connection, &decision, now));
            Verdict { message: found_by(decision.found).to_owned(), ..Verdict::default() }
        }
        Err(refusal) => of_refusal(&refusal, parts.connection.provider),
    };
    trust::note_login(tx, &parts.connection, &super::acs::keys_of(login), now).await?;
    Ok(())
}

/// Keeps the report on a refused response. Whoever floods us with them fills neither the database nor the processor.
pub(super) async fn note_rejection(
    app: &App,
    parts: &Parts,
    inbound: &Inbound<'_>,
    waiting: Option<&PendingLogin>,
    rejection: &Rejection,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let kind = if rejection.is_verified() { RecordKind::Refused } else { RecordKind::RefusedUnverified };
    let (tenant, connection) = (&parts.tenant.id, &parts.connection.id);
    if app.rates.record(tenant, connection, kind.column(), now).is_err() {
        return Ok(());
    }
    let report = parts.saml().report(inbound, waiting, now);
    let record = LoginRecord {
        at: now,
        verdict: of_rejection(rejection),
        report: Some(report.redacted(&guide(parts), product_of(parts.connection.provider))),
        said: None,
        proof: None,
    };
    let mut tx = app.base.store.begin(tenant).await?;
    records::keep(&app.base, &mut tx, tenant, connection, kind, &record).await?;
    tx.commit().await?;
    Ok(())
}

/// Keeps what a good assertion was refused for, without saying whose it was.
pub(super) async fn note_refusal(
    app: &App,
    tx: &mut Tx,
    parts: &Parts,
    refusal: &LoginRefusal,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let verdict = of_refusal(refusal, parts.connection.provider);
    let record = LoginRecord { at: now, verdict, report: None, said: None, proof: None };
    let (tenant, connection) = (&parts.tenant.id, &parts.connection.id);
    records::keep(&app.base, tx, tenant, connection, RecordKind::Refused, &record).await?;
    Ok(())
}

/// Keeps what was said of the last person who signed in, to try a mapping on; once a minute.
pub(super) async fn note_seen(
    app: &App,
    tx: &mut Tx,
    parts: &Parts,
    who: &AssertedIdentity,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let (tenant, connection) = (&parts.tenant.id, &parts.connection.id);
    if records::seen_lately(tx, tenant, connection, now).await? {
        return Ok(());
    }
    let name = who.name_id.as_ref().map(|name| name.value.as_str());
    let record = LoginRecord {
        at: now,
        verdict: Verdict::default(),
        report: None,
        said: Some(who.attributes.clone().with_name_id(name)),
        proof: None,
    };
    records::keep(&app.base, tx, tenant, connection, RecordKind::Seen, &record).await?;
    Ok(())
}

/// The words for admins, with the values that only this host knows.
pub(crate) fn guide(parts: &Parts) -> Guide {
    Guide::default()
        .with_value("login", &parts.addresses.login)
        .with_value("sign_cert", &parts.addresses.metadata)
        .with_value("enc_cert", &parts.addresses.metadata)
}

/// The product whose words are used; `None` lets the provider's addresses tell.
pub(crate) fn product_of(provider: Provider) -> Option<Product> {
    match provider {
        Provider::Entra => Some(Product::EntraId),
        Provider::GoogleWorkspace => Some(Product::GoogleWorkspace),
        Provider::Jumpcloud => Some(Product::JumpCloud),
        Provider::Keycloak => Some(Product::Keycloak),
        Provider::Okta => Some(Product::Okta),
        Provider::Onelogin => Some(Product::OneLogin),
        Provider::Ping => Some(Product::PingOne),
        Provider::Rippling => Some(Product::Rippling),
        _ => None,
    }
}

fn of_rejection(rejection: &Rejection) -> Verdict {
    Verdict {
        code: Some(rejection.code().to_owned()),
        message: rejection.to_string(),
        hint: rejection.advice(),
    }
}

fn of_refusal(refusal: &LoginRefusal, provider: Provider) -> Verdict {
    Verdict {
        code: Some(refusal.code().to_owned()),
        message: refusal.to_string(),
        hint: refusal.hint(provider).map(str::to_owned),
    }
}

fn found_by(found: FoundBy) -> &'static str {
    match found {
        FoundBy::Email => "the person is known by the mail address, and the login would be linked to them",
        FoundBy::New => "nobody is known by this login, and an account would be made",
        FoundBy::Link => "the person is known: this login is linked to them",
        FoundBy::Pairing => "the directory knows the person, and the login would be linked to them",
    }
}
