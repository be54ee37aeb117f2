"""Mutation runs: small mistakes put into a module, to see whether its tests notice them."""
