"""Measures svcctl beside other service managers, and beside the least the machine can do."""
