//! Plots as SVG: bars and lines, readable on light and on dark.

use std::fmt::Write as _;

/// The width of the picture, in its own units.
const WIDTH: f64 = 720.0;
/// The end of labels and the beginning of bars.
const LEFT: f64 = 170.0;
/// The room for values at the end of bars, and for names at the end of lines.
const RIGHT: f64 = 130.0;
const TOP: f64 = 58.0;
const BAR: f64 = 13.0;
const GAP: f64 = 9.0;
/// The height of the area with the lines.
const PLANE: f64 = 260.0;
/// The least distance between the names of lines.
const NAME: f64 = 13.0;

/// Text has the colour of the page's text; everything else is of medium brightness.
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}\
    .grid{stroke:#8886;stroke-width:1}@media (prefers-color-scheme:dark){text{fill:#ddd}}";

/// A row of bars, or a line.
pub struct Series {
    /// What the series shows.
    pub name: String,
    /// The colour of the series, see [`colour`].
    pub colour: &'static str,
    /// The values of the series. A missing value is NaN.
    pub values: Vec<f64>,
}

/// Horizontal bars. Each series is a group, with a bar for each value.
pub fn bars(title: &str, unit: &str, names: &[&str], rows: &[Series]) -> String {
    let most = most(rows);
    let bars = |row: &Series| to_f64(row.values.iter().filter(|value| value.is_finite()).count());
    let height = TOP + rows.iter().map(|row| bars(row) * BAR + GAP).sum::<f64>() + GAP;
    let mut svg = begin(title, height);
    legend(&mut svg, names);
    let mut y = TOP;
    for row in rows {
        let middle = y + bars(row) * BAR / 2.0 + 4.0;
        text(&mut svg, LEFT - 8.0, middle, "end", &row.name);
        for (index, value) in row.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let length = (WIDTH - LEFT - RIGHT) * (value / most).max(0.0);
            let opacity = opacity(index);
            _ = writeln!(
                svg,
                r#"<rect x="{LEFT}" y="{y:.1}" width="{length:.1}" height="{:.1}" fill="{}" opacity="{opacity}"/>"#,
                BAR - 2.0,
                row.colour
            );
            text(&mut svg, LEFT + length + 6.0, y + 9.5, "start", &format!("{} {unit}", number(*value)));
            y += BAR;
        }
        y += GAP;
    }
    svg + "</svg>\n"
}

/// Lines over the same points.
pub fn lines(title: &str, unit: &str, points: &[String], series: &[Series]) -> String {
    let most = most(series) * 1.05;
    let mut svg = begin(title, TOP + PLANE + 40.0);
    let left = 70.0;
    let x = |index: usize| left + (WIDTH - left - RIGHT) * to_f64(index) / to_f64(points.len().max(2) - 1);
    let y = |value: f64| TOP + PLANE * (1.0 - value / most);
    for step in 0..=4 {
        let value = most * f64::from(step) / 4.0;
        let at = y(value);
        _ = writeln!(svg, r#"<line class="grid" x1="{left}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/>"#, WIDTH - RIGHT);
        text(&mut svg, left - 8.0, at + 4.0, "end", &format!("{} {unit}", number(value)));
    }
    for (index, point) in points.iter().enumerate() {
        text(&mut svg, x(index), TOP + PLANE + 20.0, "middle", point);
    }
    let mut ends: Vec<_> = Vec::new();
    for series in series {
        let places: Vec<_> = series
            .values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_finite())
            .map(|(index, value)| (x(index), y(*value)))
            .collect();
        let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let colour = series.colour;
        _ = writeln!(svg, r#"<polyline fill="none" stroke="{colour}" stroke-width="2" points="{}"/>"#, path.join(" "));
        for (x, y) in &places {
            _ = writeln!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#);
        }
        ends.extend(places.last().map(|(_, y)| (*y, series.name.as_str())));
    }
    ends.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut above = f64::MIN;
    for (y, name) in ends {
        above = y.max(above + NAME);
        text(&mut svg, WIDTH - RIGHT + 8.0, above + 4.0, "start", name);
    }
    svg + "</svg>\n"
}

/// The colour of a contender.
pub fn colour(name: &str) -> &'static str {
    match name {
        name if name.starts_with("genie") => "#3a9d6e",
        name if name.starts_with("Multus thick") => "#c75d3a",
        name if name.starts_with("Multus") => "#d99545",
        "cnitool" => "#6f8fc9",
        _ => "#8f8f8f",
    }
}

fn begin(title: &str, height: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" \
         role=\"img\" aria-label=\"{}\">\n<style>{STYLE}</style>\n",
        escaped(title)
    );
    _ = writeln!(svg, r#"<text class="title" x="12" y="22">{}</text>"#, escaped(title));
    svg
}

/// Explains the bars of a group when it has several.
fn legend(svg: &mut String, names: &[&str]) {
    let mut x = LEFT;
    for (index, name) in names.iter().enumerate() {
        _ = writeln!(
            svg,
            r##"<rect x="{x:.0}" y="34" width="11" height="11" fill="#8f8f8f" opacity="{}"/>"##,
            opacity(index)
        );
        text(svg, x + 16.0, 44.0, "start", name);
        x += 32.0 + 7.0 * to_f64(name.len());
    }
}

fn opacity(index: usize) -> f64 {
    if index == 0 { 1.0 } else { 0.55 }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    _ = writeln!(svg, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#, escaped(text));
}

fn most(series: &[Series]) -> f64 {
    let values = series.iter().flat_map(|series| &series.values);
    values.copied().filter(|value| value.is_finite()).fold(f64::MIN_POSITIVE, f64::max)
}

/// A number with three significant digits or so.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn to_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, values: &[f64]) -> Series {
        Series { name: name.into(), colour: colour(name), values: values.into() }
    }

    #[test]
    fn the_longest_bar_fills_the_plane_and_the_others_are_in_proportion() {
        let svg = bars("a < b", "ms", &["ADD"], &[series("genie", &[5.0]), series("Multus thin", &[20.0])]);
        assert!(svg.contains("a &lt; b"));
        let full = WIDTH - LEFT - RIGHT;
        assert!(svg.contains(&format!(r#"width="{full:.1}""#)), "{svg}");
        assert!(svg.contains(&format!(r#"width="{:.1}""#, full / 4.0)), "{svg}");
    }

    #[test]
    fn a_line_leaves_out_what_was_not_measured() {
        let svg = lines("t", "ms", &["1".into(), "2".into(), "3".into()], &[series("cnitool", &[1.0, f64::NAN, 3.0])]);
        assert_eq!(svg.matches("<circle").count(), 2);
    }

    #[test]
    fn names_at_the_ends_of_lines_do_not_stand_on_each_other() {
        let svg = lines("t", "ms", &["1".into()], &[series("one", &[1.0]), series("two", &[1.0])]);
        let place = |name: &str| {
            let line = svg.lines().find(|line| line.contains(&format!(">{name}<"))).expect("it is named");
            line.split(" y=\"").nth(1).and_then(|rest| rest.split('"').next()?.parse::<f64>().ok()).expect("a place")
        };
        assert!((place("one") - place("two")).abs() >= NAME);
    }
}
