use std::fs::{self, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use super::*;
use crate::cni::{Verb, code};
use crate::delegate::pump::{End, Input, STDERR_KEPT, pump};
use crate::delegate::{Cause, Exec, Failure, kill_orphans};

fn exec(program: &Path) -> Exec<'_> {
    Exec {
        program,
        verb: Verb::Add,
        container: "c1",
        netns: "/run/netns/one",
        interface: "eth0",
        args: "A=b",
        path: "/opt/cni/bin:/usr/lib/cni",
        stdin: b"{}",
        deadline: soon(),
    }
}

fn run(script: &str) -> Result<Vec<u8>, Failure> {
    let plugins = Plugins::new();
    exec(&plugins.script("p", script)).run()
}

/// The code, message and details of a script that fails by itself.
fn fails(script: &str) -> (u32, String, String) {
    let failure = run(script).unwrap_err();
    assert_eq!(failure.cause, Cause::Plugin);
    (failure.error.code, failure.error.msg, failure.error.details)
}

#[test]
fn environment_is_ours_with_exactly_the_six_variables_and_the_guard_replaced() {
    let plugins = Plugins::new();
    let printed = exec(&plugins.script("p", r#"cat "/proc/$$/environ""#)).run().unwrap();
    let printed = String::from_utf8(printed).unwrap();
    let mut seen: Vec<&str> = printed.split_terminator('\0').collect();
    let mut expected: Vec<String> = std::env::vars()
        .filter(|(name, _)| !name.starts_with("CNI_") && name != crate::delegate::HOST_CALL)
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    expected.extend(
        [
            "CNI_COMMAND=ADD",
            "CNI_CONTAINERID=c1",
            "CNI_NETNS=/run/netns/one",
            "CNI_IFNAME=eth0",
            "CNI_ARGS=A=b",
            "CNI_PATH=/opt/cni/bin:/usr/lib/cni",
            "GENIE_HOST_CALL=1",
        ]
        .map(String::from),
    );
    seen.sort_unstable();
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

#[test]
fn variables_that_do_not_apply_are_set_and_empty() {
    let plugins = Plugins::new();
    let program = plugins
        .script("p", r#"echo "${CNI_NETNS-unset}|${CNI_IFNAME-unset}|${CNI_ARGS-unset}|${CNI_CONTAINERID-unset}""#);
    let exec = Exec { netns: "", interface: "", args: "", container: "", ..exec(&program) };
    assert_eq!(exec.run().unwrap(), b"|||\n");
}

#[test]
fn program_gets_its_path_as_name_our_directory_and_the_whole_configuration() {
    let plugins = Plugins::new();
    let config = format!("{{\"x\":\"{}\"}}", "y".repeat(300_000));
    let program = plugins.script("p", "echo $0; pwd; cat");
    let printed = Exec { stdin: config.as_bytes(), ..exec(&program) }.run().unwrap();
    let directory = std::env::current_dir().unwrap();
    assert_eq!(
        String::from_utf8(printed).unwrap(),
        format!("{}\n{}\n{config}", program.display(), directory.display())
    );
}

#[test]
fn configuration_that_is_not_read_does_no_harm() {
    let plugins = Plugins::new();
    let config = vec![b' '; 300_000];
    let program = plugins.script("p", "exec <&-; echo {}");
    assert_eq!(Exec { stdin: &config, ..exec(&program) }.run().unwrap(), b"{}\n");
}

#[test]
fn exit_status_alone_is_success() {
    assert_eq!(run(r#"echo '{"code":7,"msg":"bad"}'"#).unwrap(), b"{\"code\":7,\"msg\":\"bad\"}\n");
    assert_eq!(fails(r#"echo '{"cniVersion":"1.0.0","ips":[]}'; exit 1"#).0, code::INTERNAL);
}

#[test]
fn case_13_own_code_message_and_details_are_kept() {
    let printed = fails(r#"echo '{"code":11,"msg":"later","details":"d"}'; exit 1"#);
    assert_eq!(printed, (11, "later".into(), "d".into()));
    let other_case = fails(r#"echo '{"Code":11,"Msg":"later"}'; exit 1"#);
    assert_eq!(other_case, (11, "later".into(), String::new()));
}

#[test]
fn code_that_is_0_missing_or_no_number_becomes_999() {
    for code in [r#""code":0,"#, "", r#""code":"7","#, r#""code":-1,"#, r#""code":4294967296,"#] {
        let printed = fails(&format!(r#"echo '{{{code}"msg":"m"}}'; exit 1"#));
        assert_eq!(printed, (999, "m".into(), String::new()), "{code}");
    }
}

#[test]
fn case_15_stderr_alone_is_the_message() {
    assert_eq!(fails("echo boom >&2; exit 3"), (999, "exit status 3: boom".into(), String::new()));
}

#[test]
fn case_15_other_output_is_quoted() {
    let (code, msg, details) = fails("echo 'panic: x'; echo why >&2; exit 2");
    assert_eq!((code, details.as_str()), (999, "why"));
    assert_eq!(msg, "exit status 2, and what it printed is no CNI error: \"panic: x\"");
    let (_, msg, _) = fails("head -c 100000 /dev/zero | tr '\\0' x; exit 1");
    assert!(msg.len() < 1200, "{} bytes", msg.len());
    assert!(fails("echo '{}'; exit 1").1.contains("no CNI error: \"{}\""));
}

#[test]
fn case_15_silent_failure_names_the_exit_status() {
    assert_eq!(fails("exit 7").1, "exit status 7 and printed nothing");
}

#[test]
fn case_15_signal_is_named() {
    assert_eq!(fails("kill -KILL $$").1, "killed by SIGKILL and printed nothing");
    assert_eq!(fails("echo late >&2; kill -TERM $$").1, "killed by SIGTERM: late");
    assert_eq!(fails("kill -40 $$").1, "killed by signal 40 and printed nothing");
}

#[test]
fn stderr_is_passed_on_even_on_success() {
    let plugins = Plugins::new();
    let mut log = Vec::new();
    exec(&plugins.script("p", "echo note >&2; echo {}")).run_logging_to(&mut log).unwrap();
    assert_eq!(log, b"note\n");
}

#[test]
fn stderr_is_passed_on_while_the_plugin_runs() {
    /// Has the plugin go on as soon as its first line arrives.
    struct Release(PathBuf);
    impl std::io::Write for Release {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            fs::write(&self.0, "")?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let plugins = Plugins::new();
    let program = plugins.script("p", r#"echo first >&2; until [ -e "$log" ]; do :; done"#);
    exec(&program).run_logging_to(&mut Release(plugins.file("log"))).unwrap();
}

#[test]
fn only_the_end_of_a_long_stderr_is_kept() {
    let plugins = Plugins::new();
    let mut log = Vec::new();
    let script = "head -c 300000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1";
    let error = exec(&plugins.script("p", script)).run_logging_to(&mut log).unwrap_err().error;
    assert!(error.msg.ends_with("the end") && error.msg.len() < STDERR_KEPT, "{}", error.msg);
    assert_eq!(log.len(), 300_000 + "the end\n".len());
}

#[test]
fn hanging_plugin_and_what_it_started_are_killed_at_the_deadline() {
    let plugins = Plugins::new();
    let program = plugins.script("p", r#"sleep 600 & echo $! >"$log"; echo stuck >&2; wait"#);
    let exec = Exec { deadline: Instant::now() + Duration::from_millis(200), ..exec(&program) };
    let failure = exec.run().unwrap_err();
    assert_eq!((failure.cause, failure.error.code), (Cause::Stopped, code::TRY_AGAIN));
    let msg = &failure.error.msg;
    assert!(msg.starts_with("it did not finish within ") && msg.ends_with(" s and was killed"), "{msg}");
    // Under load the shell may be killed before it has logged its id.
    if let [pid] = plugins.log().as_slice() {
        until(|| !runs(pid));
    }
}

#[test]
fn plugin_that_ignores_its_pipes_is_killed_at_the_deadline_too() {
    let plugins = Plugins::new();
    let program = plugins.script("p", "exec <&- >&- 2>&-; exec sleep 600");
    let exec = Exec { deadline: Instant::now() + Duration::from_millis(200), ..exec(&program) };
    assert_eq!(exec.run().unwrap_err().cause, Cause::Stopped);
}

#[test]
fn nothing_is_started_when_the_time_is_used_up() {
    let plugins = Plugins::new();
    let program = plugins.script("p", r#"echo ran >"$log""#);
    let failure = Exec { deadline: Instant::now(), ..exec(&program) }.run().unwrap_err();
    assert_eq!((failure.cause, failure.error.code), (Cause::NotStarted, code::TRY_AGAIN));
    assert!(plugins.log().is_empty());
}

#[test]
fn grandchild_that_holds_the_pipes_is_not_waited_for() {
    let plugins = Plugins::new();
    let program = plugins.script("p", r#"sleep 600 & echo $! >"$log"; echo '{"ips":[]}'"#);
    assert_eq!(exec(&program).run().unwrap(), b"{\"ips\":[]}\n");
    let grandchild = plugins.log().remove(0);
    assert!(runs(&grandchild), "a plugin may leave a daemon behind");
    std::process::Command::new("kill").arg(&grandchild).status().unwrap();
}

#[test]
fn grandchild_that_never_stops_writing_is_not_waited_for() {
    let plugins = Plugins::new();
    let program = plugins.script("p", r#"yes >&2 & echo $! >"$log"; echo {}"#);
    assert_eq!(exec(&program).run_logging_to(&mut std::io::sink()).unwrap(), b"{}\n");
}

#[test]
fn ten_mebibytes_on_stdout_are_refused() {
    let failure = run("head -c 10485760 /dev/zero").unwrap_err();
    assert_eq!((failure.cause, failure.error.code), (Cause::Stopped, code::INTERNAL));
    assert_eq!(failure.error.msg, "it printed more than 4 MiB on stdout");
}

#[test]
fn four_mebibytes_on_stdout_are_fine() {
    assert_eq!(run("head -c 4194304 /dev/zero").unwrap().len(), 4_194_304);
}

#[test]
fn kernel_without_pidfd_serves_too() {
    let plugins = Plugins::new();
    let program = plugins.script("p", "cat; exit 3");
    let exec = Exec { stdin: b"abc", ..exec(&program) };
    let (mut child, input) = exec.start(std::thread::sleep).unwrap();
    let finished = pump(&mut child, None, input, soon(), &mut std::io::sink()).unwrap();
    assert_eq!(finished.stdout, b"abc");
    assert!(matches!(finished.end, End::Exited(status) if status.code() == Some(3)));
}

#[test]
fn input_is_there_before_the_program_is() {
    let plugins = Plugins::new();
    let program = plugins.script("p", "cat");
    // Nobody feeds it.
    let (child, _input) = exec(&program).start(std::thread::sleep).unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"{}");
}

#[test]
fn case_38_program_that_is_being_replaced_is_retried() {
    let plugins = Plugins::new();
    let program = plugins.script("p", "echo {}");
    let mut writer = Some(OpenOptions::new().append(true).open(&program).unwrap());
    let mut pauses = 0;
    let exec = exec(&program);
    let started = exec.start(|_| {
        pauses += 1;
        // The first attempt and one more find the program busy.
        if pauses == 2 {
            drop(writer.take());
        }
    });
    assert!(started.unwrap().0.wait_with_output().unwrap().status.success());
    assert!(pauses >= 2, "{pauses}");
}

#[test]
fn case_38_program_that_stays_busy_is_an_error_after_six_seconds() {
    let plugins = Plugins::new();
    let program = plugins.script("p", "echo {}");
    let _writer = OpenOptions::new().append(true).open(&program).unwrap();
    let mut paused = Duration::ZERO;
    let exec = exec(&program);
    let Err(failure) = exec.start(|pause| paused += pause) else { panic!("it is busy") };
    assert_eq!(paused, Duration::from_secs(6));
    assert_eq!((failure.cause, failure.error.code), (Cause::NotStarted, code::TRY_AGAIN));
    assert!(failure.error.msg.contains("text file busy"), "{}", failure.error.msg);
}

/// More than a pipe takes.
static LONG: [u8; 1 << 20] = [b' '; 1 << 20];

/// A program whose stdin does not end before the input is dropped.
fn start_by_a_thread_that_ends(program: PathBuf, verb: Verb) -> (Child, Input<'static>) {
    let program: &'static Path = Box::leak(program.into_boxed_path());
    let start = move || Exec { verb, stdin: &LONG, ..exec(program) }.start(std::thread::sleep).unwrap();
    std::thread::spawn(start).join().unwrap()
}

#[test]
fn plugin_dies_with_the_thread_that_runs_it() {
    for verb in [Verb::Check, Verb::Status, Verb::Gc] {
        let plugins = Plugins::new();
        let (mut child, _input) = start_by_a_thread_that_ends(plugins.script("p", "exec sleep 600"), verb);
        assert_eq!(child.wait().unwrap().signal(), Some(9), "{verb:?}");
    }
}

#[test]
fn an_add_or_del_goes_on_without_us() {
    for verb in [Verb::Add, Verb::Del] {
        let plugins = Plugins::new();
        let (mut child, input) = start_by_a_thread_that_ends(plugins.script("p", "cat > /dev/null; exit 7"), verb);
        assert_eq!(child.try_wait().unwrap(), None);
        drop(input);
        assert_eq!(child.wait().unwrap().code(), Some(7), "{verb:?}");
    }
}

#[test]
fn orphans_are_those_that_have_the_file_open() {
    let plugins = Plugins::new();
    let held = plugins.script("held", "");
    let ours = plugins.script("ours", &format!("exec sleep 600 < {}", held.display()));
    let others = plugins.script("others", "exec sleep 600");
    let start = |program| Exec { verb: Verb::Del, ..exec(program) }.start(std::thread::sleep).unwrap().0;
    let (mut orphan, mut another) = (start(&ours), start(&others));
    let is_open = || fs::read_link(format!("/proc/{}/fd/0", orphan.id())).is_ok_and(|file| file == held);
    while !is_open() {
        std::thread::yield_now();
    }
    kill_orphans(&held);
    assert_eq!(orphan.wait().unwrap().signal(), Some(9));
    assert_eq!(another.try_wait().unwrap(), None);
    another.kill().unwrap();
    another.wait().unwrap();
}

#[test]
fn plugin_runs_in_a_process_group_of_its_own() {
    let stat = run("cat /proc/$$/stat").unwrap();
    let stat = String::from_utf8(stat).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!(stat.split(' ').next(), Some(fields[2]));
}

#[test]
fn a_program_that_is_there_without_its_loader_says_what_is_missing() {
    let plugins = Plugins::new();
    let path = plugins.script("p", "true");
    fs::write(&path, "#!/no/such/interpreter -x\n").unwrap();
    let failure = exec(&path).run().unwrap_err();
    assert_eq!((failure.cause, failure.error.code), (Cause::NotStarted, code::INTERNAL));
    let said = failure.error.msg;
    assert!(said.contains("/no/such/interpreter") && said.contains("which is not on this node"), "{said}");
    fs::remove_file(&path).unwrap();
    let gone = exec(&path).run().unwrap_err().error.msg;
    assert!(gone.ends_with(": it is missing"), "{gone}");
    for said in [said, gone] {
        assert!(!said.to_lowercase().contains("no such file"), "containerd takes that DEL for success: {said}");
    }
}
