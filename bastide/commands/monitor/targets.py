"""`bastide monitor targets`: what Prometheus scrapes."""

import click

from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from monitors.exporter.http_sd import JOBS
from monitors.probes import unprobed


@click.command()
@estate_option
@json_option
def targets(estate_name: str | None, as_json: bool) -> int:
    """List what Prometheus scrapes, by job, and ports not probed."""
    estate = estate_context(estate_name).estate
    by_job = {job: list(of(estate)) for job, of in JOBS.items()}
    if as_json:
        print_json(by_job)
        return Exit.WELL
    for job, groups in by_job.items():
        for target in groups:
            labels = " ".join(f"{k}={v}" for k, v in sorted(target["labels"].items()))
            click.echo(f"{job:<10} {' '.join(target['targets']):<45} {labels}")
    for port in unprobed(estate):
        number = f"{port.listen.protocol} {port.listen.port}"
        click.echo(f"not probed: {port.entry.name} {number} ({port.listen.name}): {port.reason}")
    return Exit.WELL
