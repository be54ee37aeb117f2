"""What every command and action needs: errors, options, output, the estate, progress."""
