//! What known identity providers send, and what each built-in product makes of it.
#![expect(clippy::unwrap_used, reason = "test helpers")]

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use tenant_model::{
    AssertedIdentity, AssertedName, AttributeBag, ConnectionId, Domain, DomainClaim, DomainState, FoundBy,
    Jit, LoginRows, PersonId, ProductProfile, TenantId, VerifiedBy, decide_login, login_query,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    #[expect(dead_code, reason = "for the reader of the file")]
    note: String,
    name_id: Name,
    attributes: BTreeMap<String, Vec<String>>,
    expect: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    value: String,
    format: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Expected {
    Account { subject: String, fields: BTreeMap<String, String> },
    Refusal { error: String },
}

const IDP: &str = "https://idp.example.com";

#[test]
fn each_provider_is_read_as_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/tenant/mapping");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let vector: Vector = serde_json::from_slice(&std::fs::read(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (id, _) in ProductProfile::BUILT_IN {
            let expected = vector.expect.get(id).unwrap_or_else(|| panic!("{}: no {id}", path.display()));
            assert_eq!(&outcome(id, &vector), expected, "{} in {id}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 24, "only {seen} were found");
}

fn outcome(profile: &str, vector: &Vector) -> Expected {
    let now = DateTime::<Utc>::UNIX_EPOCH;
    let profile = ProductProfile::built_in(profile).unwrap();
    let mut tenant = profile.tenant(TenantId::parse("org_1").unwrap(), "One");
    let state = DomainState::Verified { how: VerifiedBy::Operator, at: now, recheck_due: now };
    let claim = DomainClaim::new(state);
    tenant.domains.insert(Domain::parse("example.com").unwrap(), claim);
    let id = ConnectionId::parse("sso").unwrap();
    let mut connection = profile.saml_connection(tenant.id.clone(), id, IDP, None).unwrap();
    connection.policy.jit = Jit::CreateWhenNoDirectory;
    let who = AssertedIdentity {
        entity_id: IDP.to_owned(),
        name_id: Some(AssertedName {
            value: vector.name_id.value.clone(),
            format: Some(vector.name_id.format.clone()),
            ..AssertedName::default()
        }),
        attributes: AttributeBag::new(None, vector.attributes.clone()),
        session_not_on_or_after: None,
    };
    let rows = LoginRows::none(PersonId::parse("p").unwrap());
    let decided = login_query(&tenant, &connection, &who, now)
        .and_then(|query| Ok((query, decide_login(&tenant, &connection, &who, &rows, now)?)));
    match decided {
        Ok((query, decision)) => {
            assert_eq!(decision.found, FoundBy::New);
            assert_eq!(decision.person.email, decision.mapped.email);
            let fields = decision.mapped.fields.into_iter().map(|(field, value)| (field.to_string(), value));
            Expected::Account { subject: query.subject.value, fields: fields.collect() }
        }
        Err(refusal) => Expected::Refusal { error: refusal.code().to_owned() },
    }
}
