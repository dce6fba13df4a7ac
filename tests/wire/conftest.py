"""One origin and one gateway before it, shared by the tests that need nothing special."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.client import Client
from tests.support.gateway import Config, Gateway, Told, config
from tests.support.origin import Origin


@pytest.fixture(scope="session")
def shared_origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


@pytest.fixture(scope="session")
def shared_gateway(shared_origin: Origin) -> Iterator[Gateway]:
    with Gateway(config(shared_origin.url)) as running:
        yield running


@pytest.fixture(scope="session")
def told(shared_origin: Origin) -> Iterator[Told]:
    """A gateway for tests that each want a configuration of their own: it is told, which is quicker than a start."""
    with Gateway(config(shared_origin.url)) as running:

        @contextmanager
        def tell(settings: Config) -> Iterator[Gateway]:
            running.tell(settings)
            yield running

        yield tell


@pytest.fixture
def gateway(shared_gateway: Gateway) -> Gateway:
    """A gateway with one worker and the defaults; every path goes to `origin`."""
    assert shared_gateway.process.poll() is None, f"the gateway ended:\n{shared_gateway.stderr}"
    return shared_gateway


@pytest.fixture
def origin(shared_origin: Origin) -> Iterator[Origin]:
    """The recording origin with an empty record; what the gateway sent it must have been well-formed."""
    shared_origin.clear()
    shared_origin.faults.clear()
    yield shared_origin
    assert shared_origin.faults == []


@pytest.fixture
def client(gateway: Gateway, origin: Origin) -> Iterator[Client]:
    """A connection to `gateway`, whose requests go to `origin`."""
    with gateway.connect() as connected:
        yield connected
