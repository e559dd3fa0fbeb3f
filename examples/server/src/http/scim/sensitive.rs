//! Personal data in URLs: refused where the product says so (RFC 7644 7.5.2).

use scim_filter::Filter;
use scim_schema::message::Error;
use scim_schema::{AttrPath, ResourceType};
use tenant_model::AttrName;

use super::fault::Fault;

/// Refuses a filter that names one of these attributes.
pub(super) fn check(filter: &Filter, kind: &ResourceType, sensitive: &[AttrName]) -> Result<(), Fault> {
    if sensitive.is_empty() {
        return Ok(());
    }
    let sensitive: Vec<AttrPath> =
        sensitive.iter().filter_map(|path| kind.resolve_attribute(path.as_str()).ok()).collect();
    let is_sensitive = |named: &AttrPath| {
        sensitive.iter().any(|one| {
            // `emails` is in every question about its parts, and a question about `emails` about each of them.
            one.without_sub() == named.without_sub()
                && (one.sub().is_none() || named.sub().is_none() || one.sub() == named.sub())
        })
    };
    let mut open = vec![filter];
    while let Some(filter) = open.pop() {
        let named = match filter {
            Filter::And(terms) | Filter::Or(terms) => {
                open.extend(terms.iter());
                continue;
            }
            Filter::Not(term) => {
                open.push(term);
                continue;
            }
            Filter::Compare(compare) => compare.path.to_string(),
            Filter::Present(path) => path.to_string(),
            Filter::ValuePath(path) => path.path().to_string(),
        };
        let named = kind.resolve_attribute(&named);
        if named.is_ok_and(|named| is_sensitive(&named)) {
            return Err(Fault::message("scim.sensitive", &Error::sensitive()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_schema::SchemaSet;

    // M21
    #[test]
    fn a_filter_that_names_personal_data_in_any_spelling_is_found() {
        let set = SchemaSet::standard();
        let user = set.resource_type("User").unwrap();
        let refused = |filter: &str, sensitive: &str| {
            let filter = Filter::parse(filter, &scim_filter::Limits::default()).unwrap();
            check(&filter, user, &[AttrName::parse(sensitive).unwrap()]).is_err()
        };
        for (filter, sensitive, expected) in [
            ("USERNAME eq \"x\"", "userName", true),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName pr", "userName", true),
            ("active eq true and not (title pr or emails[type eq \"work\"])", "emails.value", true),
            ("emails.value eq \"x\"", "emails", true),
            ("emails.type eq \"work\"", "emails.value", false),
            ("active eq true", "userName", false),
            ("userName eq \"x\"", "no.such", false),
        ] {
            assert_eq!(refused(filter, sensitive), expected, "{filter} {sensitive}");
        }
    }
}
