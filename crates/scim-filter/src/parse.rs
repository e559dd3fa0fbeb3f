use crate::ast::Terms;
use crate::cursor::Cursor;
use crate::{Compare, CompareOp, Filter, FilterError, Limits, Literal, UnresolvedPath, ValuePath};

/// Reads a whole text as a filter.
pub(crate) fn parse_filter(text: &str, limits: &Limits) -> Result<Filter, FilterError> {
    check_length(text, limits)?;
    whole(&mut Parser::new(text, limits))
}

/// Reads a whole text as a filter, loose strings too; says whether there were any.
pub(crate) fn parse_loose_filter(text: &str, limits: &Limits) -> Result<(Filter, bool), FilterError> {
    check_length(text, limits)?;
    let mut parser = Parser::new(text, limits);
    parser.loose = true;
    let filter = whole(&mut parser)?;
    Ok((filter, parser.used_loose))
}

fn whole(parser: &mut Parser<'_, '_>) -> Result<Filter, FilterError> {
    parser.cursor.skip_spaces();
    if parser.cursor.at_end() {
        return Err(FilterError::Empty);
    }
    parser.expression(Vec::new())
}

/// Reads the filter of a PATCH path from just after its `[`, the closing `]` included.
///
/// Returns the filter and how many bytes of `text` were read.
pub(crate) fn parse_element_filter(
    text: &str,
    start: usize,
    path: UnresolvedPath,
    limits: &Limits,
) -> Result<(ValuePath, usize), FilterError> {
    let mut parser = Parser::new(text, limits);
    parser.cursor.skip_to(start);
    parser.alone = true;
    let mut frames = Vec::new();
    parser.open(&mut frames, Bracket::Square(path), start.saturating_sub(1))?;
    match parser.expression(frames)? {
        Filter::ValuePath(path) => Ok((path, parser.cursor.position())),
        _ => Err(FilterError::Unclosed { position: start.saturating_sub(1), bracket: '[' }),
    }
}

pub(crate) fn check_length(text: &str, limits: &Limits) -> Result<(), FilterError> {
    if text.len() > limits.max_length {
        return Err(FilterError::TooLong { length: text.len(), max: limits.max_length });
    }
    Ok(())
}

/// A loop over operands with the open brackets on a list of its own: no input can drive the call stack.
struct Parser<'t, 'l> {
    cursor: Cursor<'t>,
    limits: &'l Limits,
    terms: u16,
    /// Stop behind the bracket that the first frame opened.
    alone: bool,
    /// Whether strings may stand in single quotes or without quotes, and whether one did.
    loose: bool,
    used_loose: bool,
}

impl<'t, 'l> Parser<'t, 'l> {
    fn new(text: &'t str, limits: &'l Limits) -> Parser<'t, 'l> {
        Parser { cursor: Cursor::new(text), limits, terms: 0, alone: false, loose: false, used_loose: false }
    }

    fn expression(&mut self, mut frames: Vec<Frame>) -> Result<Filter, FilterError> {
        let mut level = Level::default();
        loop {
            // An operand, or the brackets before it.
            self.cursor.skip_spaces();
            let Some(mut operand) = self.operand(&mut frames, &mut level)? else { continue };
            // What follows it: a closing bracket makes it the operand of the level outside.
            loop {
                let spaced = self.cursor.skip_spaces();
                match self.cursor.peek() {
                    Some(b')' | b']') => {
                        let Some(frame) = frames.pop() else {
                            return Err(self.cursor.unexpected("and, or, or the end"));
                        };
                        operand = self.close(frame, &mut level, operand)?;
                        if self.alone && frames.is_empty() {
                            return Ok(operand);
                        }
                    }
                    None => {
                        return match frames.pop() {
                            Some(frame) => Err(FilterError::Unclosed {
                                position: frame.position,
                                bracket: frame.bracket.sign(),
                            }),
                            None => Ok(level.finish(operand)),
                        };
                    }
                    Some(_) => {
                        self.joint(spaced, !frames.is_empty(), &mut level, operand)?;
                        break;
                    }
                }
            }
        }
    }

    /// Reads an operand without brackets; or opens a bracket and returns nothing yet.
    fn operand(&mut self, frames: &mut Vec<Frame>, level: &mut Level) -> Result<Option<Filter>, FilterError> {
        let position = self.cursor.position();
        if self.cursor.take('(') {
            return self.open_at(frames, level, Bracket::Round { not: false }, position);
        }
        let word = self.cursor.take_word();
        if word.is_empty() {
            return Err(self.cursor.unexpected("an attribute name, not or ("));
        }
        if word.eq_ignore_ascii_case("not") {
            self.cursor.skip_spaces();
            let position = self.cursor.position();
            if !self.cursor.take('(') {
                return Err(self.cursor.unexpected("( after not"));
            }
            return self.open_at(frames, level, Bracket::Round { not: true }, position);
        }
        let path = UnresolvedPath::from_word(word, position)?;
        let in_brackets = frames.iter().any(|frame| matches!(frame.bracket, Bracket::Square(_)));
        if in_brackets && (path.urn().is_some() || path.sub_name().is_some()) {
            return Err(FilterError::QualifiedInValuePath { position, found: Cursor::excerpt(word) });
        }
        let bracket = self.cursor.position();
        if self.cursor.take('[') {
            if in_brackets {
                return Err(FilterError::NestedValuePath { position: bracket });
            }
            if path.sub_name().is_some() {
                let found = Cursor::excerpt(word);
                return Err(FilterError::SubAttributeBeforeValuePath { position: bracket, found });
            }
            return self.open_at(frames, level, Bracket::Square(path), bracket);
        }
        self.term(path, position).map(Some)
    }

