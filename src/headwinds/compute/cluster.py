"""A Ray cluster: one that is there, reached in seconds or told to be unreachable, or one that is started on this machine.

Whoever reaches a Ray cluster can run any code on it, and its ports listen on every address of the machine. So token
authentication is on: the cluster that we start has it, with a token of its own, and one that takes work without a token
is refused; only RAY_AUTH_MODE=disabled together with a loopback address says that this is meant.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from headwinds.errors import ComputeError, SettingsError
from headwinds.extras import require

MODE, TOKEN = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"
SECONDS_TO_ANSWER = 3.0
SECONDS_TO_PROBE = 20.0
STORE_BYTES = 2**30
"""Of the object store of a cluster that is started here: models on their way to workers."""
CLIENT = "ray://"
LOST = "A worker died or was killed"
HOW_TO_GUARD = (
    "Start its nodes with RAY_AUTH_MODE=token and one token, and give it here too, as "
    "RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token."
)
_OPEN = """
import sys, logging
address = sys.argv[1]
if address.startswith("ray://"):
    import ray
    ray.init(address, logging_level=logging.CRITICAL)
else:
    from ray._raylet import GcsClient
    GcsClient(address=address).internal_kv_keys(b"", namespace=None, timeout=5)
print("open")
"""
_own_token: list[str] = []


class Unreachable(ComputeError):
    """No cluster answers at the address; a study may say that it goes on locally then."""


def connect(address: str, workers: int) -> tuple[Any, bool]:
    """The module `ray`, connected, and whether that is new, so that whoever asked ends it.

    `workers` are the cores of a cluster that is started here. A process that is connected already stays where it is.

    Raises
    ------
    SettingsError
        Ray is not installed, or the address has no host and port.
    Unreachable
        Nothing answers at the address within seconds, or what answers is no cluster that this machine can join.
    ComputeError
        The cluster has other versions, refuses the token, or takes work without one.
    """
    require("ray")
    host, port = _split(address) if address else ("", 0)
    if address:
        _reach(address, host, port)
    _want_tokens(address)
    import ray

    if ray.is_initialized():
        return ray, False
    if address and os.environ[MODE].lower() == "token":
        _refuse_open(address)
    if address and os.environ[MODE].lower() != "token" and not _loopback(host):
        raise ComputeError(
            f"{MODE}={os.environ[MODE]}, and {address} is not an address of this machine alone.",
            remedy=HOW_TO_GUARD,
        )
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if not address:
        options |= {"num_cpus": workers, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    with _own_signal_handlers(), _in_one_line(address):
        ray.init(address or "local", **options)
    return ray, True


def _want_tokens(address: str) -> None:
    """Have Ray be quiet and use tokens, unless the environment says otherwise; make one for a cluster of our own."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault(
        "RAY_DEDUP_LOGS_SKIP_REGEX", LOST
    )  # Ray tells the driver's standard output; it is no result
    if address:  # a few tries in seconds, not twenty
        os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "4")
    else:
        os.environ[MODE] = "token"  # what we start listens on every address, so it never goes without
    os.environ.setdefault(MODE, "token")
    from ray import _raylet
    from ray._private.authentication.authentication_token_setup import _enable_token_auth

    raylet: Any = _raylet  # a compiled module

    if (
        os.environ[MODE].lower() == "token"
        and raylet.get_authentication_mode() != raylet.AuthenticationMode.TOKEN
    ):
        _enable_token_auth()  # Ray was imported before, and keeps what it read then
    loader = raylet.AuthenticationTokenLoader.instance()
    if address and _own_token and os.environ.get(TOKEN) == _own_token[0]:
        del os.environ[TOKEN]  # ours was for another cluster
        loader.reset_cache()
    if not address and not loader.has_token(ignore_auth_mode=True):
        _own_token[:] = _own_token or [secrets.token_hex(32)]
        os.environ[TOKEN] = _own_token[0]
        loader.reset_cache()


def _split(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address if address.startswith(CLIENT) else f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise SettingsError(
            f"address = {address!r} is no address of a cluster: expected a host and a port.",
            remedy='For instance "10.0.0.5:6379", or "ray://10.0.0.5:10001" from a machine that is no node of it.',
        )
    return host, port


def _reach(address: str, host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), SECONDS_TO_ANSWER).close()
    except OSError as error:
        raise _unreachable(address, str(error.strerror or error)) from error


def _unreachable(address: str, reason: str) -> Unreachable:
    return Unreachable(
        f"The Ray cluster at {address} cannot be reached ({reason}).",
        remedy="Start it, mend the address, or set fall_back = true under [compute] to go on on this machine.",
    )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_open(address: str) -> None:
    """Ask the cluster for something without a token, in a process of its own, as Ray's mode holds for a whole process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _OPEN, address],
            env=environment | {MODE: "disabled"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_PROBE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return  # it gave nothing to one without a token
    if answer.stdout.strip().endswith("open"):
        raise ComputeError(f"The Ray cluster at {address} takes work from anyone.", remedy=HOW_TO_GUARD)


@contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Ray takes SIGTERM for itself, which would end a run without keeping what was done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def _in_one_line(address: str) -> Iterator[None]:
    from ray.exceptions import AuthenticationError, RayError

    where = address or "this machine"
    try:
        yield
    except Exception as error:
        chain, text = list(_causes(error)), " ".join(str(error).split())
        if any(isinstance(one, AuthenticationError) or "AuthToken" in str(one) for one in chain):
            raise ComputeError(
                f"The Ray cluster at {where} refuses the token of this machine, or there is none.",
                remedy=HOW_TO_GUARD,
            ) from error
        if "ersion mismatch" in text:
            raise ComputeError(
                f"The Ray cluster at {where} has other versions than this machine: {text}",
                remedy="Install the same versions of Python and Ray on both.",
            ) from error
        if isinstance(error, (ConnectionError, TimeoutError, RuntimeError, ValueError, RayError)):
            raise _unreachable(where, text[:200]) from error
        raise
