//! With the kernel: each test has a network namespace of its own. Needs root and `ip`.

use std::fs;
use std::io::Write as _;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use serde_json::{Value, json};

use super::super::{Route, Sandbox, Wanted, interface_names, settle};
use super::via;
use super::wishes;
use crate::cni::{CniError, code};

/// A network namespace with eth0 (`10.1.0.2/24`, `fd00:1::2/64`) and net1 (`10.2.0.2/24`,
/// `fd00:2::2/64`). It is removed when the test ends, also by a panic.
struct Namespace {
    name: String,
}

impl Namespace {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        assert!(rustix::process::geteuid().is_root(), "this test makes network namespaces: run it as root");
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("genie-routes-{}-{count}", process::id());
        ip(&["netns", "add", &name]);
        let namespace = Self { name };
        for (number, interface) in ["eth0", "net1"].into_iter().enumerate() {
            let (number, peer) = (number + 1, format!("peer{number}"));
            namespace.ip(&format!("link add {interface} type veth peer name {peer}"));
            namespace.ip(&format!("link set {peer} up"));
            namespace.ip(&format!("link set {interface} up"));
            namespace.ip(&format!("addr add 10.{number}.0.2/24 dev {interface}"));
            namespace.ip(&format!("addr add fd00:{number}::2/64 dev {interface} nodad"));
        }
        namespace
    }

    /// A namespace with the default routes that plugins usually set: eth0 has both families, net1
    /// has IPv4 behind it.
    fn attached() -> Self {
        let namespace = Self::new();
        namespace.ip("route add default via 10.1.0.1 dev eth0");
        namespace.ip("-6 route add default via fd00:1::1 dev eth0");
        namespace.ip("route add default via 10.2.0.1 dev net1 metric 100");
        namespace
    }

    fn ip(&self, command: &str) -> String {
        let mut arguments = vec!["-n", &self.name];
        arguments.extend(command.split(' '));
        ip(&arguments)
    }

    /// The default routes as `GATEWAY INTERFACE`, IPv4 first.
    fn defaults(&self) -> Vec<String> {
        let lines = self.ip("-4 route show default") + &self.ip("-6 route show default");
        let after = |line: &str, word: &str| {
            let mut words = line.split_whitespace().skip_while(|found| *found != word).skip(1);
            words.next().unwrap_or("-").to_owned()
        };
        lines.lines().map(|line| format!("{} {}", after(line, "via"), after(line, "dev"))).collect()
    }

    fn sysctl(&self, path: &str) -> String {
        ip(&["netns", "exec", &self.name, "cat", &format!("/proc/sys/net/ipv6/conf/{path}")])
    }

    fn settle(&self, eth0: Route, net1: Route) -> Result<Vec<Value>, CniError> {
        let results = vec![
            json!({"routes": [{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}, {"dst": "::/0"}]}),
            json!({"routes": [{"dst": "0.0.0.0/0", "gw": "10.2.0.1"}, {"dst": "10.0.0.0/8"}]}),
        ];
        settle(Some(&mut self.look()), &Wanted { wishes: &wishes(eth0, net1), owner: None }, results)
    }

    fn look(&self) -> Sandbox {
        Sandbox::open(Some(&self.path())).unwrap().unwrap()
    }

    fn settle_usual(sandbox: &mut Sandbox) -> Result<Vec<Value>, CniError> {
        let usual = wishes(Route::Usual, Route::Usual);
        settle(Some(sandbox), &Wanted { wishes: &usual, owner: Some("eth0") }, vec![json!({}), json!({})])
    }

    fn path(&self) -> String {
        format!("/run/netns/{}", self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Not by `ip`, which panics: a panic during a panic would hide the first one.
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

fn ip(arguments: &[&str]) -> String {
    let output = Command::new("ip").args(arguments).output().expect("these tests need `ip`");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {}: {stderr}", arguments.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn case_21_one_default_route_through_the_gateway_and_the_other_family_untouched() {
    let namespace = Namespace::attached();
    let results = namespace.settle(Route::Usual, via(&["10.2.0.9"])).unwrap();
    assert_eq!(namespace.defaults(), ["10.2.0.9 net1", "fd00:1::1 eth0"]);
    assert_eq!(results[0], json!({"routes": [{"dst": "::/0"}]}));
    let routes = json!([{"dst": "10.0.0.0/8"}, {"dst": "0.0.0.0/0", "gw": "10.2.0.9"}]);
    assert_eq!(results[1], json!({"routes": routes}));
    assert_eq!(namespace.sysctl("eth0/accept_ra_defrtr"), "1\n", "IPv6 is not touched");
}

#[test]
fn a_gateway_of_each_family_moves_both() {
    let namespace = Namespace::attached();
    let results = namespace.settle(Route::Usual, via(&["fd00:2::1", "10.2.0.1"])).unwrap();
    assert_eq!(namespace.defaults(), ["10.2.0.1 net1", "fd00:2::1 net1"]);
    assert_eq!(results[0], json!({}));
}

#[test]
fn a_link_local_gateway_is_reached_through_the_owner() {
    let namespace = Namespace::attached();
    namespace.settle(Route::Usual, via(&["fe80::1"])).unwrap();
    assert_eq!(namespace.defaults()[2], "fe80::1 net1");
    assert_eq!(namespace.defaults().len(), 3);
}

#[test]
fn default_routes_of_every_metric_and_kind_make_room() {
    let namespace = Namespace::attached();
    namespace.ip("route add default via 10.1.0.7 dev eth0 metric 7 mtu 1400 src 10.1.0.2");
    namespace.ip("route add default dev eth0 scope link metric 8");
    namespace.ip("route add default metric 9 nexthop via 10.1.0.1 nexthop via 10.2.0.1");
    namespace.ip("-6 route add default metric 9 nexthop via fd00:1::7 nexthop via fd00:2::7");
    assert_eq!(namespace.ip("-4 route show table all default").matches("default").count(), 5);
    namespace.settle(via(&["10.1.0.9", "fd00:1::9"]), Route::Usual).unwrap();
    assert_eq!(namespace.defaults(), ["10.1.0.9 eth0", "fd00:1::9 eth0"]);
}

#[test]
fn other_tables_and_refusing_routes_are_let_alone() {
    let namespace = Namespace::attached();
    namespace.ip("route add default via 10.1.0.1 dev eth0 table 100");
    namespace.ip("route add unreachable default metric 9999");
    namespace.settle(Route::Never, via(&["10.2.0.9"])).unwrap();
    assert_eq!(namespace.ip("route show table 100"), "default via 10.1.0.1 dev eth0 \n");
    assert!(namespace.ip("route show").contains("unreachable default metric 9999"));
    assert_eq!(namespace.ip("-6 route show default"), "");
}

#[test]
fn never_takes_the_default_routes_of_its_interface_and_no_other_route() {
    let namespace = Namespace::attached();
    let results = namespace.settle(Route::Never, Route::Usual).unwrap();
    assert_eq!(namespace.defaults(), ["10.2.0.1 net1"]);
    assert_eq!(results[0], json!({}));
    assert!(namespace.ip("route show").contains("10.1.0.0/24 dev eth0"));
    assert!(namespace.ip("-6 route show").contains("fd00:1::/64 dev eth0"));
}

#[test]
fn a_shared_multipath_route_is_recognised() {
    let namespace = Namespace::new();
    for route in [
        "-4 route add default nexthop via 10.1.0.1 nexthop via 10.2.0.1",
        "-6 route add default nexthop via fd00:1::1 nexthop via fd00:2::1",
    ] {
        namespace.ip(route);
        let error = namespace.settle(Route::Never, Route::Usual).unwrap_err();
        assert!(error.msg.contains("multipath"), "{route}: {error}");
        namespace.ip(&route.replace("add", "del"));
    }
}

#[test]
fn who_loses_ipv6_no_longer_learns_it_from_routers() {
    let namespace = Namespace::attached();
    assert_eq!(namespace.sysctl("eth0/accept_ra_defrtr"), "1\n");
    namespace.settle(Route::Never, Route::Usual).unwrap();
    assert_eq!(namespace.sysctl("eth0/accept_ra_defrtr"), "0\n");
    assert_eq!(namespace.sysctl("net1/accept_ra_defrtr"), "1\n");
}

#[test]
fn without_gateways_the_owner_keeps_what_its_plugin_set() {
    let namespace = Namespace::attached();
    let results = namespace.settle(Route::Usual, via(&[])).unwrap();
    assert_eq!(namespace.defaults(), ["10.2.0.1 net1", "fd00:1::1 eth0"]);
    assert!(namespace.ip("-4 route show default").contains("metric 100"));
    assert_eq!(results[0], json!({"routes": [{"dst": "::/0"}]}));
    assert_eq!(results[1]["routes"][0], json!({"dst": "0.0.0.0/0", "gw": "10.2.0.1"}));
}

#[test]
fn a_default_route_that_is_right_already_is_not_made_anew() {
    let namespace = Namespace::attached();
    namespace.settle(Route::Usual, via(&["10.2.0.1"])).unwrap();
    assert_eq!(namespace.ip("-4 route show default").trim(), "default via 10.2.0.1 dev net1 metric 100");
}

#[test]
fn case_23_an_unreachable_gateway_is_refused_in_the_kernels_words() {
    let namespace = Namespace::attached();
    for gateway in ["192.0.2.1", "2001:db8::1"] {
        let error = namespace.settle(Route::Usual, via(&[gateway])).unwrap_err();
        assert_eq!(error.code, code::INVALID_CONFIG);
        for part in ["\"second\"", "net1", gateway, "(os error ", "name a gateway in a subnet of the interface's own"] {
            assert!(error.msg.contains(part), "{part}: {error}");
        }
    }
    let error = namespace.settle(Route::Usual, via(&["192.0.2.1"])).unwrap_err();
    assert!(error.msg.contains("Nexthop has invalid gateway"), "{error}");
}

#[test]
fn what_was_set_aside_comes_back_to_its_owner_as_it_was() {
    let namespace = Namespace::new();
    let (v4, v6) = ("default via 10.1.0.1 dev eth0 src 10.1.0.2 metric 7 mtu 1400", "default via fd00:1::1 dev eth0");
    namespace.ip(&format!("route add {v4}"));
    namespace.ip(&format!("-6 route add {v6} metric 50 pref high"));
    namespace.ip("route add default via 10.1.0.9 dev eth0 onlink metric 8");
    let before = namespace.ip("-4 route show default") + &namespace.ip("-6 route show default");
    let mut sandbox = namespace.look();
    sandbox.set_aside().unwrap();
    assert!(namespace.defaults().is_empty());
    // As calico does, which fails where there is a default route already.
    namespace.ip("route add default via 10.2.0.1 dev net1");
    sandbox.set_aside().unwrap();
    Namespace::settle_usual(&mut sandbox).unwrap();
    assert_eq!(namespace.ip("-4 route show default") + &namespace.ip("-6 route show default"), before);
}

#[test]
fn an_owner_that_comes_last_has_them_too() {
    let namespace = Namespace::new();
    namespace.ip("route add default via 10.2.0.1 dev net1");
    namespace.ip("-6 route add default via fd00:2::1 dev net1");
    let mut sandbox = namespace.look();
    sandbox.set_aside().unwrap();
    namespace.ip("route add default via 10.1.0.1 dev eth0");
    let results = Namespace::settle_usual(&mut sandbox).unwrap();
    assert_eq!(namespace.defaults(), ["10.1.0.1 eth0", "fd00:2::1 net1"]);
    assert_eq!(results, [json!({}), json!({})]);
}

#[test]
fn what_was_set_aside_is_put_back_when_the_add_fails() {
    let namespace = Namespace::attached();
    let before = namespace.defaults();
    let mut sandbox = namespace.look();
    sandbox.set_aside().unwrap();
    sandbox.put_back();
    assert_eq!(namespace.defaults(), before);
    sandbox.put_back();
    assert_eq!(namespace.defaults(), before);
}

#[test]
fn what_was_settled_is_put_back_when_a_later_step_fails() {
    let namespace = Namespace::attached();
    let before = namespace.ip("-4 route show default") + &namespace.ip("-6 route show default");
    let mut sandbox = namespace.look();
    sandbox.set_aside().unwrap();
    let wishes = wishes(Route::Usual, via(&["10.2.0.9", "fd00:2::9"]));
    settle(Some(&mut sandbox), &Wanted { wishes: &wishes, owner: Some("eth0") }, vec![json!({}), json!({})]).unwrap();
    assert_eq!(namespace.defaults(), ["10.2.0.9 net1", "fd00:2::9 net1"]);
    sandbox.put_back();
    // The attachment that owned them is undone.
    namespace.ip("route del default via 10.2.0.9 dev net1");
    namespace.ip("-6 route del default via fd00:2::9 dev net1");
    assert_eq!(namespace.ip("-4 route show default") + &namespace.ip("-6 route show default"), before);
}

#[test]
fn what_was_there_is_put_back_when_a_gateway_is_refused() {
    for aside in [false, true] {
        let namespace = Namespace::attached();
        let before = namespace.defaults();
        let mut sandbox = namespace.look();
        if aside {
            sandbox.set_aside().unwrap();
        }
        let wishes = wishes(Route::Usual, via(&["192.0.2.1"]));
        let wanted = Wanted { wishes: &wishes, owner: Some("eth0") };
        settle(Some(&mut sandbox), &wanted, vec![json!({}), json!({})]).unwrap_err();
        assert_ne!(namespace.defaults(), before, "the others made room for it");
        sandbox.put_back();
        assert_eq!(namespace.defaults(), before);
    }
}

#[test]
fn what_something_else_brings_back_fails_the_add() {
    let namespace = Namespace::attached();
    let mut other = Command::new("ip");
    let mut other = other.args(["-n", &namespace.name, "-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut commands = other.stdin.take().unwrap();
    let enough = AtomicBool::new(false);
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            let again = "route replace default via 10.1.0.1 dev eth0 metric 7\n".repeat(100);
            while !enough.load(Ordering::Relaxed) {
                if commands.write_all(again.as_bytes()).is_err() {
                    break;
                }
            }
            drop(commands);
        });
        // Now and then the other one is too slow.
        let error = (0..10_000).find_map(|_| namespace.settle(Route::Usual, via(&["10.2.0.9"])).err());
        enough.store(true, Ordering::Relaxed);
        error.unwrap()
    });
    assert!(other.wait().unwrap().success());
    assert_eq!(error.code, code::TRY_AGAIN, "{error}");
    assert!(error.msg.contains("one through eth0 came back"), "{error}");
}

