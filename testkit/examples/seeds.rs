//! Writes what fuzzing starts from: `seeds DIRECTORY` makes a directory per target with the seeds that the tests replay.

use std::{env, fs, path::PathBuf};

use testkit::laws::{saml, scim};

fn main() {
    let directory = PathBuf::from(env::args_os().nth(1).expect("usage: seeds DIRECTORY"));
    let targets = [
        ("inbound", saml::inbound_seeds()),
        ("logout", saml::logout_seeds()),
        ("metadata", saml::metadata_seeds()),
        ("pinned_metadata", saml::pinned_metadata_seeds()),
        ("saml_response", saml::response_seeds()),
        ("scim_filter", scim::filter_seeds()),
        ("scim_patch", scim::patch_seeds()),
        ("scim_patch_path", scim::filter_seeds()),
        ("scim_resource", scim::resource_seeds()),
        ("xml_reader", saml::document_seeds()),
    ];
    for (target, seeds) in targets {
        let directory = directory.join(target);
        fs::create_dir_all(&directory).expect("the directory can be made");
        for (number, seed) in seeds.iter().filter(|seed| seed.len() <= LARGEST).enumerate() {
            fs::write(directory.join(format!("seed-{number:03}")), seed).expect("the seed can be written");
        }
    }
}

/// A fuzzer mutates small inputs thousands of times faster than large ones.
const LARGEST: usize = 16 * 1024;
