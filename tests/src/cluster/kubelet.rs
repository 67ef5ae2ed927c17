//! A node's kubelet.

use std::fs;

use anyhow::Result;
use serde_json::json;

use super::node::ClusterNode;

impl ClusterNode {
    pub(super) fn write_kubelet_config(&self) -> Result<()> {
        let credentials = self.cluster.dir.join("credentials");
        let config = json!({
            "kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "authentication": {
                "x509": {"clientCAFile": credentials.join("ca.crt")},
                "anonymous": {"enabled": false}, "webhook": {"enabled": true},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs", "cgroupsPerQOS": false, "enforceNodeAllocatable": [],
            "failSwapOn": false, "localStorageCapacityIsolation": false, "makeIPTablesUtilChains": false,
            "resolvConf": "", "imageGCHighThresholdPercent": 100,
            // The machine's disk and memory are not this test's concern.
            "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%"},
            "kubeAPIQPS": 200, "kubeAPIBurst": 400, "eventRecordQPS": 100,
            "nodeStatusUpdateFrequency": "5s", "syncFrequency": "10s",
            // The agent gets its configuration this way.
            "configMapAndSecretChangeDetectionStrategy": "Watch",
        });
        Ok(fs::write(self.file("etc/kubelet.json"), config.to_string())?)
    }

    pub(super) fn start_kubelet(&self) -> Result<()> {
        let program = self.cluster.program("kubelet");
        self.place()?.start("kubelet", &self.cluster.logs, &program, |command| {
            command.args(["--config=/etc/kubelet.json", "--v=2"]);
            command.args([format!("--hostname-override={}", self.name), format!("--node-ip={}", self.ip)]);
            command.arg("--kubeconfig").arg(self.cluster.credentials(&self.name));
        })
    }
}
