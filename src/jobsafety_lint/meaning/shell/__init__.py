"""What shell code means: variables, strict mode and directories followed statement by statement, commands unwrapped."""
