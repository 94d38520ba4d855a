"""What a changed rule would find, before it is saved: nothing in here writes to the store."""
