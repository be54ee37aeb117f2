"""What an existing server is and does, read without changing it: adopt, look, impact."""
