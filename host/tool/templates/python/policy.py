"""Puts the pods of a tenant on the tenant's network: the label `network` of their namespace names it.

A namespace without the label is left to the next selector. Needs the grant {"cluster": ["v1/Namespace"]}.
All imports are here, at the top: they are loaded when the module is built. Nothing can be imported for a pod.
"""

import re

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import cluster, log, types

LABEL = "network"


class Select(exports.Select):
    def describe(self) -> types.About:
        return types.About(
            name="my-policy",
            version="0.1.0",
            summary="puts a pod on the network that its namespace's label names",
            settings_schema="",
        )

    def select(self, request: types.Request, settings: str) -> types.Verdict:
        wanted = labels_of_namespace().get(LABEL)
        if wanted is None:
            return types.Verdict_Pass()
        place = f"label {LABEL} of namespace {request.pod.namespace}"
        log.write(log.Level.INFO, f"{place}: {wanted}")
        for network in request.networks:
            if wanted in names_of(network):
                return types.Verdict_Plan(types.Plan([attachment(network)], f"{place}: {wanted}"))
        raise Err(types.Refusal_Invalid(types.Mistake(place, wanted, "no such network")))


def labels_of_namespace() -> dict[str, str]:
    """The labels of the pod's namespace. While they cannot be had the pod is refused, and starts later."""
    try:
        return dict(cluster.namespace_labels())
    except Err as error:
        raise Err(types.Refusal_Unavailable(error.value)) from error


def names_of(network: types.Network) -> tuple[str, str, str]:
    """What a network may be called: its file, with or without its number and ending, and the name in it."""
    return network.file, re.sub(r"^\d+-|\.(conflist|conf|json)$", "", network.file), network.name


def attachment(network: types.Network) -> types.Attachment:
    """An installed network on the next free interface. What is said from ips on needs a grant."""
    return types.Attachment(
        network=types.Source_Installed(network.file),
        interface=None,
        ips=[],
        mac=None,
        args=[],
        runtime_config=None,
        patch=None,
        default_route=types.DefaultRoute_Usual(),
    )
