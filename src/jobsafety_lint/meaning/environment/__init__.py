"""Variables: who sets them, who reads them, who starts without them."""
