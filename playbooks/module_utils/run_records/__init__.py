"""What runs changed on a host, kept so that it can be undone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Never run; mitogen sends to a host only what is imported by its whole name.
    import ansible.module_utils.run_records.confirmed
    import ansible.module_utils.run_records.packages
    import ansible.module_utils.run_records.plan
    import ansible.module_utils.run_records.record
    import ansible.module_utils.run_records.snapshot
    import ansible.module_utils.run_records.states
    import ansible.module_utils.run_records.undo  # noqa: F401
