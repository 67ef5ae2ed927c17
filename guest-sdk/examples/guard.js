// A guard, as guard.rs is one: pods get only the networks of its settings, unless their namespace has the label
// `networks=any`. Settings: {"allowed": ["calico"]}. It runs last, with "run": "always". Needs the grant
// {"cluster": ["v1/Namespace"]}.

export function select({ decided, findNetwork, pod, settings }, facts) {
  if (!Array.isArray(settings.allowed)) invalid("settings.allowed", "", "has to be a list of networks");
  if (decided === null) return null;
  // As a user would mean them: `calico` is the file `10-calico.conflist`.
  const allowed = settings.allowed.map((name) => findNetwork(name)?.file);
  // Of a definition and an inline configuration `network` is undefined.
  const isAllowed = ({ network }) => network !== undefined && allowed.includes(findNetwork(network)?.file);
  if (decided.attachments.every(isAllowed) || facts.namespaceLabels().networks === "any") return null;
  deny(`namespace ${pod.namespace} may use ${settings.allowed.join(", ")} only`);
}
