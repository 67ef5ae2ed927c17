//! CNI versions.

use std::fmt;

/// A published version of the CNI specification. Later versions are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Version 0.1.0.
    V0_1_0,
    /// Version 0.2.0.
    V0_2_0,
    /// Version 0.3.0.
    V0_3_0,
    /// Version 0.3.1.
    V0_3_1,
    /// Version 0.4.0.
    V0_4_0,
    /// Version 1.0.0.
    V1_0_0,
    /// Version 1.1.0.
    V1_1_0,
}

impl Version {
    /// Every version that is supported, oldest first.
    pub const ALL: [Self; 7] =
        [Self::V0_1_0, Self::V0_2_0, Self::V0_3_0, Self::V0_3_1, Self::V0_4_0, Self::V1_0_0, Self::V1_1_0];
    /// The newest version.
    pub const CURRENT: Self = Self::V1_1_0;

    /// The version's text, as in `cniVersion`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0_1_0 => "0.1.0",
            Self::V0_2_0 => "0.2.0",
            Self::V0_3_0 => "0.3.0",
            Self::V0_3_1 => "0.3.1",
            Self::V0_4_0 => "0.4.0",
            Self::V1_0_0 => "1.0.0",
            Self::V1_1_0 => "1.1.0",
        }
    }

    /// The version with exactly this text. The empty text means 0.1.0, as it does for libcni.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::V0_1_0);
        }
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }

    /// The numbers of a version text, published or not, for comparing. One to three numbers are
    /// read, and missing ones are 0; the empty text means 0.1.0. Signs are accepted, as libcni
    /// does. The result is none when the text is no version.
    pub fn numbers(text: &str) -> Option<[i64; 3]> {
        if text.is_empty() {
            return Some(Self::V0_1_0.as_numbers());
        }
        let mut numbers = [0; 3];
        let mut parts = text.split('.');
        for (number, part) in numbers.iter_mut().zip(&mut parts) {
            *number = part.parse().ok()?;
        }
        parts.next().is_none().then_some(numbers)
    }

    /// The version's numbers, comparable with those of [`Version::numbers`].
    pub const fn as_numbers(self) -> [i64; 3] {
        match self {
            Self::V0_1_0 => [0, 1, 0],
            Self::V0_2_0 => [0, 2, 0],
            Self::V0_3_0 => [0, 3, 0],
            Self::V0_3_1 => [0, 3, 1],
            Self::V0_4_0 => [0, 4, 0],
            Self::V1_0_0 => [1, 0, 0],
            Self::V1_1_0 => [1, 1, 0],
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_versions_are_recognised_by_their_exact_text() {
        for version in Version::ALL {
            assert_eq!(Version::parse(version.as_str()), Some(version));
            assert_eq!(Version::numbers(version.as_str()), Some(version.as_numbers()));
        }
        for text in ["1.1", "01.1.0", "1.1.0 ", "v1.1.0", "9.9.9"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_as_libcni_reads_them() {
        let read =
            [("", [0, 1, 0]), ("1", [1, 0, 0]), ("1.2", [1, 2, 0]), ("-1.0.0", [-1, 0, 0]), ("1.00.0", [1, 0, 0])];
        for (text, numbers) in read {
            assert_eq!(Version::numbers(text), Some(numbers), "{text}");
        }
        for text in ["v1.0.0", "1.0.0-rc1", "0.", "1.2.3.4", "..", "banana", " 1"] {
            assert_eq!(Version::numbers(text), None, "{text}");
        }
    }
}
