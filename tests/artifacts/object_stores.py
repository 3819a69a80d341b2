"""A server on this machine that speaks as Amazon S3 does."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

SECRET = "not-to-be-printed"


@dataclass(frozen=True)
class Server:
    """Where it is, and a client of it."""

    endpoint: str
    client: Any

    def close_bucket(self, name: str) -> None:
        """Refuse whatever is asked of the objects of a bucket."""
        everything = [f"arn:aws:s3:::{name}/*", f"arn:aws:s3:::{name}"]
        rule = {"Effect": "Deny", "Principal": "*", "Action": ["s3:*"], "Resource": everything}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [rule]})
        self.client.put_bucket_policy(Bucket=name, Policy=policy)

    def check_credentials(self, *, after: str) -> None:
        """Take any keys for so many calls ("inf" for ever), then only those that it knows, which are none."""
        request = urllib.request.Request(
            f"{self.endpoint}/moto-api/reset-auth",
            data=after.encode(),
            method="POST",
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request).close()


@contextmanager
def object_server() -> Iterator[Server]:
    """Start it on the loopback address, with the usual variables of the environment pointing to it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        try:
            host, port = server.get_host_and_port()
            endpoint = f"http://{host}:{port}"
            for name, value in {
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_DEFAULT_REGION": "us-east-1",
                "NO_PROXY": "127.0.0.1",
            }.items():
                patch.setenv(name, value)
            yield Server(endpoint, boto3.client("s3"))
        finally:
            server.stop()
