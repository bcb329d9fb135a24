"""From trees to facts: what the code does to files, queues and hosts, in the same terms for every language."""
