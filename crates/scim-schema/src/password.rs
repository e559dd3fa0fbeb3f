use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The form of a password that is hashed, when it is set and when it is compared (RFC 7643 4.1.1): that of the PRECIS
/// profile OpaqueString (RFC 8265 4.2.2), in which spaces of any kind are U+0020 and equivalent spellings are one.
///
/// The profile also refuses characters that cannot be typed everywhere; that is left to the host's rules on passwords.
///
/// # Examples
/// ```
/// use scim_schema::prepare_password;
///
/// assert_eq!(prepare_password("correct horse"), "correct horse");
/// assert_eq!(prepare_password("Jose\u{301}\u{a0}1"), "Jos\u{e9} 1");
/// assert_ne!(prepare_password("Pass"), prepare_password("pass"));
/// ```
pub fn prepare_password(password: &str) -> Cow<'_, str> {
    let is_other_space = |c: char| c != ' ' && is_space_separator(c);
    if password.is_ascii()
        || (!password.contains(is_other_space) && is_nfc_quick(password.chars()) == IsNormalized::Yes)
    {
        return Cow::Borrowed(password);
    }
    Cow::Owned(password.chars().map(|c| if is_other_space(c) { ' ' } else { c }).nfc().collect())
}

/// General category Zs.
fn is_space_separator(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_prepared_as_the_examples_of_the_profile() {
        // S35, F15: RFC 8265 4.3, and what it says in 4.2.2.
        for (typed, prepared) in [
            ("correct horse battery staple", "correct horse battery staple"),
            ("Correct Horse Battery Staple", "Correct Horse Battery Staple"),
            ("\u{3c0}\u{df}\u{e5}", "\u{3c0}\u{df}\u{e5}"),
            ("Jack of \u{2666}s", "Jack of \u{2666}s"),
            ("foo\u{1680}bar", "foo bar"),
            ("a\u{3000}b\u{200a}c", "a b c"),
            ("e\u{301}", "\u{e9}"),
            ("\u{212b}", "\u{c5}"),
            // No width mapping, no tab.
            ("\u{ff41}\tb", "\u{ff41}\tb"),
        ] {
            assert_eq!(prepare_password(typed), prepared);
            assert_eq!(prepare_password(prepared), prepared);
        }
    }
}
