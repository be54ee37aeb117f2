"""Evidence that an auditor can recompute: hashed, chained, signed, verified offline."""
