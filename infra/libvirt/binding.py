"""libvirt's Python binding, found in this environment or among Debian's own packages."""

import contextlib
import importlib
import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

from infra.errors import failed

DEBIAN = "/usr/lib/python3/dist-packages"
# The compiled part first: the other imports it.
PARTS = ("libvirtmod", "libvirt")


@cache
def binding() -> Any:
    """Return the module `libvirt`; InfraError when it is nowhere.

    It has no wheels and must be compiled against libvirt's headers, so Debian's package is taken
    where this environment has none of its own: those two modules, and nothing else of that folder.
    """
    module = _own() or _debian()
    # Its default is to print each error as well as raise it.
    module.registerErrorHandler(lambda _context, _error: None, None)
    return module


def _own() -> Any:
    with contextlib.suppress(ModuleNotFoundError):
        return importlib.import_module("libvirt")
    return None


def _debian() -> Any:
    module = None
    for name in PARTS:
        spec = PathFinder.find_spec(name, [DEBIAN])
        if spec is None or spec.loader is None:
            raise failed(
                "provider libvirt",
                expected=f"libvirt's Python binding, for Python {sys.version.split()[0]}",
                found=f"no module {name} here or in {DEBIAN}",
                advice="apt-get install python3-libvirt; where Python is not Debian's own: "
                "apt-get install libvirt-dev pkg-config gcc, then pip install 'bastide[libvirt]'",
            )
        module = module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return module
