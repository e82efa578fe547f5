"""Errors of the cluster package: each says what was wrong, with what, and what to do."""

from master_orchestrator.errors import OrchestratorError


class ClusterError(OrchestratorError):
    """Base of everything the cluster package raises."""


class ToolMissingError(ClusterError):
    """Java or Maven is missing, or Java is too old; the text names the packages and the ways round."""


class JarsError(ClusterError):
    """Kafka's jars could not be fetched."""


class FolderInUseError(ClusterError):
    """A broker, an engine worker or a whole system already runs on the data folder."""


class BrokerStartError(ClusterError):
    """A broker died or did not answer within its time; the text ends with its last log lines."""


class ProvisionError(ClusterError):
    """A topic exists with other terms than the topology asks for, or could not be created."""
