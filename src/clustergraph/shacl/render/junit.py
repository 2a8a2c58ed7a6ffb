"""The report as JUnit XML, which CI servers show as tests.

A file is a suite, a finding a test case. Findings below the threshold are cases that pass and say
so in their output; a report without findings is one case that passes.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from clustergraph.shacl.render.words import (
    about,
    explanation,
    message,
    relative,
    rule_name,
    summary,
    where,
)
from clustergraph.shacl.report import Finding, Report, Severity

__all__ = ["write"]

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report, fail_on: Severity) -> str:
    """Return a test suite per file."""
    root = ElementTree.Element("testsuites", name="clustergraph validate")
    by_file = sorted(report.findings, key=lambda finding: str(finding.file or ""))
    failures = tests = 0
    for file, found in groupby(by_file, key=_file):
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(file))
        cases = [_case(suite, file, finding, finding.severity >= fail_on) for finding in found]
        suite.attrib |= {
            "tests": str(len(cases)),
            "failures": str(sum(cases)),
            "errors": "0",
            "skipped": "0",
        }
        tests += len(cases)
        failures += sum(cases)
    if not report.findings:
        suite = ElementTree.SubElement(
            root, "testsuite", name="validate", tests="1", failures="0", errors="0", skipped="0"
        )
        case = ElementTree.SubElement(suite, "testcase", name="conforms", classname="validate")
        ElementTree.SubElement(case, "system-out").text = summary(report)
        tests = 1
    root.attrib |= {"tests": str(tests), "failures": str(failures), "errors": "0"}
    ElementTree.indent(root)
    written: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'


def _case(suite: ElementTree.Element, file: str, finding: Finding, fails: bool) -> bool:
    name = f"{rule_name(finding)} {about(finding)}"
    case = ElementTree.SubElement(suite, "testcase", name=_clean(name), classname=_clean(file))
    place = ", ".join(filter(None, (file, where(finding.place))))
    text = "\n".join([place, message(finding), about(finding), *explanation(finding)])
    if fails:
        failure = ElementTree.SubElement(
            case, "failure", message=_clean(message(finding)), type=finding.severity.word
        )
        failure.text = _clean(text)
    else:
        ElementTree.SubElement(case, "system-out").text = _clean(f"{finding.severity.word}: {text}")
    return fails


def _file(finding: Finding) -> str:
    return "(in no file)" if finding.file is None else str(relative(finding.file, Path.cwd()))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
