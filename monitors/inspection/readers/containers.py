"""Containers and their networks: Docker's client, podman's files."""

import json
import re
from collections.abc import Iterator
from typing import Any

from monitors.inspection.model import Container, ContainerNetwork, Listener
from monitors.inspection.values import bounded, number

PUBLISHED = re.compile(r":(\d+)->\d+/(tcp|udp)")
QUOTED = re.compile(r'"(name|driver|subnet)":\s*"([^"]*)"')


def read_containers(docker: str, podman: str) -> tuple[Container, ...]:
    """Return the containers that run (Docker), or that there are (podman)."""
    return bounded((*_docker(docker), *_podman(podman)))


def read_container_networks(docker: str, podman: str) -> tuple[ContainerNetwork, ...]:
    """Return the networks; Docker's host and none are no networks of its own."""
    return bounded((*_docker_networks(docker), *_podman_networks(podman)))


def published(
    listeners: tuple[Listener, ...], containers: tuple[Container, ...]
) -> tuple[Listener, ...]:
    """Return the listeners, those that an engine publishes with the container that they are of."""
    owners = {
        (number(match[1]), match[2]): container.name
        for container in containers
        for match in PUBLISHED.finditer(" ".join(container.published))
    }
    return tuple(
        listener.model_copy(update={"container": owner})
        if (owner := owners.get((listener.port, listener.protocol)))
        else listener
        for listener in listeners
    )


def _docker(text: str) -> Iterator[Container]:
    for line in text.splitlines():
        row = _parsed(line)
        if not isinstance(row, dict):
            continue
        yield Container(
            engine="docker",
            name=str(row.get("Names", "")),
            image=str(row.get("Image", "")),
            published=_words(row.get("Ports")),
            networks=_words(row.get("Networks")),
        )


def _podman(text: str) -> Iterator[Container]:
    rows = _parsed(text)
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            continue
        names = row.get("names")
        about = _parsed(str(row.get("metadata", "")))
        image = about.get("image-name", "") if isinstance(about, dict) else ""
        name = names[0] if isinstance(names, list) and names else row.get("id", "")
        yield Container(engine="podman", name=str(name), image=str(image))


def _docker_networks(text: str) -> Iterator[ContainerNetwork]:
    for words in map(str.split, text.splitlines()):
        if len(words) >= 2 and words[1] not in ("host", "null"):
            yield ContainerNetwork(
                engine="docker", name=words[0], driver=words[1], subnets=tuple(words[2:])
            )


def _podman_networks(text: str) -> Iterator[ContainerNetwork]:
    """Read the lines of netavark's files that name a network, its driver and its subnets."""
    current: dict[str, list[str]] = {}
    for key, value in QUOTED.findall(text):
        if key == "name" and current:
            yield _network(current)
            current = {}
        current.setdefault(key, []).append(value)
    if current:
        yield _network(current)


def _network(fields: dict[str, list[str]]) -> ContainerNetwork:
    return ContainerNetwork(
        engine="podman",
        name=fields.get("name", [""])[0],
        driver=fields.get("driver", [""])[0],
        subnets=tuple(fields.get("subnet", ())),
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _words(value: Any) -> tuple[str, ...]:
    return bounded(w.strip() for w in str(value or "").split(",") if w.strip())
