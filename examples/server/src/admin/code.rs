//! One-time codes by which someone gets a password: typed into a form, never part of an address.

use crate::random::{self, NoRandomness};

/// A fresh code: 100 random bits as four groups of five letters and digits.
///
/// # Errors
/// [`NoRandomness`] when the operating system refuses.
pub fn fresh() -> Result<String, NoRandomness> {
    let bytes: [u8; 20] = random::bytes()?;
    let mut out = String::with_capacity(23);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at.is_multiple_of(5) {
            out.push('-');
        }
        // INVARIANT: 32 letters, and an index below 32.
        out.push(ALPHABET.get(usize::from(byte & 31)).map_or('0', |letter| char::from(*letter)));
    }
    Ok(out)
}

/// The code as it was made, whatever its reader made of case, dashes and letters that look alike.
#[must_use]
pub fn normal(typed: &str) -> String {
    let mut letters = String::with_capacity(20);
    for letter in typed.chars().filter(char::is_ascii_alphanumeric).take(MOST_LETTERS) {
        letters.push(match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
    }
    letters
}

/// No I, L, O and U (Crockford's base 32): people read codes aloud.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// More than a code has, so that a longer text is no code.
const MOST_LETTERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_in_any_case_with_or_without_dashes_and_with_letters_that_look_alike() {
        let code = fresh().unwrap();
        assert_eq!((code.len(), code.matches('-').count()), (23, 3));
        assert_ne!(code, fresh().unwrap());
        let letters = code.replace('-', "");
        assert_eq!(normal(&code), letters);
        assert_eq!(normal(&format!(" {} ", code.to_lowercase().replace('-', " "))), letters);
        assert_eq!(normal("O0I1L"), "00111");
    }
}
