"""The whole chain for an estate: its stages, their progress, the summary at the end."""
