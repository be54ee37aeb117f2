"""What commands do: provisioning, playbooks, audits, status, scaffolding."""
