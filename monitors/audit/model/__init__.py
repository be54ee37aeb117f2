"""What an audit is made of: controls, what the inventory declares, results, scores."""
