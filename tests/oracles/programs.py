"""The programs that tests hold ours against, and the command that builds them (`make oracles`)."""

import sys

from tests.oracles.go_program import GoProgram, OracleError

PULUMI = GoProgram(
    name="pulumi",
    title="the official Pulumi CLI",
    module="github.com/pulumi/pulumi/pkg/v3",
    # Without it the CLI calls itself v3.0.0-dev, which `pulumi about` and plugins would be told.
    version_variable="github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
)
PEBBLE = GoProgram(
    name="pebble",
    title="Pebble, an ACME authority for tests",
    module="github.com/letsencrypt/pebble/v2",
)
VERSITYGW = GoProgram(
    name="versitygw",
    title="versitygw, an S3 server with object lock for tests",
    module="github.com/versity/versitygw",
)
PROGRAMS = (PULUMI, PEBBLE, VERSITYGW)


def main() -> None:
    """Build them and say where they are; what cannot be had is one line, and no failure."""
    for program in PROGRAMS:
        try:
            sys.stdout.write(f"{program.title} is {program.build()}\n")
        except (OracleError, OSError) as error:
            sys.stdout.write(
                f"not held against {program.title}, which cannot be built here: {error}\n"
            )


if __name__ == "__main__":
    main()
