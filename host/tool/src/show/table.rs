//! Plain tables, whose columns are as wide as their widest cell.

use genie_core::plain;

/// Lays rows out in columns, two spaces apart. Returns one line a row. The first row is the
/// heading.
pub fn table(rows: &[Vec<String>]) -> Vec<String> {
    // The width that counts is that of the printed text.
    let rows: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(|cell| plain::line(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let laid_out = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  "));
        cells.collect::<String>().trim_end().to_owned()
    });
    laid_out.collect()
}

/// A number with separators between its thousands, as in `50,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes in the largest binary unit that fits, as in `1.1 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = UNITS.into_iter().find(|(size, _)| count >= *size);
    unit.map_or_else(
        || format!("{count} B"),
        // One decimal is enough for people, so lost digits do not matter.
        #[allow(clippy::cast_precision_loss)]
        |(size, name)| format!("{:.1} {name}", count as f64 / size as f64),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["a".into(), "b".into()], vec!["long".into(), "c".into()]];
        assert_eq!(table(&rows), ["a     b", "long  c"]);
        let hostile = [vec!["a\nb".into(), "c".into()], vec!["d".into(), "e\u{1b}[2J".into()]];
        assert_eq!(table(&hostile), [r"a\nb  c", r"d     e\u{1b}[2J"]);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(grouped(50_000_000), "50,000,000");
        assert_eq!(grouped(999), "999");
        assert_eq!(bytes(64 << 20), "64.0 MiB");
        assert_eq!(bytes(12), "12 B");
    }
}
