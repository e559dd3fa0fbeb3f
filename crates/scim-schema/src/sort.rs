use std::cmp::Ordering;

use serde_json::Value;

use crate::compare::Comparable;
use crate::path::AttrPath;
use crate::resource::Resource;

/// Direction of a sorted list (RFC 7644 3.4.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// Smallest first, resources without a value last.
    #[default]
    Ascending,
    /// Largest first, resources without a value before all.
    Descending,
}

/// The value by which a resource is sorted: of several the primary one, else the first; of a complex one its `value`.
/// `None` if there is none.
pub fn sort_key<'a>(resource: &'a Resource, path: &AttrPath) -> Option<Comparable<'a>> {
    let path = path.or_value();
    let elements = resource.elements(&path);
    let is_primary = |element: &&Value| element.get("primary") == Some(&Value::Bool(true));
    let element = elements.iter().find(is_primary).or_else(|| elements.first())?;
    let value = match path.sub() {
        None => element,
        Some(sub) => match element.get(sub.name.as_str())? {
            Value::Array(items) => items.first()?,
            value => value,
        },
    };
    Comparable::of(path.target(), value)
}

/// Compares two [`sort_key`]s in the order wanted; what a database does with a column of keys and `NULLS LAST`
/// (ascending) or `NULLS FIRST` (descending).
pub fn compare_sort_keys(
    a: Option<&Comparable<'_>>,
    b: Option<&Comparable<'_>>,
    order: SortOrder,
) -> Ordering {
    let ascending = match (a, b) {
        (Some(a), Some(b)) => a.cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    match order {
        SortOrder::Ascending => ascending,
        SortOrder::Descending => ascending.reverse(),
    }
}

/// Sorts resources by a path. Equal ones keep their order, so that pages of a stable list are stable.
///
/// # Examples
/// ```
/// use scim_schema::{Resource, SchemaSet, SortOrder, sort_resources};
/// use serde_json::json;
///
/// let set = SchemaSet::standard();
/// let user = set.resource_type("User").unwrap();
/// let named = |name: &str| Resource::from_map(json!({ "userName": name }).as_object().unwrap().clone(), user);
/// let mut users = vec![named("b"), named("C"), named("A")];
/// sort_resources(&mut users, &user.resolve_attribute("userName")?, SortOrder::Ascending);
/// assert_eq!(users, [named("A"), named("b"), named("C")]);
/// # Ok::<(), scim_schema::PathError>(())
/// ```
pub fn sort_resources(resources: &mut Vec<Resource>, path: &AttrPath, order: SortOrder) {
    // Keys once per resource, not once per comparison.
    let keys: Vec<_> = resources.iter().map(|resource| sort_key(resource, path)).collect();
    let mut places: Vec<usize> = (0..keys.len()).collect();
    places.sort_by(|a, b| {
        let key = |place: &usize| keys.get(*place).and_then(Option::as_ref);
        compare_sort_keys(key(a), key(b), order)
    });
    drop(keys);
    let mut taken: Vec<Option<Resource>> = std::mem::take(resources).into_iter().map(Some).collect();
    resources.extend(places.into_iter().filter_map(|place| taken.get_mut(place).and_then(Option::take)));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema_set::SchemaSet;

    fn sorted(path: &str, order: SortOrder, fields: Vec<Value>) -> Vec<String> {
        let set = SchemaSet::standard();
        let user = set.resource_type("User").unwrap();
        let mut resources: Vec<_> = fields
            .into_iter()
            .map(|fields| Resource::from_map(fields.as_object().unwrap().clone(), user))
            .collect();
        sort_resources(&mut resources, &user.resolve_attribute(path).unwrap(), order);
        resources.iter().map(|resource| resource.id().unwrap().to_owned()).collect()
    }

    #[test]
    fn strings_sort_by_case_exact_of_their_attribute() {
        // M06, F14
        let fields = || {
            vec![
                json!({ "id": "1", "userName": "b", "externalId": "b" }),
                json!({ "id": "2", "userName": "C", "externalId": "C" }),
                json!({ "id": "3", "userName": "a", "externalId": "a" }),
            ]
        };
        assert_eq!(sorted("userName", SortOrder::Ascending, fields()), ["3", "1", "2"]);
        assert_eq!(sorted("userName", SortOrder::Descending, fields()), ["2", "1", "3"]);
        assert_eq!(sorted("externalId", SortOrder::Ascending, fields()), ["2", "3", "1"]);
    }

    #[test]
    fn missing_values_come_last_ascending_and_first_descending() {
        // M06
        let fields = || {
            vec![
                json!({ "id": "1" }),
                json!({ "id": "2", "title": "a" }),
                json!({ "id": "3", "title": null }),
            ]
        };
        assert_eq!(sorted("title", SortOrder::Ascending, fields()), ["2", "1", "3"]);
        assert_eq!(sorted("title", SortOrder::Descending, fields()), ["1", "3", "2"]);
    }

    #[test]
    fn of_several_values_the_primary_or_the_first_counts() {
        // M06
        let fields = || {
            vec![
                json!({ "id": "1", "emails": [{ "value": "a" }, { "value": "z", "primary": true }] }),
                json!({ "id": "2", "emails": [{ "value": "m" }, { "value": "a", "primary": false }] }),
            ]
        };
        assert_eq!(sorted("emails", SortOrder::Ascending, fields()), ["2", "1"]);
        assert_eq!(sorted("emails.value", SortOrder::Descending, fields()), ["1", "2"]);
    }

    #[test]
    fn date_times_sort_as_instants() {
        // F24
        let fields = vec![
            json!({ "id": "1", "meta": { "created": "2020-01-01T01:00:00Z" } }),
            json!({ "id": "2", "meta": { "created": "2020-01-01T01:30:00+01:00" } }),
        ];
        assert_eq!(sorted("meta.created", SortOrder::Ascending, fields), ["2", "1"]);
    }
}
