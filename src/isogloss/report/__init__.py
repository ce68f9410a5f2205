"""The report: one page, written from saved JSON, that tells what an experiment or a run found."""

from isogloss.report.page import write_report

__all__ = ["write_report"]
