"""OSCAL 1.2.1: assessment results, and a plan of action and milestones, one of each a place."""

from monitors.audit.reports.oscal.assessment import assessment_results
from monitors.audit.reports.oscal.plan import plan_of_action

__all__ = ["assessment_results", "plan_of_action"]
