"""Are these the topics that the engine read, or a copy of them that a mirror made?"""

from collections.abc import Iterable

from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from master_orchestrator_schemas.kafka import KafkaSettings, admin_config

ANSWER_S = 10.0
TIME_TYPE = "message.timestamp.type"


def keeps_senders_times(kafka: KafkaSettings, topics: Iterable[str]) -> bool:
    """Whether an input keeps its senders' times. An engine's inputs take the broker's (``provision`` sees to it); a
    mirror keeps those that the original broker gave, and need not keep the offsets.
    """
    admin = AdminClient(admin_config(kafka))
    resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
    if not resources:
        return False
    answers = admin.describe_configs(resources, request_timeout=ANSWER_S).values()
    return any(answer.result()[TIME_TYPE].value != "LogAppendTime" for answer in answers)
