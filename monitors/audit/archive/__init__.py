"""The files that audits leave: runs and bundles, named by their time, and how long they stay."""
