use chrono::TimeDelta;

use super::*;
use crate::fixtures::{at, connection_id, email, tenant};
use crate::{DomainPolicy, Standing};

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn days(count: i64) -> DateTime<Utc> {
    at(0).checked_add_signed(TimeDelta::days(count)).unwrap()
}

fn begun() -> (DomainClaim, TxtRecord) {
    claim(&tenant().id, &domain("example.com"), &[7; 20], at(0)).unwrap()
}

fn check(claim: &DomainClaim, answer: DnsAnswer<'_>, now: DateTime<Utc>) -> DomainState {
    check_dns(&tenant().id, &domain("example.com"), claim, answer, None, now)
}

fn is_verified(state: &DomainState) -> bool {
    matches!(state, DomainState::Verified { how: VerifiedBy::Dns, .. })
}

fn proved() -> (DomainClaim, TxtRecord) {
    let (mut claim, record) = begun();
    claim.state = check(&claim, DnsAnswer::Records(&[&record.value]), at(0));
    assert!(is_verified(&claim.state));
    (claim, record)
}

// TEN-08
#[test]
fn public_suffixes_and_consumer_domains_cannot_be_claimed() {
    for (name, code) in [
        ("co.uk", "domain.public_suffix"),
        ("github.io", "domain.public_suffix"),
        ("xn--55qx5d.cn", "domain.public_suffix"),
        ("gmail.com", "domain.consumer"),
        ("GMX.de", "domain.consumer"),
        ("zoho.com", "domain.consumer"),
    ] {
        let tried = claim(&tenant().id, &domain(name), &[7; 20], at(0));
        assert_eq!(tried.unwrap_err().code(), code, "{name}");
        assert_eq!(claim_by_operator(&domain(name), at(0)).unwrap_err().code(), code, "{name}");
    }
    for name in ["example.com", "example.co.uk", "mail.example.com", "xn--bcher-kva.example"] {
        assert!(claim(&tenant().id, &domain(name), &[7; 20], at(0)).is_ok(), "{name}");
        assert!(claim_by_operator(&domain(name), at(0)).is_ok(), "{name}");
    }
    // Each line of the list can be compared with a domain.
    for line in CONSUMER.lines().filter(|line| !line.starts_with('#')) {
        assert_eq!(domain(line).as_str(), line);
    }
}

// TEN-08
#[test]
fn the_challenge_is_bound_to_tenant_domain_and_random_bytes() {
    let (claim_one, record) = begun();
    let answer = [record.value.as_str()];
    let here = |tenant: &str, name: &str, claim: &DomainClaim| {
        let tenant = TenantId::parse(tenant).unwrap();
        is_verified(&check_dns(&tenant, &domain(name), claim, DnsAnswer::Records(&answer), None, at(1)))
    };
    assert!(here("org_1", "example.com", &claim_one));
    assert!(!here("org_2", "example.com", &claim_one));
    assert!(!here("org_1", "example.org", &claim_one));
    // Another tenant that copies the published record proves nothing with it.
    let other = TenantId::parse("org_2").unwrap();
    let (claim_two, _) = claim(&other, &domain("example.com"), &[8; 20], at(0)).unwrap();
    assert!(!here("org_2", "example.com", &claim_two));
    assert_eq!(record.name, "_domain-verification.example.com");
    assert!(!format!("{record:?}").contains(&record.value));
    assert!(!serde_json::to_string(&claim_one).unwrap().contains(&hex(&[7; 20])));
}

// TEN-08
#[test]
fn a_pending_claim_waits_for_its_record_and_ends_after_thirty_days() {
    let (claim, record) = begun();
    let good = [record.value.as_str()];
    let padded = format!(" {} ", record.value);
    assert_eq!(check(&claim, DnsAnswer::Records(&[]), days(29)), claim.state);
    assert_eq!(check(&claim, DnsAnswer::Records(&["v=spf1 -all"]), days(29)), claim.state);
    assert_eq!(check(&claim, DnsAnswer::Unreachable, days(29)), claim.state);
    assert!(is_verified(&check(&claim, DnsAnswer::Records(&["x", &padded]), days(29))));
    let late = check(&claim, DnsAnswer::Records(&good), days(30));
    assert!(matches!(late, DomainState::Failed { .. }));
    let failed = DomainClaim { state: late.clone(), ..claim };
    assert_eq!(check(&failed, DnsAnswer::Records(&good), days(31)), late);
}

