"""The system as an AsyncAPI 3.0 document, made from the topology: ``python -m master_orchestrator_schemas.asyncapi``.

Operations are those of the engine and of the judge of behaviour: they receive inputs and send the rest. Payloads are
the Avro schemas; topics that also take JSON say so in their description.
"""

import json
import sys
from typing import Any

from master_orchestrator_schemas.avro_schemas import schema_versions
from master_orchestrator_schemas.topology import Topology, load_topology

AVRO = "application/vnd.apache.avro;version=1.9.0"
BYTES = "DeadLetter"
"""The one message without a schema."""


def document(topology: Topology) -> dict[str, Any]:
    """The whole document."""
    message_of = {name: terms.schema_name or BYTES for name, terms in topology.topics.items()}
    message_of |= dict.fromkeys(topology.command_topics, "Command")
    inputs = {*topology.input_topics, *topology.ueba_input_topics}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Master Orchestrator",
            "version": str(topology.version),
            "description": "What travels between gateways, workshops, operators, the engine, agents and the ueba app.",
        },
        "channels": {topic: _channel(topology, topic, message) for topic, message in message_of.items()},
        "operations": {
            f"{'receive' if topic in inputs else 'send'}.{topic}": {
                "action": "receive" if topic in inputs else "send",
                "channel": {"$ref": f"#/channels/{topic}"},
                "messages": [{"$ref": f"#/channels/{topic}/messages/{message}"}],
            }
            for topic, message in message_of.items()
        },
        "components": {"messages": {name: _message(name) for name in sorted(set(message_of.values()))}},
    }


def _channel(topology: Topology, topic: str, message: str) -> dict[str, Any]:
    plan = next(plan for plan in topology.topic_plans() if plan.name == topic)
    terms = topology.topics.get(topic)
    key = "vehicle_id" if terms is None else terms.key
    json_too = " Avro or JSON." if terms is not None and terms.json_allowed else ""
    return {
        "address": topic,
        "description": f"Key: {key}.{json_too}",
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"kafka": {"topic": topic, "partitions": plan.partitions}},
    }


def _message(name: str) -> dict[str, Any]:
    newest = [schema for schema in schema_versions() if schema.definition["name"] == name]
    if not newest:
        return {"name": name, "contentType": "application/octet-stream", "payload": {}}
    return {
        "name": name,
        "contentType": "avro/binary",
        "description": f"Single-object encoding: the value begins with c301{newest[-1].fingerprint.hex()}.",
        "payload": {"schemaFormat": AVRO, "schema": newest[-1].definition},
    }


if __name__ == "__main__":
    json.dump(document(load_topology()), sys.stdout, indent=2)
