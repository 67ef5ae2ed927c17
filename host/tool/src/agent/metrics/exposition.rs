//! The older of the two formats, for clients that do not ask for `OpenMetrics`.

use std::collections::BTreeMap;

/// Turns the text of `OpenMetrics` into the text format of Prometheus, version 0.0.4. In
/// `OpenMetrics` the name of a counter has no ending; here it has the ending of its samples.
pub fn classic(open_metrics: &str) -> String {
    let word = |line: &str, index| line.split(' ').nth(index).unwrap_or_default().to_owned();
    let types: BTreeMap<String, String> = open_metrics
        .lines()
        .filter(|line| line.starts_with("# TYPE "))
        .map(|line| (word(line, 2), word(line, 3)))
        .collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        let comment = line.strip_prefix("# ").and_then(|comment| comment.split_once(' '));
        if let Some((what, (name, rest))) = comment.and_then(|(what, rest)| Some((what, rest.split_once(' ')?))) {
            let kind = types.get(name).map_or("", String::as_str);
            let ending = match kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            let rest = if what == "TYPE" && kind == "info" { "gauge" } else { rest };
            text.extend(["# ", what, " ", name, ending, " ", rest, "\n"]);
        } else {
            text.extend([line, "\n"]);
        }
    }
    text
}
