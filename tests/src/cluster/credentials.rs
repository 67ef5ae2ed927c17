//! A certificate authority, the certificates of all programs, and their kubeconfigs.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::shell::{command, output};
use super::{API_PORT, API_SERVICE_IP, CONTROL_IP};

const DAYS: &str = "2";
const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];

/// File names and subjects. The subject tells the API server who the bearer is.
const CLIENTS: [(&str, &str); 7] = [
    ("admin", "/O=system:masters/CN=admin"),
    ("api-server", "/O=system:masters/CN=api-server"),
    ("controller-manager", "/CN=system:kube-controller-manager"),
    ("scheduler", "/CN=system:kube-scheduler"),
    ("proxy", "/CN=system:kube-proxy"),
    ("node1", "/O=system:nodes/CN=system:node:node1"),
    ("node2", "/O=system:nodes/CN=system:node:node2"),
];

/// The address of the API server for programs outside of pods.
pub(crate) fn server() -> String {
    format!("https://{CONTROL_IP}:{API_PORT}")
}

/// Makes all credentials in a new directory.
pub(crate) fn make(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let openssl = |arguments: &[&str]| output(command("openssl").args(arguments).current_dir(dir));
    let authority = ["req", "-x509", "-days", DAYS, "-subj", "/CN=e2e", "-keyout", "ca.key", "-out", "ca.crt"];
    openssl(&[&authority[..], &KEY].concat())?;
    // This key signs the tokens of service accounts.
    openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "tokens.key"])?;
    openssl(&["pkey", "-in", "tokens.key", "-pubout", "-out", "tokens.pub"])?;

    let sign = |name: &str, subject: &str, extensions: &[&str]| {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        let request = ["req", "-x509", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", DAYS, "-subj", subject];
        let mut arguments = [&request[..], &KEY, &["-keyout", &key, "-out", &certificate]].concat();
        for extension in extensions {
            arguments.extend(["-addext", extension]);
        }
        openssl(&arguments)
    };
    let names = format!(
        "subjectAltName=IP:{CONTROL_IP},IP:{API_SERVICE_IP},IP:127.0.0.1,DNS:localhost,DNS:kubernetes,\
         DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
    );
    sign("serving", "/CN=kube-apiserver", &[&names, "extendedKeyUsage=serverAuth", "basicConstraints=CA:FALSE"])?;
    for (name, subject) in CLIENTS {
        sign(name, subject, &["extendedKeyUsage=clientAuth", "basicConstraints=CA:FALSE"])?;
        fs::write(dir.join(format!("{name}.kubeconfig")), kubeconfig(dir, name).to_string())?;
    }
    Ok(())
}

/// A kubeconfig. It is JSON, which is YAML, too.
fn kubeconfig(dir: &Path, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "e2e",
        "clusters": [{"name": "e2e", "cluster": {"server": server(), "certificate-authority": dir.join("ca.crt")}}],
        "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": name}}],
        "users": [{"name": name, "user": {
            "client-certificate": dir.join(format!("{name}.crt")),
            "client-key": dir.join(format!("{name}.key")),
        }}],
    })
}
