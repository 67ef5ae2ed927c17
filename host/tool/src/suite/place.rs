//! Where the parts of a YAML or JSON text are.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

/// How deeply values may be nested.
const DEPTH: usize = 64;

/// A value's place in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its bytes. A block ends with the last byte of its last value.
    pub bytes: Range<usize>,
    /// Its first line, from 1.
    pub line: usize,
    /// The characters before it in that line.
    pub column: usize,
    /// Whether it is written in brackets, as in JSON.
    pub is_flow: bool,
    /// What it holds.
    pub content: Content,
}

/// What a value holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A text, a number, and so on.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping: keys and values.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The key and the value of a member.
    pub fn member(&self, key: &str) -> Option<(&Node, &Node)> {
        let Content::Map(members) = &self.content else { return None };
        let is_key = |node: &Node| matches!(&node.content, Content::Scalar(text) if text == key);
        members.iter().find(|(found, _)| is_key(found)).map(|(key, value)| (key, value))
    }

    /// The values of a list.
    pub fn items(&self) -> &[Node] {
        if let Content::List(items) = &self.content { items } else { &[] }
    }

    /// Whether there is nothing: an empty document.
    fn is_nothing(&self) -> bool {
        matches!(&self.content, Content::Scalar(text) if ["", "~", "null"].contains(&text.as_str()))
    }
}

/// The documents of a text, those that hold nothing left out.
///
/// # Errors
/// The text is no YAML.
pub fn documents(text: &str) -> Result<Vec<Node>, String> {
    let mut reader = Reader { text, events: Parser::new_from_str(text) };
    let mut documents = Vec::new();
    while let Some((event, span)) = reader.next()? {
        if is_node(&event) {
            documents.push(reader.node(&event, span, DEPTH)?);
        }
    }
    documents.retain(|document| !document.is_nothing());
    Ok(documents)
}

fn is_node(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(..))
}

const fn is_block_scalar(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..))
}

struct Reader<'a, I> {
    text: &'a str,
    events: I,
}

impl<'a, E: std::fmt::Display, I: Iterator<Item = Result<(Event<'a>, Span), E>>> Reader<'a, I> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, String> {
        self.events.next().transpose().map_err(|error| error.to_string())
    }

    /// The node that begins with this event.
    fn node(&mut self, event: &Event<'a>, span: Span, depth: usize) -> Result<Node, String> {
        let depth = depth.checked_sub(1).ok_or_else(|| format!("it is nested more than {DEPTH} times"))?;
        let bytes = span.byte_range().unwrap_or_default();
        let (line, column) = (span.start.line(), span.start.col());
        let (children, end, is_flow, is_map) = match event {
            Event::SequenceStart(style, ..) => {
                let (children, end) = self.children(depth)?;
                (children, end, *style == StructureStyle::Flow, false)
            }
            Event::MappingStart(style, ..) => {
                let (children, end) = self.children(depth)?;
                (children, end, *style == StructureStyle::Flow, true)
            }
            other => {
                let text = other.scalar().map(|(text, _)| text.to_owned()).unwrap_or_default();
                let bytes = if is_block_scalar(other) { self.trimmed(bytes) } else { bytes };
                return Ok(Node { bytes, line, column, is_flow: true, content: Content::Scalar(text) });
            }
        };
        let last = children.last().map_or(bytes.end, |child: &Node| child.bytes.end);
        let bytes = bytes.start..if is_flow { end } else { last };
        let content = if is_map { Content::Map(pairs(children)) } else { Content::List(children) };
        Ok(Node { bytes, line, column, is_flow, content })
    }

    /// The place of a text in lines (`|`, `>`) without what its span has behind it: line ends, and the
    /// indentation of what follows.
    fn trimmed(&self, bytes: Range<usize>) -> Range<usize> {
        let text = self.text.get(bytes.clone()).unwrap_or_default();
        let end = bytes.start + text.trim_end_matches([' ', '\t', '\r', '\n']).len();
        bytes.start..end
    }

    /// All nodes up to the end of their parent, and where that end is.
    fn children(&mut self, depth: usize) -> Result<(Vec<Node>, usize), String> {
        let mut children = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd | Event::MappingEnd) {
                return Ok((children, span.byte_range().unwrap_or_default().end));
            }
            if is_node(&event) {
                children.push(self.node(&event, span, depth)?);
            }
        }
        Err("it ends too early".into())
    }
}

fn pairs(children: Vec<Node>) -> Vec<(Node, Node)> {
    let mut children = children.into_iter();
    let mut pairs = Vec::new();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_each_member_is_known() {
        let text = "# first\nname: ä\nexpect:\n  plan:\n    - a  # note\n# end\n---\n---\n{\"expect\": {\"x\": [1]}}\n";
        let documents = documents(text).unwrap();
        assert_eq!(documents.len(), 2);
        let (key, value) = documents[0].member("expect").unwrap();
        assert_eq!((key.line, key.column, value.line, value.column, value.is_flow), (3, 0, 4, 2, false));
        assert_eq!(&text[value.bytes.clone()], "plan:\n    - a");
        let (_, value) = documents[1].member("expect").unwrap();
        assert_eq!((&text[value.bytes.clone()], value.is_flow), ("{\"x\": [1]}", true));
        assert_eq!(value.member("x").unwrap().1.items().len(), 1);
    }

    #[test]
    fn a_text_in_lines_ends_with_its_last_line() {
        for (style, rest) in [("|", "\nb: 1\n"), (">-", "\n\n# note\nb: 1\n"), ("|+", "\n\n---\nc: 1\n"), (">", "")] {
            let text = format!("a:\n  x: {style}\n    one\n    two{rest}");
            let documents = documents(&text).unwrap();
            let (_, value) = documents[0].member("a").unwrap();
            assert_eq!(text[value.bytes.clone()], format!("x: {style}\n    one\n    two"), "{text}");
        }
    }

    #[test]
    fn what_is_no_yaml_is_refused() {
        assert!(documents("a: [").is_err());
        assert!(documents(&"[".repeat(100)).is_err());
        assert_eq!(documents("").unwrap(), []);
    }
}
