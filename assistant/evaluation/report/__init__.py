"""What a run leaves for people and for continuous integration."""
