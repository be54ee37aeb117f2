"""Web sites, from the files of nginx and Apache as they are written; neither is run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from monitors.inspection.model import WebSite
from monitors.inspection.values import bounded, number, sections

PART = re.compile(r"""'[^']*'|"[^"]*"|[{};]|[^\s{};'"]+""")
PASSES = frozenset({"proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass"})
DIRECTIVE = re.compile(r"^\s*(<?/?[A-Za-z]+)\s*(.*?)>?\s*$")
VARIABLE = re.compile(r"\$|^_$|^$")
TARGET = re.compile(r"https?://\S+|fcgi://\S+|unix:\S+|balancer://\S+|ajp://\S+|wss?://\S+")


@dataclass(slots=True)
class _Site:
    """A site while its block is read."""

    file: str
    names: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    tls: bool = False
    certificate: str = ""
    root: str = ""
    upstreams: list[str] = field(default_factory=list)


def read_sites(nginx: str, apache: str) -> tuple[WebSite, ...]:
    """Return the sites of both servers."""
    return bounded((*_nginx(nginx), *_apache(apache)))


def _frozen(server: str, site: _Site, groups: dict[str, list[str]]) -> WebSite:
    """Return a site; an upstream that is a group is given by its servers."""
    upstreams: list[str] = []
    for upstream in site.upstreams:
        name = upstream.partition("://")[2].partition("/")[0]
        upstreams += groups.get(name) or [upstream]
    return WebSite(
        server=server,
        names=bounded(dict.fromkeys(site.names)),
        ports=bounded(dict.fromkeys(site.ports)) or ((443,) if site.tls else (80,)),
        tls=site.tls,
        certificate=site.certificate,
        root=site.root,
        upstreams=bounded(dict.fromkeys(upstreams)),
        file=site.file,
    )


def _nginx(text: str) -> Iterator[WebSite]:
    sites: list[_Site] = []
    groups: dict[str, list[str]] = {}
    for file, lines in sections(text):
        _nginx_file(file, "\n".join(lines), sites, groups)
    return (_frozen("nginx", site, groups) for site in sites)


def _nginx_file(file: str, text: str, sites: list[_Site], groups: dict[str, list[str]]) -> None:
    """Walk one file: `name words;` and `name words { … }`, blocks within blocks."""
    blocks: list[tuple[str, str]] = []
    words: list[str] = []
    for part in PART.findall(text):
        if part == "{":
            blocks.append((words[0] if words else "", words[1] if len(words) > 1 else ""))
            if blocks[-1][0] == "server":
                sites.append(_Site(file))
            words = []
        elif part == "}":
            blocks, words = blocks[:-1], []
        elif part == ";":
            names = [name for name, _ in blocks]
            if words and "server" in names and sites:
                _nginx_directive(sites[-1], words)
            elif len(words) > 1 and words[0] == "server" and "upstream" in names:
                groups.setdefault(blocks[-1][1], []).append(words[1])
            words = []
        else:
            words.append(part.strip("'\""))


def _nginx_directive(site: _Site, words: list[str]) -> None:
    name, values = words[0], words[1:]
    if name == "server_name":
        site.names += [value for value in values if not VARIABLE.search(value)]
    elif name == "listen" and values:
        port = number(values[0].rpartition(":")[2])
        site.ports += [port] if port is not None and port <= 65535 else [80]
        site.tls = site.tls or "ssl" in values
    elif name == "ssl_certificate" and values:
        site.certificate = values[0]
    elif name == "root" and values:
        site.root = site.root or values[0]
    elif name in PASSES and values:
        site.upstreams.append(values[0])


def _apache(text: str) -> Iterator[WebSite]:
    for file, lines in sections(text):
        site: _Site | None = None
        for line in lines:
            match = DIRECTIVE.match(line)
            if match is None:
                continue
            name, value = match[1].lower(), match[2]
            if name == "<virtualhost":
                ports = [number(word.rpartition(":")[2]) for word in value.split()]
                site = _Site(file, ports=[p for p in ports if p is not None and p <= 65535])
            elif name == "</virtualhost" and site is not None:
                yield _frozen("apache", site, {})
                site = None
            elif site is not None:
                _apache_directive(site, name, value)


def _apache_directive(site: _Site, name: str, value: str) -> None:
    words = [word.strip("\"'") for word in value.split()]
    if name in ("servername", "serveralias"):
        site.names += [word.partition(":")[0] for word in words]
    elif name == "sslengine":
        site.tls = value.lower() == "on"
    elif name == "sslcertificatefile" and words:
        site.certificate = words[0]
    elif name == "documentroot" and words:
        site.root = words[0]
    elif name in ("proxypass", "proxypassmatch", "sethandler"):
        site.upstreams += TARGET.findall(value.replace('"', " "))
