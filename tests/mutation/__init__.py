"""Mutation runs: small mistakes put into a module, to see whether its tests notice them.

Of our own, since both tools of the field miss what this code is made of: mutmut changes function
bodies only (no tables, no models), cosmic-ray neither `in`, nor conditions of comprehensions, nor
what a function returns or does; and it starts Python and all libraries anew for every mutant.
"""
