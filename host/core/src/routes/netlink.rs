//! A synchronous routing netlink socket (rtnetlink(7)): one request, then its answers.

use std::fmt;
use std::io;
use std::time::Duration;

use netlink_packet_core::{
    DecodeError, ErrorBuffer, NLM_F_ACK, NLM_F_CAPPED, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE,
    NLMSG_ERROR, NetlinkBuffer, NlasIterator,
};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::io::Errno;
use rustix::net::netdevice::name_to_index;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

/// How long an answer may take. The kernel answers at once; this keeps a broken one from holding up
/// the call.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A message's header: length, type, flags, sequence number, port.
const HEADER: usize = 16;

/// The most bytes that the kernel sends in one datagram.
const DATAGRAM: usize = 32 * 1024;

/// How many times a listing is asked for that keeps changing while it is read.
const DUMP_ATTEMPTS: usize = 8;

/// The attribute of an error answer that holds the kernel's explanation
/// (`NLMSGERR_ATTR_MSG`).
const EXPLANATION: u16 = 1;

/// Why a request failed.
#[derive(Debug)]
pub struct NetlinkError {
    /// The system's error.
    pub error: io::Error,
    /// The kernel's explanation beyond that.
    explanation: Option<String>,
}

impl fmt::Display for NetlinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.explanation {
            Some(explanation) => write!(f, "{explanation} ({})", self.error),
            None => self.error.fmt(f),
        }
    }
}

impl From<io::Error> for NetlinkError {
    fn from(error: io::Error) -> Self {
        Self { error, explanation: None }
    }
}

impl From<DecodeError> for NetlinkError {
    fn from(error: DecodeError) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error.to_string()).into()
    }
}

/// A socket that speaks to the routing side of the network namespace in which it was opened.
pub struct Netlink {
    socket: Socket,
    /// Whether the socket has an address, and speaks only to the kernel. Most calls ask it one
    /// thing, for which it needs neither.
    is_ready: bool,
    sequence: u32,
}

impl Netlink {
    /// Opens a socket in the calling thread's network namespace.
    pub fn open() -> Result<Self, NetlinkError> {
        Ok(Self { socket: Socket::new(NETLINK_ROUTE)?, is_ready: false, sequence: 0 })
    }

    fn make_ready(&mut self) -> Result<(), NetlinkError> {
        if self.is_ready {
            return Ok(());
        }
        self.socket.bind_auto()?;
        // From here on only the kernel can send to the socket.
        self.socket.connect(&SocketAddr::new(0, 0))?;
        set_socket_timeout(&self.socket, Timeout::Recv, Some(TIMEOUT)).map_err(io::Error::from)?;
        // Without these options (before Linux 4.12) errors come without an explanation.
        let _ = self.socket.set_cap_ack(true).and_then(|()| self.socket.set_ext_ack(true));
        self.is_ready = true;
        Ok(())
    }

    /// Whether there is an interface of this name.
    pub fn has_link(&self, name: &str) -> Result<bool, NetlinkError> {
        match name_to_index(&self.socket, name) {
            Ok(_) => Ok(true),
            Err(Errno::NODEV) => Ok(false),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    /// Asks for a listing. Returns the payload of each entry.
    pub fn dump(&mut self, kind: u16, payload: &[u8]) -> Result<Vec<Vec<u8>>, NetlinkError> {
        for _ in 0..DUMP_ATTEMPTS {
            if let Some(entries) = self.exchange(kind, NLM_F_DUMP, payload)? {
                return Ok(entries);
            }
        }
        let message = "the listing changed every time it was read";
        Err(io::Error::new(io::ErrorKind::ResourceBusy, message).into())
    }

    /// Asks for a change and waits until the kernel made or refused it.
    pub fn change(&mut self, kind: u16, flags: u16, payload: &[u8]) -> Result<(), NetlinkError> {
        self.exchange(kind, flags | NLM_F_ACK, payload).map(|_| ())
    }

    /// Sends one request and collects its answers up to the one that ends them. The result is none
    /// when a change in between made the listing inconsistent.
    fn exchange(&mut self, kind: u16, flags: u16, payload: &[u8]) -> Result<Option<Vec<Vec<u8>>>, NetlinkError> {
        self.make_ready()?;
        self.sequence = self.sequence.wrapping_add(1);
        self.socket.send(&request(kind, flags | NLM_F_REQUEST, self.sequence, payload)?, 0)?;
        let mut answers = Vec::new();
        let mut consistent = true;
        loop {
            let datagram = self.receive()?;
            let mut rest = datagram.as_slice();
            while !rest.is_empty() {
                let message = NetlinkBuffer::new_checked(rest)?;
                let length = usize::try_from(message.length()).unwrap_or(rest.len());
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
                if message.sequence_number() != self.sequence {
                    continue;
                }
                consistent &= message.flags() & NLM_F_DUMP_INTR == 0;
                match message.message_type() {
                    NLMSG_DONE | NLMSG_ERROR => {
                        verdict(&message)?;
                        return Ok(consistent.then_some(answers));
                    }
                    _ => answers.push(message.payload().to_vec()),
                }
            }
        }
    }

    fn receive(&self) -> io::Result<Vec<u8>> {
        loop {
            let mut datagram = Vec::with_capacity(DATAGRAM);
            match self.socket.recv(&mut datagram, 0) {
                Ok(_) => return Ok(datagram),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let message = format!("no answer within {} s", TIMEOUT.as_secs());
                    return Err(io::Error::new(io::ErrorKind::TimedOut, message));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// A netlink message: header, then payload.
fn request(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> io::Result<Vec<u8>> {
    let mut message = vec![0; HEADER];
    message.extend_from_slice(payload);
    let length =
        u32::try_from(message.len()).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "request too long"))?;
    let mut header = NetlinkBuffer::new(&mut message);
    header.set_length(length);
    header.set_message_type(kind);
    header.set_flags(flags);
    header.set_sequence_number(sequence);
    Ok(message)
}

/// Whether the message that ends the answers tells of an error. Both kinds start with an error
/// number, which is zero for success.
fn verdict(message: &NetlinkBuffer<&[u8]>) -> Result<(), NetlinkError> {
    let Some(code) = ErrorBuffer::new_checked(message.payload())?.code() else {
        return Ok(());
    };
    let error = io::Error::from_raw_os_error(code.get().saturating_abs());
    // The request's header comes first; with NLM_F_CAPPED its payload is left out.
    let attributes = match message.flags() & NLM_F_CAPPED {
        0 => None,
        _ => message.payload().get(size_of::<i32>() + HEADER..),
    };
    let explanation = NlasIterator::new(attributes.unwrap_or_default())
        .flatten()
        .find(|attribute| attribute.kind() == EXPLANATION)
        .map(|attribute| {
            let text = String::from_utf8_lossy(attribute.value());
            text.trim_end_matches('\0').to_owned()
        });
    Err(NetlinkError { error, explanation })
}
