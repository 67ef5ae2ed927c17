//! Real network namespaces, made with `ip netns`.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace with a unique name. It is deleted when this value is dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Default for Namespace {
    fn default() -> Self {
        Self::new()
    }
}

impl Namespace {
    /// Makes a namespace, with its loopback up.
    ///
    /// # Panics
    /// When it cannot be made: that needs root.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("genie-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let made = Command::new("ip").args(["netns", "add", &name]).output().expect("ip runs");
        assert!(made.status.success(), "a network namespace cannot be made (it takes root): {made:?}");
        let namespace = Self { name };
        namespace.run("ip link set lo up");
        namespace
    }

    /// The name for `ip netns`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path for `CNI_NETNS`.
    pub fn path(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }

    /// Makes this namespace's path lead to another namespace. That is what happens to
    /// `/proc/PID/ns/net` when a later process gets the same number. This namespace itself is gone
    /// then.
    ///
    /// # Panics
    /// When the other namespace cannot be mounted.
    pub fn becomes(&self, other: &Namespace) {
        let (path, other) = (self.path(), other.path());
        let script = "umount \"$1\" && mount --bind \"$2\" \"$1\"";
        let mounted = Command::new("sh").args(["-c", script, "sh"]).args([&path, &other]).output().expect("sh runs");
        assert!(mounted.status.success(), "{} cannot become {}: {mounted:?}", path.display(), other.display());
    }

    /// Runs a shell command inside and returns its output.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn run(&self, command: &str) -> String {
        let output = self.try_run(command);
        assert!(output.status.success(), "`{command}` in {}: {output:?}", self.name);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a shell command inside.
    ///
    /// # Panics
    /// When no shell starts.
    pub fn try_run(&self, command: &str) -> Output {
        let net = format!("--net={}", self.path().display());
        Command::new("nsenter").args([&net, "--", "sh", "-c", command]).output().expect("nsenter runs")
    }

    /// Runs a function on a thread inside. Whatever it opens belongs to this namespace.
    ///
    /// # Panics
    /// When the namespace cannot be entered, or the function panics.
    pub fn enter<T: Send>(&self, inside: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(self.path()).expect("the namespace is there");
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                    .expect("the namespace can be entered");
                inside()
            });
            thread.join().expect("the function does not panic")
        })
    }

    /// Whether one ping reaches an address.
    pub fn reaches(&self, address: &str) -> bool {
        self.try_run(&format!("ping -c 1 -W 5 -q {address}")).status.success()
    }

    /// The names of its interfaces, sorted.
    pub fn interfaces(&self) -> Vec<String> {
        let listed = self.run("ip -o link show");
        let name = |line: &str| Some(line.split(": ").nth(1)?.split('@').next()?.to_owned());
        let mut names: Vec<_> = listed.lines().filter_map(name).collect();
        names.sort();
        names
    }

    /// Addresses (with prefix length, of global scope) of one interface.
    pub fn addresses(&self, interface: &str) -> Vec<String> {
        let listed = self.run(&format!("ip -o address show dev {interface} scope global"));
        listed.lines().filter_map(|line| line.split_whitespace().nth(3).map(ToOwned::to_owned)).collect()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
    }
}
