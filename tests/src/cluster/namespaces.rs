//! The namespaces and the disk that make a node.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::shell::{command, output};

/// What a node has for itself; the rest of the file system is the machine's.
pub(crate) const OWN_FILES: [&str; 6] = ["etc", "opt", "run", "var/cache", "var/lib", "var/log"];
/// Joins the cgroup that its first argument names, and becomes the rest.
const JOIN: &str = r#"for hierarchy in /sys/fs/cgroup/*; do echo $$ > "$hierarchy/$0/cgroup.procs"; done
exec "$@""#;

/// Makes the mounts, tells the holder's process id as we count it, and stays as the node's
/// first process. Arguments: the node's files, its name, the program that stays. A hierarchy
/// of cgroups, mounted anew, begins with the group that we are in.
const BECOME_NODE: &str = r#"set -e
read -r pid rest < /proc/self/stat
mount -t proc proc /proc
for path in etc opt run var/cache var/lib var/log; do mount --bind "$0/$path" "/$path"; done
mounts=$(cat /proc/mounts) # the list grows as it is worked on
while read -r device path kind options rest; do
  case $path in /sys/fs/cgroup/*) ;; *) continue ;; esac
  case $path in */systemd) options=none,name=systemd ;; *) options=${path##*/} ;; esac
  umount "$path"
  if [ "$kind" = cgroup2 ]; then options=rw; fi
  mount -t "$kind" -o "$options" "$kind" "$path"
done <<END
$mounts
END
mount --make-rshared /
hostname "$1"
echo "$pid" > "$0/holder"
exec "$2" hold"#;

/// Makes a node's disk: directories, and the machine's /etc to begin with.
pub(crate) fn make_files(files: &Path) -> Result<()> {
    for dir in OWN_FILES {
        fs::create_dir_all(files.join(dir))?;
    }
    output(command("cp").args(["-a", "/etc/."]).arg(files.join("etc")))?;
    Ok(())
}

/// A command that becomes the node of this disk. `program` is one that stays when it is told
/// to `hold`; the node ends with it.
pub(crate) fn become_node(files: &Path, name: &str, cgroup: &str, program: &Path) -> Command {
    let mut unshare = command("sh");
    unshare.args(["-c", JOIN, cgroup, "unshare", "--net", "--pid", "--mount", "--uts", "--cgroup"]);
    unshare.args(["--fork", "--kill-child", "--propagation", "private", "--", "sh", "-c", BECOME_NODE]);
    unshare.arg(files).arg(name).arg(program);
    unshare
}
