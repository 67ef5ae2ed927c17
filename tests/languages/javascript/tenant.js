// A pod gets the network of the tenant that its annotation names.
import { write } from 'genie:selector/log@0.1.0';

const KEY = 'example.org/tenant';

function attachment(network) {
  return {
    network: { tag: 'installed', val: network },
    interface: undefined,
    ips: [],
    mac: undefined,
    args: [],
    runtimeConfig: undefined,
    patch: undefined,
    defaultRoute: { tag: 'usual' },
  };
}

export const select = {
  describe() {
    return { name: 'tenant', version: '0.1.0', summary: 'the network of the tenant', settingsSchema: '' };
  },

  select(request, _settings) {
    const tenant = request.annotations.find(([key]) => key === KEY)?.[1];
    if (tenant === undefined) return { tag: 'pass' };
    write('info', `asked for ${tenant}`);
    const network = request.networks.find(({ name }) => name === tenant);
    if (network === undefined) {
      throw { tag: 'invalid', val: { key: KEY, value: tenant, message: 'no such network' } };
    }
    return { tag: 'plan', val: { attachments: [attachment(network.file)], reason: `tenant ${tenant}` } };
  },
};
