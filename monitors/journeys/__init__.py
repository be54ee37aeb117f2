"""Journeys: what a citizen does at a service, done step by step, bounded in time and size."""
