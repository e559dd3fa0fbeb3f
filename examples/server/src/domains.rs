//! The mail domains of tenants: claimed, looked up, vouched for, let go. Pages, commands and the clock come here alike.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::AnyConnection;
use tenant_model::{
    Action, Actor, AuditEvent, ConnectionId, Domain, DomainClaim, DomainError, DomainState, IdError, Target,
    Tenant, TenantId, TenantState, TxtRecord, check_dns, claim_by_operator, domain_event,
};

use crate::app::Base;
use crate::dns::{Dns, TxtAnswer};
use crate::keys::{KeyError, Keys};
use crate::random::{self, NoRandomness};
use crate::store::{StoreError, Tx, domains as rows, people, tenants};

/// Begins the proof that a tenant owns a domain; what is to be published is kept, sealed, and shown by [`record`].
///
/// # Errors
/// [`DomainFault`]; then nothing was stored.
pub async fn claim(
    base: &Base,
    id: &TenantId,
    domain: &Domain,
    routing: &Routing,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<TxtRecord, DomainFault> {
    let random = random::bytes::<20>()?;
    let (fresh, record) = tenant_model::claim(id, domain, &random, now)?;
    let (mut tx, mut tenant) = open(base, id).await?;
    let before = tenant.domains.get(domain).cloned();
    match before.as_ref().map(|claim| &claim.state) {
        Some(DomainState::Lapsed { .. } | DomainState::Verified { .. }) => return Err(DomainFault::Known),
        Some(DomainState::Pending { expires, .. }) if *expires > now => return Err(DomainFault::Known),
        Some(DomainState::Pending { .. } | DomainState::Failed { .. }) => {}
        None if tenant.domains.len() >= MOST_DOMAINS => return Err(DomainFault::TooMany),
        None => {}
    }
    let mut claim =
        DomainClaim { state: fresh.state, proof: fresh.proof, ..before.clone().unwrap_or(fresh_like()) };
    routing.set(&mut tx, id, &mut claim).await?;
    put(&mut tx, &mut tenant, domain, before, claim, by, now).await?;
    let text = serde_json::to_vec(&record).map_err(|error| StoreError::corrupt("a record", &error))?;
    rows::put_record(&mut tx, id, domain, &base.keys.seal(&bound_to(id, domain), &text)?).await?;
    tx.commit().await?;
    Ok(record)
}

/// Says, on the operator's word, that a tenant owns a domain.
///
/// # Errors
/// [`DomainFault`]; then nothing was stored.
pub async fn vouch(
    base: &Base,
    id: &TenantId,
    domain: &Domain,
    routing: &Routing,
    now: DateTime<Utc>,
) -> Result<(), DomainFault> {
    let fresh = claim_by_operator(domain, now)?;
    let (mut tx, mut tenant) = open(base, id).await?;
    let before = tenant.domains.get(domain).cloned();
    let mut claim = DomainClaim { state: fresh.state, proof: None, ..before.clone().unwrap_or(fresh_like()) };
    routing.set(&mut tx, id, &mut claim).await?;
    put(&mut tx, &mut tenant, domain, before, claim, &Actor::Operator, now).await?;
    rows::delete_record(&mut tx, id, domain).await?;
    tx.commit().await?;
    Ok(())
}

/// Lets a domain go: people with such an address sign in through no connection any more.
///
/// # Errors
/// [`DomainFault`]; then nothing was stored.
pub async fn release(
    base: &Base,
    id: &TenantId,
    domain: &Domain,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(), DomainFault> {
    let (mut tx, mut tenant) = open(base, id).await?;
    let before = tenant.domains.remove(domain).ok_or(DomainFault::NotClaimed)?;
    rows::put_tenant(&mut tx, &tenant).await?;
    rows::delete_record(&mut tx, id, domain).await?;
    let event = AuditEvent::done(id, now, by.clone(), Action::DomainChanged, Target::Domain(domain.clone()))
        .with_change("state", Some(before.state.name().to_owned()), None);
    people::audit(&mut tx, &[event]).await?;
    tx.commit().await?;
    Ok(())
}

/// Says where people with an address of a domain sign in.
///
/// # Errors
/// [`DomainFault`]; then nothing was stored.
pub async fn route(
    base: &Base,
    id: &TenantId,
    domain: &Domain,
    routing: &Routing,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(), DomainFault> {
    let (mut tx, mut tenant) = open(base, id).await?;
    let claim = tenant.domains.get_mut(domain).ok_or(DomainFault::NotClaimed)?;
    let was = Routing::of(claim).word();
    routing.set(&mut tx, id, claim).await?;
    let event = AuditEvent::done(id, now, by.clone(), Action::DomainChanged, Target::Domain(domain.clone()))
        .with_change("sign_in", Some(was), Some(routing.word()));
    rows::put_tenant(&mut tx, &tenant).await?;
    people::audit(&mut tx, &[event]).await?;
    tx.commit().await?;
    Ok(())
}

/// Looks a claimed domain's record up and stores what that means.
///
/// # Errors
/// [`DomainFault`]; then nothing was stored.
pub async fn check(
    base: &Base,
    dns: &Dns,
    id: &TenantId,
    domain: &Domain,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Checked, DomainFault> {
    let mut db = base.store.read().await?;
    let tenant = tenants::find(&mut db, id).await?.ok_or(DomainFault::NoTenant)?;
    drop(db);
    let asked = tenant.domains.get(domain).ok_or(DomainFault::NotClaimed)?;
    if asked.proof.is_none() {
        return Ok(Checked { state: asked.state.clone(), answer: None });
    }
    // No transaction waits for the DNS.
    let answer = dns.txt(&name_of(domain)).await;
    for _ in 0..2 {
        let (mut tx, mut tenant) = open(base, id).await?;
        let claim = tenant.domains.get(domain).cloned().ok_or(DomainFault::NotClaimed)?;
        let owner = rows::verified_for(&mut tx, domain).await?;
        let state = answer.judged(|answer| check_dns(id, domain, &claim, answer, owner.as_ref(), now));
        if state == claim.state {
            return Ok(Checked { state, answer: Some(answer) });
        }
        let after = DomainClaim { state: state.clone(), ..claim.clone() };
        match put(&mut tx, &mut tenant, domain, Some(claim), after, by, now).await {
            Ok(()) => {
                tx.commit().await?;
                return Ok(Checked { state, answer: Some(answer) });
            }
            // Another tenant was faster between our look and our write; the second look sees it.
            Err(DomainFault::Taken) => {}
            Err(error) => return Err(error),
        }
    }
    Err(DomainFault::Taken)
}

/// Looks up again what is due; gives how many domains that were.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn check_due(base: &Base, dns: &Dns, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let mut db = base.store.read().await?;
    let due = rows::due(&mut db, now, AT_ONCE).await?;
    drop(db);
    let mut done = 0_usize;
    for row in due {
        let mut tx = base.store.begin_unlocked().await?;
        let again = now.checked_add_signed(AGAIN).unwrap_or(now);
        let ours = rows::take_due(&mut tx, &row, again).await?;
        tx.commit().await?;
        if !ours {
            continue;
        }
        match check(base, dns, &row.tenant, &row.domain, &Actor::System, now).await {
            Ok(_) => done = done.saturating_add(1),
            Err(DomainFault::Store(error)) => return Err(error),
            // It was let go meanwhile, or its tenant is not served.
            Err(_) => {}
        }
    }
    Ok(done)
}

/// The record that a tenant was asked to publish; `None` where the operator's word is the proof.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn record(
    keys: &Keys,
    db: &mut AnyConnection,
    id: &TenantId,
    domain: &Domain,
) -> Result<Option<TxtRecord>, StoreError> {
    let Some(sealed) = rows::record(db, id, domain).await? else { return Ok(None) };
    let text = keys.open(&bound_to(id, domain), &sealed).ok();
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}

/// What came of a look-up.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Where the claim stands now.
    pub state: DomainState,
    /// What the DNS said; `None` if it was not asked.
    pub answer: Option<TxtAnswer>,
}

impl Checked {
    /// In a sentence, for whoever asked.
    #[must_use]
    pub fn sentence(&self, domain: &Domain) -> String {
        let place = name_of(domain);
        match (&self.state, &self.answer) {
            (DomainState::Verified { .. }, None) => {
                "The operator of this service answers for this domain.".to_owned()
            }
            (DomainState::Verified { .. }, Some(TxtAnswer::Records(_))) => {
                format!("The record was found: {domain} is verified.")
            }
            (DomainState::Failed { reason }, _) => format!("{domain} was not verified: {reason}."),
            (_, Some(TxtAnswer::Unreachable) | None) => {
                format!("The DNS gave no answer about {place}; nothing was changed. Try again later.")
            }
            (_, Some(TxtAnswer::Records(texts))) if texts.is_empty() => {
                format!("There is no TXT record at {place} yet. A new one can take an hour to be seen.")
            }
            (_, Some(TxtAnswer::Records(texts))) => format!(
                "Found at {place}: {} TXT record(s), but not the one with our value. Compare it letter by letter.",
                texts.len()
            ),
        }
    }
}

/// Where people with an address of a domain sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routing {
    /// They choose among the connections in use.
    Choice,
    /// The page for addresses does not know them.
    Nowhere,
    /// As it is.
    Same,
    /// Through one connection.
    To(ConnectionId),
}