#[test]
fn a_default_route_that_cannot_come_back_fails_the_add() {
    let namespace = Namespace::new();
    namespace.ip("route add default via 10.1.0.1 dev eth0");
    let mut sandbox = namespace.look();
    sandbox.set_aside().unwrap();
    namespace.ip("addr del 10.1.0.2/24 dev eth0");
    let error = Namespace::settle_usual(&mut sandbox).unwrap_err();
    assert!(error.msg.contains("set aside") && error.msg.contains("(os error "), "{error}");
}

#[test]
fn what_routers_advertise_is_not_set_aside() {
    let namespace = Namespace::new();
    namespace.ip("-6 route add default via fd00:1::1 dev eth0 proto ra metric 1024");
    namespace.look().set_aside().unwrap();
    assert_eq!(namespace.defaults(), ["fd00:1::1 eth0"]);
}

#[test]
fn a_look_finds_all_interfaces_and_no_namespace_is_none() {
    let namespace = Namespace::new();
    let own = fs::read_link("/proc/thread-self/ns/net").unwrap();
    let mut sandbox = namespace.look();
    assert_eq!(fs::read_link("/proc/thread-self/ns/net").unwrap(), own, "who looked is back");
    assert_eq!(sandbox.interfaces().unwrap().len(), 5);
    assert!(sandbox.has("peer1").unwrap() && !sandbox.has("eth7").unwrap());
    assert!(Sandbox::open(None).unwrap().is_none());
    assert!(Sandbox::open(Some("/run/netns/gone")).unwrap().is_none());
    let error = Sandbox::open(Some("/proc/self/ns/uts")).err().unwrap();
    assert!(error.msg.contains("/proc/self/ns/uts"), "{error}");
}

#[test]
fn interface_names_are_those_of_the_namespace() {
    let namespace = Namespace::new();
    let own = fs::read_link("/proc/thread-self/ns/net").unwrap();
    let names = interface_names(&namespace.path()).unwrap();
    assert_eq!(names.iter().collect::<Vec<_>>(), ["eth0", "lo", "net1", "peer0", "peer1"]);
    assert_eq!(fs::read_link("/proc/thread-self/ns/net").unwrap(), own, "nobody moved");
}

#[test]
fn a_listing_longer_than_one_datagram_is_read_to_its_end() {
    let namespace = Namespace::new();
    for number in 0..20 {
        namespace.ip(&format!("link add many{number} type veth peer name more{number}"));
    }
    assert_eq!(interface_names(&namespace.path()).unwrap().len(), 45);
}

#[test]
fn what_is_no_network_namespace_is_refused_by_its_path() {
    for path in ["/proc/self/ns/uts", "/proc/self/status", "/run/netns/gone", ""] {
        let error = interface_names(path).unwrap_err();
        assert_eq!(error.code, code::INVALID_ENVIRONMENT);
        assert!(error.msg.contains(&format!("namespace {path}: ")), "{error}");
    }
}
