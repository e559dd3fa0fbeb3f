//! Taking, refusing and following metadata on a database of its own.
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test that goes wrong must fail")]

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::testing::{TestIdp, TestKey};
use tenant_model::{
    Actor, ConnectionId, ConnectionState, KeyState, Right, Rights, TenantId, TrustError, TrustReason,
};

use super::refresh::{Refreshed, settle};
use super::*;
use crate::app::Base;
use crate::clock;
use crate::fetch::FetchError;
use crate::store::idp as rows;
use crate::store::tenants::{self, StoredSaml};
use crate::trust::public_key_of;

const IDP: &str = "https://idp.example.com";

struct Scene {
    base: Base,
    folder: PathBuf,
    tenant: TenantId,
    connection: ConnectionId,
    now: DateTime<Utc>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        // What is left behind in the temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Scene {
    async fn new() -> Self {
        let folder =
            std::env::temp_dir().join(format!("example-server-idp-{}", crate::random::uuid().unwrap()));
        std::fs::create_dir_all(&folder).unwrap();
        let database = format!("sqlite:{}", folder.join("db").display()).parse().unwrap();
        let base = Base::open_at(&database, folder.join("key"), None).await.unwrap();
        crate::commands::tenant::create(&base, "acme", "standard", None, false).await.unwrap();
        let tenant = TenantId::parse("acme").unwrap();
        let connection = ConnectionId::parse("sso").unwrap();
        let product = tenant_model::ProductProfile::built_in("standard").unwrap();
        let mut draft = product.saml_connection(tenant.clone(), connection.clone(), "", None).unwrap();
        draft.state = ConnectionState::Draft;
        let mut tx = base.store.begin(&tenant).await.unwrap();
        tenants::put_saml(&mut tx, &StoredSaml { connection: draft, idp: serde_json::Value::Null })
            .await
            .unwrap();
        tx.commit().await.unwrap();
        Self { base, folder, tenant, connection, now: clock::now() }
    }

    fn rights(&self) -> Rights {
        let granted = [Right::Trust(self.connection.clone())].into();
        Rights { tenant: self.tenant.clone(), granted }
    }

    async fn stored(&self) -> StoredSaml {
        let mut db = self.base.store.read().await.unwrap();
        tenants::saml(&mut db, &self.tenant, &self.connection).await.unwrap().unwrap()
    }

    fn read(&self, xml: &str, origin: Origin) -> Proposal {
        Proposal::read(xml.as_bytes(), None, origin, self.now).unwrap()
    }

    async fn apply(&self, proposal: &Proposal, reasons: &[TrustReason]) -> Result<Applied, ApplyError> {
        let agreed = Agreed { reasons: reasons.iter().copied().collect(), keep_links: false };
        let stored = self.stored().await;
        let mut tx = self.base.store.begin(&self.tenant).await.unwrap();
        let done =
            apply(&mut tx, stored, proposal, &agreed, &self.rights(), &Actor::Operator, self.now).await?;
        tx.commit().await.unwrap();
        Ok(done)
    }

    async fn source(&self) -> rows::Source {
        let mut db = self.base.store.read().await.unwrap();
        rows::source(&mut db, &self.tenant, &self.connection).await.unwrap().unwrap()
    }

    async fn settle(&self, fetched: Result<String, FetchError>) -> Refreshed {
        let fetched = fetched.map(String::into_bytes);
        settle(&self.base, &self.source().await, fetched, self.now).await.unwrap()
    }

    async fn staged(&self) -> Option<rows::Staged> {
        let mut db = self.base.store.read().await.unwrap();
        rows::staged(&mut db, &self.tenant, &self.connection).await.unwrap()
    }

