/** What danm's configuration means where it says nothing. */

/** The path, or number, of a key that is absent, null or empty. */
export const DANM_DEFAULTS = {
  cniDir: "/etc/cni/net.d",
  logFile: "/var/log/danm.log",
  podResourcesSocket: "/var/lib/kubelet/pod-resources/kubelet.sock",
  stateDir: "/var/lib/danm",
  timeout: 30,
} as const;

/** Where device plugins and CNI plugins write down what devices are. Source: NPWG Device Information Specification 1.1 §3. */
export const DEVICE_INFO_FOLDER = "/var/run/k8s.cni.cncf.io/devinfo";
