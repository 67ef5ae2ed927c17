"""A pod gets the network of the tenant that its annotation names."""

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import log, types

KEY = "example.org/tenant"


class Select(exports.Select):
    def describe(self) -> types.About:
        return types.About("tenant", "0.1.0", "the network of the tenant", "")

    def select(self, request: types.Request, settings: str) -> types.Verdict:
        tenant = dict(request.annotations).get(KEY)
        if tenant is None:
            return types.Verdict_Pass()
        log.write(log.Level.INFO, f"asked for {tenant}")
        for network in request.networks:
            if network.name == tenant:
                return types.Verdict_Plan(types.Plan([attachment(network.file)], f"tenant {tenant}"))
        raise Err(types.Refusal_Invalid(types.Mistake(KEY, tenant, "no such network")))


def attachment(network: str) -> types.Attachment:
    return types.Attachment(
        network=types.Source_Installed(network),
        interface=None,
        ips=[],
        mac=None,
        args=[],
        runtime_config=None,
        patch=None,
        default_route=types.DefaultRoute_Usual(),
    )
