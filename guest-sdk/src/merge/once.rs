//! A list that holds nothing twice.

use std::collections::BTreeSet;

/// So many values are compared one by one: for the few of usual results that costs less than a set.
const FEW: usize = 64;

/// Values in the order in which they came, each once. Adding many takes no more time for each than
/// adding a few.
pub(super) struct Once<T> {
    values: Vec<T>,
    /// The texts of all values, as soon as they are more than a few.
    texts: BTreeSet<String>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self { values: Vec::new(), texts: BTreeSet::new() }
    }
}

impl<T: PartialEq + ToString> Once<T> {
    pub(super) fn push(&mut self, value: T) {
        if self.is_new(&value) {
            self.values.push(value);
        }
    }

    pub(super) fn into_values(self) -> Vec<T> {
        self.values
    }

    /// Whether the value is not there yet. If so, it has to be added.
    fn is_new(&mut self, value: &T) -> bool {
        if self.values.len() < FEW {
            return !self.values.contains(value);
        }
        if self.texts.is_empty() {
            self.texts = self.values.iter().map(T::to_string).collect();
        }
        self.texts.insert(value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_there_once_and_where_it_came_first() {
        for many in [3, FEW - 1, FEW, FEW + 1, 10 * FEW] {
            let mut once = Once::default();
            for value in (0..many).chain((0..many).rev()).chain([many + 1, 0, many + 1]) {
                once.push(value);
            }
            let expected: Vec<_> = (0..many).chain([many + 1]).collect();
            assert_eq!(once.into_values(), expected, "{many}");
        }
    }
}
