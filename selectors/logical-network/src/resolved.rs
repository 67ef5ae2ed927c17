//! What a LogicalNetwork comes to on this node.

use std::fmt;

use genie_selector::{Network, Refusal, Request, log};

use crate::KEY;
use crate::object::{Kind, Object, Objects};
use crate::subnet::Subnet;

/// A LogicalNetwork with all that it refers to.
pub struct Resolved<'a> {
    /// Its name.
    name: String,
    /// The installed network that carries it.
    pub installed: &'a Network,
    /// The subnet of its addresses; none when any address of that network will do.
    pub subnet: Option<Subnet>,
}

impl<'a> Resolved<'a> {
    /// Reads the LogicalNetwork that the pod's annotation names, and its PhysicalNetwork.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for what is wrong with one of them, [`Refusal::Unavailable`] when one cannot be
    /// had now.
    pub fn of(request: &'a Request, objects: &mut Objects<'_>, name: &str) -> Result<Self, Refusal> {
        let logical = objects.get(Kind::Logical, KEY, name)?;
        let subnet = objects.subnet(&logical, "sub_subnet")?;
        let own = objects.text(&logical, "plugin")?;
        let own_place = objects.place(&logical, "plugin");
        let Some(parent) = objects.text(&logical, "physicalNet")? else {
            let Some(plugin) = own else {
                let message = "no network carries it: write the one that does, or the physicalNet that names one";
                return Err(Refusal::invalid(own_place, "", message));
            };
            let installed = request.require_network(&own_place, plugin)?;
            return Ok(Self { name: name.to_owned(), installed, subnet });
        };
        let physical = objects.get(Kind::Physical, &objects.place(&logical, "physicalNet"), parent)?;
        let status = physical.shared_status();
        let member = |key: &str| format!("{status}.{key}");
        let dedicated = objects.flag(&physical, &member("dedicatedNet"))?;
        let theirs = objects.text(&physical, &member("plugin"))?;
        let their_place = objects.place(&physical, &member("plugin"));
        let (own, theirs) = (own.map(|plugin| (own_place, plugin)), theirs.map(|plugin| (their_place, plugin)));
        // A dedicated network is one plugin's. A shared one leaves the choice to those who share it.
        let (first, second) = if dedicated { (theirs, own) } else { (own, theirs) };
        let Some((place, plugin)) = first.as_ref().or(second.as_ref()) else {
            let message = "no network carries it: write the one that does, here or in the LogicalNetwork";
            return Err(Refusal::invalid(objects.place(&physical, &member("plugin")), "", message));
        };
        let installed = request.require_network(place, plugin)?;
        if let Some((other, differing)) = second.as_ref().filter(|(_, second)| dedicated && second != plugin) {
            log::warn!("{other}: {differing:?} has no effect: {parent} is dedicated to {plugin}");
        }
        let whole = objects.subnet(&physical, &member("subnet"))?;
        if let (Some(part), Some(whole)) = (subnet, whole)
            && !whole.covers(&part)
        {
            return Err(outside(objects, &logical, &part, &whole, parent));
        }
        Ok(Self { name: name.to_owned(), installed, subnet: subnet.or(whole) })
    }
}

/// The refusal of a part that is outside of the whole. Admission policies see to that, but the whole
/// may have changed since, or the site may be without them.
fn outside(objects: &Objects<'_>, logical: &Object, part: &Subnet, whole: &Subnet, parent: &str) -> Refusal {
    let message = format!("is not inside of {whole}, the subnet of PhysicalNetwork {parent}");
    Refusal::invalid(objects.place(logical, "sub_subnet"), part.to_string(), message)
}

/// Writes it as `net1 is 10-weave.conf with 10.32.20.0/24`.
impl fmt::Display for Resolved<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.name, self.installed.file)?;
        match &self.subnet {
            Some(subnet) => write!(f, " with {subnet}"),
            None => Ok(()),
        }
    }
}
