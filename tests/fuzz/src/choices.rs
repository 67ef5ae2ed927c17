//! Choices made from the bytes of an input. Generators use them to make documents that a parser
//! accepts.

use arbitrary::Unstructured;
use serde_json::{Map, Number, Value};

/// A generator of a document.
pub type Shape = fn(&mut Choices<'_>) -> Value;

/// The bytes that are left. When none are left, every choice is the first one.
pub struct Choices<'a>(Unstructured<'a>);

impl<'a> Choices<'a> {
    /// Makes choices from these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// Whether no bytes are left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        let byte = usize::from(self.0.arbitrary::<u8>().unwrap_or_default());
        byte.checked_rem(limit).unwrap_or_default()
    }

    /// True in one of `among` cases. Never true when no bytes are left.
    pub fn rarely(&mut self, among: usize) -> bool {
        self.below(among) == among.saturating_sub(1) && !self.is_empty()
    }

    /// One of these values. It is the first one when no bytes are left.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let index = self.below(of.len());
        of.get(index).copied()
    }

    /// One of these texts.
    pub fn word(&mut self, of: &[&str]) -> String {
        self.pick(of).unwrap_or_default().to_owned()
    }

    /// A number of any size, often one at a limit.
    fn number(&mut self) -> Value {
        const WHOLE: [i64; 12] =
            [0, 1, 2, -1, 3, 253, 1500, 65536, i64::MAX, i64::MIN, 9_007_199_254_740_993, -9_007_199_254_740_993];
        match self.below(8) {
            0..=4 => self.pick(&WHOLE).into(),
            5 => self.0.arbitrary::<i64>().unwrap_or_default().into(),
            6 => u64::MAX.into(),
            _ => {
                let odd = [-0.0, 1.0, 1.5, 1e20, 1e-7, -1e300];
                let float = self.pick(&odd).or_else(|| self.0.arbitrary().ok()).and_then(Number::from_f64);
                float.map_or(Value::Null, Value::Number)
            }
        }
    }

    /// Any text.
    pub fn text(&mut self) -> String {
        let length = self.below(24);
        let bytes = self.0.bytes(length.min(self.0.len())).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// An address, often a special one.
    pub fn address(&mut self) -> String {
        const ODD: [&str; 12] = [
            "10.0.0.1",
            "fd00::1",
            "0.0.0.0",
            "::",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "::ffff:0:0",
            "1.2.3",
            "01.2.3.4",
            "fe80::1%eth0",
            "fd00:0:0:1::0",
            "",
        ];
        match self.below(4) {
            0 | 1 => self.word(&ODD),
            2 => std::net::IpAddr::from(self.0.arbitrary::<[u8; 4]>().unwrap_or_default()).to_string(),
            _ => std::net::IpAddr::from(self.0.arbitrary::<[u8; 16]>().unwrap_or_default()).to_string(),
        }
    }

    /// An address with its prefix length, often a special one.
    pub fn network(&mut self) -> String {
        const ODD: [&str; 8] = [
            "10.0.0.2/24",
            "fd00::2/64",
            "0.0.0.0/0",
            "::/0",
            "::ffff:10.0.0.2/120",
            "10.0.0.0/024",
            "10.0.0.0/+8",
            "10.0.0.2",
        ];
        if self.below(3) == 0 {
            return self.word(&ODD);
        }
        let address = self.address();
        let prefix = match self.below(4) {
            0 => 32,
            1 => 128,
            2 => 24,
            _ => self.below(140),
        };
        format!("{address}/{prefix}")
    }

    /// A list of at most `most` values from `item`.
    pub fn list(&mut self, most: usize, item: impl Fn(&mut Self) -> Value) -> Value {
        let length = self.below(most + 1);
        (0..length).map(|_| item(self)).collect()
    }

    /// An object with some of these members. Rarely a member has another kind of value, its key has
    /// other letters, or its name is unknown.
    pub fn object(&mut self, members: &[(&str, Shape)]) -> Value {
        let mut object = Map::new();
        for (key, shape) in members {
            if self.below(4) == 3 {
                continue;
            }
            let value = if self.rarely(24) { any(self) } else { shape(self) };
            let key = if self.rarely(40) { key.to_uppercase() } else { (*key).to_owned() };
            object.insert(key, value);
        }
        if self.rarely(12) {
            let (key, value) = (self.text(), any(self));
            object.insert(key, value);
        }
        object.into()
    }
}

/// A number of any size.
pub fn number(choices: &mut Choices<'_>) -> Value {
    choices.number()
}

/// Any value. It is not deeply nested.
pub fn any(choices: &mut Choices<'_>) -> Value {
    any_of_depth(choices, 3)
}

fn any_of_depth(choices: &mut Choices<'_>, depth: usize) -> Value {
    let kinds = if depth == 0 { 6 } else { 8 };
    match choices.below(kinds) {
        0 => Value::Null,
        1 => (choices.below(2) == 1).into(),
        2 => choices.number(),
        3 => choices.text().into(),
        4 => choices.network().into(),
        5 => choices.word(&VERSIONS).into(),
        6 => choices.list(3, |choices| any_of_depth(choices, depth - 1)),
        _ => {
            let length = choices.below(3);
            (0..length).map(|_| (choices.word(&KEYS), any_of_depth(choices, depth - 1))).collect::<Map<_, _>>().into()
        }
    }
}

/// Versions. Most of them are published.
pub const VERSIONS: [&str; 12] =
    ["1.1.0", "1.0.0", "0.4.0", "0.3.1", "0.3.0", "0.2.0", "0.1.0", "", "1.2.0", "1", "0.3", "x"];

/// Keys that have a meaning somewhere.
const KEYS: [&str; 16] = [
    "cniVersion",
    "name",
    "type",
    "plugins",
    "interfaces",
    "ips",
    "address",
    "interface",
    "gateway",
    "routes",
    "dst",
    "dns",
    "prevResult",
    "capabilities",
    "runtimeConfig",
    "delegate",
];

/// The document of an input. It is the input's JSON text, or else what `shape` makes from its
/// bytes. So seeds can be read, and noise still reaches the code behind the parser.
pub fn document(bytes: &[u8], shape: Shape) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| shape(&mut Choices::new(bytes)))
}
