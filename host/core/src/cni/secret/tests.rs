//! Nothing of a secret is told, whatever it is written in.

use serde_json::json;

use super::*;

const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.payload";

fn config() -> Value {
    json!({
        "type": "calico", "etcd_key_file": "/etc/calico/key.pem", "name": "net",
        "policy": {"type": "k8s", "k8s_auth_token": TOKEN},
        "plugins": [{"etcd_key": {"data": "line one of it\n\"two\" of it"}}, {"ca": "x -----BEGIN CERTIFICATE-----\nMIIB"}],
    })
}

#[test]
fn what_the_keys_call_secret_is_blotted_out() {
    let shown = without_secrets(&config());
    assert_eq!(shown["policy"], json!({"type": "k8s", "k8s_auth_token": HIDDEN}));
    assert_eq!(shown["plugins"], json!([{"etcd_key": {"data": HIDDEN}}, {"ca": HIDDEN}]));
    assert_eq!(without_secrets(&json!([["a/token", TOKEN], ["b", TOKEN]])), json!([["a/token", HIDDEN], ["b", TOKEN]]));
    assert_eq!((&shown["type"], &shown["name"]), (&json!("calico"), &json!("net")));
    assert_eq!(shown["etcd_key_file"], "/etc/calico/key.pem", "where it is helps whoever has to repair it");
}

/// The configuration, the same as JSON in a string, and that as JSON in another string.
fn nested(config: &Value) -> [Value; 3] {
    let once = json!({"spec": {"config": config.to_string()}});
    [config.clone(), once.clone(), json!(["x", {"annotation": once.to_string()}])]
}

#[test]
fn what_is_json_inside_a_text_is_looked_through() {
    for config in nested(&config()) {
        let shown = without_secrets(&config).to_string();
        for part in [TOKEN, "one of it", "two", "MIIB"] {
            assert!(!shown.contains(part), "{part} in {shown}");
        }
        assert!(shown.contains("calico") && shown.contains("/etc/calico/key.pem"), "{shown}");
    }
    let [_, once, _] = nested(&json!({"type": "bridge",  "mtu": 1400}));
    assert_eq!(without_secrets(&once), once, "as it was written");
}

