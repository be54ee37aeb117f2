"""OSCAL 1.2.1: a municipality's assessment plan and results, its plan of action and milestones."""

from monitors.audit.reports.oscal.assessment import assessment_results
from monitors.audit.reports.oscal.assessment_plan import assessment_plan
from monitors.audit.reports.oscal.plan import plan_of_action

__all__ = ["assessment_plan", "assessment_results", "plan_of_action"]
