//! Where in a JSON text a field is, for mistakes that show only when several fields are read together.

/// Line and column, from 1, of the value at a path such as `scim.extensions[0].id`; of the nearest value above it that
/// is there.
///
/// The text must be JSON that was read already.
pub(super) fn of(json: &str, path: &str) -> (usize, usize) {
    let mut reader = Reader { json, at: 0 };
    reader.space();
    let mut found = reader.at;
    for step in steps(path) {
        let there = match step {
            Step::Key(key) => reader.enter_key(key),
            Step::Index(index) => reader.enter_index(index),
        };
        if there.is_none() {
            break;
        }
        found = reader.at;
    }
    let before = json.get(..found).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
    (line, column)
}

enum Step<'a> {
    Index(usize),
    Key(&'a str),
}

fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split(['.', '[']).filter(|part| !part.is_empty()).map(|part| {
        match part.strip_suffix(']').and_then(|index| index.parse().ok()) {
            Some(index) => Step::Index(index),
            None => Step::Key(part),
        }
    })
}

struct Reader<'a> {
    json: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.step();
        }
    }

    /// Goes past a mark, if it is there.
    fn mark(&mut self, mark: u8) -> Option<()> {
        self.space();
        (self.peek()? == mark).then(|| self.step())
    }

    /// Goes past a string; gives it as it is written.
    fn string(&mut self) -> Option<&str> {
        self.mark(b'"')?;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at = self.at.saturating_add(2),
                _ => self.step(),
            }
        }
        let end = self.at;
        self.step();
        self.json.get(start..end)
    }

    /// Goes past a value, without recursion.
    fn value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.space();
            match self.peek()? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth = depth.saturating_add(1);
                    self.step();
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.step();
                }
                b',' | b':' => {
                    self.step();
                    continue;
                }
                _ => {
                    while self.peek().is_some_and(|byte| !b",:]} \t\r\n".contains(&byte)) {
                        self.step();
                    }
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn enter_key(&mut self, wanted: &str) -> Option<()> {
        self.mark(b'{')?;
        loop {
            let found = self.string()? == wanted;
            self.mark(b':')?;
            self.space();
            if found {
                return Some(());
            }
            self.value()?;
            self.mark(b',')?;
        }
    }

    fn enter_index(&mut self, wanted: usize) -> Option<()> {
        self.mark(b'[')?;
        for _ in 0..wanted {
            self.value()?;
            self.mark(b',')?;
        }
        self.space();
        (self.peek()? != b']').then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    const JSON: &str = "{\n  \"a\": {\"x\\\"\": [1, {\"q\": \"}\"}],\n    \"b\": [true, [2], \"z\"]\n  },\n  \"ä\": 1, \"c\": -1.5e3}";

    #[test]
    fn a_field_is_found_by_its_path() {
        assert_eq!(of(JSON, ""), (1, 1));
        assert_eq!(of(JSON, "a"), (2, 8));
        assert_eq!(of(JSON, "a.b"), (3, 10));
        assert_eq!(of(JSON, "a.b[1]"), (3, 17));
        assert_eq!(of(JSON, "a.b[2]"), (3, 22));
        assert_eq!(of(JSON, "c"), (5, 16));
    }

    #[test]
    fn what_is_not_there_is_told_by_what_is_above_it() {
        assert_eq!(of(JSON, "a.none.deeper"), (2, 8));
        assert_eq!(of(JSON, "a.b[3]"), (3, 10));
        assert_eq!(of(JSON, "none"), (1, 1));
        for broken in ["", "{", "{\"a", "{\"a\":", "{\"a\": [", "]", "\\", "{\"a\\"] {
            let _ = of(broken, "a.b[1].c");
        }
    }
}
