# The engine, the agents and every other command of ours; no Java: the broker is an image of its own.
FROM python:3.11.13-slim-bookworm AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev # for the native codec
WORKDIR /source
COPY hatch_build.py pyproject.toml constraints.txt README.md topology.yaml ./
COPY schemas schemas
COPY agents agents
COPY streams streams
RUN python -m venv /opt/master-orchestrator \
 && /opt/master-orchestrator/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt .

FROM python:3.11.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin orchestrator \
 && install -d -o orchestrator -g orchestrator -m 0750 /data
COPY --from=build /opt/master-orchestrator /opt/master-orchestrator
ENV PATH=/opt/master-orchestrator/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MASTER_ORCHESTRATOR_DATA_DIR=/data \
    MASTER_ORCHESTRATOR_LOG_FORMAT=json
USER 10001
WORKDIR /data
VOLUME /data
ENTRYPOINT ["master-orchestrator"]
CMD ["--help"]
