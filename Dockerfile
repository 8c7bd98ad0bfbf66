# Tessera as an image: docker build --tag tessera .
#
# The first stage installs what requirements/runtime.txt pins, by hash and from wheels alone; the second has the result,
# without pip and without anything to build with. docs/deploying.md says how it is run, and how a newer base is named.

# Python 3.11.16 of 25 August 2026, for all platforms.
ARG PYTHON=3.11-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b

FROM python:${PYTHON} AS built
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m pip install --require-hashes --only-binary :all: -r requirements/build.txt \
    && python -m venv --without-pip /opt/tessera \
    && python -m pip --python /opt/tessera/bin/python install --require-hashes --only-binary :all: \
        -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && python -m pip --python /opt/tessera/bin/python install --no-deps dist/*.whl

FROM python:${PYTHON}
RUN groupadd --system --gid 10001 tessera \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/tessera \
        --shell /usr/sbin/nologin tessera \
    && install -d -m 0700 -o tessera -g tessera /var/lib/tessera
COPY --from=built /opt/tessera /opt/tessera
ENV PATH=/opt/tessera/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    TESSERA_DATA_DIR=/var/lib/tessera \
    TESSERA_HOST=0.0.0.0 \
    TESSERA_PORT=8000 \
    TESSERA_MANAGEMENT_HOST=0.0.0.0 \
    TESSERA_MANAGEMENT_PORT=9090 \
    TESSERA_LOG_FORMAT=json
WORKDIR /opt/tessera
USER 10001:10001
VOLUME /var/lib/tessera
EXPOSE 8000 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9090/livez', timeout=4)"]
ENTRYPOINT ["tessera"]
CMD ["serve"]