#[test]
fn pairs_and_addresses_in_a_text_are_looked_through() {
    let basic = "https://admin:hunter22@10.0.0.1:6443/api";
    for (text, shown) in [
        (format!("A=1;My_Token={TOKEN};B"), "A=1;My_Token=(secret);B"),
        (format!("A=1;K8S_ANNOT={{\"a/token\":\"{TOKEN}\"}}"), r#"A=1;K8S_ANNOT={"a/token":"(secret)"}"#),
        (basic.into(), "https://(secret)@10.0.0.1:6443/api"),
        (
            format!("{basic} says no, SERVER={basic}"),
            "https://(secret)@10.0.0.1:6443/api says no, \
            SERVER=https://(secret)@10.0.0.1:6443/api",
        ),
        (format!("http://h/?a=1&access_token={TOKEN}&b=2"), "http://h/?a=1&access_token=(secret)&b=2"),
        (format!("run it with --token={TOKEN} x"), "run it with --token=(secret) x"),
        ("x -----BEGIN KEY-----\nMIIB".into(), HIDDEN),
        ("LS0tLS1CRUdJTiBDRVJU".into(), HIDDEN),
        (
            "http://10.0.0.1:2379,http://10.0.0.2:2379 key=abc a=b".into(),
            "http://10.0.0.1:2379,http://10.0.0.2:2379 \
            key=abc a=b",
        ),
        ("no network is on eth0: write it as calico@eth0".into(), "no network is on eth0: write it as calico@eth0"),
    ] {
        assert_eq!(text_without_secrets(&text), shown);
    }
    let environment =
        json!({"env": [{"name": "DB_PASSWORD", "value": "hunter2222"}, {"name": "A", "value": "hunter2222"}]});
    let shown = json!({"env": [{"name": "DB_PASSWORD", "value": HIDDEN}, {"name": "A", "value": "hunter2222"}]});
    assert_eq!(without_secrets(&environment), shown);
    assert_eq!(
        without_secrets(&json!({"pin_token": 123_456_789, "keepalive_key": 30})),
        json!({"pin_token": HIDDEN, "keepalive_key": 30})
    );
}

#[test]
fn a_program_tells_none_of_what_was_inside_a_text() {
    for config in nested(
        &json!({"password": "quoted \"velvet\" here", "etcd": "http://root:hunter22@h:1", "a": "b;TOKEN=12345678"}),
    ) {
        let secrets = Secrets::of(&config);
        let said = [
            config.to_string(),
            Value::from(config.to_string()).to_string(),
            "quoted \"velvet\" here".into(),
            "hunter22 12345678".into(),
        ];
        for said in said {
            let hidden = secrets.hide(&said);
            for part in ["velvet", "hunter22", "12345678"] {
                assert!(!hidden.contains(part), "{part} in {hidden}");
            }
        }
    }
}

#[test]
fn a_text_is_told_without_them_however_it_is_written() {
    let secrets = Secrets::of(&config());
    let json = config().to_string();
    let twice = Value::from(json.clone()).to_string();
    for text in [format!("bad token {TOKEN}!"), json, twice, "line one of it".into(), "\"two\" of it".into()] {
        let hidden = secrets.hide(&text);
        for part in [TOKEN, "one of it", "two", "MIIB"] {
            assert!(!hidden.contains(part), "{part} in {hidden}");
        }
        assert!(hidden.contains(HIDDEN));
    }
    assert_eq!(secrets.hide("cannot open /etc/calico/key.pem"), "cannot open /etc/calico/key.pem");
}

#[test]
fn without_secrets_output_is_as_it_was() {
    let none = Secrets::of(&json!({"type": "bridge", "key": "abc"}));
    assert_eq!(none.hide_bytes(b"\xff abc"), b"\xff abc");
}

#[test]
fn a_short_secret_is_one_too_and_a_key_counts_by_its_words() {
    let config = json!({
        "password": "hunter2", "passphrase": "correcthorse", "psk": "0123456789abcdef", "basicAuth": "Basic dXNlcjpwYXNz",
        "smtp_pass": "1234", "pwd": "swordfish", "url": "http://u:pw42@h/", "author": "shakespeare", "bypass": "corridor",
    });
    let shown = without_secrets(&config);
    for key in ["password", "passphrase", "psk", "basicAuth", "smtp_pass", "pwd"] {
        assert_eq!(shown[key], HIDDEN, "{key}");
    }
    assert_eq!((&shown["author"], &shown["bypass"]), (&config["author"], &config["bypass"]));
    let told = Secrets::of(&config).hide("hunter2 correcthorse dXNlcjpwYXNz 1234 pw42 of shakespeare in the corridor");
    assert_eq!(told, "(secret) (secret) (secret) (secret) (secret) of shakespeare in the corridor");
    assert_eq!(without_secrets(&json!({"key": "abc", "token": 123})), json!({"key": "abc", "token": 123}));
}

/// 2 MB, which recursion or a copy for each pair would not survive.
#[test]
fn pairs_within_pairs_go_on_to_the_end() {
    let many = "a=".repeat(1_000_000);
    assert_eq!(text_without_secrets(&many), many);
    assert_eq!(without_secrets(&json!({"x": many})), json!({"x": many}));
    for (end, shown) in [
        (format!("my_token={TOKEN}"), "my_token=(secret)"),
        (format!(r#"{{"token":"{TOKEN}"}}"#), r#"{"token":"(secret)"}"#),
        (format!("login --token={TOKEN} http://a:bcde@h"), "login --token=(secret) http://(secret)@h"),
    ] {
        assert_eq!(text_without_secrets(&format!("{many}{end}")), format!("{many}{shown}"));
        assert_eq!(Secrets::of(&json!({"x": format!("{many}{end}")})).hide(TOKEN), HIDDEN);
    }
}

/// JSON in a text of a list of lists, that in another, and so on. Each level needs a few bytes more
/// only, if a backslash is written as `\u005c`.
fn texts_within_texts(levels: usize) -> String {
    (0..levels).fold(format!("token={TOKEN}"), |inner, _| {
        let text = inner.replace('\\', "\\u005c").replace('"', "\\u0022");
        format!(r#"{}"{text}"{}"#, "[".repeat(120), "]".repeat(120))
    })
}

#[test]
fn texts_within_texts_are_hidden_where_nobody_looks_any_more() {
    assert!(text_without_secrets(&texts_within_texts(DEEPEST)).contains("token=(secret)"));
    for levels in [DEEPEST + 1, 300] {
        let deep = texts_within_texts(levels);
        let shown = text_without_secrets(&deep);
        assert!(shown.contains(HIDDEN) && !shown.contains(TOKEN), "{levels}: {shown}");
        assert_eq!(Secrets::of(&json!({"x": deep})).hide("it failed"), "it failed");
    }
}

/// As JSON at each depth it would be a million times as long.
#[test]
fn a_secret_of_backslashes_is_searched_for_as_long_as_an_output_may_be() {
    let backslashes = "\\".repeat(100_000);
    let secrets = Secrets::of(&json!({"x": json!({"x": json!({"token": backslashes}).to_string()}).to_string()}));
    assert!(secrets.texts.iter().all(|text| text.len() <= LONGEST) && secrets.texts.len() > 3);
}

#[test]
fn what_would_take_too_long_to_search_is_hidden_as_a_whole() {
    let tokens: Vec<_> = (0..20_000).map(|number| format!("{number:06}")).collect();
    let secrets = Secrets::of(&json!({"token": tokens}));
    assert_eq!(secrets.hide("no 012345 here"), "no (secret) here");
    assert_eq!(secrets.hide(&"no 012345 here ".repeat(10_000)), HIDDEN);
}
