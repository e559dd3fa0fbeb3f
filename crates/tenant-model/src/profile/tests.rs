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

/// What is wrong only beside another field is told with the place of a field as well.
#[test]
fn fields_that_do_not_go_together_are_told_with_line_and_field() {
    let built_in = |id: &str| ProductProfile::BUILT_IN.into_iter().find(|(name, _)| *name == id).unwrap().1;
    for (id, from, to, field, reason) in [
        (
            "toktra",
            "\"tenant_from\": {\"query\": \"org_id\"}",
            "\"tenant_from\": \"token\"",
            "saml.tenant_from",
            "carries no token",
        ),
        ("toktra", "{\"query\": \"org_id\"}", "\"path\"", "saml.entity_id", "alike for all"),
        (
            "toktra",
            "{\"query\": \"org_id\"}",
            "{\"query\": \"RelayState\"}",
            "saml.tenant_from",
            "another parameter",
        ),
        ("toktra", "{\"query\": \"org_id\"}", "{\"query\": \"a b\"}", "saml.tenant_from", "letters, digits"),
        ("toktra", "/v1/sso/acs", "/v1/sso/{tenant}/acs", "saml.paths.acs", "not `path`"),
        ("toktra", "/v1/sso/acs", "/v1/sso/metadata", "saml.paths.acs", "could also mean `metadata`"),
        ("toktra", "/v1/sso/acs", "/v1/scim/v2/acs", "saml.paths.acs", "could also mean SCIM"),
        ("torii", "/t/{tenant}/saml/acs", "/saml/acs", "saml.paths.acs", "has no {tenant}"),
        (
            "torii",
            "/t/{tenant}/saml/acs",
            "/t/{tenant}/saml/{connection}/acs",
            "saml.paths.metadata",
            "or none",
        ),
        (
            "torii",
            "\"base\": \"/scim/v2\"",
            "\"tenant_from\": {\"query\": \"o\"}, \"base\": \"/scim/v2\"",
            "scim.tenant_from",
            "no query",
        ),
        (
            "torii",
            "\"base\": \"/scim/v2\"",
            "\"tenant_from\": \"path\", \"base\": \"/scim/v2\"",
            "scim.base",
            "has no {tenant}",
        ),
        (
            "toktra",
            "\"also_at\": [\"/scim/v2\"]",
            "\"also_at\": [\"/x\", \"/v1/scim\"]",
            "scim.also_at[1]",
            "another base",
        ),
        (
            "torii",
            "\"User\": [\"create\", \"read\", \"replace\", \"patch\"]",
            "\"User\": []",
            "scim.resources.User",
            "an operation",
        ),
        ("torii", "\"max_active\": 5", "\"max_active\": 6", "tokens.max_active", "1 to 5"),
        (
            "torii",
            "\"max_active\": 5",
            "\"default_days\": 30, \"max_days\": 29",
            "tokens.default_days",
            "`max_days`",
        ),
    ] {
        let text = built_in(id);
        assert!(text.contains(from), "{from}");
        let found = error(&text.replacen(from, to, 1));
        assert_eq!(found.field, field, "{found}");
        assert!(found.reason.contains(reason), "{found}");
        assert!(found.line > 1 && found.column > 1, "{found}");
    }
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

fn required(profile: &ProductProfile) -> Vec<&str> {
    let fields = &profile.saml.as_ref().unwrap().fields;
    fields.iter().filter(|(_, rule)| rule.required).map(|(field, _)| field.as_str()).collect()
}

/// The addresses of a product's connections: each names its tenant, and a second connection names itself.
#[test]
fn every_connection_has_addresses_of_its_own() {
    let url = "https://api.example.com";
    let tenant = TenantId::parse("acme").unwrap();
    let of = |product: &str, connection: &str| {
        let saml = ProductProfile::built_in(product).unwrap().saml.unwrap();
        saml.addresses(url, &tenant, &ConnectionId::parse(connection).unwrap())
    };
    assert_eq!(of("toktra", "sso").acs, "https://api.example.com/v1/sso/acs?org_id=acme");
    assert_eq!(of("standard", "b").acs, "https://api.example.com/v1/sso/acs?org_id=acme&connection=b");
    assert_eq!(of("standard", "b").entity_id, of("standard", "sso").entity_id, "one for all");
    assert_eq!(of("toktra", "sso").config.unwrap(), "https://api.example.com/v1/sso/config?org_id=acme");
    assert_eq!(of("torii", "sso").login, "https://api.example.com/t/acme/saml/login");
    assert_eq!(of("torii", "sso").entity_id, "https://api.example.com/t/acme/saml/metadata");
    assert_eq!(of("tonkean", "okta").logout, "https://api.example.com/t/acme/saml/okta/logout");
    assert_ne!(of("tonkean", "okta").entity_id, of("tonkean", "entra").entity_id);
    let scim = |product: &str| {
        let connection = ConnectionId::parse("scim").unwrap();
        ProductProfile::built_in(product).unwrap().scim.base_url(url, &tenant, &connection)
    };
    assert_eq!(scim("toktra"), "https://api.example.com/v1/scim/v2");
    assert_eq!(scim("tonkean"), "https://api.example.com/scim/v2");
}

// The product's own lines, one assertion each.
#[test]
fn toplyne_is_as_its_guide_says() {
    let toplyne = ProductProfile::built_in("toplyne").unwrap();
    let saml = toplyne.saml.as_ref().unwrap();
    assert_eq!(toplyne.providers, [Provider::Okta].into());
    assert_eq!(saml.metadata_by, [MetadataBy::Url].into());
    assert_eq!(required(&toplyne), ["email", "uid"]);
    for (field, rule) in &saml.fields {
        assert_eq!(rule.case, crate::NameCase::Exact, "names are case-sensitive");
        assert_eq!(rule.from.len(), 1, "{field}");
    }
    assert_eq!(saml.jit, Jit::Never, "users must exist to sign in");
    assert_eq!(saml.domains, crate::DomainPolicy::VerifiedOnly);
    assert_eq!(saml.pairing.first(), Some(&DirectoryField::PrimaryEmail));
    let capabilities = toplyne.scim.capabilities();
    assert!(!capabilities.resources.contains_key("Group"), "no groups at all");
    assert!(!capabilities.allows("User", Operation::Delete));
    assert_eq!(capabilities.unique[0].as_str(), "emails.value");
    assert_eq!(capabilities.password, crate::Password::AcceptedNeverReturned);
    assert_eq!(toplyne.scim.header, SchemeWord::Any);
    assert!(toplyne.tokens.names && toplyne.tokens.danger_allow_never);
    assert_eq!(toplyne.tokens.owner_leaves, crate::OwnerLeaves::DiesAfterDays(14));
}

#[test]
fn tonkean_is_as_its_guide_says() {
    let tonkean = ProductProfile::built_in("tonkean").unwrap();
    assert!(tonkean.several_providers);
    assert_eq!(tonkean.scim.header, SchemeWord::Token);
    assert!(tonkean.scim.base.as_str().ends_with("/scim/v2"));
    let capabilities = tonkean.scim.capabilities();
    for resource in ["User", "Group"] {
        assert_eq!(capabilities.resources[resource].len(), 5);
    }
    let extension = &capabilities.extensions[0];
    assert_eq!(
        (extension["id"].as_str(), extension["on"].as_str()),
        (Some("urn:scim:tonkean"), Some("User"))
    );
    let attribute = &extension["attributes"][0];
    assert_eq!(
        (attribute["name"].as_str(), attribute["multiValued"].as_bool()),
        (Some("tonkeanRoles"), Some(true))
    );
    let shown: Vec<_> =
        tonkean.roles.catalogue().iter().map(|r| (r.name.as_str(), r.display.as_deref())).collect();
    let canonical: Vec<_> =
        attribute["canonicalValues"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    assert_eq!(
        shown,
        [("PROCESS_CONTRIBUTOR", Some("Process Contributor")), ("SYSTEM_USER", Some("System User"))]
    );
    assert_eq!(canonical, shown.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    // The attribute becomes the roles, all of them.
    let roles = |values: &[&str]| provisioned_roles(&tonkean, "urn:scim:tonkean:tonkeanRoles", values);
    assert_eq!(
        roles(&["SYSTEM_USER", "PROCESS_CONTRIBUTOR"]).unwrap(),
        ["PROCESS_CONTRIBUTOR", "SYSTEM_USER"]
    );
    assert_eq!(roles(&["system_user"]).unwrap_err(), "mapping.role_unknown");
    assert!(roles(&[]).unwrap().is_empty());
}

#[test]
fn torii_is_as_its_guide_says() {
    let torii = ProductProfile::built_in("torii").unwrap();
    assert!(torii.scim.toggle);
    let connection =
        torii.scim_connection(TenantId::parse("org_1").unwrap(), ConnectionId::parse("scim").unwrap());
    assert_eq!(connection.state, ConnectionState::Draft, "an admin switches it on");
    let capabilities = &connection.capabilities;
    assert_eq!((capabilities.page.default_size(), capabilities.page.max_size()), (100, 200));
    assert!(capabilities.sort && !capabilities.allows("User", Operation::Delete));
    let names = ["emails", "userName"].map(|name| crate::AttrName::parse(name).unwrap()).to_vec();
    assert_eq!(capabilities.filters, crate::Filters::Documented(names));
    let name = &capabilities.overrides[0];
    assert_eq!((name.attr.as_str(), name.mutability), ("userName", Some(crate::Mutability::Immutable)));
    assert_eq!(name.format, Some(crate::ValueFormat::EmailAtVerifiedDomain));
    assert_eq!(connection.outsiders, crate::Outsiders::Refuse);
    let tokens = &torii.tokens;
    assert!(tokens.kind && tokens.description && tokens.expiry_required && !tokens.danger_allow_never);
    assert_eq!((tokens.rotation, tokens.cap()), (Rotation::SideBySide, 5));
    assert!(tokens.reminders_days.contains(&30), "a month before");
    let roles = |values: &[&str]| provisioned_roles(&torii, "userType", values);
    assert_eq!(roles(&[]).unwrap(), ["Employee"]);
    assert_eq!(roles(&["Admin"]).unwrap(), ["Admin"]);
    assert_eq!(roles(&["Boss"]).unwrap_err(), "mapping.role_unknown");
    let employee = &torii.roles.catalogue()[0];
    assert!(employee.hidden, "stays out of the list of members");
    let boss =
        crate::Role { name: crate::RoleName::parse("Boss").unwrap(), hidden: false, ..employee.clone() };
    let mut own = torii.clone();
    own.roles = torii.roles.with_custom_role(boss).unwrap();
    assert_eq!(provisioned_roles(&own, "userType", &["Boss"]).unwrap(), ["Boss"]);
}

/// The roles of a user that a directory of the product sends.
fn provisioned_roles(
    profile: &ProductProfile,
    attribute: &str,
    values: &[&str],
) -> Result<Vec<String>, &'static str> {
    use crate::fixtures::{at, directory, tenant, user};
    let mut connection = profile.scim_connection(tenant().id, ConnectionId::parse("scim").unwrap());
    connection.state = ConnectionState::Active;
    let mut user = user("alice@example.com", crate::DirectoryState::Active);
    user.attributes = crate::AttributeBag::new(None, [(attribute, values.iter().copied())]);
    let rows = crate::ProvisionRows::none(crate::PersonId::parse("p").unwrap());
    let made = crate::decide_provision(&tenant(), &connection, &[], &user, &rows, &directory(), at(0));
    let roles =
        |made: crate::Provision| made.transition.person.roles().iter().map(ToString::to_string).collect();
    made.map(roles).map_err(|refusal| refusal.code())
}

/// The example of the page on profiles: whoever follows it gets a product that works.
#[test]
fn the_profile_that_the_page_on_profiles_shows_is_read() {
    let page = include_str!("../profiles/README.md");
    let json = page.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let fifth = ProductProfile::parse(json).unwrap();
    assert!(ProductProfile::BUILT_IN.iter().all(|(id, _)| *id != fifth.id.as_str()));
    assert_eq!(provisioned_roles(&fifth, "userType", &["manager"]).unwrap(), ["manager"]);
}

fn sixth() -> &'static str {
    let page = include_str!("../profiles/README.md");
    page.split("```json").nth(2).unwrap().split("```").next().unwrap().trim_start()
}

#[test]
fn a_file_adds_a_resource_type() {
    let sixth = ProductProfile::parse(sixth()).unwrap();
    let capabilities = sixth.scim.capabilities();
    assert!(capabilities.allows("Device", Operation::Patch));
    assert_eq!(capabilities.resource_types[0].endpoint.as_str(), "/Devices");
    assert_eq!(capabilities.resource_types[0].schema, "urn:example:scim:Device");
    let again = ProductProfile::parse(&serde_json::to_string(&sixth).unwrap()).unwrap();
    assert_eq!(again, sixth);
}

#[test]
fn what_does_not_fit_of_a_resource_type_is_told_with_line_and_field() {
    let line = |of: &str| sixth().lines().position(|line| line.contains(of)).unwrap() + 1;
    let types = line("\"resource_types\"");
    let inside = line("\"schemas\"");
    for (from, to, at, field, reason) in [
        ("\"/Devices\"", "\"/Users\"", types, "scim.resource_types[0].endpoint", "SCIM itself does not use"),
        ("\"/Devices\"", "\"Devices\"", types, "scim.resource_types[0].endpoint", "a slash and one segment"),
        (
            "\"schema\": \"urn:example:scim:Device\"",
            "\"schema\": \"urn:example:scim:Thing\"",
            types,
            "scim.resource_types[0].schema",
            "no schema has the URI `urn:example:scim:Thing`",
        ),
        ("{\"name\": \"Device\"", "{\"name\": \"user\"", types, "scim.resource_types[0].name", "already"),
        (
            "{\"name\": \"Device\"",
            "{\"nam\": \"Device\"",
            types,
            "scim.resource_types[0].nam",
            "unknown field",
        ),
        ("\"id\": \"urn", "\"ID\": \"urn", inside, "scim.schemas[0]", "`id`"),
        ("\"attributes\"", "\"Attributes\"", inside, "scim.schemas[0]", "has no list `attributes`"),
        ("\"Device\": [", "\"Printer\": [", types, "scim.resource_types[0].name", "does not say"),
        ("\"User\": [", "\"Printer\": [", line("\"User\": ["), "scim.resources.Printer", "no resource type"),
        (
            "\"base\"",
            "\"extensions\": [{\"id\": \"urn:x\", \"on\": \"Nobody\", \"attributes\": []}], \"base\"",
            line("\"base\""),
            "scim.extensions[0].on",
            "no resource type `Nobody`",
        ),
    ] {
        assert!(sixth().contains(from), "{from}");
        let wrong = error(&sixth().replacen(from, to, 1));
        assert_eq!((wrong.line, wrong.field.as_str()), (at, field), "{to}: {wrong}");
        assert!(wrong.reason.contains(reason), "{to}: {wrong}");
    }
    let twice = sixth().replace(
        "Device\"}]",
        "Device\"}, {\"name\": \"B\", \"endpoint\": \"/devices\", \"schema\": \"urn:example:scim:Device\"}]",
    );
    assert_eq!(error(&twice).field, "scim.resource_types[1].endpoint");
}

/// Every key that a profile may have is on the page.
#[test]
fn the_page_on_profiles_names_every_key() {
    let page = include_str!("../profiles/README.md");
    let full = serde_json::to_value(ProductProfile::built_in("standard").unwrap()).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut all = keys(&full);
    for part in ["saml", "scim", "tokens", "roles"] {
        all.extend(keys(&full[part]));
    }
    assert!(all.len() > 50);
    let missing: Vec<_> = all.iter().filter(|key| !page.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
