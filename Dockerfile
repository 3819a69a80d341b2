# Headwinds on the processor, without root, with what it needs to serve.
#
#     docker build -t headwinds .
#     docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" headwinds run my-study/study.toml
#
# A server in a container listens on the container's own loopback, where nobody reaches it, unless it is told otherwise; it
# then asks for a key of 16 characters or more. Publish the port on this machine's loopback, not on every address:
#
#     docker run --rm -v "$PWD/registry:/data/registry" -p 127.0.0.1:8766:8766 -e HEADWINDS_TOKEN \
#         headwinds serve --registry registry --host 0.0.0.0 --allowed-host localhost

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/headwinds
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
# PyTorch first and from its own index: the wheel for the processor is a tenth of the usual one.
RUN /opt/headwinds/bin/pip install --index-url https://download.pytorch.org/whl/cpu "$(grep -i '^torch==' constraints.txt)"
COPY src src
RUN /opt/headwinds/bin/pip install -c constraints.txt '.[postgresql,search,serve]'

FROM python:3.11-slim
COPY --from=build /opt/headwinds /opt/headwinds
RUN useradd --create-home --uid 10001 headwinds && mkdir /data && chown headwinds /data
# A home that any user may write to, as caches of fonts need one and --user may name anybody.
ENV PATH=/opt/headwinds/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1
USER headwinds
WORKDIR /data
ENTRYPOINT ["headwinds"]
CMD ["doctor"]