impl Routing {
    /// What a claim says.
    #[must_use]
    pub fn of(claim: &DomainClaim) -> Self {
        match &claim.routes_to {
            Some(connection) => Self::To(connection.clone()),
            None if claim.offers_choice => Self::Choice,
            None => Self::Nowhere,
        }
    }

    /// In a word: the connection's id, or what none can be.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Choice => "*".to_owned(),
            Self::Nowhere | Self::Same => "-".to_owned(),
            Self::To(connection) => connection.to_string(),
        }
    }

    /// Reads [`Self::word`].
    ///
    /// # Errors
    /// [`IdError`] for what is no id of a connection.
    pub fn parse(word: &str) -> Result<Self, IdError> {
        match word {
            "*" => Ok(Self::Choice),
            "" | "-" => Ok(Self::Nowhere),
            id => Ok(Self::To(ConnectionId::parse(id)?)),
        }
    }

    async fn set(&self, tx: &mut Tx, id: &TenantId, claim: &mut DomainClaim) -> Result<(), DomainFault> {
        match self {
            Self::Choice => (claim.routes_to, claim.offers_choice) = (None, true),
            Self::Nowhere => (claim.routes_to, claim.offers_choice) = (None, false),
            Self::Same => {}
            Self::To(connection) => {
                if tenants::saml(tx, id, connection).await?.is_none() {
                    return Err(DomainFault::NoConnection(connection.clone()));
                }
                (claim.routes_to, claim.offers_choice) = (Some(connection.clone()), false);
            }
        }
        Ok(())
    }
}

