//! Reports the second network's address first, which is the pod's for a runtime that takes the first
//! one (CRI-O, podman). The networks themselves stay as they are, and so do the annotations. Needs no
//! grant, since a merge may order.

use genie_selector::{About, Merge, Merged, Outcome, Plan, Refusal, Request, Selector, Verdict, merge};

struct PrimaryAddress;

impl Selector for PrimaryAddress {
    type Settings = ();

    fn about() -> About {
        About::new("primary-address", "0.1.0", "reports the second network's address first")
    }

    /// It only merges: the configuration's `merge` names it.
    fn select(_request: &Request, (): &()) -> Result<Verdict, Refusal> {
        Ok(Verdict::Pass)
    }
}

impl Merge for PrimaryAddress {
    fn merge(request: &Request, _plan: &Plan, outcomes: &[Outcome], (): &()) -> Result<Merged, Refusal> {
        let merged = merge::standard(&request.interface, None, outcomes).map_err(Refusal::internal)?;
        let Some(second) = outcomes.get(1) else {
            return Ok(merged);
        };
        let wanted = second.read().map_err(Refusal::internal)?;
        let mut result = merged.read().map_err(Refusal::internal)?;
        // Stable: all others keep their order.
        result.ips.sort_by_key(|ip| !wanted.ips.iter().any(|first| first.address == ip.address));
        Ok(merged.with_result(&result))
    }
}

genie_selector::export!(PrimaryAddress with merge);

#[cfg(test)]
mod tests {
    use super::*;
    use genie_selector::testing;

    fn addresses(outcomes: &[Outcome]) -> Vec<(String, Option<usize>)> {
        let merged = PrimaryAddress::merge(&testing::request(), &Plan::new("", Vec::new()), outcomes, &());
        let result = merged.expect("a result").read().expect("it is one of CNI");
        result.ips.into_iter().map(|ip| (ip.address, ip.interface)).collect()
    }

    #[test]
    fn the_second_networks_address_is_first_and_stays_on_its_interface() {
        let outcomes = [
            testing::outcome("eth0", "calico", &["10.0.0.2/32"]),
            testing::outcome("eth1", "blue", &["10.1.0.2/24", "fd00::2/64"]),
        ];
        let told = addresses(&outcomes);
        let expected = [("10.1.0.2/24", 1), ("fd00::2/64", 1), ("10.0.0.2/32", 0)];
        assert_eq!(told, expected.map(|(address, interface)| (address.to_owned(), Some(interface))));
    }

    #[test]
    fn one_network_stays_as_it_is() {
        let outcomes = [testing::outcome("eth0", "calico", &["10.0.0.2/32"])];
        assert_eq!(addresses(&outcomes), [("10.0.0.2/32".to_owned(), Some(0))]);
    }
}
