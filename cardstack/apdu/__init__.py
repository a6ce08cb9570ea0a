"""ISO/IEC 7816-4 and nothing else: commands, responses, status words, scripts, traces."""
