"""What no single value can know: what contradicts across an estate's files, subject by subject."""
