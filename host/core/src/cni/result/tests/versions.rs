//! Conversion from one version to another.

use super::*;

const FOUR: [Version; 3] = [Version::V0_3_0, Version::V0_3_1, Version::V0_4_0];

fn converted(value: &Value, to: Version) -> Value {
    read(value).convert(to).unwrap().to_value()
}

#[test]
fn one_dot_oh_and_one_dot_one_differ_in_the_version_only() {
    let mut expected = full();
    expected["cniVersion"] = json!("1.0.0");
    assert_eq!(converted(&full(), Version::V1_0_0), expected);
}

#[test]
fn case_11_down_to_0_3_and_0_4_adds_the_ip_version_and_drops_what_is_newer() {
    for to in FOUR {
        let mut expected = full();
        expected["cniVersion"] = json!(to.as_str());
        let interface = expected["interfaces"][1].as_object_mut().unwrap();
        interface.retain(|key, _| !["mtu", "socketPath", "pciID"].contains(&key.as_str()));
        for (index, version) in ["4", "4", "6"].into_iter().enumerate() {
            expected["ips"][index]["version"] = json!(version);
        }
        assert_eq!(converted(&full(), to), expected);
    }
}

#[test]
fn case_10_up_from_0_4_drops_the_ip_version_even_if_it_is_wrong() {
    let old = json!({"cniVersion": "0.4.0", "dns": {}, "ips": [
        {"version": "6", "address": "10.0.0.2/24"}, {"version": "", "address": "fd00::2/64"}]});
    assert_eq!(
        converted(&old, Version::V1_0_0),
        json!({"cniVersion": "1.0.0",
               "ips": [{"address": "10.0.0.2/24"}, {"address": "fd00::2/64"}]})
    );
    assert!(read(&old).current().ips.iter().all(|ip| ip.version.is_empty()));
}

#[test]
fn case_10_up_from_0_2_puts_v4_before_v6_without_interface() {
    let old = json!({
        "cniVersion": "0.2.0",
        "ip6": {"ip": "fd00::2/64", "routes": [{"dst": "::/0", "gw": "fd00::1", "mtu": 9}]},
        "ip4": {"ip": "10.0.0.2/24", "gateway": "10.0.0.1", "routes": [{"dst": "0.0.0.0/0"}]},
        "dns": {"domain": "d"}
    });
    assert_eq!(
        converted(&old, Version::V1_1_0),
        json!({
            "cniVersion": "1.1.0",
            "ips": [{"address": "10.0.0.2/24", "gateway": "10.0.0.1"}, {"address": "fd00::2/64"}],
            "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0", "gw": "fd00::1", "mtu": 9}],
            "dns": {"domain": "d"}
        })
    );
    let middle = converted(&old, Version::V0_4_0);
    assert_eq!(middle["ips"][0]["version"], "4");
    assert_eq!(middle["ips"][1]["version"], "6");
}

#[test]
fn case_12_what_has_no_address_cannot_go_down_to_0_2() {
    let l2 = json!({"cniVersion": "1.0.0", "interfaces": [{"name": "net1"}]});
    for to in [Version::V0_1_0, Version::V0_2_0] {
        let error = read(&l2).convert(to).unwrap_err();
        assert_eq!(error.code, 1);
        assert_eq!(error.msg, "cannot convert: no valid IP addresses");
        assert!(error.details.contains(to.as_str()), "{error}");
    }
}

#[test]
fn down_to_0_2_keeps_the_first_address_of_each_family_and_its_routes() {
    assert_eq!(
        converted(&full(), Version::V0_2_0),
        json!({
            "cniVersion": "0.2.0",
            "ip4": {"ip": "10.0.0.2/24", "gateway": "10.0.0.1",
                    "routes": [{"dst": "0.0.0.0/0", "gw": "10.0.0.1"}]},
            "ip6": {"ip": "fd00::2/64", "gateway": "fd00::1", "routes": [{"dst": "::/0"}]},
            "dns": full()["dns"]
        })
    );
}

#[test]
fn down_from_0_4_the_ip_version_decides_not_the_address() {
    let odd = json!({"cniVersion": "0.3.1",
        "ips": [{"version": "6", "address": "10.0.0.2/24"}, {"address": "10.0.0.3/24"}],
        "routes": [{"dst": "10.1.0.0/16"}, {"dst": "::/0"}]});
    assert_eq!(
        converted(&odd, Version::V0_1_0),
        json!({"cniVersion": "0.1.0", "dns": {},
               "ip6": {"ip": "10.0.0.2/24", "routes": [{"dst": "::/0"}]}})
    );
    let lost = json!({"cniVersion": "0.3.1", "ips": [{"address": "10.0.0.3/24"}]});
    assert!(read(&lost).convert(Version::V0_2_0).is_err());
}
