use std::borrow::Cow;
use std::cmp::Ordering;

use caseless::Caseless;
use chrono::{DateTime, Utc};
use serde_json::Value;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::attribute::{Attribute, AttributeType};
use crate::date_time::parse_date_time;

/// The key under which strings without case are compared, sorted and kept unique: Unicode case folding over
/// canonical equivalence and width, composed (NFC). The same in memory and, when a host stores it in a column, in SQL.
///
/// User names that the PRECIS profile UsernameCaseMapped (RFC 8265 3.3) takes for one have one key; so have some that
/// it keeps apart (`ß` and `ss`).
///
/// # Examples
/// ```
/// use scim_schema::fold;
///
/// assert_eq!(fold("BJensen"), "bjensen");
/// assert_eq!(fold("Stra\u{df}e"), fold("STRASSE"));
/// assert_eq!(fold("Jose\u{301}"), fold("JOS\u{c9}"));
/// assert_eq!(fold("\u{ff2a}\u{ff4f}"), "jo");
/// ```
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    // Unicode 3.13 D145: decompose before folding, so that equivalent spellings fold alike.
    Cow::Owned(text.chars().map(usual_width).nfd().default_case_fold().nfc().collect())
}

/// What a full-width or half-width character is a form of (RFC 8264 5.2.1): all that have one are in one block of
/// Unicode, but for the ideographic space.
fn usual_width(c: char) -> char {
    let mapped = match c {
        '\u{3000}' => Some(' '),
        '\u{ff01}'..='\u{ff5e}' => shifted(c, '\u{ff01}', '!'),
        '\u{ff5f}' => Some('\u{2985}'),
        '\u{ff60}' => Some('\u{2986}'),
        '\u{ff61}'..='\u{ff9f}' => {
            KATAKANA.chars().nth(usize::try_from(distance(c, '\u{ff61}')).unwrap_or(usize::MAX))
        }
        '\u{ffa0}' => Some('\u{3164}'),
        '\u{ffa1}'..='\u{ffbe}' => shifted(c, '\u{ffa1}', '\u{3131}'),
        '\u{ffc2}'..='\u{ffc7}' => shifted(c, '\u{ffc2}', '\u{314f}'),
        '\u{ffca}'..='\u{ffcf}' => shifted(c, '\u{ffca}', '\u{3155}'),
        '\u{ffd2}'..='\u{ffd7}' => shifted(c, '\u{ffd2}', '\u{315b}'),
        '\u{ffda}'..='\u{ffdc}' => shifted(c, '\u{ffda}', '\u{3161}'),
        '\u{ffe0}' => Some('\u{a2}'),
        '\u{ffe1}' => Some('\u{a3}'),
        '\u{ffe2}' => Some('\u{ac}'),
        '\u{ffe3}' => Some('\u{af}'),
        '\u{ffe4}' => Some('\u{a6}'),
        '\u{ffe5}' => Some('\u{a5}'),
        '\u{ffe6}' => Some('\u{20a9}'),
        '\u{ffe8}' => Some('\u{2502}'),
        '\u{ffe9}'..='\u{ffec}' => shifted(c, '\u{ffe9}', '\u{2190}'),
        '\u{ffed}' => Some('\u{25a0}'),
        '\u{ffee}' => Some('\u{25cb}'),
        _ => None,
    };
    mapped.unwrap_or(c)
}

/// The character as far behind `to` as `c` is behind `from`.
fn shifted(c: char, from: char, to: char) -> Option<char> {
    u32::from(to).checked_add(distance(c, from)).and_then(char::from_u32)
}

fn distance(c: char, from: char) -> u32 {
    u32::from(c).saturating_sub(u32::from(from))
}

/// The key of a string whose attribute is `caseExact` or not: composed (NFC) alone, or [`fold`].
pub fn compare_key(text: &str, case_exact: bool) -> Cow<'_, str> {
    if !case_exact {
        return fold(text);
    }
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Whether `text` has the key `folded`, which [`fold`] made; does not allocate for ASCII.
pub fn fold_eq(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        text.len() == folded.len()
            && text.bytes().zip(folded.bytes()).all(|(a, b)| a.to_ascii_lowercase() == b)
    } else {
        fold(text) == folded
    }
}

/// Compares the key of `text` with `folded`, which [`fold`] made; does not allocate for ASCII. The order is that of
/// Unicode code points, as in a database column with binary collation.
pub fn fold_cmp(text: &str, folded: &str) -> Ordering {
    if text.is_ascii() {
        text.bytes().map(|b| b.to_ascii_lowercase()).cmp(folded.bytes())
    } else {
        fold(text).as_bytes().cmp(folded.as_bytes())
    }
}

