"""JUnit XML: one test suite a host, one test case a control, for CI servers and their dashboards.

`fail` is a failure, `error` an error, `skip` skipped. A failure under a waiver in force is
skipped too, so that what somebody answers for stops no pipeline; its message begins with "waived",
and the case's properties name the waiver. An expired waiver is a failure. Words are not translated.
"""

from xml.etree import ElementTree as ET

from monitors.audit.model.results import Outcome
from monitors.audit.reports.model import ControlLine, HostReport, Line, MunicipalityReport, Report
from monitors.text import one_line

ELEMENT = {Outcome.FAIL: "failure", Outcome.ERROR: "error", Outcome.SKIP: "skipped"}


def to_junit(report: Report) -> bytes:
    """Return a report as JUnit XML (the dialect of Jenkins' xUnit schema)."""
    controls = {control.id: control for control in report.controls}
    root = ET.Element("testsuites", name=f"{report.estate} {report.stamp}")
    for municipality in report.municipalities:
        for host in municipality.hosts:
            root.append(_suite(report, municipality, host, controls))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", f"{report.after_run.seconds:.3f}")
    ET.indent(root, " ")
    return b"".join((ET.tostring(root, "utf-8", xml_declaration=True), b"\n"))


def _suite(
    report: Report,
    municipality: MunicipalityReport,
    host: HostReport,
    controls: dict[str, ControlLine],
) -> ET.Element:
    after = host.after
    suite = ET.Element(
        "testsuite",
        name=host.host,
        hostname=host.host,
        timestamp=f"{report.after_run.started:%Y-%m-%dT%H:%M:%S}",
        tests=str(len(host.lines)),
        failures=str(after.failed - after.waived),
        errors=str(after.undetermined),
        skipped=str(after.skipped + after.waived),
        time=f"{host.seconds:.3f}",
    )
    properties = {
        "municipality": municipality.id,
        "controls_sha256": report.after_run.controls_sha256,
        "waivers_sha256": report.after_run.waivers_sha256,
    }
    if host.source:
        properties |= {"bundle": host.source.bundle, "bundle_sha256": host.source.sha256}
    _properties(suite, properties)
    suite.extend(_case(municipality, host, line, controls[line.control]) for line in host.lines)
    return suite


def _case(
    municipality: MunicipalityReport, host: HostReport, line: Line, control: ControlLine
) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=f"{municipality.id}.{host.host}",
        name=one_line(f"{line.control} {control.title}"),
        time="0",
    )
    properties: dict[str, str] = {"severity": line.severity, "origin": control.origin}
    if line.waived and line.waiver:
        waiver = line.waiver
        properties |= {
            "outcome": line.outcome,
            "waiver.expires": waiver.expires.isoformat(),
            "waiver.owner": waiver.owner,
            "waiver.approver": waiver.approver,
            "waiver.reason": waiver.reason,
            "waiver.measure": waiver.measure,
        }
        _properties(case, properties)
        message = f"waived until {waiver.expires}: {line.reason}"
        ET.SubElement(case, "skipped", message=one_line(message))
        return case
    _properties(case, properties)
    if element := ELEMENT.get(line.outcome):
        finding = ET.SubElement(case, element, message=one_line(line.reason))
        if line.evidence:
            finding.text = "\n".join(_details(line))
    return case


def _details(line: Line) -> list[str]:
    parts = [line.reason]
    for evidence in line.evidence:
        parts += [f"$ {evidence.command}", evidence.excerpt, f"sha256 {evidence.sha256}"]
    return [part for part in parts if part]


def _properties(of: ET.Element, values: dict[str, str]) -> None:
    properties = ET.SubElement(of, "properties")
    for name, value in values.items():
        ET.SubElement(properties, "property", name=name, value=value)
