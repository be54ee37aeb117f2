"""Recorded walks of agents: read, written, masked, made, and asked as if they were the agent."""