/// A value as its attribute compares it: two values are the same exactly when these are equal.
///
/// Values of different types have an order too, only so that sorting is total.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparable<'a> {
    /// `false` before `true`.
    Boolean(bool),
    /// Integer or decimal, compared without loss.
    Number(Number),
    /// The instant of a dateTime, whatever its offset.
    Instant(DateTime<Utc>),
    /// The key of a string, reference or base64 text (without padding).
    Text(Cow<'a, str>),
}

impl<'a> Comparable<'a> {
    /// Reads a value by its attribute's type and `caseExact`. `None` for complex and unassigned values, and for values
    /// that do not fit the type.
    pub fn of(attribute: &Attribute, value: &'a Value) -> Option<Self> {
        match (attribute.kind, value) {
            (AttributeType::Boolean, Value::Bool(value)) => Some(Self::Boolean(*value)),
            (AttributeType::Decimal | AttributeType::Integer, Value::Number(number)) => {
                Number::of(number).map(Self::Number)
            }
            (AttributeType::DateTime, Value::String(text)) => parse_date_time(text).map(Self::Instant),
            (AttributeType::Binary, Value::String(text)) => {
                Some(Self::Text(Cow::Borrowed(text.trim_end_matches('='))))
            }
            (AttributeType::Reference, Value::String(text)) => Some(Self::Text(Cow::Borrowed(text))),
            (AttributeType::String, Value::String(text)) => {
                Some(Self::Text(compare_key(text, attribute.case_exact)))
            }
            _ => None,
        }
    }

    /// The key as text, e.g. for a column with a unique index.
    pub fn to_key(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Number(Number(Repr::Integer(value))) => value.to_string(),
            Self::Number(Number(Repr::Float(value))) => value.to_string(),
            Self::Instant(instant) => crate::date_time::format_date_time(*instant),
            Self::Text(text) => text.clone().into_owned(),
        }
    }
}

/// A JSON number; integers and fractions compare by value, so `1` equals `1.0`.
#[derive(Clone, Copy, Debug)]
pub struct Number(Repr);

#[derive(Clone, Copy, Debug)]
enum Repr {
    Integer(i128),
    /// Never an integer that `Integer` could hold, never NaN.
    Float(f64),
}

impl Number {
    /// Takes a JSON number; `None` for none that JSON could hold (NaN, infinity).
    pub fn of(number: &serde_json::Number) -> Option<Self> {
        if let Some(value) = number.as_i64() {
            return Some(Self(Repr::Integer(value.into())));
        }
        if let Some(value) = number.as_u64() {
            return Some(Self(Repr::Integer(value.into())));
        }
        let value = number.as_f64().filter(|value| value.is_finite())?;
        if value.fract() == 0.0 && value.abs() < TWO_POW_126 {
            return Some(Self(Repr::Integer(whole(value))));
        }
        Some(Self(Repr::Float(value)))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Repr::Integer(a), Repr::Integer(b)) => a.cmp(&b),
            (Repr::Float(a), Repr::Float(b)) => a.total_cmp(&b),
            (Repr::Integer(a), Repr::Float(b)) => compare_mixed(a, b),
            (Repr::Float(a), Repr::Integer(b)) => compare_mixed(b, a).reverse(),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

fn compare_mixed(integer: i128, float: f64) -> Ordering {
    if float >= TWO_POW_126 {
        return Ordering::Less;
    }
    if float <= -TWO_POW_126 {
        return Ordering::Greater;
    }
    // A float in this range has a fraction, so it is never equal: between its floor and the next integer.
    if integer <= whole(float.floor()) { Ordering::Less } else { Ordering::Greater }
}

#[expect(
    clippy::as_conversions,
    reason = "the callers keep the value whole and below 2^126; the cast saturates anyway"
)]
fn whole(value: f64) -> i128 {
    value as i128
}

/// What U+FF61 to U+FF9F, the half-width punctuation and Katakana, are forms of, in their order.
const KATAKANA: &str = "\
    。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\
    \u{3099}\u{309a}";

