"""What a later generation does with files that are there already: one plan, made before anything is written."""
