//! What a configuration says of the API server, and what the client never does.

use genie_core::sources::Access;

mod client {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
    use std::path::Path;

    use serde_json::{Value, json};

    use super::super::connect;
    use genie_core::sources::{Access, Secret};

    const GENERATED: &str = "
apiVersion: v1
kind: Config
clusters: [{name: local, cluster: {insecure-skip-tls-verify: true}}]
users: [{name: genie, user: {}}]
contexts: [{name: genie-context, context: {cluster: local, user: genie}}]
current-context: genie-context
";

    fn refused(access: &Access) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(connect(access)).err().expect("no client")
    }

    #[test]
    fn what_is_not_verified_is_not_asked() {
        let dir = tempfile::tempdir().unwrap();
        let kubeconfig = dir.path().join("genie-kubeconfig");
        fs::write(&kubeconfig, GENERATED).unwrap();
        let mut access = Access {
            kubeconfig: Some(kubeconfig),
            server: Some("https://127.0.0.1:1".into()),
            token: Some(Secret("t0ken".into())),
            ..Access::default()
        };
        let error = refused(&access);
        assert!(error.contains("not to verify") && error.contains("k8s_certificate_authority"), "{error}");
        // With an authority the same file serves (CNI-Genie failed here). What is missing now is
        // the authority's file.
        access.certificate_authority = Some("/no/such.pem".into());
        let error = refused(&access);
        assert!(error.contains("/no/such.pem") && !error.contains("t0ken"), "{error}");
        let plain = Access { server: Some("http://10.96.0.1".into()), ..Access::default() };
        assert!(refused(&plain).contains("without TLS"));
    }

    /// A kubeconfig whose parts can be changed, in a directory of its own.
    fn written(dir: &Path, cluster: &Value, user: &Value) -> Access {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "genie",
            "clusters": [{"name": "local", "cluster": cluster}],
            "contexts": [{"name": "genie", "context": {"cluster": "local", "user": "genie"}}],
            "users": [{"name": "genie", "user": user}],
        });
        let path = dir.join("kubeconfig");
        fs::write(&path, config.to_string()).unwrap();
        Access { kubeconfig: Some(path), ..Access::default() }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn no_program_of_a_kubeconfig_is_run() {
        let dir = tempfile::tempdir().unwrap();
        let server = json!({"server": "https://127.0.0.1:1"});
        let ran = dir.path().join("ran");
        let exec =
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": [ran]}});
        let provider = json!({"auth-provider": {"name": "gcp", "config": {"cmd-path": "touch", "cmd-args": ran}}});
        for (user, key) in [(exec, "\"exec\""), (provider, "\"auth-provider\"")] {
            let error = refused(&written(dir.path(), &server, &user));
            assert!(error.contains(key) && error.contains("would run as root"), "{error}");
            assert!(!ran.exists(), "{key}");
        }
    }

    #[test]
    fn what_others_could_have_written_is_no_kubeconfig_as_root() {
        let dir = tempfile::tempdir().unwrap();
        let token = dir.path().join("token");
        fs::write(&token, "t0ken").unwrap();
        let (server, user) = (json!({"server": "https://127.0.0.1:1"}), json!({"tokenFile": "token"}));
        let access = written(dir.path(), &server, &user);
        let kubeconfig = access.kubeconfig.clone().unwrap();
        let connects = || runtime().block_on(connect(&access)).map(|_| ());
        assert_eq!(connects(), Ok(()));
        for file in [&kubeconfig, &token] {
            let shown = file.display().to_string();
            for (owner, mode, says) in [(65534, 0o600, "belongs to user 65534"), (0, 0o602, "can be written by others")]
            {
                chown(file, Some(owner), None).unwrap();
                fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
                let error = connects().unwrap_err();
                assert!(error.contains(&shown) && error.contains(says) && !error.contains("t0ken"), "{error}");
            }
            fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
        }
        // The owner of the directory could put another file in its place.
        chown(dir.path(), Some(65534), None).unwrap();
        assert!(connects().unwrap_err().contains("belongs to user 65534"));
        chown(dir.path(), Some(0), None).unwrap();
        assert_eq!(connects(), Ok(()));
    }

    #[test]
    fn a_link_is_as_good_as_who_made_it_and_where_it_leads_as_root() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::create_dir(&real).unwrap();
        let access = written(&real, &json!({"server": "https://127.0.0.1:1"}), &json!({"token": "t0ken"}));
        symlink("real", &link).unwrap();
        let access = Access { kubeconfig: Some(link.join("kubeconfig")), ..access };
        let connects = || runtime().block_on(connect(&access)).map(|_| ());
        assert_eq!(connects(), Ok(()));
        lchown(&link, Some(65534), None).unwrap();
        assert!(connects().unwrap_err().contains("link belongs to user 65534"));
        lchown(&link, Some(0), None).unwrap();
        chown(&real, Some(65534), None).unwrap();
        assert!(connects().unwrap_err().contains("real belongs to user 65534"));
    }

    #[test]
    fn a_proxy_is_not_gone_through() {
        let dir = tempfile::tempdir().unwrap();
        for proxy in ["http://proxy.example:3128", "HTTP://a:s3cret@proxy.example", "socks5://127.0.0.1:1"] {
            let cluster = json!({"server": "https://127.0.0.1:1", "proxy-url": proxy});
            let error = refused(&written(dir.path(), &cluster, &json!({})));
            assert!(error.contains("proxy-url") && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_kubeconfig_that_is_none_is_not_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let kubeconfig = dir.path().join("kubeconfig");
        fs::write(&kubeconfig, "users: [{name: a, user: {token: [s3cret]}}]").unwrap();
        let error = refused(&Access { kubeconfig: Some(kubeconfig), ..Access::default() });
        assert!(error.contains("cannot be read") && !error.contains("s3cret"), "{error}");
    }
}

/// Otherwise the first request of a connection waits until the server acknowledges the handshake,
/// which servers delay.
#[tokio::test]
async fn what_the_client_writes_leaves_at_once() {
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", server.local_addr().unwrap());
    let client = super::client::connect(&Access { server: Some(root), ..Access::default() }).await.unwrap();
    let asking = tokio::spawn(async move { client.apiserver_version().await });
    let (connection, client_side) = server.accept().await.unwrap();
    connection.peek(&mut [0]).await.unwrap();
    let socket = socket_at(client_side);
    assert!(rustix::net::sockopt::tcp_nodelay(socket).unwrap());
    asking.abort();
}

/// Our own socket that has this local address.
fn socket_at(address: std::net::SocketAddr) -> std::os::fd::OwnedFd {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let us = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let numbers = std::fs::read_dir("/proc/self/fd").unwrap();
    let numbers = numbers.filter_map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().ok());
    let mut files = numbers.filter_map(|number| pidfd_getfd(&us, number, PidfdGetfdFlags::empty()).ok());
    let is_at = |file: &std::os::fd::OwnedFd| {
        rustix::net::getsockname(file).is_ok_and(|at| std::net::SocketAddr::try_from(at) == Ok(address))
    };
    files.find(is_at).unwrap()
}