    /// Notes a login with the first key, so that it has proved itself.
    async fn prove(&self) {
        let mut stored = self.stored().await;
        let key = stored.connection.trust[0].fingerprint.clone();
        stored.connection.note_verified(&key, self.now);
        let mut tx = self.base.store.begin(&self.tenant).await.unwrap();
        tenants::put_saml(&mut tx, &stored).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn metadata(idp: &TestIdp) -> String {
    idp.metadata(clock::now() + TimeDelta::days(9)).unwrap()
}

fn good() -> String {
    metadata(&TestIdp::well_known(IDP).unwrap())
}

fn other_key() -> String {
    metadata(&TestIdp::new(IDP, TestKey::foreign().unwrap()))
}

/// The metadata with the foreign key beside its own.
fn both_keys() -> String {
    let (one, two) = (good(), other_key());
    let key = |xml: &str| {
        let start = xml.find("<md:KeyDescriptor").unwrap();
        let end = xml.find("</md:KeyDescriptor>").unwrap() + "</md:KeyDescriptor>".len();
        xml[start..end].to_owned()
    };
    one.replacen(&key(&one), &format!("{}{}", key(&one), key(&two)), 1)
}

#[tokio::test]
async fn the_first_metadata_makes_a_draft_ready_to_be_tried() {
    let scene = Scene::new().await;
    let proposal = scene.read(&good(), Origin::Paste);
    let applied = scene.apply(&proposal, &[]).await.unwrap();
    assert!(!applied.links_wait);
    let stored = scene.stored().await;
    assert_eq!(stored.connection.state, ConnectionState::Testing);
    assert_eq!(stored.connection.idp_entity_id, proposal.idp.entity_id().as_str());
    assert!(matches!(stored.connection.trust[0].state, KeyState::Staged { .. }));
    assert_eq!(stored.provider(), Some(proposal.idp));
}

// TEN-10
#[tokio::test]
async fn what_moves_the_trust_is_taken_only_by_who_saw_why_and_unties_links() {
    let scene = Scene::new().await;
    scene.apply(&scene.read(&good(), Origin::Paste), &[]).await.unwrap();
    let before = scene.stored().await;
    for (xml, reason) in [
        (other_key(), TrustReason::KeysReplaced),
        (
            good().replace(&format!("entityID=\"{IDP}"), "entityID=\"https://other.example"),
            TrustReason::EntityId,
        ),
        (
            good().replace("Location=\"https://idp.example.com", "Location=\"https://evil.example"),
            TrustReason::SsoOrigin,
        ),
    ] {
        let proposal = scene.read(&xml, Origin::Paste);
        let judged = proposal.judge(&before, scene.now).unwrap();
        assert!(!judged.is_safe() && judged.reasons.contains(&reason), "{judged:?}");
        assert!(judged.sentences().iter().any(|(_, asks)| *asks));
        let refused = scene.apply(&proposal, &[]).await;
        assert_eq!(refused, Err(ApplyError::Trust(TrustError::Changed)));
        assert_eq!(scene.stored().await.connection, before.connection);
    }
    let proposal = scene.read(&other_key(), Origin::Paste);
    let applied = scene.apply(&proposal, &[TrustReason::KeysReplaced]).await.unwrap();
    assert!(applied.links_wait);
    assert_eq!(applied.connection.generation, before.connection.generation.raised());
}

// TEN-10
#[tokio::test]
async fn who_lacks_the_right_changes_nothing() {
    let scene = Scene::new().await;
    let proposal = scene.read(&good(), Origin::Paste);
    let rights = Rights { granted: [Right::Security, Right::Members].into(), ..scene.rights() };
    let agreed = Agreed { reasons: [].into(), keep_links: false };
    let stored = scene.stored().await;
    let mut tx = scene.base.store.begin(&scene.tenant).await.unwrap();
    let refused = apply(&mut tx, stored, &proposal, &agreed, &rights, &Actor::System, scene.now).await;
    assert_eq!(refused.unwrap_err().code(), "right.missing");
}

#[tokio::test]
async fn broken_expired_foreign_and_keyless_metadata_is_no_proposal() {
    let now = clock::now();
    let read = |xml: &str, entity: Option<&str>| {
        Proposal::read(xml.as_bytes(), entity, Origin::File, now).map_err(|e| (e.code(), e.hint().is_empty()))
    };
    let good = good();
    let idp = TestIdp::well_known(IDP).unwrap();
    assert!(read(&good, None).is_ok());
    assert_eq!(read("<html></html>", None), Err(("MD-01", false)));
    assert!(read(&good[..good.len() / 2], None).is_err());
    let expired = idp.metadata(now - TimeDelta::days(1)).unwrap();
    assert_eq!(read(&expired, None), Err(("MD-03", false)));
    assert_eq!(read(&good, Some("https://other.example")), Err(("MD-01", false)));
    let start = good.find("<md:KeyDescriptor").unwrap();
    let end = good.rfind("</md:KeyDescriptor>").unwrap() + "</md:KeyDescriptor>".len();
    let keyless = format!("{}{}", &good[..start], &good[end..]);
    assert_eq!(read(&keyless, None), Err(("MD-04", false)));
}

#[tokio::test]
async fn a_roll_over_in_the_followed_metadata_needs_nobody() {
    let scene = Scene::new().await;
    let url = Origin::Url("https://idp.example.com/metadata".to_owned());
    scene.apply(&scene.read(&good(), url), &[]).await.unwrap();
    scene.prove().await;
    assert_eq!(scene.settle(Ok(both_keys())).await, Refreshed::Taken);
    let stored = scene.stored().await;
    assert_eq!(stored.connection.verifying_keys().count(), 2);
    assert_eq!(stored.connection.generation.0, 0);
    assert_eq!(stored.provider().unwrap().signing_keys().len(), 2);
    assert!(scene.source().await.due_at > scene.now);
    // The old key leaves before the new one has proved itself: somebody must look.
    assert_eq!(scene.settle(Ok(other_key())).await, Refreshed::Held);
    assert_eq!(scene.stored().await.connection.verifying_keys().count(), 2);
    assert!(scene.staged().await.is_some());
}

// TEN-10
#[tokio::test]
async fn what_a_followed_address_may_not_change_waits_and_is_noted_once() {
    let scene = Scene::new().await;
    let url = Origin::Url("https://idp.example.com/metadata".to_owned());
    scene.apply(&scene.read(&good(), url), &[]).await.unwrap();
    for _ in 0..3 {
        assert_eq!(scene.settle(Ok(other_key())).await, Refreshed::Held);
    }
    let mut db = scene.base.store.read().await.unwrap();
    let events = crate::store::people::recent_audit(&mut db, &scene.tenant, 50).await.unwrap();
    let held = |event: &&tenant_model::AuditEvent| matches!(event.outcome, tenant_model::Outcome::Held(_));
    assert_eq!(events.iter().filter(held).count(), 1);
    // What an admin then agrees to is taken, and followed further.
    let staged = scene.staged().await.unwrap();
    scene.apply(&staged.proposal, &[TrustReason::KeysReplaced]).await.unwrap();
    assert!(scene.staged().await.is_none());
    assert_eq!(scene.settle(Ok(other_key())).await, Refreshed::Taken);
}

#[tokio::test]
async fn trouble_with_a_followed_address_changes_nothing_but_its_line() {
    let scene = Scene::new().await;
    let url = Origin::Url("https://idp.example.com/metadata".to_owned());
    scene.apply(&scene.read(&good(), url), &[]).await.unwrap();
    let before = scene.stored().await.connection;
    let foreign = good().replace(&format!("entityID=\"{IDP}"), "entityID=\"https://other.example");
    let troubles: [(Result<String, FetchError>, &str); 4] = [
        (Err(FetchError::NotPublic), "fetch.not_public"),
        (Ok("<html></html>".to_owned()), "MD-01"),
        (Ok(foreign), "MD-01"),
        (Ok(TestIdp::well_known(IDP).unwrap().metadata(scene.now - TimeDelta::days(1)).unwrap()), "MD-03"),
    ];
    for (failures, (fetched, code)) in (1_u32..).zip(troubles) {
        assert_eq!(scene.settle(fetched).await, Refreshed::Failed);
        let source = scene.source().await;
        assert_eq!((source.status.failures, source.status.code.as_deref()), (failures, Some(code)));
        assert!(source.due_at > scene.now);
        assert_eq!(scene.stored().await.connection, before);
    }
    assert_eq!(scene.settle(Ok(good())).await, Refreshed::Taken);
    assert_eq!(scene.source().await.status.failures, 0);
}

// One node at a time.
#[tokio::test]
async fn a_due_address_is_taken_by_one_node() {
    let scene = Scene::new().await;
    let url = Origin::Url("https://idp.example.com/metadata".to_owned());
    scene.apply(&scene.read(&good(), url), &[]).await.unwrap();
    let source = scene.source().await;
    let mut tx = scene.base.store.begin(&scene.tenant).await.unwrap();
    let until = source.due_at + TimeDelta::minutes(5);
    assert!(rows::take_source(&mut tx, &source, until).await.unwrap());
    assert!(!rows::take_source(&mut tx, &source, until).await.unwrap());
    assert!(rows::due_sources(&mut tx, source.due_at, 9).await.unwrap().is_empty());
    assert_eq!(rows::due_sources(&mut tx, until, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_certificate_is_added_by_hand_proves_itself_and_replaces_the_old_one() {
    let scene = Scene::new().await;
    let url = Origin::Url("https://idp.example.com/metadata".to_owned());
    scene.apply(&scene.read(&good(), url), &[]).await.unwrap();
    scene.prove().await;
    let pem = TestKey::foreign().unwrap().certificate_pem().unwrap();
    let add = async |pem: &str| {
        let stored = scene.stored().await;
        let mut tx = scene.base.store.begin(&scene.tenant).await.unwrap();
        let done = add_certificate(&mut tx, stored, pem, &scene.rights(), &Actor::Operator, scene.now).await;
        if done.is_ok() {
            tx.commit().await.unwrap();
        }
        done.map(|_| ()).map_err(|error| error.code().to_owned())
    };
    let remove = async |fingerprint: &str| {
        let stored = scene.stored().await;
        let mut tx = scene.base.store.begin(&scene.tenant).await.unwrap();
        let done =
            remove_key(&mut tx, stored, fingerprint, &scene.rights(), &Actor::Operator, scene.now).await;
        if done.is_ok() {
            tx.commit().await.unwrap();
        }
        done.map(|_| ()).map_err(|error| error.code().to_owned())
    };
    assert!(add("no certificate").await.is_err());
    assert_eq!(add(&pem).await, Ok(()));
    assert_eq!(add(&pem).await, Err("trust.key_known".to_owned()));
    let trust = scene.stored().await.connection.trust;
    let (old, new) = (trust[0].fingerprint.clone(), trust[1].fingerprint.clone());
    // The new one has verified nothing yet.
    assert_eq!(remove(&old).await, Err("trust.needs_approval".to_owned()));
    let mut stored = scene.stored().await;
    let evidence = stored.provider().unwrap().signing_keys()[1].fingerprint();
    let key = public_key_of(&stored.provider().unwrap(), &evidence).unwrap();
    assert_eq!(key, new);
    assert!(stored.connection.note_verified(&key, scene.now));
    let mut tx = scene.base.store.begin(&scene.tenant).await.unwrap();
    tenants::put_saml(&mut tx, &stored).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(remove(&old).await, Ok(()));
    assert_eq!(scene.stored().await.provider().unwrap().signing_keys().len(), 1);
    assert_eq!(remove(&new).await, Err("trust.last_key".to_owned()));
    // It does not come back with the metadata that still names it.
    assert_eq!(scene.settle(Ok(both_keys())).await, Refreshed::Taken);
    assert_eq!(scene.stored().await.connection.verifying_keys().collect::<Vec<_>>(), [new]);
}
