//! Replays what fuzzers found in the SCIM crates, and where they start from.

#![cfg(feature = "scim")]

use testkit::laws::scim;
use testkit::replay::replay;

#[test]
fn filters_print_what_they_are() {
    assert!(replay("scim_filter", &scim::filter_seeds(), scim::filter) >= 7);
}

#[test]
fn paths_print_what_they_are() {
    assert!(replay("scim_patch_path", &scim::filter_seeds(), scim::patch_path) >= 7);
}

#[test]
fn a_patch_changes_what_it_says_that_it_changes() {
    assert!(replay("scim_patch", &scim::patch_seeds(), scim::patch) >= 8);
}

#[test]
fn checking_and_projecting_twice_is_doing_it_once() {
    assert!(replay("scim_resource", &scim::resource_seeds(), scim::resource) >= 2);
}
