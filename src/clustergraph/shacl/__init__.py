"""Validation against shapes (SHACL): what is wrong in which file or cell, and how to mend it."""

from clustergraph.shacl.render import ReportFormat, render
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.shacl.run import Options, shipped_shapes

__all__ = [
    "Finding",
    "Options",
    "Report",
    "ReportFormat",
    "Severity",
    "render",
    "shipped_shapes",
]