// TEN-08
#[test]
fn a_domain_that_is_verified_elsewhere_is_not_verified_twice() {
    let (claim, record) = begun();
    let answer = [record.value.as_str()];
    let asked = |owner: &str| {
        let owner = TenantId::parse(owner).unwrap();
        let answer = DnsAnswer::Records(&answer);
        check_dns(&tenant().id, &domain("example.com"), &claim, answer, Some(&owner), at(1))
    };
    assert!(matches!(asked("org_2"), DomainState::Failed { .. }));
    assert!(is_verified(&asked("org_1")));
}

// TEN-08
#[test]
fn only_so_many_records_are_read() {
    let (claim, record) = begun();
    let mut texts = vec!["x"; MAX_TXT_RECORDS - 1];
    texts.push(&record.value);
    assert!(is_verified(&check(&claim, DnsAnswer::Records(&texts), at(1))));
    texts.insert(0, "x");
    assert!(!is_verified(&check(&claim, DnsAnswer::Records(&texts), at(1))));
}

// TEN-08
#[test]
fn a_lost_record_lapses_the_domain_and_the_record_brings_it_back() {
    let (mut claim, record) = proved();
    let DomainState::Verified { recheck_due, at: since, .. } = claim.state else { panic!() };
    assert_eq!((recheck_due, since), (days(1), at(0)));
    // Seen again: verified since the first time, due again a day later.
    let again = check(&claim, DnsAnswer::Records(&[&record.value]), days(1));
    assert_eq!(again, DomainState::Verified { how: VerifiedBy::Dns, at: at(0), recheck_due: days(2) });
    claim.state = check(&claim, DnsAnswer::Records(&["other"]), days(1));
    assert_eq!(claim.state, DomainState::Lapsed { since: days(1), grace_until: days(15) });
    // A second miss does not begin the grace anew.
    assert_eq!(check(&claim, DnsAnswer::Records(&[]), days(2)), claim.state);
    assert!(is_verified(&check(&claim, DnsAnswer::Records(&[&record.value]), days(30))));
}

// TEN-08
#[test]
fn a_resolver_that_is_down_lapses_a_domain_only_after_a_week() {
    let (claim, _) = proved();
    assert_eq!(check(&claim, DnsAnswer::Unreachable, days(7)), claim.state);
    assert!(matches!(check(&claim, DnsAnswer::Unreachable, days(8)), DomainState::Lapsed { .. }));
    let by_operator = claim_by_operator(&domain("example.com"), at(0)).unwrap();
    assert_eq!(check(&by_operator, DnsAnswer::Records(&[]), days(900)), by_operator.state);
}

// TEN-08
#[test]
fn sub_domains_count_only_where_the_claim_says_so() {
    let mut tenant = tenant();
    let standing = |tenant: &crate::Tenant, address: &str| {
        tenant.standing(&email(address), &connection_id("saml"), at(1))
    };
    assert_eq!(standing(&tenant, "a@mail.example.com"), Standing::Foreign);
    tenant.domains.get_mut("example.com").unwrap().subdomains = true;
    assert_eq!(standing(&tenant, "a@mail.example.com"), Standing::Own);
    assert_eq!(standing(&tenant, "a@deep.mail.example.com"), Standing::Own);
    assert_eq!(standing(&tenant, "a@badexample.com"), Standing::Foreign);
    assert_eq!(standing(&tenant, "a@com.example.org"), Standing::Foreign);
    // What is said of the sub-domain itself goes first.
    let own = DomainClaim::new(DomainState::Lapsed { since: at(0), grace_until: at(0) });
    tenant.domains.insert(domain("mail.example.com"), own);
    assert_eq!(standing(&tenant, "a@mail.example.com"), Standing::Foreign);
    tenant.domain_policy = DomainPolicy::VerifiedOnly;
    tenant.domains.get_mut("example.com").unwrap().limited_to = [connection_id("other")].into();
    assert_eq!(standing(&tenant, "a@deep.example.com"), Standing::Foreign);
}

// TEN-23
#[test]
fn a_changed_claim_is_written_down_once() {
    let (claim, record) = begun();
    let after = check(&claim, DnsAnswer::Records(&[&record.value]), at(1));
    let event = |before: Option<&DomainState>, after: &DomainState| {
        domain_event(&tenant().id, &domain("example.com"), before, after, &Actor::System, at(1))
    };
    let told = event(Some(&claim.state), &after).unwrap();
    assert_eq!(told.change[0].before.as_deref(), Some("pending"));
    assert_eq!(told.change[0].after.as_deref(), Some("verified"));
    assert_eq!(event(Some(&after), &after), None);
    assert!(event(None, &claim.state).is_some());
}
