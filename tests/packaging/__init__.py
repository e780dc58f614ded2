"""What is shipped beside the code: units, policies, the package."""
