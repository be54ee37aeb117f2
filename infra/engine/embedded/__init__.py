"""The embedded engine: runs an unmodified Pulumi program without the Pulumi CLI.

It speaks Pulumi's gRPC protocol to the program and to provider plugins, and keeps Pulumi's own
state, so the official CLI can take over the same folders at any time, and back.
"""
