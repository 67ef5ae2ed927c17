// Puts the pods of a tenant on the tenant's network: the label `network` of their namespace names it.
// A namespace without the label is left to the next selector.
// Needs the grant {"cluster": ["v1/Namespace"]}.
import { namespaceLabels } from "genie:selector/cluster@0.1.0";
import { write } from "genie:selector/log@0.1.0";

const LABEL = "network";

export const select = {
  describe() {
    return {
      name: "my-policy",
      version: "0.1.0",
      summary: "puts a pod on the network that its namespace's label names",
      settingsSchema: "",
    };
  },

  select(request, _settings) {
    const wanted = labelsOfNamespace().get(LABEL);
    if (wanted === undefined) return { tag: "pass" };
    const place = `label ${LABEL} of namespace ${request.pod.namespace}`;
    write("info", `${place}: ${wanted}`);
    const network = request.networks.find((network) => namesOf(network).includes(wanted));
    if (network === undefined) {
      throw { tag: "invalid", val: { key: place, value: wanted, message: "no such network" } };
    }
    return { tag: "plan", val: { attachments: [attachment(network)], reason: `${place}: ${wanted}` } };
  },
};

/** The labels of the pod's namespace. While they cannot be had the pod is refused, and starts later. */
function labelsOfNamespace() {
  try {
    return new Map(namespaceLabels());
  } catch (error) {
    throw { tag: "unavailable", val: error.payload };
  }
}

/** What a network may be called: its file, with or without its number and ending, and the name in it. */
function namesOf({ file, name }) {
  return [file, file.replace(/^\d+-/, "").replace(/\.(conflist|conf|json)$/, ""), name];
}

/** An installed network on the next free interface. What is said from `ips` on needs a grant. */
function attachment({ file }) {
  return {
    network: { tag: "installed", val: file },
    interface: null,
    ips: [],
    mac: null,
    args: [],
    runtimeConfig: null,
    patch: null,
    defaultRoute: { tag: "usual" },
  };
}
