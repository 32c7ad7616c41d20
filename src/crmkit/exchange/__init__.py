"""In and out: files of other programs into records and back."""
