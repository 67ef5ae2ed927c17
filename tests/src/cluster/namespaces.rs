//! Makes the namespaces and the disk of a node.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::shell::{command, output};

/// The directories that are a node's own. All others are the machine's.
pub(crate) const OWN_FILES: [&str; 6] = ["etc", "opt", "run", "var/cache", "var/lib", "var/log"];
/// Joins the cgroup in its first argument, and becomes the program in the others.
const JOIN: &str = r#"for hierarchy in /sys/fs/cgroup/*; do echo $$ > "$hierarchy/$0/cgroup.procs"; done
exec "$@""#;

/// Makes the mounts, writes down the holder's process id as our own namespace counts it, and stays
/// as the node's first process. The arguments are the node's files, its name, and the program that
/// stays. A hierarchy of cgroups that is mounted again begins at the group of this process.
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

/// Makes a node's disk: the directories, and a copy of the machine's /etc.
pub(crate) fn make_files(files: &Path) -> Result<()> {
    for dir in OWN_FILES {
        fs::create_dir_all(files.join(dir))?;
    }
    output(command("cp").args(["-a", "/etc/."]).arg(files.join("etc")))?;
    Ok(())
}

/// A command that becomes the node with this disk. `program` must stay when it is told to `hold`;
/// the node ends with it.
pub(crate) fn become_node(files: &Path, name: &str, cgroup: &str, program: &Path) -> Command {
    let mut unshare = command("sh");
    unshare.args(["-c", JOIN, cgroup, "unshare", "--net", "--pid", "--mount", "--uts", "--cgroup"]);
    unshare.args(["--fork", "--kill-child", "--propagation", "private", "--", "sh", "-c", BECOME_NODE]);
    unshare.arg(files).arg(name).arg(program);
    unshare
}
