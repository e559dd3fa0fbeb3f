use serde_json::Number;

use crate::{FilterError, Literal};

/// A place in the text; reads one token at a time and never looks back.
pub(crate) struct Cursor<'t> {
    rest: &'t str,
    length: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Cursor<'t> {
        Cursor { rest: text, length: text.len() }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.length.saturating_sub(self.rest.len())
    }

    /// Goes to a byte offset of the text.
    pub(crate) fn skip_to(&mut self, position: usize) {
        self.skip(position.saturating_sub(self.position()));
    }

    pub(crate) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.bytes().next()
    }

    /// Reads one ASCII sign if it comes next.
    pub(crate) fn take(&mut self, sign: char) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Skips spaces and says whether there were any.
    pub(crate) fn skip_spaces(&mut self) -> bool {
        let rest = self.rest.trim_start_matches(' ');
        let any = rest.len() < self.rest.len();
        self.rest = rest;
        any
    }

    /// Returns what stands up to the next space, bracket or quote without reading it.
    pub(crate) fn peek_word(&self) -> &'t str {
        let end = self.rest.bytes().position(ends_word).unwrap_or(self.rest.len());
        self.rest.get(..end).unwrap_or_default()
    }

    /// Reads what stands up to the next space, bracket or quote.
    pub(crate) fn take_word(&mut self) -> &'t str {
        let word = self.peek_word();
        self.skip(word.len());
        word
    }

    /// Reads the word that [`Cursor::peek_word`] returned.
    pub(crate) fn skip_word(&mut self, word: &str) {
        self.skip(word.len());
    }

    /// Reads a string in single quotes or without quotes, if one comes next: nothing that is a literal already, and no
    /// word that joins terms.
    pub(crate) fn take_loose_string(&mut self) -> Result<Option<String>, FilterError> {
        if self.take('\'') {
            let end = self.rest.find('\'');
            let end = end.ok_or_else(|| self.string_error("the closing quote is missing"))?;
            let text = self.rest.get(..end).unwrap_or_default().to_owned();
            if text.bytes().any(|byte| byte < b' ') {
                return Err(self.string_error("a control character must be escaped"));
            }
            self.skip(end.saturating_add(1));
            return Ok(Some(text));
        }
        let word = self.peek_word();
        let is_taken = ["and", "or", "not"].iter().any(|taken| word.eq_ignore_ascii_case(taken));
        let is_literal = matches!(word, "true" | "false" | "null") || number(word).is_some();
        if word.is_empty() || is_taken || is_literal || word.bytes().any(|byte| byte < b' ') {
            return Ok(None);
        }
        self.skip_word(word);
        Ok(Some(word.to_owned()))
    }

    /// Reads a JSON scalar (F08: no single quotes, no bare words).
    pub(crate) fn take_literal(&mut self) -> Result<Literal, FilterError> {
        let position = self.position();
        match self.peek() {
            Some(b'"') => self.take_string().map(Literal::String),
            Some(b'-' | b'0'..=b'9') => {
                let word = self.take_word();
                number(word)
                    .map(Literal::Number)
                    .ok_or_else(|| FilterError::Number { position, found: Cursor::excerpt(word) })
            }
            _ => {
                let word = self.peek_word();
                let literal = match word {
                    "true" => Literal::Bool(true),
                    "false" => Literal::Bool(false),
                    "null" => Literal::Null,
                    _ => {
                        return Err(
                            self.unexpected("a JSON string in double quotes, a number, true, false or null")
                        );
                    }
                };
                self.skip_word(word);
                Ok(literal)
            }
        }
    }

    /// The error for whatever comes next.
    pub(crate) fn unexpected(&self, expected: &'static str) -> FilterError {
        let found = match (self.peek_word(), self.rest.chars().next()) {
            (_, None) => "the end".to_owned(),
            ("", Some(sign)) => sign.to_string(),
            (word, Some(_)) => Cursor::excerpt(word),
        };
        FilterError::Unexpected { position: self.position(), expected, found }
    }

    /// Cuts a word for an error message, which must not grow with the input.
    pub(crate) fn excerpt(word: &str) -> String {
        let mut excerpt: String = word.chars().take(EXCERPT).collect();
        if excerpt.len() < word.len() {
            excerpt.push('…');
        }
        excerpt
    }

    fn take_string(&mut self) -> Result<String, FilterError> {
        let mut text = String::new();
        self.skip(1);
        loop {
            let plain = self
                .rest
                .bytes()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
                .ok_or_else(|| self.string_error("the closing quote is missing"))?;
            text.push_str(self.rest.get(..plain).unwrap_or_default());
            self.skip(plain);
            match self.peek() {
                Some(b'"') => {
                    self.skip(1);
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.take_escape()?),
                _ => return Err(self.string_error("a control character must be escaped")),
            }
        }
    }

    fn take_escape(&mut self) -> Result<char, FilterError> {
        let start = self.string_error("unknown escape");
        self.skip(1);
        let sign = self.peek().ok_or_else(|| start.clone())?;
        let plain = match sign {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.skip(1);
                return self.take_unicode_escape();
            }
            _ => return Err(start),
        };
        self.skip(1);
        Ok(plain)
    }

    /// Reads the digits after `\u`, and the second half where the first is half of a surrogate pair.
    fn take_unicode_escape(&mut self) -> Result<char, FilterError> {
        let first = self.take_four_digits()?;
        let units = if (0xd800..0xdc00).contains(&first) {
            if !(self.take('\\') && self.take('u')) {
                return Err(self.string_error("half of a surrogate pair"));
            }
            [first, self.take_four_digits()?]
        } else {
            [first, 0]
        };
        let used = if (0xd800..0xdc00).contains(&first) { 2 } else { 1 };
        char::decode_utf16(units.into_iter().take(used))
            .next()
            .and_then(Result::ok)
            .ok_or_else(|| self.string_error("half of a surrogate pair"))
    }

    fn take_four_digits(&mut self) -> Result<u16, FilterError> {
        let digits = self.rest.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.string_error("\\u needs four hexadecimal digits"))?;
        self.skip(4);
        Ok(unit)
    }

    fn string_error(&self, problem: &'static str) -> FilterError {
        FilterError::String { position: self.position(), problem }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'(' | b')' | b'[' | b']' | b'"')
}

/// Reads a number of RFC 8259 6; whole ones that fit stay exact.
fn number(word: &str) -> Option<Number> {
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_json = is_digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(is_digits);
    if !is_json {
        return None;
    }
    if fraction.is_none() && exponent.is_none() {
        if let Ok(value) = word.parse::<i64>() {
            return Some(value.into());
        }
        if let Ok(value) = word.parse::<u64>() {
            return Some(value.into());
        }
    }
    // `from_f64` refuses the infinity that an exponent out of range reads as.
    word.parse().ok().and_then(Number::from_f64)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Characters of the input that an error message may repeat: the longest common attribute URNs fit.
const EXCERPT: usize = 100;
