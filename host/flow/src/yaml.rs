//! YAML text to [`Tree`]. A flow file needs little of YAML, and what it does not need is refused
//! in words instead of being half understood: tags, merge keys, several documents.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};

use crate::brackets;
use crate::report::Report;
use crate::scalar;
use crate::tree::{Content, Member, Tree};
use crate::{Code, FileIndex, Place, Position, Span};

/// Deeper than any flow, and shallow enough for every recursion over the tree.
const MAX_DEPTH: usize = 32;

/// Values in a tree. With aliases a few lines of YAML can stand for billions of them.
pub(crate) const MAX_VALUES: usize = 100_000;

/// The tree of a whole file, if it can be read to its end. The file is one of the report's.
pub(crate) fn parse(file: FileIndex, report: &mut Report) -> Option<Tree> {
    let text = report.sources().file(file).clone();
    let mut reader = Reader::new(text.as_str(), file);
    let tree = reader.document();
    for problem in reader.problems {
        let place = Place::At(file, problem.span);
        report.add(problem.code, &place, problem.message, problem.help);
    }
    tree.ok()
}

/// The tree of a value that stands alone, as on a command line.
pub(crate) fn parse_value(text: &str) -> Result<Tree, String> {
    let mut reader = Reader::new(text, FileIndex::default());
    let tree = reader.document();
    match reader.problems.pop() {
        Some(problem) => Err(problem.message),
        None => tree.map_err(|Stop| "it is not YAML".to_owned()),
    }
}

struct Problem {
    code: Code,
    span: Span,
    message: String,
    help: Option<String>,
}

/// The problem is reported and there is no way to go on.
struct Stop;

struct Reader<'t> {
    text: &'t str,
    file: FileIndex,
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Tree>,
    values: usize,
    problems: Vec<Problem>,
}

type Token<'t> = (Event<'t>, Span);

impl<'t> Reader<'t> {
    fn new(text: &'t str, file: FileIndex) -> Self {
        Self {
            text,
            file,
            parser: Parser::new_from_str(text),
            anchors: HashMap::new(),
            values: 0,
            problems: Vec::new(),
        }
    }

    fn problem(&mut self, code: Code, span: Span, message: String, help: Option<&str>) -> Stop {
        self.problems.push(Problem {
            code,
            span,
            message,
            help: help.map(str::to_owned),
        });
        Stop
    }

