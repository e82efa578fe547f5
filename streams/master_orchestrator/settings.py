"""Settings of a process of ours, from MASTER_ORCHESTRATOR_* variables; the CLI's options go before them."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

LogLevel = Literal["debug", "info", "warning", "error"]


class Settings(BaseSettings):
    """Where things are and how they are told; Kafka's own settings are KafkaSettings (KAFKA_*)."""

    model_config = SettingsConfigDict(env_prefix="MASTER_ORCHESTRATOR_", frozen=True, env_ignore_empty=True)

    topology: Path | None = Field(default=None, description="The topology.yaml to use; the packaged one by default.")
    data_dir: Path = Field(default=Path(".data"), description="Folder of the embedded broker and the engine's tables.")
    knowledge: Path | None = Field(
        default=None, description="SQLite or CSV file of trouble codes' titles for the reference DIAGNOSIS agent."
    )
    contacts: Path | None = Field(
        default=None, description="TOML file of owners and transports for the reference CUSTOMER_ENGAGEMENT agent."
    )
    log_level: LogLevel = "info"
    log_format: Literal["auto", "human", "json"] = Field(
        default="auto", description="auto: for humans on a terminal, JSON otherwise."
    )
    replication: int | None = Field(
        default=None, ge=1, le=32_767, description="Replicas of topics that are made; the live brokers, at most 3."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address /metrics is served on; loopback by default.")
