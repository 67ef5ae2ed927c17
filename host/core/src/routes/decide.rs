//! Decides which default routes to remove and which to make. It compares what is there with what is
//! wanted, and changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Family;
use super::Route;
use super::Wanted;
use super::Wish;
use super::message::DefaultRoute;
use crate::cni::{CniError, code};

/// What is left to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settlement<'a> {
    /// Default routes to remove.
    pub remove: Vec<&'a DefaultRoute>,
    /// Default routes to make.
    pub add: Vec<Addition>,
    /// For each attachment, the families in which it must have no default route.
    pub lost: Vec<BTreeSet<Family>>,
}

impl Settlement<'_> {
    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.remove.is_empty() && self.add.is_empty()
    }
}

/// A default route that a plan asks for and that no plugin has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addition {
    /// The index of the attachment that asks for the route.
    pub wish: usize,
    /// The index of the attachment's interface.
    pub interface: u32,
    /// The route's gateway.
    pub gateway: IpAddr,
}

/// The owner of the default routes of one family.
enum Owner {
    /// There is none: the routes stay as the plugins set them.
    Nobody,
    /// An attachment, through a gateway of the plan.
    Gateway(Addition),
    /// The attachments that keep their routes by the plan, by their interfaces' indexes.
    Keepers(BTreeSet<u32>),
    /// The interface that owns the default routes where the plan does not say, by its index.
    Usual(u32),
}

/// What a decision is made from.
struct Scene<'a> {
    wanted: &'a Wanted<'a>,
    links: &'a BTreeMap<String, u32>,
    routes: &'a [DefaultRoute],
}

impl Scene<'_> {
    fn index(&self, interface: &str) -> Option<u32> {
        self.links.get(interface).copied()
    }

    /// Whether a default route of the family leaves through the interface.
    fn has_own(&self, index: u32, family: Family) -> bool {
        self.routes.iter().any(|route| route.family == family && route.interfaces.contains(&index))
    }

    fn owner(&self, family: Family) -> Result<Owner, CniError> {
        let Wanted { wishes, owner } = *self.wanted;
        for (wish, Wish { interface, default_route, .. }) in wishes.iter().enumerate() {
            let Some(gateway) = default_route.gateway(family) else { continue };
            let interface = self.index(interface).ok_or_else(|| {
                let message = "the container has no interface of that name; its plugins made none";
                wishes[wish].blame(CniError::new(code::INVALID_CONFIG, message))
            })?;
            return Ok(Owner::Gateway(Addition { wish, interface, gateway }));
        }
        let keepers = wishes.iter().filter(|wish| wish.default_route.is_kept());
        let keepers = keepers.filter_map(|wish| self.index(wish.interface));
        let keepers: BTreeSet<_> = keepers.filter(|index| self.has_own(*index, family)).collect();
        if !keepers.is_empty() {
            return Ok(Owner::Keepers(keepers));
        }
        let gives_up = |owner| wishes.iter().any(|w| w.interface == owner && w.default_route == Route::Never);
        let owner = owner.filter(|owner| !gives_up(*owner)).and_then(|owner| self.index(owner));
        Ok(owner.filter(|index| self.has_own(*index, family)).map_or(Owner::Nobody, Owner::Usual))
    }
}

