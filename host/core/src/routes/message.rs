//! The routing messages that are read and written here (rtnetlink(7)).
//!
//! Only the few attributes that matter are decoded. A kernel that sends unknown attributes must not
//! keep a pod from starting. A route is removed by sending the kernel's own message back.

use std::net::IpAddr;

use netlink_packet_core::{DefaultNla, Emitable, NlasIterator, parse_ip};

use super::Family;

/// Asks for interfaces (`RTM_GETLINK`).
pub const GET_LINK: u16 = 18;
/// Makes a route (`RTM_NEWROUTE`).
pub const NEW_ROUTE: u16 = 24;
/// Removes a route (`RTM_DELROUTE`).
pub const DELETE_ROUTE: u16 = 25;
/// Asks for routes (`RTM_GETROUTE`).
pub const GET_ROUTE: u16 = 26;

const LINK_HEADER: usize = 16;
const LINK_NAME: u16 = 3;

const ROUTE_HEADER: usize = 12;
const ROUTE_FLAGS: usize = 8;
const ROUTE_INTERFACE: u16 = 4;
const ROUTE_GATEWAY: u16 = 5;
const ROUTE_MULTIPATH: u16 = 9;
const ROUTE_TABLE: u16 = 15;

const HOP_HEADER: usize = 8;

const FAMILY_V4: u8 = 2;
const FAMILY_V6: u8 = 10;
const TABLE_MAIN: u8 = 254;
/// The maker of a route (its protocol) that CNI plugins and `ip route` write.
const PROTOCOL_BOOT: u8 = 3;
const SCOPE_UNIVERSE: u8 = 0;
const TYPE_UNICAST: u8 = 1;

/// The makers of a route that came with a router's advertisement: the kernel, or, long ago, a
/// protocol of its own.
const PROTOCOLS_ADVERTISED: [u8; 2] = [2, 9];
/// The one flag of a route that its maker sets: the gateway is reachable without an address of its
/// network. The other flags are the route's state.
const FLAG_ONLINK: u32 = 4;

/// A default route of the main table that forwards packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultRoute {
    /// The route's address family.
    pub family: Family,
    /// The indexes of the interfaces through which the route leaves, one for each hop.
    pub interfaces: Vec<u32>,
    /// The route's gateway; none when it has several or needs none.
    pub gateway: Option<IpAddr>,
    /// The kernel's description of the route, which is the payload of the message that removes it.
    pub payload: Vec<u8>,
}

impl DefaultRoute {
    /// Reads the kernel's message. The result is none for any other kind of route.
    pub fn parse(payload: Vec<u8>) -> Option<Self> {
        let (header, attributes) = payload.split_at_checked(ROUTE_HEADER)?;
        let &[family, prefix, _, _, table, _, _, kind, ..] = header else {
            return None;
        };
        let family = match family {
            FAMILY_V4 => Family::V4,
            FAMILY_V6 => Family::V6,
            _ => return None,
        };
        let mut table = u32::from(table);
        let mut interfaces = Vec::new();
        let mut gateway = None;
        for attribute in NlasIterator::new(attributes).flatten() {
            let value = attribute.value();
            match attribute.kind() {
                ROUTE_TABLE => table = number(value, 0)?,
                ROUTE_INTERFACE => interfaces.push(number(value, 0)?),
                ROUTE_GATEWAY => gateway = parse_ip(value).ok(),
                ROUTE_MULTIPATH => interfaces.extend(hops(value)),
                _ => {}
            }
        }
        let is_default = prefix == 0 && kind == TYPE_UNICAST && table == u32::from(TABLE_MAIN);
        is_default.then_some(Self { family, interfaces, gateway, payload })
    }

    /// Whether a router's advertisement brought the route, and will bring it again.
    pub fn is_advertised(&self) -> bool {
        self.payload.get(5).is_some_and(|protocol| PROTOCOLS_ADVERTISED.contains(protocol))
    }

    /// The payload of the message that makes the route again (as `ip route restore` does).
    pub fn to_restore(&self) -> Vec<u8> {
        let mut payload = self.payload.clone();
        let flags = number(&payload, ROUTE_FLAGS).unwrap_or_default() & FLAG_ONLINK;
        if let Some(place) = payload.get_mut(ROUTE_FLAGS..ROUTE_HEADER) {
            place.copy_from_slice(&flags.to_ne_bytes());
        }
        payload
    }

    /// Whether both routes lead the same way: by family, interfaces and gateway.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.family, &self.interfaces, self.gateway) == (other.family, &other.interfaces, other.gateway)
    }
}

/// The interfaces of a multipath route's hops.
fn hops(mut value: &[u8]) -> Vec<u32> {
    let mut interfaces = Vec::new();
    while let (Some(length), Some(interface)) = (value.first_chunk(), number(value, 4)) {
        interfaces.push(interface);
        let length = usize::from(u16::from_ne_bytes(*length)).max(HOP_HEADER);
        value = value.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    interfaces
}

/// The request for all routes of a family.
pub fn get_routes(family: Family) -> Vec<u8> {
    let mut payload = vec![family_number(family)];
    payload.resize(ROUTE_HEADER, 0);
    payload
}

/// The request for a default route through a gateway.
pub fn new_default_route(gateway: IpAddr, interface: u32) -> Vec<u8> {
    let family = family_number(Family::of(&gateway));
    let mut payload = vec![family, 0, 0, 0, TABLE_MAIN, PROTOCOL_BOOT, SCOPE_UNIVERSE, TYPE_UNICAST, 0, 0, 0, 0];
    let gateway = match gateway {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    push(&mut payload, ROUTE_GATEWAY, gateway);
    push(&mut payload, ROUTE_INTERFACE, interface.to_ne_bytes().to_vec());
    payload
}

/// The request for all interfaces.
pub fn get_links() -> Vec<u8> {
    vec![0; LINK_HEADER]
}

/// An interface's name and index, read from the kernel's message.
pub fn parse_link(payload: &[u8]) -> Option<(String, u32)> {
    let index = number(payload, 4)?;
    let attributes = payload.get(LINK_HEADER..)?;
    let name = NlasIterator::new(attributes).flatten().find(|entry| entry.kind() == LINK_NAME)?;
    let name = String::from_utf8_lossy(name.value());
    Some((name.trim_end_matches('\0').to_owned(), index))
}

fn family_number(family: Family) -> u8 {
    match family {
        Family::V4 => FAMILY_V4,
        Family::V6 => FAMILY_V6,
    }
}

/// The number at a place, in the machine's byte order.
fn number(bytes: &[u8], place: usize) -> Option<u32> {
    bytes.get(place..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

fn push(payload: &mut Vec<u8>, kind: u16, value: Vec<u8>) {
    let attribute = DefaultNla::new(kind, value);
    let start = payload.len();
    payload.resize(start + attribute.buffer_len(), 0);
    if let Some(place) = payload.get_mut(start..) {
        attribute.emit(place);
    }
}
