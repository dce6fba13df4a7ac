# The gateway in a container: not root, nothing written but under /tmp and where the configuration says.
#
#   docker build -t model-gateway .                  # or: podman build --format docker, buildah build --format docker
#   docker run --read-only --tmpfs /tmp -p 8080:8080 -v gateway:/var/lib/gateway \
#     -v "$PWD/etc:/etc/gateway:ro" model-gateway
#
# The configuration is etc/gateway.yaml: its folder is mounted, since editors replace files.
# Revisions, overrides and events are kept by `store: sqlite:////var/lib/gateway/gateway.db`; without it the default lies
# beside the configuration file, which cannot be written here: the gateway serves, and says that nothing is kept.
#
# In the configuration, listen on 0.0.0.0:8080. The admin address is the container's own loopback unless the file says
# otherwise, which needs tokens. SIGTERM drains: give it `limits.drain` to do so (docker run --stop-timeout 60).
#
# The hot path is compiled where the builder has a C compiler or can install COMPILER, else the same sources run as they
# are; `docker run model-gateway --version` says which.
#
# To build from a copy of the base in a registry of your own, or from one digest for good:
#   docker build --build-arg PYTHON_IMAGE=registry.example.com/python@sha256:... -t model-gateway .
# `make image` builds it without an engine and tries it.

ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG COMPILER="gcc libc6-dev"
RUN command -v gcc || { apt-get update && apt-get install --yes --no-install-recommends ${COMPILER}; } \
 || echo "no C compiler can be installed: the hot path will not be compiled"
WORKDIR /src
COPY requirements/fast.txt requirements/serve.txt requirements/
RUN pip install --require-hashes -r requirements/fast.txt \
 && python -m venv --without-pip /opt/gateway \
 && pip --python /opt/gateway/bin/python install --require-hashes -r requirements/serve.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY gateway gateway
RUN if command -v gcc; then export HATCH_BUILD_HOOK_ENABLE_CUSTOM=true; fi \
 && pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
 && pip --python /opt/gateway/bin/python install --no-cache-dir --no-deps /wheel/*.whl \
 && mkdir /state

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/gateway /opt/gateway
COPY --from=build --chown=65532:65532 /state /var/lib/gateway
ENV PATH=/opt/gateway/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /etc/gateway
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD \
  ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
ENTRYPOINT ["gateway"]
CMD ["serve", "--config", "/etc/gateway/gateway.yaml"]
