"""Variables that programs take orders from: the linker's, shells' and interpreters'."""

import re

# `ENV` is a shell's as well, and a word that too many applications have for their own.
NAMES = (
    r"LD_\w+|GCONV_PATH|BASH_ENV|PROMPT_COMMAND|SHELLOPTS|PYTHON(?:PATH|HOME|STARTUP|INSPECT)"
    r"|PERL5(?:LIB|OPT|DB)|PERLLIB|RUBY(?:LIB|OPT)|NODE_OPTIONS|JAVA_TOOL_OPTIONS|GLIBC_TUNABLES"
)
ASSIGNED = re.compile(rf"(?:^|[\s\"'=])(?:{NAMES})(?:$|[\s=\"'])")


def takes_orders(text: str) -> bool:
    """Whether a text, of assignments or of names, has such a variable."""
    return bool(ASSIGNED.search(text))