/// Why a domain was not changed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainFault {
    /// No tenant owns such a domain.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// The record could not be sealed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It is on the list.
    #[error("the domain is on the list already")]
    Known,
    /// There is no such connection.
    #[error("there is no connection {0}")]
    NoConnection(ConnectionId),
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NoTenant,
    /// The tenant has no such domain.
    #[error("the domain is not on the list")]
    NotClaimed,
    /// The tenant is not served.
    #[error("the tenant is not active")]
    NotServed,
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
    /// Verified for another tenant.
    #[error("the domain is verified for another organisation")]
    Taken,
    /// Too many domains.
    #[error("there are {MOST_DOMAINS} domains already")]
    TooMany,
}

impl DomainFault {
    /// Stable identifier for logs and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Domain(error) => error.code(),
            Self::Key(_) => "server.key",
            Self::Known => "domain.known",
            Self::NoConnection(_) => "domain.no_connection",
            Self::NoTenant => "domain.no_tenant",
            Self::NotClaimed => "domain.not_claimed",
            Self::NotServed => "domain.tenant_not_active",
            Self::Randomness(_) => "server.randomness",
            Self::Store(_) => "store.failed",
            Self::Taken => "domain.taken",
            Self::TooMany => "domain.too_many",
        }
    }
}

impl From<StoreError> for DomainFault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken { .. } => Self::Taken,
            other => Self::Store(other),
        }
    }
}

/// The name at which the record of a domain is looked for.
#[must_use]
pub fn name_of(domain: &Domain) -> String {
    format!("{}.{domain}", tenant_model::CHALLENGE_LABEL)
}

async fn open(base: &Base, id: &TenantId) -> Result<(Tx, Tenant), DomainFault> {
    let mut tx = base.store.begin(id).await?;
    let tenant = tenants::find(&mut tx, id).await?.ok_or(DomainFault::NoTenant)?;
    if tenant.state != TenantState::Active {
        return Err(DomainFault::NotServed);
    }
    Ok((tx, tenant))
}

async fn put(
    tx: &mut Tx,
    tenant: &mut Tenant,
    domain: &Domain,
    before: Option<DomainClaim>,
    after: DomainClaim,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(), DomainFault> {
    let was = before.map(|claim| claim.state);
    let event = domain_event(&tenant.id, domain, was.as_ref(), &after.state, by, now);
    tenant.domains.insert(domain.clone(), after);
    rows::put_tenant(tx, tenant).await?;
    people::audit(tx, event.as_slice()).await?;
    Ok(())
}

fn fresh_like() -> DomainClaim {
    DomainClaim::new(DomainState::Failed { reason: String::new() })
}

fn bound_to(id: &TenantId, domain: &Domain) -> String {
    format!("domain record {id} {domain}")
}

/// More than an organisation mails from; each is looked up once a day.
pub const MOST_DOMAINS: usize = 100;
/// In one round of one node; the next round takes the rest.
const AT_ONCE: u32 = 16;
/// A node that dies leaves its domains for so long; so does a resolver that does not answer.
const AGAIN: TimeDelta = TimeDelta::hours(1);
