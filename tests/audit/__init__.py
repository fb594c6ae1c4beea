"""What checkov, bandit and parliament say, held against docs/findings.md."""
