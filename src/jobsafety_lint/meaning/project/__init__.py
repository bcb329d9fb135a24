"""What only the project as a whole can tell: links between files, job identity, who owns which name."""
