"""What schemathesis cannot know of the interface: how bytes are sent, and which things there are."""

import json
import os

import schemathesis

# Ids of things that are there, by the path that they are part of.
THERE = json.loads(os.environ["HUIBAO_THERE"])


@schemathesis.serializer("application/offset+octet-stream", "application/octet-stream")
def octets(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Every other request is about something that is there: else all would be answered with 404."""
    if not path_parameters:
        return path_parameters
    for path, ids in THERE.items():
        if context.operation.path.startswith(path) and len(str(path_parameters)) % 2 == 0:
            return {**path_parameters, **ids}
    return path_parameters
