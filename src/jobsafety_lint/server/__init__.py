"""The Language Server Protocol over stdio: the findings of the command line while one types.

`app` wires the protocol's messages to what follows. `documents` and `lines` hold the texts that the editor has open,
`options` what the editor asks for, `session` runs the engine for one folder (in the worker's thread), `checker` says
when, `diagnostics`, `actions` and `hover` make the protocol's values from findings.
"""
