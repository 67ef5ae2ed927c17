//! Counters and clock are handed in.

use super::*;

/// The period of these tests.
const PERIOD: Duration = EVERY;

/// A node whose counters are read by the test.
struct Node {
    traffic: Traffic,
    start: Instant,
    readings: u32,
}

impl Node {
    fn new() -> Self {
        Self { traffic: Traffic::new(PERIOD), start: Instant::now(), readings: 0 }
    }

    /// Reads these counters, a period after the last ones.
    fn read(&mut self, counters: &[(&'static str, u64, u64)]) {
        self.readings += 1;
        let counters =
            counters.iter().map(|(name, received, sent)| (*name, Bytes { received: *received, sent: *sent }));
        self.traffic.window().add(self.now(), counters);
    }

    fn now(&self) -> Instant {
        self.start + PERIOD * self.readings
    }

    /// Bytes received and sent in a second.
    #[track_caller]
    fn rate(&self, prefix: &str) -> (u64, u64) {
        let Bytes { received, sent } = self.traffic.rate(prefix, self.now()).unwrap();
        (received, sent)
    }
}

#[test]
fn the_rate_of_all_interfaces_that_begin_so_is_added_up() {
    let mut node = Node::new();
    node.read(&[("cali1", 1_000_000, 0), ("cali2", 5, 5), ("weave", 0, 0)]);
    node.read(&[("cali1", 1_000_500, 100), ("cali2", 505, 5), ("weave", 70, 30)]);
    assert_eq!(node.rate("cali"), (100, 10));
    assert_eq!(node.rate("cali2"), (50, 0));
    assert_eq!(node.rate("weav"), (7, 3));
    assert_eq!(node.rate(""), (107, 13));
    assert_eq!(node.rate("flan"), (0, 0), "no interface carries nothing");
}

#[test]
fn a_burst_counts_for_a_minute_and_is_spread_over_it() {
    let mut node = Node::new();
    node.read(&[("a", 0, 0), ("b", 0, 0)]);
    // One gets ten times as much in one step as the other in each.
    let mut seen = Vec::new();
    for step in 1..=8 {
        node.read(&[("a", 6_000, 0), ("b", 600 * step, 0)]);
        seen.push((node.rate("a").0, node.rate("b").0));
    }
    let expected = [(600, 60), (300, 60), (200, 60), (150, 60), (120, 60), (100, 60), (0, 60), (0, 60)];
    assert_eq!(seen, expected);
}

#[test]
fn what_an_interface_carried_before_it_was_seen_does_not_count() {
    let mut node = Node::new();
    node.read(&[("lo", 0, 0)]);
    node.read(&[("lo", 0, 0), ("cali1", 9_000_000, 9_000_000)]);
    assert_eq!(node.rate("cali"), (0, 0));
    node.read(&[("lo", 0, 0), ("cali1", 9_000_400, 9_000_000)]);
    assert_eq!(node.rate("cali"), (20, 0), "of 20 seconds");
}

#[test]
fn an_interface_that_is_gone_is_forgotten() {
    let mut node = Node::new();
    node.read(&[("cali1", 0, 0), ("cali2", 0, 0)]);
    node.read(&[("cali1", 1_000, 0), ("cali2", 0, 0)]);
    node.read(&[("cali2", 0, 0)]);
    assert_eq!(node.rate("cali"), (0, 0));
    node.read(&[("cali1", 5_000, 0), ("cali2", 0, 0)]);
    assert_eq!(node.rate("cali"), (0, 0), "it is another one of that name");
    assert_eq!(node.traffic.window().known(), 2);
}

#[test]
fn a_counter_that_begins_anew_counts_from_nothing() {
    let mut node = Node::new();
    node.read(&[("eth0", u64::MAX - 5, 900)]);
    node.read(&[("eth0", 300, 1_000)]);
    assert_eq!(node.rate("eth"), (30, 10));
}

#[test]
fn counters_of_any_size_are_added_up() {
    let mut node = Node::new();
    node.read(&[("a", 0, 0), ("b", 0, 0)]);
    node.read(&[("a", u64::MAX, u64::MAX), ("b", u64::MAX, 10)]);
    assert_eq!(node.rate(""), (u64::MAX / 5, u64::MAX / 10 + 1));
}

#[test]
fn readings_that_failed_make_a_longer_step() {
    let mut node = Node::new();
    node.read(&[("eth0", 0, 0)]);
    node.readings += 2;
    node.read(&[("eth0", 3_000, 0)]);
    assert_eq!(node.rate("eth0"), (100, 0));
}

#[test]
fn there_is_no_rate_before_the_second_reading_and_none_of_old_ones() {
    let mut node = Node::new();
    let why = |node: &Node, later: u32| node.traffic.rate("eth", node.now() + PERIOD * later).unwrap_err();
    assert_eq!(why(&node, 0), "it has not read the counters of the node's interfaces yet");
    node.read(&[("eth0", 0, 0)]);
    assert_eq!(why(&node, 0), "it has read the counters of the node's interfaces only once, 0 s ago");
    node.read(&[("eth0", 100, 0)]);
    assert!(node.traffic.rate("eth", node.now() + PERIOD * STALE).is_ok());
    assert_eq!(why(&node, 4), "it could not read the counters of the node's interfaces for 40 s");
}

#[test]
fn memory_is_that_of_the_interfaces_that_are_there() {
    let node = Node::new();
    for round in 0..50 {
        let names: Vec<_> = (0..100).map(|index| format!("cali{round}-{index}")).collect();
        let counters = names.iter().map(|name| (name.as_str(), Bytes::default()));
        node.traffic.window().add(node.start + PERIOD * round, counters);
        assert_eq!(node.traffic.window().known(), 100);
    }
}

#[test]
fn the_kernels_file_is_read_by_its_columns() {
    let text = "Inter-|   Receive                                                |  Transmit\n \
        face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
        lo: 1290     12    0    0    0     0          0         0     1291      12    0    0    0     0       0          0\n\
        flannel.1:18446744073709551615 2 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n\
        odd: 1 2 3\n";
    let read: Vec<_> = counters::parse(text).map(|(name, bytes)| (name, bytes.received, bytes.sent)).collect();
    assert_eq!(read, [("lo", 1290, 1291), ("flannel.1", u64::MAX, 7)]);
}

#[test]
fn the_loopback_of_this_machine_is_read() {
    let text = counters::read().unwrap();
    assert!(counters::parse(&text).any(|(name, _)| name == "lo"), "{text}");
}
