"""What must hold before anything is changed: a table of policies, judged on estate and plan."""
