//! What a network's plugins tell of their device (device information specification v1.1.0, of the
//! Network Plumbing Working Group): in a file of each attachment, whose path they get by a
//! capability.

mod content;
mod file;
#[cfg(test)]
mod tests;

pub use content::{DeviceInfo, MEMBERS};
pub use file::{DeviceFile, name_file, path};

/// The capability by which a plugin asks for the path of its file.
pub const CAPABILITY: &str = "CNIDeviceInfoFile";

/// Whether plugins read a member of `runtimeConfig` with this name as [`CAPABILITY`]: those in Go
/// do so without regard to case.
pub fn is_capability(name: &str) -> bool {
    name.eq_ignore_ascii_case(CAPABILITY)
}