    /// Reads operator and literal behind a path.
    fn term(&mut self, path: UnresolvedPath, position: usize) -> Result<Filter, FilterError> {
        self.terms = match self.terms.checked_add(1) {
            Some(terms) if terms <= self.limits.max_terms => terms,
            _ => return Err(FilterError::TooManyTerms { position, max: self.limits.max_terms }),
        };
        if !self.cursor.skip_spaces() {
            return Err(self.cursor.unexpected("a space and an operator"));
        }
        let position = self.cursor.position();
        let word = self.cursor.take_word();
        if word.is_empty() {
            return Err(self.cursor.unexpected("an operator"));
        }
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let Some(op) = CompareOp::from_word(word) else {
            return Err(FilterError::UnknownOperator { position, found: Cursor::excerpt(word) });
        };
        if !self.cursor.skip_spaces() {
            return Err(self.cursor.unexpected("a space and a value"));
        }
        let literal = match if self.loose { self.cursor.take_loose_string()? } else { None } {
            Some(text) => {
                self.used_loose = true;
                Literal::String(text)
            }
            None => self.cursor.take_literal()?,
        };
        Ok(Filter::Compare(Compare { path, op, literal }))
    }

    /// Reads `and` or `or` and puts the operand before it in its place.
    fn joint(
        &mut self,
        spaced: bool,
        open: bool,
        level: &mut Level,
        operand: Filter,
    ) -> Result<(), FilterError> {
        let word = self.cursor.peek_word();
        let is_and = word.eq_ignore_ascii_case("and");
        if !spaced || !(is_and || word.eq_ignore_ascii_case("or")) {
            return Err(self.cursor.unexpected(if open {
                "a space and and or or, or the closing bracket"
            } else {
                "a space and and or or, or the end"
            }));
        }
        self.cursor.skip_word(word);
        if !self.cursor.skip_spaces() {
            return Err(self.cursor.unexpected("a space and another expression"));
        }
        level.push(operand, is_and);
        Ok(())
    }

    fn open_at(
        &self,
        frames: &mut Vec<Frame>,
        level: &mut Level,
        bracket: Bracket,
        position: usize,
    ) -> Result<Option<Filter>, FilterError> {
        self.open(frames, bracket, position)?;
        if let Some(frame) = frames.last_mut() {
            frame.outer = std::mem::take(level);
        }
        Ok(None)
    }

    fn open(&self, frames: &mut Vec<Frame>, bracket: Bracket, position: usize) -> Result<(), FilterError> {
        if frames.len() >= usize::from(self.limits.max_depth) {
            return Err(FilterError::TooDeep { position, max: self.limits.max_depth });
        }
        frames.push(Frame { bracket, position, outer: Level::default() });
        Ok(())
    }

    /// Reads the closing bracket and makes the operand that it ends.
    fn close(&mut self, frame: Frame, level: &mut Level, last: Filter) -> Result<Filter, FilterError> {
        let (sign, expected) = match frame.bracket {
            Bracket::Round { .. } => (')', "and, or, or )"),
            Bracket::Square(_) => (']', "and, or, or ]"),
        };
        if !self.cursor.take(sign) {
            return Err(self.cursor.unexpected(expected));
        }
        let inner = std::mem::replace(level, frame.outer).finish(last);
        match frame.bracket {
            Bracket::Round { not: false } => Ok(inner),
            Bracket::Round { not: true } => Ok(Filter::Not(Box::new(inner))),
            Bracket::Square(path) => {
                let filter = self.trailing_sub_attribute(inner)?;
                ValuePath::new(path, filter)
                    .map(Filter::ValuePath)
                    .ok_or(FilterError::NestedValuePath { position: frame.position })
            }
        }
    }

    /// Reads `.sub op value` behind `]`, which Entra sends, as one more condition on the same element (F07).
    fn trailing_sub_attribute(&mut self, inner: Filter) -> Result<Filter, FilterError> {
        if self.alone || !self.cursor.take('.') {
            return Ok(inner);
        }
        let position = self.cursor.position();
        let word = self.cursor.take_word();
        let path = UnresolvedPath::from_word(word, position)?;
        if path.urn().is_some() || path.sub_name().is_some() {
            return Err(FilterError::QualifiedInValuePath { position, found: Cursor::excerpt(word) });
        }
        Ok(inner.and(self.term(path, position)?))
    }
}

/// An open bracket and what was read before it.
struct Frame {
    bracket: Bracket,
    position: usize,
    outer: Level,
}

enum Bracket {
    Round { not: bool },
    Square(UnresolvedPath),
}

impl Bracket {
    fn sign(&self) -> char {
        match self {
            Bracket::Round { .. } => '(',
            Bracket::Square(_) => '[',
        }
    }
}

/// The operands read so far between two brackets: `and` binds tighter than `or` (F02).
#[derive(Default)]
struct Level {
    or_terms: Vec<Filter>,
    and_terms: Vec<Filter>,
}

impl Level {
    fn push(&mut self, operand: Filter, is_and: bool) {
        if is_and {
            self.and_terms.push(operand);
        } else {
            let term = self.finish_and(operand);
            self.or_terms.push(term);
        }
    }

    fn finish_and(&mut self, last: Filter) -> Filter {
        Terms::join(std::mem::take(&mut self.and_terms), last, Filter::And)
    }

    fn finish(mut self, last: Filter) -> Filter {
        let last = self.finish_and(last);
        Terms::join(self.or_terms, last, Filter::Or)
    }
}

#[cfg(test)]
mod tests;
