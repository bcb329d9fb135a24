"""What earlier runs have found out: kept on disk, found again by what it was made from."""
