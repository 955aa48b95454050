//! What an exporter wrote into a model about itself. Ultralytics writes Python literals, not
//! JSON; this reads the few forms that occur there and nothing else.

/// Reads class names: `{0: 'worker', 1: "it's"}` or `['worker', 'object']`. `None` when the text
/// is neither, or the keys are not 0, 1, 2, … in some order.
pub(crate) fn names(text: &str) -> Option<Vec<String>> {
    let mut reader = Reader { rest: text };
    let names = if reader.takes('{') {
        let mut entries = reader.list('}', |reader| {
            let key = reader.number()?;
            reader.takes(':').then_some(())?;
            Some((key, reader.string()?))
        })?;
        entries.sort_by_key(|&(key, _)| key);
        let in_order = entries.iter().map(|&(key, _)| key).eq(0..entries.len());
        in_order.then(|| entries.into_iter().map(|(_, name)| name).collect())?
    } else {
        reader.takes('[').then_some(())?;
        reader.list(']', Reader::string)?
    };
    reader.is_at_end().then_some(names)
}

/// Reads the input's height and width: `[480, 640]`, `(480, 640)` or `640`.
pub(crate) fn image_size(text: &str) -> Option<(usize, usize)> {
    let mut reader = Reader { rest: text };
    let sides = if reader.takes('[') {
        reader.list(']', Reader::number)?
    } else if reader.takes('(') {
        reader.list(')', Reader::number)?
    } else {
        vec![reader.number()?]
    };
    reader.is_at_end().then_some(())?;
    match *sides.as_slice() {
        [side] => Some((side, side)),
        [height, width] => Some((height, width)),
        _ => None,
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn takes(&mut self, wanted: char) -> bool {
        match self.rest.trim_start().strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn is_at_end(&self) -> bool {
        self.rest.trim().is_empty()
    }

    /// Items up to `end`, with commas between them and perhaps one after the last.
    fn list<T>(
        &mut self,
        end: char,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut items = Vec::new();
        loop {
            if self.takes(end) {
                return Some(items);
            }
            items.push(item(self)?);
            if !self.takes(',') {
                return self.takes(end).then_some(items);
            }
        }
    }

    fn number(&mut self) -> Option<usize> {
        let text = self.rest.trim_start();
        let end = text
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        self.rest = rest;
        digits.parse().ok()
    }

    fn string(&mut self) -> Option<String> {
        let quote = ['\'', '"'].into_iter().find(|&quote| self.takes(quote))?;
        let mut name = String::new();
        let mut characters = self.rest.chars();
        loop {
            match characters.next()? {
                '\\' => name.push(escaped(&mut characters)?),
                character if character == quote => break,
                character => name.push(character),
            }
        }
        self.rest = characters.as_str();
        Some(name)
    }
}

fn escaped(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match characters.next()? {
        'n' => return Some('\n'),
        't' => return Some('\t'),
        'r' => return Some('\r'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        same @ ('\\' | '\'' | '"') => return Some(same),
        _ => return None,
    };
    let mut code = 0_u32;
    for _ in 0..digits {
        code = code.checked_mul(16)? + characters.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_python_writes_them() {
        let read = |text| names(text).map(|names| names.join("|"));
        for (text, expected) in [
            (
                "{0: 'pina', 1: 'worker', 2: 'object'}",
                "pina|worker|object",
            ),
            ("{1: 'b', 0: 'a'}", "a|b"),
            (r#"{0: "farmer's", 1: 'say "hi"'}"#, r#"farmer's|say "hi""#),
            (
                r"{0: 'it\'s', 1: 'piña', 2: '\xf1\u00f1', 3: 'a\\b'}",
                r"it's|piña|ññ|a\b",
            ),
            (" [ 'a' , 'b', ] ", "a|b"),
            ("{0: 'with, comma}', 1: ''}", "with, comma}|"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for wrong in [
            "",
            "{",
            "{0: 'a'",
            "{0: 'a'} x",
            "{0: 'a', 2: 'b'}",
            "{0: 'a', 0: 'b'}",
            "{-1: 'a'}",
            "{0: a}",
            "{0: 'a\\q'}",
            "{0: 'a' 1: 'b'}",
            "{'0': 'a'}",
            "__import__('os')",
            "{0: 'a\\ud800'}",
            "{99999999999999999999999: 'a'}",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_input_size_is_read() {
        assert_eq!(image_size("[480, 640]"), Some((480, 640)));
        assert_eq!(image_size("(480, 640)"), Some((480, 640)));
        assert_eq!(image_size("640"), Some((640, 640)));
        for wrong in ["", "[]", "[1, 2, 3]", "[640", "640.0", "x"] {
            assert_eq!(image_size(wrong), None, "{wrong}");
        }
    }
}
