// A guard, as guard.rs is one: pods get only the networks of its settings, unless their namespace has the label
// `networks=any`. Settings: {"allowed": ["calico"]}. It runs last, with "run": "always". Needs the grant
// {"cluster": ["v1/Namespace"]}.

export function select({ decided, findNetwork, networks, pod, settings }, facts) {
  if (!Array.isArray(settings.allowed)) invalid("settings.allowed", "", "has to be a list of networks");
  if (decided === null) return null;
  // As a user would mean them: `calico` is the file `10-calico.conflist`.
  const allowed = settings.allowed.map((name) => findNetwork(name)?.file);
  // An attachment names a file or, if no file is called so, a network; a definition names neither.
  const networkOf = ({ network }) =>
    networks.find(({ file }) => file === network) ?? networks.find(({ name }) => name === network);
  const isAllowed = (network) => network !== undefined && allowed.includes(network.file);
  if (decided.attachments.map(networkOf).every(isAllowed)) return null;
  if (facts.namespaceLabels().networks === "any") return null;
  deny(`namespace ${pod.namespace} may use ${settings.allowed.join(", ")} only`);
}