    fn next(&mut self) -> Result<Token<'t>, Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, to_span(span.start, span.end))),
            Some(Err(error)) => Err(self.syntax_error(&error)),
            None => Ok((
                Event::StreamEnd,
                to_span(Marker::new(0, 1, 0), Marker::new(0, 1, 0)),
            )),
        }
    }

    fn syntax_error(&mut self, error: &ScanError) -> Stop {
        let mut at = to_span(*error.marker(), *error.marker());
        let lines = self.text.lines().enumerate();
        let mut from_here = lines.skip(at.start.line.saturating_sub(1));
        let help = if error.info().contains("tab") {
            // The reader gives up before it; the tab is what is looked for.
            let is_indented = |line: &str| line.trim_start_matches(' ').starts_with('\t');
            if let Some((index, line)) = from_here.find(|(_, line)| is_indented(line)) {
                let column = line.chars().take_while(|c| *c == ' ').count() + 1;
                let line = index + 1;
                at.start = Position { line, column };
                at.end = Position {
                    line,
                    column: column + 1,
                };
            }
            Some("indent with spaces, not with tabs")
        } else if from_here
            .next()
            .is_some_and(|(_, line)| line.contains(": ${"))
        {
            Some("a value with `${…}` in it needs quotes: `\"${NAME}\"`")
        } else if error.info().contains("unknown anchor") {
            Some(
                "in YAML a value that begins with `*` refers to an `&anchor`; put a text in quotes",
            )
        } else if let Some((bracket, start)) = brackets::unclosed(self.text, at.start.line) {
            let Position { line, column } = start;
            let end = Position {
                line,
                column: column + 1,
            };
            at = Span { start, end };
            let said = format!("this is not YAML: nothing closes this `{bracket}`");
            return self.problem(Code::Syntax, at, said, None);
        } else if error.info().contains("block mapping") {
            Some("is this line indented like its neighbours?")
        } else {
            Some("look for a missing quote, comma or bracket, here and in the lines before")
        };
        self.problem(
            Code::Syntax,
            at,
            format!("this is not YAML: {}", error.info()),
            help,
        )
    }

    fn document(&mut self) -> Result<Tree, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart
                | Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::Nothing => {}
                _ if root.is_some() => {
                    return Err(self.problem(
                        Code::UnsupportedYaml,
                        span,
                        "a second document begins here".to_owned(),
                        Some("one flow, one file: move what follows the line `---` to a file of its own"),
                    ));
                }
                _ => root = Some(self.value((event, span), 0)?),
            }
        }
        // A file without anything in it is a flow where everything is missing.
        Ok(root.unwrap_or(Tree {
            content: Content::Map(Vec::new()),
            ..Tree::default()
        }))
    }

    fn value(&mut self, (event, span): Token<'t>, depth: usize) -> Result<Tree, Stop> {
        self.spend(1, span)?;
        if depth > MAX_DEPTH {
            let message = format!("values are nested more than {MAX_DEPTH} deep");
            return Err(self.problem(Code::TooLarge, span, message, None));
        }
        let (tree, anchor) = match event {
            Event::Alias(anchor) => {
                let Some(tree) = self.anchors.get(&anchor).cloned() else {
                    let message = "this alias is inside of what it stands for".to_owned();
                    return Err(self.problem(Code::UnsupportedYaml, span, message, None));
                };
                self.spend(tree.count(), span)?;
                return Ok(Tree {
                    alias: Some(span),
                    ..tree
                });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag, span);
                let content = match style {
                    ScalarStyle::Plain => scalar::plain(&text),
                    _ => Content::Text(text.into_owned()),
                };
                (self.tree(span, content), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag, span);
                let mut items = Vec::new();
                let end = loop {
                    match self.next()? {
                        (Event::SequenceEnd, end) => break end,
                        token => items.push(self.value(token, depth + 1)?),
                    }
                };
                let last = items.last().map(|item: &Tree| item.written());
                let span = to(span, end, last.flatten());
                (self.tree(span, Content::List(items)), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag, span);
                let mut members = Vec::new();
                let mut seen = HashMap::new();
                let end = loop {
                    match self.next()? {
                        (Event::MappingEnd, end) => break end,
                        token => self.member(token, depth, &mut members, &mut seen)?,
                    }
                };
                let last = members.last().map(|member: &Member| member.value.written());
                let span = to(span, end, last.flatten());
                (self.tree(span, Content::Map(members)), anchor)
            }
            _ => {
                let message = "this is not YAML: a value is expected here".to_owned();
                return Err(self.problem(Code::Syntax, span, message, None));
            }
        };
        if anchor > 0 {
            self.anchors.insert(anchor, tree.clone());
        }
        Ok(tree)
    }

    fn member(
        &mut self,
        (key, key_span): Token<'t>,
        depth: usize,
        members: &mut Vec<Member>,
        seen: &mut HashMap<String, Span>,
    ) -> Result<(), Stop> {
        let Event::Scalar(key, style, _, tag) = key else {
            return Err(self.problem(
                Code::UnsupportedYaml,
                key_span,
                "a key must be a plain text".to_owned(),
                Some("a text that begins with `{`, `[` or `*` needs quotes"),
            ));
        };
        self.refuse_tag(tag, key_span);
        let value = self.next()?;
        let mut value = self.value(value, depth + 1)?;
        if value.content == Content::Null {
            // Where nothing is written there is nothing to point at.
            value.place = Place::At(self.file, key_span);
        }
        if key == "<<" && style == ScalarStyle::Plain {
            self.problem(
                Code::UnsupportedYaml,
                key_span,
                "merge keys (`<<`) are not part of a flow file".to_owned(),
                Some("write the keys out, or use an alias for a whole value: `zones: *zones`"),
            );
            return Ok(());
        }
        if let Some(first) = seen.get(key.as_ref()) {
            let message = format!(
                "the key '{key}' is already on line {}, column {}",
                first.start.line, first.start.column
            );
            self.problem(
                Code::DuplicateKey,
                key_span,
                message,
                Some("remove one of the two, or give it another name"),
            );
            return Ok(());
        }
        seen.insert(key.to_string(), key_span);
        members.push(Member {
            key: key.into_owned(),
            key_place: Place::At(self.file, key_span),
            value,
        });
        Ok(())
    }

    fn refuse_tag(&mut self, tag: Option<Cow<'_, Tag>>, span: Span) {
        if let Some(tag) = tag {
            let shown = match tag.handle.as_str() {
                "tag:yaml.org,2002:" => format!("!!{}", tag.suffix),
                _ => tag.to_string(),
            };
            self.problem(
                Code::UnsupportedYaml,
                span,
                format!("the tag `{shown}` is not part of a flow file"),
                Some("leave it out; a text that looks like something else goes in quotes"),
            );
        }
    }

    fn tree(&self, span: Span, content: Content) -> Tree {
        Tree {
            place: Place::At(self.file, span),
            content,
            alias: None,
        }
    }

    fn spend(&mut self, values: usize, span: Span) -> Result<(), Stop> {
        self.values = self.values.saturating_add(values);
        if self.values > MAX_VALUES {
            let message = format!("the file has more than {MAX_VALUES} values, aliases included");
            return Err(self.problem(Code::TooLarge, span, message, None));
        }
        Ok(())
    }
}

/// From where a collection begins to its end. One in brackets ends with its bracket, behind which
/// the parser may have gone over a comment. One without ends where the `last` thing in it does:
/// the parser has gone on to whatever comes next.
fn to(start: Span, end: Span, last: Option<Span>) -> Span {
    let bracket = Position {
        column: end.start.column + 1,
        ..end.start
    };
    let end = match last {
        _ if end.start != end.end => bracket,
        Some(last) => last.end,
        None => end.end,
    };
    Span {
        start: start.start,
        end,
    }
}

fn to_span(start: Marker, end: Marker) -> Span {
    let position = |marker: Marker| Position {
        line: marker.line(),
        column: marker.col() + 1,
    };
    Span {
        start: position(start),
        end: position(end),
    }
}
