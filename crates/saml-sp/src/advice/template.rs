//! Sentences with places for values.

use std::borrow::Cow;

/// Puts values into the places of a template, `{name}`; a place whose value isn't known stays as it stands.
///
/// Values are put in as they are: a brace in what a message held is not a place.
pub(super) fn render<'v>(template: &str, value: impl Fn(&str) -> Option<Cow<'v, str>>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = behind.split_once('}') else {
            out.push('{');
            rest = behind;
            continue;
        };
        match value(name) {
            Some(value) => out.push_str(&value),
            None => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let value = |name: &str| (name == "found").then_some(Cow::Borrowed("{acs}"));
        assert_eq!(render("a {found} b {other} {", value), "a {acs} b {other} {");
    }
}
