use std::fs;

use super::*;
use crate::cni::{CniError, code};
use crate::delegate::failure::reword_for_del;
use crate::delegate::{find, refuse_self};
use crate::text::ends;

#[test]
fn find_takes_the_first_regular_file_even_if_it_cannot_be_executed() {
    let (a, b) = (Plugins::new(), Plugins::new());
    fs::create_dir(a.file("p")).unwrap();
    b.script("p", "");
    let path = [a.path.clone(), b.path.clone()].concat();
    assert_eq!(find("p", &path).unwrap(), b.file("p"));
    fs::remove_dir(a.file("p")).unwrap();
    fs::write(a.file("p"), "").unwrap();
    assert_eq!(find("p", &path).unwrap(), a.file("p"));
}

#[test]
fn find_follows_symbolic_links_and_skips_dangling_ones() {
    let plugins = Plugins::new();
    plugins.script("real", "");
    std::os::unix::fs::symlink("real", plugins.file("link")).unwrap();
    std::os::unix::fs::symlink("nowhere", plugins.file("dangling")).unwrap();
    assert_eq!(find("link", &plugins.path).unwrap(), plugins.file("link"));
    assert!(find("dangling", &plugins.path).is_err());
}

#[test]
fn case_18_missing_program_names_it_and_the_path() {
    let error = find("x", &["/a".into(), "/b".into()]).unwrap_err();
    assert!(error.msg.starts_with("failed to find plugin \"x\" in path [/a /b]"), "{}", error.msg);
}

#[test]
fn find_refuses_what_is_no_file_name() {
    for name in ["", "a/b", "../x", "a\\b"] {
        assert_eq!(find(name, &["/bin".into()]).unwrap_err().code, code::INVALID_CONFIG, "{name}");
    }
    assert!(find("..", &["/bin".into()]).is_err());
}

#[test]
fn find_never_looks_into_the_working_directory() {
    assert_eq!(find("Cargo.toml", &["".into()]).unwrap_err().msg, "no paths provided: CNI_PATH names no directory");
}

#[test]
fn find_message_is_bounded() {
    let path: Vec<PathBuf> = (0..1000).map(|n| format!("/dir{n}").into()).collect();
    let error = find(&"x".repeat(10_000), &path).unwrap_err();
    assert!(error.msg.contains("/dir7 and 992 more]") && error.msg.len() < 300, "{}", error.msg);
}

#[test]
fn del_error_never_reads_as_nothing_left_to_delete() {
    let error = CniError::new(999, "Link not found").with_details("open /x: no such file or directory");
    let reworded = reword_for_del(&error);
    assert_eq!(
        (reworded.msg.as_str(), reworded.details.as_str()),
        ("Link missing", "open /x: missing file or directory")
    );
}

#[test]
fn shortened_text_keeps_both_ends_and_whole_characters() {
    assert_eq!(ends("short", 5), "short");
    assert_eq!(ends("aäbbbbbbbbäz", 4), "a … z");
}

#[test]
fn network_that_runs_this_plugin_is_refused() {
    let nested = |plugin: Value| {
        NetworkList::from_value(
            &json!({"cniVersion": "1.0.0", "name": "loop", "plugins": [{"type": "bridge"}, plugin]}),
        )
        .unwrap()
    };
    for plugin in [
        json!({"type": "genie"}),
        json!({"TYPE": "genie"}),
        json!({"type": "flannel", "delegate": {"type": "genie"}}),
        json!({"type": "flannel", "delegate": {"type": "other", "delegate": {"type": "genie"}}}),
    ] {
        let error = refuse_self(&nested(plugin), &["other-name", "genie"]).unwrap_err();
        assert_eq!(error.code, code::INVALID_CONFIG);
        assert!(error.msg.starts_with("network \"loop\" refers to itself: its plugin type \"genie\""), "{}", error.msg);
    }
    assert_eq!(refuse_self(&nested(json!({"type": "flannel", "delegate": {"type": "bridge"}})), &["genie"]), Ok(()));
}
