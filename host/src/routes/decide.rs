//! Which default routes go and which come. Pure: it sees what is there and what is
//! wanted, and touches nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::message::DefaultRoute;
use super::{Family, Route, Wish};
use crate::cni::{CniError, code};

/// What is left to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Default routes to remove.
    pub remove: Vec<&'a DefaultRoute>,
    /// Gateways through which the owner's interface needs a default route.
    pub add: Vec<IpAddr>,
    /// For each attachment, the families of which it may have no default route.
    pub lost: Vec<BTreeSet<Family>>,
}

impl Decision<'_> {
    /// Whether everything is as it should be.
    pub fn is_done(&self) -> bool {
        self.remove.is_empty() && self.add.is_empty()
    }
}

/// The attachment that owns default routes, its interface's index, and its gateways.
pub struct Owner<'a> {
    /// The attachment.
    pub wish: &'a Wish<'a>,
    /// Its interface's index; none if there is no such interface.
    pub index: Option<u32>,
    /// Its gateways, as wished.
    pub gateways: &'a [IpAddr],
}

impl<'a> Owner<'a> {
    /// Finds it. `links` are the interfaces of the container with their indexes.
    pub fn of(wishes: &'a [Wish<'_>], links: &BTreeMap<String, u32>) -> Option<Self> {
        wishes.iter().find_map(|wish| match &wish.default_route {
            Route::Via(gateways) => Some(Self { wish, index: links.get(wish.interface).copied(), gateways }),
            Route::Usual | Route::Never => None,
        })
    }

    /// Whether it shall keep its plugins' default routes, and they set none.
    pub fn has_nothing_to_keep(&self, routes: &[DefaultRoute]) -> bool {
        self.gateways.is_empty() && self.own(routes).next().is_none()
    }

    /// Those of the routes that leave through its interface.
    fn own<'r>(&self, routes: &'r [DefaultRoute]) -> impl Iterator<Item = &'r DefaultRoute> {
        let index = self.index;
        let own = move |route: &&DefaultRoute| index.is_some_and(|index| route.interfaces.contains(&index));
        routes.iter().filter(own)
    }

    fn gateway(&self, family: Family) -> Option<IpAddr> {
        self.gateways.iter().copied().find(|gateway| Family::of(gateway) == family)
    }

    /// The families that it decides.
    fn families(&self, routes: &[DefaultRoute]) -> Result<BTreeSet<Family>, CniError> {
        match (self.index, self.gateways) {
            (_, []) => Ok(self.own(routes).map(|route| route.family).collect()),
            (Some(_), gateways) => Ok(gateways.iter().map(Family::of).collect()),
            (None, _) => {
                let message = "the container has no interface of that name; its plugins made none";
                Err(self.wish.blame(CniError::new(code::INVALID_CONFIG, message)))
            }
        }
    }
}

/// Refuses wishes that contradict each other, whatever the container looks like.
///
/// # Errors
/// Code 7: two owners, or an owner with two gateways of one family.
pub fn check(wishes: &[Wish<'_>]) -> Result<(), CniError> {
    let mut owners = wishes.iter().filter_map(|wish| match &wish.default_route {
        Route::Via(gateways) => Some((wish, gateways)),
        Route::Usual | Route::Never => None,
    });
    let Some((owner, gateways)) = owners.next() else {
        return Ok(());
    };
    if let Some((other, _)) = owners.next() {
        let message =
            format!("network {:?} on {} asks for it too; one attachment can have it", other.network, other.interface);
        return Err(owner.blame(CniError::new(code::INVALID_CONFIG, message)));
    }
    let families: BTreeSet<_> = gateways.iter().map(Family::of).collect();
    if families.len() < gateways.len() {
        let gateways: Vec<_> = gateways.iter().map(ToString::to_string).collect();
        let message = format!("gateways {}: name at most one per address family", gateways.join(", "));
        return Err(owner.blame(CniError::new(code::INVALID_CONFIG, message)));
    }
    Ok(())
}

/// Compares what is wanted with what is there. Once its answer is carried out, the next
/// one [is done](Decision::is_done).
///
/// # Errors
/// Code 7: the owner's interface is missing, or a default route leaves through the
/// interfaces of several attachments that shall be treated differently.
pub fn decide<'a>(
    wishes: &[Wish<'_>],
    links: &BTreeMap<String, u32>,
    routes: &'a [DefaultRoute],
) -> Result<Decision<'a>, CniError> {
    let owner = Owner::of(wishes, links);
    let decided = match &owner {
        Some(owner) => owner.families(routes)?,
        None => BTreeSet::new(),
    };
    let never: BTreeMap<u32, &Wish<'_>> = wishes
        .iter()
        .filter(|wish| wish.default_route == Route::Never)
        .filter_map(|wish| Some((*links.get(wish.interface)?, wish)))
        .collect();

    let mut decision = Decision::default();
    let mut kept = BTreeSet::new();
    for route in routes {
        let goes = match &owner {
            Some(owner) if decided.contains(&route.family) => match owner.gateway(route.family) {
                Some(gateway) => {
                    let right =
                        route.gateway == Some(gateway) && owner.index.is_some_and(|index| route.interfaces == [index]);
                    // A second one, of another metric, is one too many.
                    !(right && kept.insert(route.family))
                }
                None => !leaves_through(route, |index| owner.index == Some(index), owner.wish)?,
            },
            _ => match route.interfaces.iter().find_map(|index| never.get(index)) {
                Some(wish) => leaves_through(route, |index| never.contains_key(&index), wish)?,
                None => false,
            },
        };
        if goes {
            decision.remove.push(route);
        }
    }
    let gateways = owner.iter().flat_map(|owner| owner.gateways);
    decision.add = gateways.filter(|gateway| !kept.contains(&Family::of(gateway))).copied().collect();
    decision.lost = wishes
        .iter()
        .map(|wish| match wish.default_route {
            Route::Usual => decided.clone(),
            Route::Via(_) => BTreeSet::new(),
            Route::Never => Family::ALL.into(),
        })
        .collect();
    Ok(decision)
}

/// Whether a route leaves through the interfaces that `meant` accepts.
///
/// # Errors
/// It has several hops, and they are of both kinds.
fn leaves_through(route: &DefaultRoute, meant: impl Fn(u32) -> bool, wish: &Wish<'_>) -> Result<bool, CniError> {
    let count = route.interfaces.iter().filter(|index| meant(**index)).count();
    if count == 0 || count == route.interfaces.len() {
        return Ok(count > 0);
    }
    let message = "one multipath route leaves through this and through other interfaces, so it \
                   cannot be taken from one of them; let the networks' plugins set separate routes";
    Err(wish.blame(CniError::new(code::INVALID_CONFIG, message)))
}