/// Refuses wishes that contradict each other, whatever the container looks like.
///
/// # Errors
/// [`code::INVALID_CONFIG`] for two owners, or an owner with two gateways of one family.
pub fn check_wishes(wishes: &[Wish<'_>]) -> Result<(), CniError> {
    let owners: Vec<_> = wishes.iter().filter(|wish| matches!(wish.default_route, Route::Via(_))).collect();
    // Several attachments may keep the routes of their plugins. One that names a gateway must be
    // the only owner.
    if let [owner, other, ..] = owners.as_slice()
        && !owners.iter().all(|wish| wish.default_route.is_kept())
    {
        let message =
            format!("network {:?} on {} asks for it too; one attachment can have it", other.network, other.interface);
        return Err(owner.blame(CniError::new(code::INVALID_CONFIG, message)));
    }
    for owner in owners {
        let gateways = owner.default_route.gateways();
        let families: BTreeSet<_> = gateways.iter().map(Family::of).collect();
        if families.len() < gateways.len() {
            let gateways: Vec<_> = gateways.iter().map(ToString::to_string).collect();
            let message = format!("gateways {}: name at most one per address family", gateways.join(", "));
            return Err(owner.blame(CniError::new(code::INVALID_CONFIG, message)));
        }
    }
    Ok(())
}

/// Compares what is wanted with what is there. Once the settlement is carried out, the next one [is
/// done](Settlement::is_done).
///
/// # Errors
/// [`code::INVALID_CONFIG`] when the owner's interface is missing, or a default route leaves
/// through the interfaces of several attachments that the plan treats differently.
pub fn decide<'a>(
    wanted: &Wanted<'_>,
    links: &BTreeMap<String, u32>,
    routes: &'a [DefaultRoute],
) -> Result<Settlement<'a>, CniError> {
    let scene = Scene { wanted, links, routes };
    let never = wanted.wishes.iter().filter(|wish| wish.default_route == Route::Never);
    let never: BTreeMap<u32, &Wish<'_>> = never.filter_map(|wish| Some((scene.index(wish.interface)?, wish))).collect();

    let mut decision = Settlement { lost: vec![BTreeSet::new(); wanted.wishes.len()], ..Settlement::default() };
    for family in Family::ALL {
        let owner = scene.owner(family)?;
        let mut kept = false;
        for route in routes.iter().filter(|route| route.family == family) {
            let goes = match &owner {
                Owner::Gateway(Addition { gateway, interface, .. }) => {
                    let right = route.gateway == Some(*gateway) && route.interfaces == [*interface];
                    // A second route through the gateway, of another metric, is one too many.
                    !right || std::mem::replace(&mut kept, true)
                }
                Owner::Keepers(keepers) => {
                    !leaves_through(route, |index| keepers.contains(&index), || keeper(wanted, links, keepers))?
                }
                Owner::Usual(index) => !route.interfaces.contains(index),
                Owner::Nobody => match route.interfaces.iter().find_map(|index| never.get(index)) {
                    Some(wish) => leaves_through(route, |index| never.contains_key(&index), || Some(*wish))?,
                    None => false,
                },
            };
            if goes {
                decision.remove.push(route);
            }
        }
        if let Owner::Gateway(addition) = owner
            && !kept
        {
            decision.add.push(addition);
        }
        for (wish, lost) in wanted.wishes.iter().zip(&mut decision.lost) {
            let owns = |index: &u32| match &owner {
                Owner::Nobody => wish.default_route != Route::Never,
                Owner::Gateway(addition) => addition.interface == *index,
                Owner::Keepers(keepers) => keepers.contains(index),
                Owner::Usual(owner) => owner == index,
            };
            let keeps = match scene.index(wish.interface) {
                Some(index) => owns(&index),
                // Nothing is known of the interface. It may have routes without an owner.
                None => matches!(owner, Owner::Nobody) && wish.default_route != Route::Never,
            };
            if !keeps {
                lost.insert(family);
            }
        }
    }
    Ok(decision)
}

/// One of the attachments that keep their default routes.
fn keeper<'a>(wanted: &Wanted<'a>, links: &BTreeMap<String, u32>, keepers: &BTreeSet<u32>) -> Option<&'a Wish<'a>> {
    wanted.wishes.iter().find(|wish| links.get(wish.interface).is_some_and(|index| keepers.contains(index)))
}

/// Whether a route leaves through the interfaces that `meant` accepts.
///
/// # Errors
/// The route has several hops, and `meant` accepts only some of their interfaces.
fn leaves_through<'a>(
    route: &DefaultRoute,
    meant: impl Fn(u32) -> bool,
    wish: impl FnOnce() -> Option<&'a Wish<'a>>,
) -> Result<bool, CniError> {
    let count = route.interfaces.iter().filter(|index| meant(**index)).count();
    if count == 0 || count == route.interfaces.len() {
        return Ok(count > 0);
    }
    let message = "one multipath route leaves through this and through other interfaces, so it \
                   cannot be taken from one of them; let the networks' plugins set separate routes";
    let error = CniError::new(code::INVALID_CONFIG, message);
    Err(match wish() {
        Some(wish) => wish.blame(error),
        None => error,
    })
}
