//! Loads the vectors of this crate.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

use scim_schema::SchemaSet;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A file of `testdata/scim/schema`.
pub(crate) fn load<T: DeserializeOwned>(name: &str) -> T {
    testkit::data::json(&format!("scim/schema/{name}"))
}

/// User, Group, and the Device of `device.json`: a resource type that exists as data alone.
pub(crate) fn standard_and_device() -> SchemaSet {
    let device: Value = load("device.json");
    let mut builder = SchemaSet::builder().user(&[]).unwrap().group().unwrap();
    for schema in device["schemas"].as_array().unwrap() {
        builder = builder.schema(schema).unwrap();
    }
    for resource_type in device["resourceTypes"].as_array().unwrap() {
        builder = builder.resource_type(resource_type).unwrap();
    }
    builder.build().unwrap()
}
