"""A real provider plugin for the engine's tests."""
