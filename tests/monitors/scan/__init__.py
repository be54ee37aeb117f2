"""Tests of monitors/scan."""