/// Every 64-bit integer and every float with a fraction is far below.
const TWO_POW_126: f64 = 85_070_591_730_234_615_865_843_651_857_942_052_864.0;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn number(value: &Value) -> Number {
        Number::of(value.as_number().unwrap()).unwrap()
    }

    #[test]
    fn numbers_compare_by_value_without_loss() {
        // F22
        let ordered = [
            json!(-1e300),
            json!(-1.5),
            json!(-1),
            json!(0),
            json!(0.5),
            json!(1),
            json!(9_007_199_254_740_993_u64),
            json!(u64::MAX),
            json!(1e40),
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(number(a).cmp(&number(b)), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(number(&json!(1)), number(&json!(1.0)));
        assert_eq!(number(&json!(0)), number(&json!(-0.0)));
        assert!(number(&json!(9_007_199_254_740_993_u64)) > number(&json!(9_007_199_254_740_992.0)));
    }

    #[test]
    fn strings_fold_by_unicode_and_not_only_by_ascii() {
        // F15
        for (a, b) in [
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("straße", "STRASSE"),
            ("\u{212b}", "å"),
            ("ﬁn", "FIN"),
            ("Jose\u{301}", "josé"),
            ("\u{1e9e}", "ss"),
        ] {
            assert_eq!(fold(a), fold(b));
            assert!(fold_eq(a, &fold(b)));
        }
        for (a, b) in
            [("ＢＪｅｎｓｅｎ＠ｘ", "bjensen@x"), ("ｶﾞ", "ガ"), ("ﾡ￦￨", "ㄱ₩│"), ("a\u{3000}b", "A b")]
        {
            assert_eq!(fold(a), fold(b));
        }
        assert_ne!(fold("resume"), fold("résumé"));
        assert_eq!(compare_key("Jose\u{301}", true), "José");
        assert_ne!(compare_key("JOSÉ", true), compare_key("José", true));
    }

    #[test]
    fn what_the_profile_for_user_names_takes_for_one_has_one_key() {
        // F15: RFC 8265 3.3.3 maps width, then case to lower case, then composes.
        let mapped = |text: &str| -> String {
            text.chars().map(usual_width).collect::<String>().to_lowercase().nfc().collect()
        };
        // Left out: Han, Hangul syllables and private use, which have neither case nor width.
        let some = ('\0'..'\u{3400}').chain('\u{a000}'..'\u{ac00}').chain('\u{f900}'..'\u{12000}');
        for c in some.chain('\u{16a00}'..'\u{17000}').chain('\u{1d000}'..'\u{1fc00}') {
            let text = format!("a{c}b");
            // Letters of Unicode 17 that the table of foldings does not have yet.
            if !matches!(c, '\u{a7ce}' | '\u{a7d2}' | '\u{a7d4}' | '\u{16ea0}'..='\u{16eb8}') {
                assert_eq!(fold(&text), fold(&mapped(&text)), "{c:?}");
            }
            // Folding twice is folding once, or keys of keys would differ.
            assert_eq!(fold(&fold(&text)), fold(&text), "{c:?}");
        }
    }

    #[test]
    fn every_character_of_another_width_is_mapped() {
        // F15: the one step of a <wide> or <narrow> decomposition; the whole decomposition goes further for some.
        for c in ('\u{ff00}'..='\u{ffef}').chain(['\u{3000}']) {
            let whole: String = c.to_string().nfkd().collect();
            let step: String = usual_width(c).to_string().nfkd().collect();
            assert_eq!(step, whole, "{c:?}");
            assert_eq!(usual_width(c) != c, whole != c.to_string(), "{c:?}");
            assert!(!('\u{ff00}'..='\u{ffef}').contains(&usual_width(c)) || usual_width(c) == c);
        }
    }

    #[test]
    fn date_times_are_the_same_when_the_instant_is() {
        // F24
        let attribute = Attribute::new("when", AttributeType::DateTime);
        let of = |text: &str| Comparable::of(&attribute, &json!(text)).map(|c| c.to_key());
        assert_eq!(of("2008-01-23T04:56:22Z"), of("2008-01-23T05:56:22.000+01:00"));
        assert_eq!(of("2008-01-23T04:56:22"), of("2008-01-23T04:56:22Z"));
        assert_ne!(of("2008-01-23T04:56:22Z"), of("2008-01-23T04:56:22.001Z"));
        assert_eq!(of("2008-01-23"), None);
    }

    #[test]
    fn binary_compares_without_its_padding() {
        // S07
        let attribute = Attribute::new("data", AttributeType::Binary);
        assert_eq!(
            Comparable::of(&attribute, &json!("MIID")).map(|c| c.to_key()),
            Comparable::of(&attribute, &json!("MIID==")).map(|c| c.to_key())
        );
    }
}
