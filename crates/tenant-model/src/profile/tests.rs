use super::*;
use crate::{DirectoryField, Jit, LocalPath, Operation, Rotation, SchemeWord};

fn error(json: &str) -> ProfileError {
    ProductProfile::parse(json).unwrap_err()
}

#[test]
fn built_in_profiles_are_read_under_their_own_name_and_survive_a_round_trip() {
    for (id, json) in ProductProfile::BUILT_IN {
        let profile = ProductProfile::parse(json).unwrap();
        assert_eq!(profile.id.as_str(), id);
        let again = ProductProfile::parse(&serde_json::to_string(&profile).unwrap()).unwrap();
        assert_eq!(again, profile);
        assert_eq!(ProductProfile::built_in(id), Some(profile));
    }
    assert_eq!(ProductProfile::built_in("nobody"), None);
}

// The product's own lines, one assertion each.
#[test]
fn toktra_is_as_its_guide_says() {
    let toktra = ProductProfile::built_in("toktra").unwrap();
    let saml = toktra.saml.as_ref().unwrap();
    assert_eq!(saml.tenant_from, TenantFrom::Query("org_id".to_owned()));
    assert_eq!(saml.entity_id, EntityIdScheme::OneForAll);
    for (path, end) in [
        (&saml.paths.metadata, "metadata"),
        (&saml.paths.acs, "acs"),
        (&saml.paths.login, "login"),
        (&saml.paths.logout, "logout"),
        (saml.paths.config.as_ref().unwrap(), "config"),
    ] {
        assert_eq!(path.as_str(), format!("/v1/sso/{end}"));
    }
    assert_eq!(saml.login_answer, LoginAnswer::JsonRedirectUrl);
    assert_eq!(saml.idp_initiated, IdpInitiated::Accept(LocalPath::default()));
    assert_eq!(saml.name_id, NameIdFormat::EmailAddress);
    assert_eq!(saml.jit, Jit::CreateWhenNoDirectory);
    assert_eq!(saml.pairing.first(), Some(&DirectoryField::UserName));
    let required: Vec<_> =
        saml.fields.iter().filter(|(_, rule)| rule.required).map(|(f, _)| f.as_str()).collect();
    assert_eq!(required, ["email"]);
    for (field, name) in [
        ("email", "email"),
        ("given_name", "firstName"),
        ("family_name", "lastName"),
        ("department", "department"),
    ] {
        let rule = &saml.fields[&crate::AccountField::try_from(field.to_owned()).unwrap()];
        assert_eq!(rule.from[0].to_string(), name);
    }
    assert_eq!(toktra.scim.base.as_str(), "/v1/scim/v2");
    assert_eq!(toktra.scim.header, SchemeWord::Bearer);
    let capabilities = toktra.scim.capabilities();
    for operation in
        [Operation::Create, Operation::Delete, Operation::Patch, Operation::Read, Operation::Replace]
    {
        assert!(capabilities.allows("User", operation));
        let group = matches!(operation, Operation::Create | Operation::Read);
        assert_eq!(capabilities.allows("Group", operation), group, "{operation:?}");
    }
    assert_eq!(toktra.scim.departments, crate::DepartmentRule::Groups);
    assert_eq!((toktra.tokens.rotation, toktra.tokens.cap()), (Rotation::AtOnce, 1));
    assert!(toktra.hooks.contains(&Hook::OktaUserDeactivate));
}

#[test]
fn a_mistake_is_told_with_line_and_field() {
    let json = |from: &str, to: &str| {
        let (_, text) = ProductProfile::BUILT_IN[1];
        assert!(text.contains(from));
        text.replacen(from, to, 1)
    };
    let unknown = error(&json("\"login_answer\"", "\"login_anwser\""));
    assert_eq!((unknown.line, unknown.field.as_str()), (14, "saml.login_anwser"));
    assert!(unknown.reason.contains("unknown field `login_anwser`"), "{unknown}");

    let value = error(&json("create_when_no_directory", "create_always"));
    assert_eq!((value.line, value.field.as_str()), (18, "saml.jit"));

    let kind = error(&json("\"max_active\": 1", "\"max_active\": \"one\""));
    assert_eq!(kind.field, "tokens.max_active");

    let page = error(&json("\"sort\": true", "\"page\": {\"default\": 10, \"max\": 5}"));
    assert_eq!(page.field, "scim.page");
    assert!(page.reason.contains("1 <= default <= max"), "{page}");

    let missing = error("{\"id\": \"x\"}");
    assert!(missing.reason.contains("display_name"), "{missing}");
    assert_eq!(error("{} x").line, 1);
    let (_, good) = ProductProfile::BUILT_IN[0];
    assert!(ProductProfile::parse(&format!("{good} x")).is_err());
}

#[test]
fn a_default_role_outside_the_catalogue_is_refused() {
    let (_, text) = ProductProfile::BUILT_IN[0];
    let wrong = error(&text.replacen("\"default\": \"member\"", "\"default\": \"owner\"", 1));
    assert_eq!(wrong.field, "roles");
    assert_eq!(wrong.reason, "role `owner` is not in `catalogue`");
}

#[test]
fn a_product_makes_its_tenants_and_connections() {
    let standard = ProductProfile::built_in("standard").unwrap();
    let tenant = standard.tenant(TenantId::parse("org_1").unwrap(), "One");
    let scim = standard.scim_connection(tenant.id.clone(), ConnectionId::parse("scim").unwrap());
    let saml = standard.saml_connection(
        tenant.id.clone(),
        ConnectionId::parse("saml").unwrap(),
        "https://idp.example",
        Some(scim.id.clone()),
    );
    assert_eq!(saml.unwrap().pairing.unwrap().scim, scim.id);
    assert_eq!(tenant.profile, standard.id);
    assert!(scim.capabilities.allows("Group", Operation::Patch));
}
