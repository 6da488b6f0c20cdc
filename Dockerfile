# Two images from one lock: `serve` answers queries and holds no compiler, `train` is the nightly job.
# What they consist of: docs/operations.md.
#
# A private index or certificate authority comes in as build secrets, which no layer keeps:
#   docker build --secret id=pip.conf,src=... --secret id=ca.pem,src=...
# pip.conf finds the latter as /run/secrets/ca.pem.
ARG BASE=docker.io/library/python:3.12-slim

# pip and everything that builds stay in the stages before `runtime`.
FROM ${BASE} AS tools
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends binutils \
    && python -m venv /tools && python -m venv --without-pip /venv
COPY --chmod=755 docker/trim-venv docker/import-all /usr/local/bin/
WORKDIR /app

FROM tools AS serve-venv
COPY requirements/serve.txt requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem \
    /tools/bin/pip --python /venv/bin/python install --no-compile --require-hashes -r requirements/serve.txt \
    && trim-venv /venv
COPY item2vec code/item2vec
COPY service code/service
# Compiled here: the user of the image may write nowhere.
RUN cd code && chmod -R a+rX . && /venv/bin/python -m compileall -q . \
    && PYTHONPATH=. /venv/bin/python /usr/local/bin/import-all service

FROM tools AS train-venv
COPY requirements/train.txt requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem \
    /tools/bin/pip --python /venv/bin/python install --no-compile --require-hashes -r requirements/train.txt \
    && trim-venv /venv
COPY pyproject.toml README.md LICENSE ./
COPY item2vec item2vec
COPY service service
COPY trainer trainer
# Numba's cache holds the time of its source, and a layer may cut that to whole seconds.
RUN /tools/bin/pip --python /venv/bin/python install --no-compile --no-deps --no-build-isolation . \
    && /tools/bin/pip --python /venv/bin/python uninstall --yes hatchling trove-classifiers editables \
    && rm -r item2vec service trainer && cd /venv/lib/python3*/site-packages \
    && find item2vec service trainer -name '*.py' -exec touch -d 2020-01-01T00:00:00Z {} + \
    && /venv/bin/python -m compileall -q item2vec service trainer
COPY docker/warm /usr/local/bin/
# Kernels compiled for the machine that builds; another kind of CPU compiles them again, once.
RUN NUMBA_CACHE_DIR=/app/numba /venv/bin/python /usr/local/bin/warm \
    && /venv/bin/python /usr/local/bin/import-all service trainer item2vec

FROM ${BASE} AS system
RUN groupadd --gid 10001 item2vec \
    && useradd --uid 10001 --gid item2vec --no-log-init --no-create-home --home-dir /app \
       --shell /usr/sbin/nologin item2vec \
    && install -d -o item2vec -g item2vec /models
COPY docker/trim-base /trim-base
RUN sh /trim-base && rm /trim-base

# One layer, without what was removed above.
FROM scratch AS runtime
LABEL org.opencontainers.image.title="item2vec" \
      org.opencontainers.image.licenses="MIT"
COPY --from=system / /
ENV PATH=/venv/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    ITEM2VEC_MODELS=/models
VOLUME /models
WORKDIR /app

FROM runtime AS train
LABEL org.opencontainers.image.description="Trains item vectors from an event log and publishes them."
ENV NUMBA_CACHE_DIR=/app/numba
COPY --from=train-venv /venv /venv
COPY --from=train-venv --chown=10001:10001 /app/numba numba
COPY --chmod=755 docker/nightly /usr/local/bin/
COPY --chmod=644 item2vec.toml ./
# The configuration names its event log relative to the working directory.
RUN ln -s /data data
USER 10001:10001
# Numba refuses a cache it cannot write to: a volume, for containers whose root is read-only.
VOLUME /app/numba
ENTRYPOINT ["item2vec"]

FROM runtime AS serve
LABEL org.opencontainers.image.description="Answers similar items, recommendations and analogies over HTTP."
COPY --from=serve-venv /venv /venv
COPY --from=serve-venv /app/code ./
ENV ITEM2VEC_HOST=0.0.0.0 \
    ITEM2VEC_PORT=8000
EXPOSE 8000
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", \
    "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['ITEM2VEC_PORT'] + '/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "service"]
