"""The audit: controls, plain testinfra checks, collection, judgement, evidence, history, report."""
