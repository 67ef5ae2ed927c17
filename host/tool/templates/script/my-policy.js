// Puts the pods of a tenant on the tenant's network: the label `network` of their namespace names it.
// A namespace without the label is left to the next selector.
// Needs the grant {"cluster": ["v1/Namespace"]}.

const LABEL = "network";

export function select({ pod, requireNetwork }, facts) {
  const wanted = facts.namespaceLabels()[LABEL];
  if (wanted === undefined) return null;
  const place = `label ${LABEL} of namespace ${pod.namespace}`;
  console.info(`${place}: ${wanted}`);
  const network = requireNetwork(place, wanted);
  return { networks: network.file, reason: `${place}: ${wanted}` };
}
