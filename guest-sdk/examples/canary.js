// Tries a network with one pod in so many, and chooses the same pods as canary.rs. All other pods are left to
// the next selector. Settings: {"network": "blue", "oneIn": 10}. Needs no grant.

export function select({ pod, settings, requireNetwork }) {
  const { network: name, oneIn } = settings;
  if (!(Number.isSafeInteger(oneIn) && oneIn >= 1)) {
    invalid("settings.oneIn", JSON.stringify(oneIn) ?? "", "has to be a whole number, at least 1");
  }
  if (hash(`${pod.namespace}/${pod.name}`) % BigInt(oneIn) !== 0n) return null;
  const network = requireNetwork("settings.network", name);
  return { networks: network.file, reason: `canary, one in ${oneIn}: ${network.name}` };
}

// FNV-1a, with its bits mixed once more: names of pods differ in their last letters only. They are ASCII.
function hash(text) {
  let fnv = 0xcbf29ce484222325n;
  for (const letter of text) fnv = bits((fnv ^ BigInt(letter.charCodeAt(0))) * 0x100000001b3n);
  return bits((fnv ^ (fnv >> 33n)) * 0xff51afd7ed558ccdn) >> 33n;
}

// BigInts have no end, and the hash has 64 bits.
function bits(number) {
  return BigInt.asUintN(64, number);
}
