"""Whether hosts can be logged in to and worked on, before anything else is tried there."""
