/** Configurations of what runs on a node. Sources: kubelet.config.k8s.io/v1beta1, kubeproxy.config.k8s.io/v1alpha1. */

import { stringify } from "@std/yaml";
import { PAUSE_IMAGE } from "./image_archive.ts";

/** Of containerd, version 3. Source: containerd's docs/cri/config.md. */
export const CONTAINERD_TOML = `
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
address = "/run/containerd/containerd.sock"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "${PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
# Where CAP_SYS_RESOURCE is missing, no score can be lowered.
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["/opt/cni/bin"]
conf_dir = "/etc/cni/net.d"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = false
`;

/** The kubelet's: a node that makes do with what a small machine has. */
export function kubeletConfig(
  { cgroupRoot, caFile }: { readonly cgroupRoot: string; readonly caFile: string },
): string {
  const evictable = ["memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available"];
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    cgroupDriver: "cgroupfs",
    cgroupRoot,
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    enforceNodeAllocatable: [],
    evictionHard: Object.fromEntries(evictable.map((signal) => [signal, "0%"])),
    imageGCHighThresholdPercent: 100, // images cannot be pulled again
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: caFile } },
    authorization: { mode: "Webhook" },
    clusterDomain: "cluster.local",
    clusterDNS: [CLUSTER_DNS],
    resolvConf: "/dev/null",
    nodeLeaseDurationSeconds: 16, // renewed four times in that, so that a lost node is soon noticed
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
  });
}

/** The address of the Service of the cluster's DNS. */
export const CLUSTER_DNS = "10.96.0.10";

/** kube-proxy's. Services are reached from Pods of any subnet, so all connections to them are masqueraded. */
export function proxyConfig({ name, kubeconfig }: { readonly name: string; readonly kubeconfig: string }): string {
  const unchanged = "0s";
  return stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    clientConnection: { kubeconfig },
    hostnameOverride: name,
    nftables: { masqueradeAll: true },
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: unchanged, tcpCloseWaitTimeout: unchanged },
  });
}
