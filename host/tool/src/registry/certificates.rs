//! The certificates without which the client of registries does not start.
//!
//! oci-client makes one HTTP client with the system's certificates whatever it is given, and that one
//! panics where there are none, as in our image.

use std::env;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use rustix::fs::{MemfdFlags, memfd_create};

/// Where programs look for the system's certificates, before anywhere else.
pub const FILE: &str = "SSL_CERT_FILE";
const DIRECTORY: &str = "SSL_CERT_DIR";
/// Where what was kept for the program is found, once it is started again.
const KEPT: &str = "/proc/self/fd/";
/// A certificate whose key nobody has. It vouches for nothing.
const NOBODY: &[u8] = include_bytes!("nobody.pem");

/// Starts this program again where the system has no certificates: with those of `authority` in their
/// place, or with one that vouches for nobody.
///
/// # Errors
/// The authority cannot be read, or the program cannot be started again.
pub fn ensure(authority: Option<&Path>) -> Result<()> {
    if !rustls_native_certs::load_native_certs().certs.is_empty() {
        return Ok(());
    }
    let certificates = match authority {
        Some(file) => fs::read(file).with_context(|| format!("the authority {} cannot be read", file.display()))?,
        None => NOBODY.to_vec(),
    };
    ensure!(
        env::var_os(FILE).is_none_or(|before| !before.to_string_lossy().starts_with(KEPT)),
        "{} holds no certificate in PEM",
        authority.unwrap_or(Path::new("the authority")).display()
    );
    // Without the flag that closes it, the program that is started has it, too.
    let mut kept = File::from(memfd_create("certificates", MemfdFlags::empty())?);
    kept.write_all(&certificates)?;
    let file = format!("{KEPT}{}", kept.as_raw_fd());
    let mut again = Command::new(env::current_exe()?);
    again.args(env::args_os().skip(1)).env(FILE, file).env_remove(DIRECTORY);
    Err(again.exec()).context("it cannot be started again, with certificates")
}
